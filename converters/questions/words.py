"""The kept words of the grammar: what abbreviations mean, and how people speak of measures, dates, places and persons.

A database's own names are never looked up anywhere else. What is not in these lists gets the plainest wording that is
right for anything: "with a rating over 4", "whose colour is red".
"""

from typing import NamedTuple


def word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


ABBREVIATIONS = {
    "ts": "timestamp",
    "acct": "account", "addr": "address", "amt": "amount", "avg": "average", "bal": "balance", "cat": "category",
    "cnt": "count", "cust": "customer", "dept": "department", "desc": "description", "dob": "date of birth",
    "dod": "date of death", "emp": "employee", "fname": "first name", "freq": "frequency", "img": "image",
    "indep": "independence", "info": "information", "inv": "invoice", "lang": "language", "lat": "latitude",
    "lname": "last name", "lng": "longitude", "lon": "longitude", "loc": "location", "max": "maximum",
    "mgr": "manager", "min": "minimum", "mpg": "miles per gallon", "msg": "message", "mth": "month", "nr": "number",
    "num": "number", "org": "organisation", "pct": "percentage", "perc": "percentage", "pop": "population",
    "prod": "product", "pwd": "password", "qty": "quantity", "qtr": "quarter", "reg": "registration", "req": "request",
    "sal": "salary", "sched": "schedule", "sem": "semester", "tel": "phone", "temp": "temperature", "trans":
    "transaction",
    "txn": "transaction", "univ": "university", "usr": "user", "ver": "version", "wt": "weight", "wrt":
    "reference", "ht": "height",
    "yr": "year", "doj": "joining date", "stu": "student", "instr": "instructor", "crs": "course", "prof": "professor",
}  # fmt: skip
ACRONYMS = word_set("ssn gdp gnp id url ip vat isbn sku cpu gpu ram tv usa uk eu dna gpa iso")
TABLE_PREFIXES = word_set("tbl tb dim fact vw view")
TABLE_SUFFIXES = word_set("table tbl data info information details detail list records record master")
UNITS = {
    "kg": "kg", "km": "km", "cm": "cm", "mm": "mm", "eur": "euros", "usd": "dollars", "gbp": "pounds", "ms": "ms",
    "sec": "seconds", "secs": "seconds", "seconds": "seconds", "minutes": "minutes", "mins": "minutes", "hours":
    "hours",
    "hrs": "hours", "m": "m", "g": "g", "l": "litres", "h": "hours", "s": "seconds", "days": "days", "km2":
    "km²", "kwh": "kWh", "mb": "MB", "gb": "GB", "lbs": "lbs", "miles": "miles",
}  # fmt: skip

# Words that names run together with: `orderdate`, `countrycode`.
JOINED = word_set(
    """
    account address age amount area author book branch brand capacity card category city class client code
    colour color contact count country course credit customer date day department description distance driver
    email employee end event first flight form full game gender genre grade group head height home hotel id
    invoice item job language last length level line location manager match member method model month movie name
    number order owner page payment person phone player population position post price product project quantity
    rank rate rating region release room salary sale sales school score season sex ship song staff start state
    status stock store street student subject supplier table team tax teacher ticket time title total town track
    train transaction type unit user value vendor vehicle visit week weight year zip
    """
)

IRREGULAR = {
    "person": "people", "child": "children", "man": "men", "woman": "women", "foot": "feet", "mouse": "mice",
    "life": "lives", "shelf": "shelves", "wife": "wives", "knife": "knives", "leaf": "leaves", "half": "halves",
    "analysis": "analyses", "crisis": "crises", "index": "indexes", "bus": "buses", "status": "statuses",
    "gas": "gases", "campus": "campuses", "virus": "viruses", "photo": "photos", "radius": "radii", "criterion":
    "criteria", "quiz": "quizzes",
    "potato": "potatoes", "hero": "heroes", "salesperson": "salespeople", "medium": "media", "campaign": "campaigns",
}  # fmt: skip
UNCOUNTED = word_set(
    """
    staff series species data information news equipment inventory music money stock furniture software hardware
    personnel aircraft merchandise sales statistics sheep fish attendance
    """
)

PERSONS = word_set(
    """
    person people customer client user employee staff manager student teacher professor instructor player singer
    actor actress director author writer artist musician driver pilot doctor nurse patient member owner guest
    visitor passenger candidate voter head secretary chef coach referee judge scientist physician engineer agent
    dealer seller buyer vendor friend child man woman boy girl subscriber borrower reader reviewer editor
    composer conductor performer swimmer gymnast wrestler cyclist cyclist perpetrator entrepreneur trainer donor
    host participant tourist applicant lawyer soldier captain programmer developer salesperson mother father
    parent individual assistant technician mechanic journalist contestant faculty advisor tenant landlord
    contact courier
    """
)
# What people also call a thing; the table's own word is asked for more often.
SYNONYMS = {
    "actor": ("performer",), "article": ("item",), "author": ("writer",), "bill": ("invoice",), "car": ("vehicle",),
    "city": ("town",), "client": ("customer",), "club": ("team",), "company": ("firm", "business"),
    "customer": ("client",), "doctor": ("physician",), "employee": ("worker", "staff member"),
    "exoplanet": ("planet",), "film": ("movie",), "firm": ("company",), "flat": ("apartment",), "game": ("match",),
    "guest": ("visitor",), "holiday": ("vacation",), "invoice": ("bill",), "item": ("article",), "job": ("position",),
    "lecture": ("class",), "lecturer": ("teacher",), "match": ("game",), "movie": ("film",), "nation": ("country",),
    "order": ("purchase",), "pal": ("friend",), "person": ("individual",), "physician": ("doctor",),
    "picture": ("image",), "product": ("item", "article"), "professor": ("lecturer",), "purchase": ("order",),
    "reader": ("borrower",), "shop": ("store",), "singer": ("vocalist",), "song": ("track",), "store": ("shop",),
    "street": ("road",), "supplier": ("vendor",), "teacher": ("instructor",), "team": ("side",), "town": ("city",),
    "track": ("song",), "trip": ("journey",), "vehicle": ("car",), "vendor": ("supplier",), "visitor": ("guest",),
    "worker": ("employee",), "writer": ("author",),
}  # fmt: skip
PLACES = word_set(
    """
    country city town village state region continent district county province location place street room
    building area neighbourhood neighborhood department school university college store shop branch office
    hospital museum hotel stadium station airport warehouse league division zone island campus theatre theater
    cinema park club gym library restaurant venue kingdom nation municipality factory
    """
)
GEOGRAPHY = word_set(
    """
    country city town village state region continent district county province nation municipality location
    """
)
TIMED = word_set("response load loading processing execution build query request travel wait waiting")
EVENTS = word_set(
    """
    concert match game race event conference festival workshop meeting exhibition show tournament competition
    flight trip election visit appointment session course class party ceremony performance season battle
    """
)
WORKS = word_set(
    """
    book song album track movie film painting article paper post review poem play novel photo picture video
    story comment publication artwork program programme show document
    """
)
CODES = word_set("status response error exit return http result reply event")  # with numbers that people compare
TYPES = word_set("type kind category class genre")
ADJECTIVES = word_set(
    """
    active inactive enabled disabled available official public private new used free open closed paid married
    retired online deleted archived verified featured discontinued male female vegetarian vegan foreign premium
    completed cancelled canceled approved rejected published draft urgent pending shipped delivered refunded
    returned overdue electric accredited nonstop full-time part-time
    """
)
COLOURS = word_set(
    """
    red blue green black white yellow orange purple brown pink grey gray silver gold golden beige turquoise
    """
)


class Measure(NamedTuple):
    """How people compare by a measure: the superlatives of the measure, and those of the thing that has it.

    `more`, `less`: a modifier behind the thing, {} is the number; empty where the plain one serves.
    """

    most: str = "highest"
    least: str = "lowest"
    thing_most: str = ""
    thing_least: str = ""
    more: str = ""
    less: str = ""
    summable: bool = False


LARGE = Measure("largest", "smallest", summable=True)
LONG = Measure("longest", "shortest", "longest", "shortest", "longer than {}", "shorter than {}")
COST = Measure("highest", "lowest", "most expensive", "cheapest", "[that cost|costing] more than {}",
               "[that cost|costing] less than {}")  # fmt: skip
TALL = Measure("greatest", "smallest", "tallest", "shortest", "taller than {}", "shorter than {}")
TOTAL = Measure("highest", "lowest", summable=True)
MEASURES = {
    "population": LARGE._replace(thing_most="most populous", thing_least="least populous"),
    "area": LARGE, "size": LARGE, "capacity": LARGE, "acreage": LARGE, "budget": LARGE, "stock": LARGE,
    "enrollment": LARGE,
    "attendance": LARGE, "quantity": LARGE, "amount": LARGE, "balance": LARGE, "volume": LARGE,
    "age": Measure("highest", "lowest", "oldest", "youngest", "[older than|over] {}", "[younger than|under] {}"),
    "price": COST, "cost": TOTAL, "fee": COST,
    "length": LONG, "duration": LONG._replace(summable=True), "runtime": LONG, "period":
    LONG._replace(thing_most="", thing_least="", more="", less=""),
    "height": TALL,
    "weight": Measure("highest", "lowest", "heaviest", "lightest", "heavier than {}", "lighter than {}", True),
    "mass": Measure("largest", "smallest", "heaviest", "lightest"),
    "distance": Measure("greatest", "smallest", "most distant", "closest"),
    "sales": TOTAL, "revenue": TOTAL, "profit": TOTAL, "income": TOTAL, "salary": TOTAL, "total": TOTAL, "count": TOTAL,
    "number": TOTAL, "points": TOTAL, "goals": TOTAL, "gnp": TOTAL, "gdp": TOTAL, "votes": TOTAL, "hours": TOTAL,
    "minutes": TOTAL, "seconds": TOTAL, "bytes": TOTAL, "units": TOTAL, "views": TOTAL, "likes": TOTAL, "wins": TOTAL,
    "expenses": TOTAL, "tax": TOTAL, "turnover": TOTAL, "value": TOTAL, "payment": TOTAL, "employees": TOTAL,
    "students": TOTAL, "passengers": TOTAL, "visitors": TOTAL, "discount": TOTAL._replace(summable=False),
}  # fmt: skip
NO_MEASURE = word_set(
    "code zip postcode phone fax latitude longitude lat long lng ssn number id no isbn sku version rowid"
)
# Words of a number whose sum or difference means nothing.
MEANS_ONLY = word_set("rate rating percentage percent average expectancy score grade ratio share index")

# What happens on a date or in a year, by a word of the column's name.
PARTICIPLES = {
    "made": "made", "born": "born", "taken": "taken", "discovery": "discovered", "birth": "born", "release":
    "released", "founding": "founded", "founded": "founded",
    "foundation": "founded", "publication": "published", "publish": "published", "published": "published",
    "opening": "opened", "opened": "opened", "construction": "built", "built": "built", "build": "built",
    "hire": "hired", "hired": "hired", "hiring": "hired", "order": "ordered", "ordered": "ordered",
    "creation": "created", "created": "created", "join": "who joined", "joined": "who joined", "joining": "who joined",
    "signup": "who signed up", "purchase": "bought", "purchased": "bought", "production": "made", "manufacture": "made",
    "death": "who died", "registration": "registered", "registered": "registered", "shipping": "shipped",
    "shipped": "shipped", "ship": "shipped", "shipment": "shipped", "payment": "paid", "paid": "paid",
    "delivery": "delivered", "delivered": "delivered", "update": "updated", "updated": "updated",
    "start": "that started", "started": "that started", "end": "that ended", "ended": "that ended", "due": "due",
    "launch": "launched", "launched": "launched", "issue": "issued", "issued": "issued", "invoice": "issued",
    "sale": "sold", "sold": "sold", "enrolment": "enrolled", "enrollment": "enrolled", "completion": "completed",
    "establishment": "established", "established": "established", "written": "written", "posted": "posted",
    "arrival": "arriving", "departure": "departing", "independence": "that became independent", "loan": "lent",
    "booking": "booked", "reservation": "booked", "review": "written", "transaction": "made", "visit": "made",
}  # fmt: skip
HAPPENS = {"order": "placed", "invoice": "issued", "payment": "made", "sale": "made", "transaction": "made",
           "purchase": "made", "review": "written", "post": "written", "visit": "made", "shipment": "sent",
           "reservation": "made", "booking": "made", "return": "made", "loan": "made",
           "complaint": "made", "claim": "made", "delivery": "made", "rental": "made"}  # fmt: skip
# What an owner does with a thing: (past tense, present plural, present singular); "have" where none is kept.
DEEDS = {
    "order": ("placed", "placed", "place"), "purchase": ("made", "made", "make"), "booking": ("made", "made", "make"),
    "reservation": ("made", "made", "make"), "payment": ("made", "made", "make"), "review": ("wrote", "wrote", "write"),
    "book": ("wrote", "wrote", "write"), "article": ("wrote", "wrote", "write"), "post": ("wrote", "wrote", "write"),
    "complaint": ("made", "made", "make"), "visit": ("made", "made", "make"), "rental": ("made", "made", "make"),
    "loan": ("took out", "took out", "take out"), "comment": ("wrote", "wrote", "write"),
    "transaction": ("made", "made", "make"),
}  # fmt: skip
# What a column called `created_at` holds the date of.
DOINGS = {"created": "creation", "updated": "update", "shipped": "shipping", "delivered": "delivery", "paid": "payment",
          "ordered": "order", "published": "publication", "registered": "registration", "started": "start",
          "ended": "end",
          "opened": "opening", "purchased": "purchase", "issued": "issue", "joined": "joining"}  # fmt: skip
BASES = {"joined": "join", "died": "die", "started": "start", "ended": "end", "signed up": "sign up",
         "became independent": "become independent"}  # fmt: skip
METHODS = {
    "detection": "detected",
    "discovery": "discovered",
    "payment": "paid",
    "shipping": "shipped",
    "delivery": "delivered",
}
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)

"""Quantities that two columns make together: density, value, margin, change, days between, a mass by a reference table.

    order_item(quantity, unit_price)     quantity * unit_price           "value"
    country(population, surface_area)    1.0 * population / surface_area "population density"
    country(gnp, gnp_old)                gnp - gnp_old                   "change in GNP"
    orders(order_date, shipped_date)     julianday(...) - julianday(...) "days from order date to shipped date"
    planets(mass_multiplier, mass_wrt), reference(name, mass)            "real mass", joined by the name

Names for a quantity come from these kept lists; else it is named by its columns, "ratio of wins to losses", for two
that measure the same or two amounts of a table at most.
"""

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

from converters.questions import names, words
from converters.questions.kinds import Field
from converters.questions.profile import Entity, Profile, Relation

RATIOS = (  # heads above, heads below, the phrase
    (("population",), ("area", "size"), "population density"),
    (("gnp", "gdp"), ("population",), "{0} per capita"),
    (("income", "budget", "revenue", "sales", "expenses"), ("population", "employees"), "{0} per {1}"),
    (("revenue", "sales", "profit", "salary"), ("employees", "stores", "staff"), "{0} per {1}"),
    (("points", "goals", "wins"), ("games", "matches"), "{0} per {1}"),
    (("total", "amount", "revenue"), ("quantity", "units"), "{0} per unit"),
    (("distance",), ("duration", "hours", "time"), "average speed"),
    (("attendance", "enrollment", "visitors"), ("capacity",), "{0} as a share of the capacity"),
    (("profit",), ("revenue", "sales"), "profit margin"),
)
PRODUCTS = ((("quantity", "units", "count"), ("price", "cost"), "value"), (("hours",), ("rate", "wage"), "pay"))
DIFFERENCES = (
    (("revenue", "sales", "income"), ("cost", "expenses", "costs"), "profit"),
    (("price",), ("cost",), "margin"),
    (("highest", "maximum"), ("lowest", "minimum"), "difference between {0} and {1}"),
    (("budget",), ("cost", "expenses", "spent"), "remaining budget"),
)
STARTS = (
    "start",
    "from",
    "begin",
    "effective",
    "founded",
    "birth",
    "joined",
    "rental",
    "opening",
    "incident",
    "placed",
    "issue",
    "order",
    "departure",
    "check",
    "created",
    "opened",
    "hire",
    "loan",
    "arrived",
    "admission",
)
ENDS = ("end", "ship", "shipped", "shipping", "delivery", "delivered", "arrival", "closed", "return", "returned",
        "departed", "discharge", "to", "death", "settlement", "settled", "left", "closing", "expiry", "finish",
        "resolved", "paid", "completed", "due", "adopted")  # fmt: skip


FACTORS = ("multiplier", "factor", "amount", "price", "multiple", "quantity", "value", "units", "cost", "size",
           "weight", "volume", "length", "total", "dose", "fee", "balance")  # fmt: skip
RATES = ("rate", "factor", "value", "price", "conversion", "kg", "grams", "metres", "meters", "litres")


MONEY = ("price", "cost", "amount", "budget", "gross", "revenue", "sales", "profit", "income", "salary", "gnp", "gdp",
         "expenses", "assets", "earnings", "value", "balance", "bonus", "payment", "tax", "worth")  # fmt: skip
COUNTED = ("goals", "points", "wins", "losses", "games", "matches", "population", "employees", "students", "votes",
           "views", "likes", "visitors", "passengers", "attendance", "capacity", "quantity", "hits")  # fmt: skip


class Quantity(NamedTuple):
    """`sql`: an expression with {} before the columns of `entity`; `join`: what follows FROM its table, empty for none.

    `known`: a condition without which the value is NULL; `uses`: the columns.
    """

    entity: Entity
    sql: str
    phrase: str
    uses: tuple[Field, ...]
    join: str = ""
    summable: bool = False

    def expression(self) -> str:
        """The SQL, columns written with their table where another is joined."""
        return self.sql.replace("{}", f"{self.entity.sql}." if self.join else "")


def quantities(profile: Profile) -> Iterator[Quantity]:
    """All of a database."""
    for entity in profile.entities:
        numbers = entity.of("number")
        yield from of_kind(entity, numbers, RATIOS, "/")
        yield from of_kind(entity, numbers, PRODUCTS, "*")
        yield from of_kind(entity, numbers, DIFFERENCES, "-")
        yield from changes(entity, numbers)
        yield from alike(entity, numbers)
        yield from proportions(entity, numbers)
        yield from spans(entity)
        for other in profile.entities:
            if other is not entity:
                yield from by_reference(entity, other)
    for relation in profile.relations:
        yield from priced(relation)
        yield from by_unit(relation.child, relation.column, relation.parent, relation.key)


def of_kind(entity: Entity, numbers: list[Field], kept: tuple, sign: str) -> Iterator[Quantity]:
    for above, below, phrase in kept:
        for one in numbers:
            for two in numbers:
                if (
                    one.name != two.name
                    and one.head in above
                    and two.head in below
                    and "old" not in one.words + two.words
                ):
                    factor = "1.0 * " if sign == "/" and one.whole and two.whole else ""
                    if phrase == "value" and len(one.words) > 1:
                        phrase = f"{one.words[0]} value"  # stock quantity * price
                    said = phrase.format(one.phrase, names.singular(two.phrase) if sign == "/" else two.phrase)
                    yield Quantity(
                        entity, f"{factor}{{}}{one.sql} {sign} {{}}{two.sql}", said, (one, two), summable=sign == "*"
                    )
                    return


def alike(entity: Entity, numbers: list[Field]) -> Iterator[Quantity]:
    """The difference, and the sum, of two columns that measure the same: home_goals and away_goals."""
    for one, two in twins(entity):
        if (
            one in numbers
            and one.head not in ("id", "number", "year")
            and not {"old", "new"} & {*one.words, *two.words}
        ):
            said = f"{one.phrase} and {two.phrase}"
            yield Quantity(entity, f"{{}}{one.sql} - {{}}{two.sql}", f"difference between {said}", (one, two))
            if one.summable and two.summable:
                sql, phrase = f"{{}}{one.sql} + {{}}{two.sql}", f"sum of {said}"
                yield Quantity(entity, f"({sql})", phrase, (one, two), summable=True)


def twins(entity: Entity) -> list[tuple[Field, Field]]:
    """Pairs of numbers, or of dates, that measure the same: home_goals and away_goals."""
    return [
        (one, two)
        for kind in ("number", "date")
        for one, two in combinations([each for each in entity.of(kind) if not each.key and len(each.words) > 1], 2)
        if one.head == two.head and one.head not in ("multiplier", "multiple", "factor")
    ]


def proportions(entity: Entity, numbers: list[Field]) -> Iterator[Quantity]:
    """The ratio of two amounts: as often as people ask for a ratio, they name it."""
    found = 0
    for one, two in combinations([each for each in numbers if each.summable and not each.key], 2):
        low = 0 if two.low is None else two.low
        of_one_kind = any(one.head in kind and two.head in kind for kind in (MONEY, COUNTED))
        if found < 2 and one.head != two.head and low > 0 and of_one_kind:
            found += 1
            factor = "1.0 * " if one.whole and two.whole else ""
            phrase = f"ratio of {one.phrase} to {two.phrase}"
            yield Quantity(entity, f"{factor}{{}}{one.sql} / {{}}{two.sql}", phrase, (one, two))


def changes(entity: Entity, numbers: list[Field]) -> Iterator[Quantity]:
    """The old and the new of one measure."""
    for old in numbers:
        for new in numbers:
            if old.words == ("old", *new.words) or (new.words[:1] == ("new",) and old.words == ("old", *new.words[1:])):
                yield Quantity(entity, f"{{}}{new.sql} - {{}}{old.sql}", f"change in {new.phrase}", (new, old))
                yield Quantity(
                    entity, f"100.0 * ({{}}{new.sql} - {{}}{old.sql}) / {{}}{old.sql}",
                    f"percentage growth in {new.phrase}", (new, old),
                )  # fmt: skip


def spans(entity: Entity) -> Iterator[Quantity]:
    """Days, or years, between two dates or years."""
    for kind in ("date", "year"):
        for start in entity.of(kind):
            for end in entity.of(kind):
                own = start.phrase in ("date", "year")  # the order date of an order
                if (own or set(start.words) & set(STARTS)) and set(end.words) & set(ENDS) and start.name != end.name:
                    if kind == "date":
                        sql, unit = f"julianday({{}}{end.sql}) - julianday({{}}{start.sql})", "days"
                    elif not start.is_text and not end.is_text:
                        sql, unit = f"{{}}{end.sql} - {{}}{start.sql}", "years"
                    else:
                        continue
                    yield Quantity(
                        entity,
                        sql,
                        f"number of {unit} from {entity.noun + ' ' if own else ''}{start.phrase} to {end.phrase}",
                        (start, end),
                    )


def said_in(rate: Field, factor: Field) -> str:
    """`amount in euros` for a rate to euros; else "amount after conversion"."""
    unit = next((words.UNITS[each] for each in (rate.unit, *rate.words) if each in words.UNITS), "") or rate.unit
    return (
        f"{factor.phrase} in {unit}" if unit else f"{factor.phrase} [after conversion|converted by the {rate.phrase}]"
    )


def by_reference(entity: Entity, other: Entity) -> Iterator[Quantity]:
    """A factor whose unit is a row of another table: `mass_multiplier`, `mass_wrt`, reference_planets(name, mass)."""
    label = other.labels[0] if other.of("label") and len(other.labels) == 1 and other.labels[0].unique else None
    if label is None or other.rows > 400:
        return
    known = {str(value) for value in label.values}
    for link in entity.of("category"):
        if link.values and {str(value) for value in link.values} <= known:
            yield from by_unit(entity, link, other, label)


def by_unit(entity: Entity, link: Field, other: Entity, key: Field) -> Iterator[Quantity]:
    """Factors times the rate of the row of `other` that `link` refers to."""
    units = {"currency", "unit", "units"} & set(link.words)
    for factor in entity.of("number"):
        for rate in other.of("number"):
            shared = set(factor.words) & set(rate.words) - {"of"}
            near = set(link.words) & set(factor.words) or units
            if near and (shared or (units and rate.head in RATES)) and factor.head in FACTORS:
                phrase = f"[real|actual|absolute] {rate.phrase}" if shared else f"{said_in(rate, factor)}"
                yield Quantity(
                    entity, f"{{}}{factor.sql} * {other.sql}.{rate.sql}", phrase, (factor, link),
                    f" JOIN {other.sql} ON {entity.sql}.{link.sql} = {other.sql}.{key.sql}",
                    summable=bool(units) and factor.summable,
                )  # fmt: skip


def priced(relation: Relation) -> Iterator[Quantity]:
    """A quantity of the child times a price of its parent."""
    own = [each for each in relation.child.of("number") if each.head in ("quantity", "units")]
    prices = [each for each in relation.parent.of("number") if each.head == "price"]
    if own and prices and not any(each.head in ("price", "cost") for each in relation.child.of("number")):
        join = (
            f" JOIN {relation.parent.sql} ON {relation.child.sql}.{relation.column.sql} = "
            f"{relation.parent.sql}.{relation.key.sql}"
        )
        sql = f"{{}}{own[0].sql} * {relation.parent.sql}.{prices[0].sql}"
        yield Quantity(relation.child, sql, "value", (own[0],), join, summable=True)

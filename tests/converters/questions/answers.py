"""Some ships and calls, and Python's answers to questions about them; `q` holds the parts of a question by name."""

from collections import Counter
from datetime import date
from itertools import accumulate, groupby, pairwise
from operator import gt, itemgetter, lt
from random import Random
from statistics import mean
from typing import NamedTuple


class Ship(NamedTuple):
    id: int
    name: str
    harbour: str
    crew: int
    year: int
    price: float
    cost: float

    @property
    def margin(self) -> float:
        return self.price - self.cost


class Call(NamedTuple):
    time: str
    caller: str
    ended: str | None


DRAW = Random(4)
SHIPS = [
    Ship(n, f"Ship {n}", ("Bergen", "Cork", "Cork", "Porto", "Porto", "Porto")[n % 6], DRAW.randint(5, 14),
         1970 + n * 7 % 10 * 3, DRAW.randint(20, 60) + n / 4, DRAW.randint(2, 19) / 2)
    for n in range(1, 19)
]  # fmt: skip
CALLS = [
    Call(f"{DRAW.choice((2021, 2022, 2022, 2023))}-0{DRAW.randint(1, 5)}-{DRAW.randint(1, 28):02} 10:0{n % 10}:{n:02}",
         ("ann", "bob", "bob", "eve", "eve", "eve")[n % 6],
         f"2023-0{DRAW.randint(1, 9)}-{DRAW.randint(10, 28)}" if n % 3 else None)
    for n in range(60)
]  # fmt: skip
LOADS = [(n, 1 + n % 7, DRAW.randint(1, 9), DRAW.randint(1, 30) / 2) for n in range(1, 25)]

LENGTHS = {"year": 4, "month": 7, "day": 10}
FIGURE = {"total": sum, "average": mean, "highest": max, "lowest": min}


def grouped(pairs) -> list[tuple]:
    """(key, [value, ...]) in the order of the keys."""
    ordered = sorted(pairs, key=itemgetter(0))
    return [(key, [value for _, value in some]) for key, some in groupby(ordered, itemgetter(0))]


def timed(q: dict) -> list[tuple[str | int, Ship | Call]]:
    """(when, the thing) of all that the question is about."""
    if q.get("things") in (None, "ships"):
        return [(ship.year, ship) for ship in SHIPS]
    kind = "ended" if "ended" in q["things"] else "time"
    return [(getattr(call, kind)[: LENGTHS[q["unit"]]], call) for call in CALLS if getattr(call, kind)]


def series(q: dict, within: str = "") -> list[tuple]:
    """(period, number), periods in order, of what starts with `within`."""
    figure = FIGURE.get(q.get("function"))
    return [
        (when, figure([getattr(each, q["field"]) for each in some]) if figure else len(some))
        for when, some in grouped(timed(q))
        if str(when).startswith(within)
    ]


def beside(found: list[tuple], numbers) -> list[tuple]:
    return [(*row, number) for row, number in zip(found, numbers, strict=False)]


def lagged(q: dict, change) -> list[tuple]:
    found = series(q)
    return beside(found, [None, *(change(new, old) for (_, old), (_, new) in pairwise(found))])


def last(q: dict) -> list[tuple]:
    found, count = series(q), int(q["count"])
    return beside(found, [mean(n for _, n in found[max(0, end - count) : end]) for end in range(1, len(found) + 1)])


def running_in_groups(q: dict) -> list[tuple]:
    groups = grouped((getattr(each, q["group"]), when) for when, each in timed(q))
    counts = [(group, sorted(Counter(whens).items())) for group, whens in groups]
    return [
        (group, *row)
        for group, found in counts
        for row in beside(found, accumulate(n for _, n in found))
    ]  # fmt: skip


def places(q: dict, group: str | None = None) -> list[tuple[Ship, int]]:
    """Ships with the rank of their value, in their group or among all."""
    value, first = (lambda ship: getattr(ship, q["field"])), (lt if is_low(q) else gt)
    return [
        (ship, 1 + sum(first(value(x), value(ship)) for x in SHIPS if not group or same(x, ship, group)))
        for ship in SHIPS
    ]


def same(one: Ship, two: Ship, field: str) -> bool:
    return getattr(one, field) == getattr(two, field)


def is_low(q: dict) -> bool:
    return bool(q.get("low")) or q.get("word") == "lowest"


def in_groups(q: dict, *, show: bool = True) -> list[tuple]:
    """Ships with group and value, and their rank where `show`; with a `count`, the first ones of each group."""
    most = int(q.get("count") or 99)
    return [
        (ship.name, getattr(ship, q["group"]), getattr(ship, q["field"]), *([place] if show else []))
        for ship, place in places(q, q["group"])
        if place <= most
    ]


def mean_of_group(ship: Ship, q: dict) -> float:
    return mean(getattr(x, q["field"]) for x in SHIPS if same(x, ship, q["group"]))


def by_group(q: dict, number) -> list[tuple]:
    return [(key, number(some)) for key, some in grouped((getattr(ship, q["group"]), ship) for ship in SHIPS)]


def ranked(found: list[tuple]) -> list[tuple]:
    return beside(found, [1 + sum(other > n for _, other in found) for _, n in found])


def first(found: list, q: dict, value=itemgetter(-1)) -> list:
    """Those with the highest (or lowest) values, as many as asked for."""
    return sorted(found, key=value, reverse=not is_low(q))[: int(q.get("count") or 1)]


def clock(q: dict) -> list[tuple]:
    forms = {"weekday": lambda day: str(date.fromisoformat(day).isoweekday() % 7), "month": lambda day: day[5:7]}
    form = forms[q["clock"]]
    return [(key, len(some)) for key, some in grouped((form(day), call) for day, call in timed({**q, "unit": "day"}))]


def in_years(q: dict) -> list[tuple]:
    low = int(q["from"])
    high = {"after": 9999, "since": 9999, "in the": low + 9, "before": low - 1}.get(q["range"]) or int(q["to"])
    low = {"after": low + 1, "before": 0}.get(q["range"], low)
    return [(when, n) for when, n in series(q) if low <= int(when) <= high]


def named(q: dict) -> Ship:
    return next(ship for ship in SHIPS if ship.name == q["name"])


def than(q: dict) -> list[Ship]:
    """The ships with more, or less, than a named one, or than all others of their group."""
    compare, value = (lt if is_low(q) else gt), (lambda ship: getattr(ship, q["field"]))
    one, group = named(q) if q.get("name") else None, q.get("same")
    found = [ship for ship in SHIPS if one is None or group is None or same(ship, one, group)]
    rivals = {ship: [one] if one else [x for x in SHIPS if x != ship and same(x, ship, group)] for ship in found}
    return [ship for ship in found if all(compare(value(ship), value(other)) for other in rivals[ship])]


def names(ships) -> list[tuple]:
    return [(ship.name,) for ship in ships]


def ended(q: dict) -> list[Call]:
    return [call for call in CALLS if (call.ended is None) == bool(q["no"])]


TOTALS = [(f"Ship {n}", sum(some)) for n, some in grouped((ship, price * count) for _, ship, count, price in LOADS)]
MARGINS = [ship.margin for ship in SHIPS]

"""What a shape's SQL returns on a few ships and calls, against Python's answer to the question it is paired with."""

import re
import sqlite3
from collections import Counter
from contextlib import closing
from functools import cache
from itertools import accumulate, combinations
from operator import gt, itemgetter, lt
from pathlib import Path
from random import Random
from statistics import mean
from types import SimpleNamespace

import pytest

from converters.questions.draft import Draw, Unfit
from converters.questions.generate import Generator
from converters.questions.profile import profile_of
from converters.questions.shapes import SHAPES
from converters.questions.wording import expand
from converters.questions.words import MONTHS
from tests.converters.questions.answers import (
    CALLS,
    FIGURE,
    LOADS,
    MARGINS,
    SHIPS,
    TOTALS,
    beside,
    by_group,
    clock,
    ended,
    first,
    grouped,
    in_groups,
    in_years,
    lagged,
    last,
    mean_of_group,
    named,
    names,
    places,
    ranked,
    running_in_groups,
    same,
    series,
    than,
)
from tests.converters.questions.databases import make

SCRIPT = """CREATE TABLE ship (id INTEGER PRIMARY KEY, name TEXT, harbour TEXT, crew INT, year INT, price REAL,
    cost REAL);
    CREATE TABLE call (time TEXT, caller TEXT, ended TEXT);
    CREATE TABLE load (id INTEGER PRIMARY KEY, ship_id INT REFERENCES ship(id), quantity INT, unit_price REAL)"""
CHECKED = ("windows", "rows", "calendar", "compared", "computed")  # modules of shapes
FIRST = SimpleNamespace(choice=itemgetter(0))  # of [a|b], a


@pytest.fixture(scope="module")
def harbour(tmp_path_factory):
    path = tmp_path_factory.mktemp("harbour") / "harbour.sqlite"
    return make(path, SCRIPT, {"ship": SHIPS, "call": CALLS, "load": LOADS})


@cache
def drafts(path: Path, shape: str) -> list[tuple[list[str], list[tuple]]]:
    """Questions of a shape, each of its wordings in its first variant, with the rows that its SQL returns."""
    found = []
    with closing(sqlite3.connect(path)) as connection:
        generator = Generator(profile(path), connection, 1)
        for seed in range(160):
            try:
                draft = SHAPES[shape](Draw(generator.profile, Random(seed), Counter(), generator.quantities))
            except Unfit:
                continue
            if generator.is_good(draft, draft.sql):
                rows = connection.execute(draft.sql).fetchall()
                found.append(([expand(each, FIRST) for each in draft.wordings], rows))
    return found


profile = cache(profile_of)
THINGS = r"(?P<things>ships|calls that ended|calls)"
COUNT = rf"(?:number|count) of {THINGS}"
SUM = rf"(?:{COUNT}|(?P<function>total) (?P<field>\w+) of ships)"
PER = r"per (?P<unit>year|month|day)"
BY = r"by (?P<field>\w+) within each (?P<group>\w+)(?P<low>, lowest first)?"
MARGIN = r"(?P<field>margin)"
CASES = [
    ("running_total", rf"Determine the cumulative {SUM} over the (?P<unit>\w+)s\.",
     lambda q: beside(series(q), accumulate(n for _, n in series(q)))),
    ("moving_average", rf"Calculate a moving average of the {SUM} over a (?P<count>\d)-(?P<unit>\w+) period\.", last),
    ("change_over_time", rf"How did the {SUM} change from (?P<unit>\w+) to \w+\?", lambda q: lagged(q, lambda n, old: n - old)),
    ("change_over_time", rf"By what percentage did the {SUM} change from (?P<unit>\w+) to \w+\?",
     lambda q: lagged(q, lambda n, old: 100 * (n - old) / old)),
    ("change_over_time", rf"Show the {SUM} {PER} next to that of the previous \w+\.", lambda q: lagged(q, lambda n, old: old)),
    ("running_total_of_groups", rf"Show the cumulative number of {THINGS} over the (?P<unit>\w+)s for each (?P<group>\w+)\.", running_in_groups),
    ("top_per_group", r"Show the top (?P<count>\d) ships by (?P<field>\w+) \w+ each (?P<group>\w+)\.", lambda q: in_groups(q, show=False)),
    ("top_per_group", r"Show the(?P<count> \d)? ships? with the (?P<word>\w+) (?P<field>crew|cost) \w+ each (?P<group>\w+)\.",
     lambda q: in_groups({**q, "count": q["count"] or 1}, show=False)),
    ("top_per_group", rf"Rank the ships {BY},? and return the top (?P<count>\d)\.", in_groups),
    ("rank_in_group", rf"Rank the ships {BY}\.", in_groups),
    ("ranking", r"Rank the ships by (?P<field>\w+), highest first\.", lambda q: [(s.name, getattr(s, q["field"]), n) for s, n in places(q)]),
    ("rank_of_groups", r"Rank the (?P<group>\w+)s by the number of ships, highest first\.", lambda q: ranked(by_group(q, len))),
    ("rank_of_groups", r"Rank the (?P<group>\w+)s by the average (?P<field>\w+), highest first\.",
     lambda q: ranked(by_group(q, lambda some: mean(getattr(ship, q["field"]) for ship in some)))),
    ("share_beside_count", r"Show the number of ships for each (?P<group>\w+) and their share of the total\.",
     lambda q: [(key, n, 100 * n / len(SHIPS)) for key, n in by_group(q, len)]),
    ("against_group_average", r"How much does the (?P<field>\w+) of each ship differ from the average \w+ of its (?P<group>\w+)\?",
     lambda q: [(*row, row[-1] - mean_of_group(ship, q)) for ship, row in zip(SHIPS, in_groups(q, show=False), strict=True)]),
    ("against_group_average", r"Show each ship's (?P<field>\w+) and the average \w+ of its (?P<group>\w+)\.",
     lambda q: [(*row, mean_of_group(ship, q)) for ship, row in zip(SHIPS, in_groups(q, show=False), strict=True)]),
    ("all_columns", r"Show everything about the ships with harbour (?P<value>\w+)\.", lambda q: [s for s in SHIPS if s.harbour == q["value"]]),
    ("all_of_one", r"Show me everything about the ship (?P<name>Ship \d+)\.", lambda q: [named(q)]),
    ("all_of_one", r"Show everything about the ship with the (?P<word>\w+) (?P<field>\w+)\.",
     lambda q: first(SHIPS, q, lambda ship: getattr(ship, q["field"]))),
    ("latest_rows", r"Show the (?P<count>\d+) (?:latest|(?P<low>first)) calls\.", lambda q: first(CALLS, q, itemgetter(0))),
    ("top_values", r"Which (?:(?P<count>\d) )?callers? ha(?:s|ve) the most calls\?",
     lambda q: first([(key, len(some)) for key, some in grouped((call.caller, call) for call in CALLS)], q)),
    ("share_of_group", r"What percentage of the ships of each (?P<group>\w+) have a (?P<field>\w+) (?:over|(?P<low>under)) (?P<limit>\d+)\?",
     lambda q: by_group(q, lambda some: mean(100 * (lt if q["low"] else gt)(getattr(s, q["field"]), int(q["limit"])) for s in some))),
    ("unfinished", r"Which calls have (?P<no>not )?ended\?", ended),
    ("unfinished", r"How many calls have (?P<no>not )?ended\?", lambda q: [(len(ended(q)),)]),
    ("unfinished", r"How many calls that have (?P<no>not )?ended are there per caller\?",
     lambda q: list(Counter(call.caller for call in ended(q)).items())),
    ("counts_in_year", rf"Show the number of {THINGS} {PER} in (?P<year>\d+)\.", lambda q: series(q, q["year"])),
    ("counts_in_year", rf"Show the number of {THINGS} {PER} in (?P<month>\w+) (?P<year>\d+)\.",
     lambda q: series(q, f"{q['year']}-{MONTHS.index(q['month']) + 1:02}")),
    ("counts_in_range", rf"Show the {SUM} {PER} (?P<range>between|since|after|before|in the) (?P<from>\d+)(?:s| and (?P<to>\d+))?\.", in_years),
    ("decades", rf"Show the {SUM} per decade\.", lambda q: [
        (decade, sum(ship.crew if q["field"] == "crew" else getattr(ship, q["field"]) for ship in some) if q["function"] else len(some))
        for decade, some in grouped((ship.year // 10 * 10, ship) for ship in SHIPS)]),
    ("counts_by_clock", rf"Show the number of {THINGS} per (?P<clock>\w+)(?: of the year)?\.", clock),
    ("busiest", rf"Which (?P<clock>\w+)(?: of the year)? has the most {THINGS}\?", lambda q: first(clock(q), q)),
    ("figure_over_time", rf"Show the (?P<function>\w+) (?P<field>\w+) of {THINGS} {PER}\.", series),
    ("best_period_figure", rf"Which (?P<unit>\w+) had the (?P<word>highest|lowest) (?P<function>\w+) (?P<field>\w+) of {THINGS}, and what was it\?",
     lambda q: first(series(q), q)),
    ("best_period_figure", rf"Which (?P<unit>\w+) had the (?:most|(?P<low>fewest)) {THINGS}, and how many\?", lambda q: first(series(q), q)),
    ("best_period_figure", rf"Which (?P<unit>\w+) had the (?P<word>highest|lowest) (?P<function>\w+) (?P<field>\w+) of {THINGS}\?",
     lambda q: [(unit,) for unit, _ in first(series(q), q)]),
    ("best_period_figure", rf"Which (?P<unit>\w+) had the (?:most|(?P<low>fewest)) {THINGS}\?",
     lambda q: [(unit,) for unit, _ in first(series(q), q)]),
    ("more_than_named", r"Which ships(?: of the same (?P<same>\w+))? have a (?P<word>\w+) (?P<field>\w+) than (?P<name>Ship \d+)\?",
     lambda q: names(than({**q, "word": q["word"].replace("er", "est")}))),
    ("more_than_named", r"How many ships(?: of the same (?P<same>\w+))? have a (?P<word>\w+) (?P<field>\w+) than (?P<name>Ship \d+)\?",
     lambda q: [(len(than({**q, "word": q["word"].replace("er", "est")})),)]),
    ("same_as_named", r"Which other ships have the same (?P<field>\w+) as (?P<name>Ship \d+)\?",
     lambda q: names(s for s in SHIPS if s != named(q) and same(s, named(q), q["field"]))),
    ("best_of_group", r"Which ships have a (?:higher|(?P<low>lower)) (?P<field>\w+) than all other ships of the same (?P<same>\w+)\?",
     lambda q: [(s.name, getattr(s, q["same"]), getattr(s, q["field"])) for s in than(q)]),
    ("pairs_alike", r"Show all pairs of ships with the same (?P<field>\w+)\.",
     lambda q: [tuple(sorted((a.name, b.name))) for a, b in combinations(SHIPS, 2) if same(a, b, q["field"])]),
    ("computed_of", rf"What is the {MARGIN} of the ship (?P<name>Ship \d+)\?", lambda q: [(named(q).margin,)]),
    ("computed_top", rf"Find the (?P<count>\d+ )?ships? with the (?P<word>\w+) {MARGIN}\.", lambda q: names(first(SHIPS, q, lambda s: s.margin))),
    ("computed_figure", rf"What is the (?P<function>average|highest) {MARGIN} of the ships\?", lambda q: [(FIGURE[q["function"]](MARGINS),)]),
    ("computed_group", rf"What is the average {MARGIN} of the ships for each (?P<group>\w+)\?",
     lambda q: by_group(q, lambda some: mean(ship.margin for ship in some))),
    ("computed_per_parent", r"What is the total value of the loads of each ship\?", lambda q: TOTALS),
    ("computed_list", rf"Show the name and the {MARGIN} of all ships\.", lambda q: [(ship.name, ship.margin) for ship in SHIPS]),
    ("computed_list", rf"Show the name and the {MARGIN} of all ships, largest first\.",
     lambda q: [(ship.name, ship.margin) for ship in first(SHIPS, {"count": 99}, lambda s: s.margin)]),
    ("computed_above_average", rf"Which ships have a {MARGIN} (?P<word>\w+) the average\?",
     lambda q: names(s for s in SHIPS if (gt if q["word"] == "above" else lt)(s.margin, mean(MARGINS)))),
    ("computed_above_average", rf"How many ships have a {MARGIN} (?P<word>\w+) the average\?",
     lambda q: [(sum((gt if q["word"] == "above" else lt)(margin, mean(MARGINS)) for margin in MARGINS),)]),
    ("computed_rank_in_group", rf"Rank the ships by {MARGIN} within each (?P<group>\w+)\.", in_groups),
    ("computed_rank_in_group", rf"For each (?P<group>\w+), show the (?P<count>\d )?ships? with the highest {MARGIN}\.",
     lambda q: in_groups({**q, "count": q["count"] or 1}, show=False)),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "pattern", "answer"), CASES, ids=[f"{n} {case[0]}" for n, case in enumerate(CASES)])
def test_the_sql_of_a_shape_returns_what_its_question_asks_for(harbour, shape, pattern, answer):
    checked = 0
    for questions, rows in drafts(harbour, shape):
        for found in filter(None, (re.fullmatch(pattern, each) for each in questions)):
            expected = [tuple(row) for row in answer(found.groupdict())]
            ordered = re.search("largest first|latest|first calls", found[0])
            assert comparable(rows, ordered) == comparable(expected, ordered), found[0]
            checked += 1
    assert checked >= 2


def comparable(rows: list[tuple], ordered: bool) -> list[tuple]:
    """The rows with numbers rounded, sorted where the question names no order."""
    plain = [tuple(round(value, 6) if isinstance(value, float | int) else value for value in row) for row in rows]
    return plain if ordered else sorted(plain, key=str)


def test_every_shape_of_these_modules_is_checked():
    shapes = {name for name, rule in SHAPES.items() if rule.__module__.rpartition(".")[2] in CHECKED}
    assert shapes == {case[0] for case in CASES}

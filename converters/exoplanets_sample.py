"""The database that the exoplanets question set is asked about: a generated sample, or the real CSV.

`write_database` invents about 1000 planets from a seed. The values are plausible, the planets do not exist, and their
names come from surveys that do not exist either (`Brindle-1204 c`). `write_database_from_csv` loads a CSV with the same
thirteen columns instead. Both write the tables `exoplanets` and `reference_planets`.

Units: distance in light years, orbital_radius in astronomical units, orbital_period in years, mass in kilograms.

Not covered: physics beyond rough orders of magnitude. Planets of one star do not share a distance, and no number stands
twice in a column, so that ORDER BY ... LIMIT over one column never has a tie.
"""

import csv
import random
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from atomic import replacement

COLUMNS = {
    "name": "TEXT",
    "distance": "REAL",
    "stellar_magnitude": "REAL",
    "planet_type": "TEXT",
    "discovery_year": "INTEGER",
    "mass_multiplier": "REAL",
    "mass_wrt": "TEXT",
    "radius_multiplier": "REAL",
    "radius_wrt": "TEXT",
    "orbital_radius": "REAL",
    "orbital_period": "REAL",
    "eccentricity": "REAL",
    "detection_method": "TEXT",
}
REFERENCE_PLANETS = (("Jupiter", 1.898e27), ("Earth", 5.972e24))

SURVEYS = ("Brindle", "Corvane", "Halden Field", "Marrowgate", "Orsett", "Quillon Deep", "Tarnis", "Umbrel", "Wexcombe")
MAX_ROWS = 5000  # beyond this the columns with few digits run out of numbers that are not taken
LETTERS = {"b": 62, "c": 22, "d": 11, "e": 5}

# Planets in a thousand. The counts differ, so that "which year has the most" has one answer.
YEARS = {
    **{1995: 1, 1996: 3, 1998: 4, 1999: 6, 2000: 7, 2001: 5, 2002: 9, 2003: 8, 2004: 11, 2005: 13, 2006: 12, 2007: 17},
    **{2008: 20, 2009: 24, 2010: 31, 2011: 38, 2012: 42, 2013: 36, 2014: 119, 2015: 46, 2016: 165, 2017: 51},
    **{2018: 83, 2019: 57, 2020: 62, 2021: 94, 2022: 34, 2023: 2},
}
TYPES = {"Neptune-like": 342, "Gas Giant": 317, "Super Earth": 268, "Terrestrial": 62, "Unknown": 11}


class Survey(NamedTuple):
    """What one detection method finds: its share in a thousand, median distance and median period."""

    share: int
    light_years: float
    years: float


METHODS = {
    "Transit": Survey(655, 1700, 0.03),
    "Radial Velocity": Survey(196, 160, 1.4),
    "Gravitational Microlensing": Survey(58, 17000, 6.5),
    "Direct Imaging": Survey(31, 320, 240),
    "Transit Timing Variations": Survey(20, 1900, 0.2),
    "Eclipse Timing Variations": Survey(13, 1100, 9),
    "Orbital Brightness Modulation": Survey(10, 2600, 0.01),
    "Pulsar Timing": Survey(7, 2300, 0.4),
    "Astrometry": Survey(5, 90, 2.5),
    "Pulsation Timing Variations": Survey(3, 1500, 3),
    "Disk Kinematics": Survey(2, 370, 500),
}


class Body(NamedTuple):
    """Median mass and radius of one planet type, and the planet they are multiples of."""

    mass: float
    mass_wrt: str
    radius: float
    radius_wrt: str


BODIES = {
    "Neptune-like": Body(8.5, "Earth", 0.26, "Jupiter"),
    "Gas Giant": Body(1.6, "Jupiter", 1.12, "Jupiter"),
    "Super Earth": Body(3.6, "Earth", 1.55, "Earth"),
    "Terrestrial": Body(0.7, "Earth", 0.88, "Earth"),
    "Unknown": Body(5.0, "Earth", 1.4, "Earth"),
}


class SampleError(Exception):
    """The database could not be written, or the CSV is not the table that was expected; says what to do."""


def planets(*, seed: int = 7, rows: int = 1000) -> list[tuple]:
    """`rows` invented planets, each a tuple in the order of COLUMNS; the same for the same seed."""
    if not 1 <= rows <= MAX_ROWS:
        raise SampleError(f"rows is {rows}; expected 1 to {MAX_ROWS}")
    rng = random.Random(seed)
    draw = _Unrepeated(rng)
    types, years = _shares(rng, TYPES, rows), _shares(rng, YEARS, rows)
    methods = _shares(rng, {name: survey.share for name, survey in METHODS.items()}, rows)
    return [_planet(rng, draw, *labels) for labels in zip(types, years, methods, strict=True)]


def write_database(path: Path, *, seed: int = 7, rows: int = 1000) -> None:
    """Write the generated sample to `path`; byte-identical for one seed and one version of SQLite.

    Raises SampleError when the file cannot be written; then `path` is what it was before.
    """
    _write(Path(path), planets(seed=seed, rows=rows))


def write_database_from_csv(path: Path, csv_path: Path) -> None:
    """Write the planets of `csv_path` (a header with the names in COLUMNS, empty cells for NULL) to `path`.

    Raises SampleError for a CSV that is not that table (all its mistakes at once) and for a failed write.
    """
    _write(Path(path), _read_csv(Path(csv_path)))


class _Unrepeated:
    """Draws numbers until one comes that the column does not have yet."""

    def __init__(self, rng: random.Random):
        self._rng = rng
        self._seen: dict[str, set] = {}

    def __call__(self, column: str, number: Callable[[], float], digits: int) -> float:
        seen = self._seen.setdefault(column, set())
        while (value := round(number(), digits)) in seen:
            pass
        seen.add(value)
        return value

    def around(self, column: str, median: float, spread: float, digits: int) -> float:
        """A log-normal number, more than one unit of the last digit."""
        return self(column, lambda: median * self._rng.lognormvariate(0, spread) + 10**-digits, digits)


def _shares(rng: random.Random, weights: dict, rows: int) -> list:
    """Each key in its share of `rows`, shuffled: exact counts, where independent draws could lose a rare key."""
    total, end, filled = sum(weights.values()), 0, []
    for key, weight in weights.items():
        end += weight
        filled += [key] * (round(rows * end / total) - len(filled))
    rng.shuffle(filled)
    return filled


def _planet(rng: random.Random, draw: _Unrepeated, planet_type: str, year: int, method: str) -> tuple:
    survey, body = METHODS[method], BODIES[planet_type]
    number = int(draw("name", lambda: rng.randint(100, 9999), 0))
    letter = rng.choices(list(LETTERS), weights=LETTERS.values())[0]
    distance = draw.around("distance", survey.light_years, 0.8, 2)
    magnitude = draw("magnitude", lambda: min(max(rng.gauss(12.5, 2.6), 1.5), 24 + rng.random()), 4)
    mass = draw.around("mass " + body.mass_wrt, body.mass, 0.75, 4)
    radius = draw.around("radius " + body.radius_wrt, body.radius, 0.22, 4)
    period = draw.around("period", survey.years, 1.0, 6)
    # Kepler's third law around a star of about one solar mass
    orbital_radius = draw.around("orbital radius", period ** (2 / 3), 0.12, 5)
    eccentricity = draw("eccentricity", lambda: rng.betavariate(0.9, 5), 5)
    no_mass = rng.random() < (0.5 if planet_type == "Unknown" else 0.02)
    no_radius = rng.random() < (0.5 if planet_type == "Unknown" else 0.015)
    return (
        f"{rng.choice(SURVEYS)}-{number} {letter}",
        _unless(rng.random() < 0.012, distance),
        _unless(rng.random() < 0.035, magnitude),
        planet_type,
        year,
        _unless(no_mass, mass),
        _unless(no_mass, body.mass_wrt),
        _unless(no_radius, radius),
        _unless(no_radius, body.radius_wrt),
        _unless(rng.random() < 0.055, orbital_radius),
        period,
        eccentricity,
        method,
    )


def _unless(missing: bool, value):
    return None if missing else value


def _read_csv(path: Path) -> list[tuple]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return _rows_of(csv.DictReader(file), path)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SampleError(f"cannot read {path}: {error}; expected a UTF-8 CSV file") from error


def _rows_of(reader: csv.DictReader, path: Path) -> list[tuple]:
    missing = [column for column in COLUMNS if column not in (reader.fieldnames or [])]
    if missing:
        raise SampleError(f"{path} has no column {', '.join(missing)}; expected a header with {', '.join(COLUMNS)}")
    rows, mistakes = [], []
    for record in reader:
        rows.append(tuple(_cell(record[column], column, mistakes, reader.line_num) for column in COLUMNS))
    if mistakes:
        raise SampleError(f"{path} has {len(mistakes)} bad cells:\n" + "\n".join(mistakes[:20]))
    if not rows:
        raise SampleError(f"{path} has a header and no rows; expected one planet a line")
    return rows


def _cell(text: str | None, column: str, mistakes: list[str], line: int) -> str | float | int | None:
    if not text:
        return None
    try:
        return {"TEXT": str, "REAL": float, "INTEGER": int}[COLUMNS[column]](text)
    except ValueError:
        mistakes.append(f"line {line}: {column} is {text!r}; expected a number or an empty cell")
        return None


def _write(path: Path, rows: Sequence[tuple]) -> None:
    """Build the file beside `path` and rename it, so that nobody ever sees a half-written database."""
    try:
        with replacement(path) as partial:
            _fill(partial, rows)
    except (OSError, sqlite3.Error) as error:
        message = f"cannot write {path}: {error}; free some disk space or choose a file in a folder you can write to"
        raise SampleError(message) from error


def _fill(file: Path, rows: Sequence[tuple]) -> None:
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    connection = sqlite3.connect(file)
    try:
        # no journal: a failed build is thrown away whole
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute(f"CREATE TABLE exoplanets ({columns})")
        connection.execute("CREATE TABLE reference_planets (name TEXT, mass REAL)")
        connection.executemany(f"INSERT INTO exoplanets VALUES ({', '.join('?' * len(COLUMNS))})", rows)
        connection.executemany("INSERT INTO reference_planets VALUES (?, ?)", REFERENCE_PLANETS)
        connection.commit()
    finally:
        connection.close()

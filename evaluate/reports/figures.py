"""How a figure of report.json is written for people, in Markdown and HTML alike."""

import re
from collections.abc import Iterable

from evaluate.reports.results_file import has_failed, rank_of

OUTCOME_LABELS = {
    "correct": "Correct",
    "wrong_result": "Wrong result",
    "error": "SQL error",
    "timeout": "Timeout",
    "too_large": "Too large",
    "no_sql": "No SQL found",
    "gold_error": "Gold fails",
    "no_database": "No database",
}
FAULTS = {"gold_error": "the gold answer fails", "no_database": "the database is missing"}  # of what is not scored
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
SETTING_CHARACTERS = 500
WORST_SHOWN = 10
WORST_PER_CLASS = 2


def percent(value: float | None) -> str:
    """A fraction as `77.4 %`; a dash for what was not scored."""
    return "–" if value is None else f"{100 * value:.1f} %"


def interval(figure: dict) -> str:
    """The 95 % interval as `74.4–80.3`, with a mark when it is Wilson's."""
    if figure["low"] is None:
        return "–"
    mark = " (W)" if figure.get("interval") == "wilson" else ""
    return f"{100 * figure['low']:.1f}–{100 * figure['high']:.1f}{mark}"


def seconds(value: float | None) -> str:
    """A duration in the unit that reads best: `1.2 s`, `3.4 ms`, `85 µs`."""
    if value is None:
        return "–"
    for unit, scale in (("s", 1), ("ms", 1e3)):
        if value * scale >= 1:
            return f"{value * scale:.1f} {unit}"
    return f"{value * 1e6:.0f} µs"


def count(number: int, noun: str) -> str:
    """`1 example`, `2 examples`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def words(name: str) -> str:
    """An identifier as people read it: `missing_group_by` -> `missing group by`."""
    return name.replace("_", " ")


def letter(place: int) -> str:
    """What a run of a comparison is called in narrow places: A, B, C, ..."""
    return chr(ord("A") + place)


def visible(text: object) -> str:
    """The text with control characters written out: none reaches a terminal or turns the direction of a line."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found.group()):02x}", str(text))


def flat(tree: dict, prefix: str = "") -> list[tuple[str, str]]:
    """Nested settings as (dotted name, text) pairs, in their order; lists become comma-separated."""
    pairs = []
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            pairs.extend(flat(value, f"{name}."))
        elif value is not None:
            text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
            pairs.append((name, visible(text[:SETTING_CHARACTERS])))
    return pairs


def title_of(run: dict) -> str:
    """What to call a run: its name, recipe, adapter, model or predictions file, whichever is there first."""
    keys = ("name", "recipe", "adapter", "model", "predictions")
    return next((visible(run[key]) for key in keys if run.get(key)), "evaluation")


def worst_examples(rows: Iterable[dict]) -> list[dict]:
    """Up to ten failures to read first: the easiest questions, then the answers furthest from the gold.

    A model should not fail easy questions, and an answer sharing few tokens with its gold misread the question
    rather than slipped; at most two of one error class, so that the list shows different faults.
    """
    worst: dict[str | None, list[tuple]] = {}
    for place, row in enumerate(rows):
        if has_failed(row):
            of_class = worst.setdefault(row["error_class"], [])
            of_class.append((rank_of(row["hardness"]), row["token_f1"] or 0.0, place, row))
            of_class.sort(key=lambda entry: entry[:3])
            del of_class[WORST_PER_CLASS:]
    ranked = sorted((entry for entries in worst.values() for entry in entries), key=lambda entry: entry[:3])
    return [row for *_, row in ranked[:WORST_SHOWN]]

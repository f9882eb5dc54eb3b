"""What a sweep found: its points ranked, and the best against the second.

Execution accuracy by rule strict decides; where two points tie, the one that stands first in the grid. A sweep picks
the best of several on the very questions that rank them, so the best one's score is a little too high, and two points
differ only as far as their paired comparison (`evaluate/reports/paired.py`) says.
"""

import json
from pathlib import Path
from typing import NamedTuple

from evaluate.reports.paired import Contrast, pair
from evaluate.reports.results_file import ResultsError, read_results
from prompts.template import TEMPLATE_KEYS
from recipes import recipe
from sweep.plan import REPORT, STYLE, Point, base_folders, is_scored

ACCURACY = "execution_accuracy"


class Scored(NamedTuple):
    """A point, or the untuned model of some: its metrics as in report.json, and seconds of training (None: none)."""

    name: str
    folder: Path
    values: dict[str, str]
    metrics: dict[str, dict]
    seconds: float | None

    @property
    def accuracy(self) -> dict:
        """Execution accuracy: value, n, low, high."""
        return self.metrics[ACCURACY]


class Found(NamedTuple):
    """The points that have a score, best first, and what is to be said of them.

    `against` compares the second best (first) with the best (second), None where that cannot be done.
    """

    ranked: list[Scored]
    bases: list[Scored]
    overlapping: list[str]
    against: Contrast | None


def find(done: list[Point]) -> Found:
    """Read the reports of the points in `done`, and of their untuned models."""
    ranked = sorted((read_point(point) for point in done), key=lambda each: -(each.accuracy["value"] or 0.0))
    return Found(ranked, read_bases(done), overlapping(ranked), compared(ranked))


def read_point(point: Point) -> Scored:
    training = json.loads((point.folder / recipe.FINISHED).read_text(encoding="utf-8"))
    return Scored(point.name, point.folder, point.values, metrics_in(point.folder), training["seconds"])


def read_bases(done: list[Point]) -> list[Scored]:
    """The untuned models that were evaluated, each once."""
    return [
        Scored(folder.name, folder, base_values(point), metrics_in(folder), None)
        for folder, point in base_folders(done).items()
        if is_scored(folder, point)
    ]


def base_values(point: Point) -> dict[str, str]:
    """The values of those axes that say something of an untuned model."""
    telling = (STYLE, "model_name_or_path", *TEMPLATE_KEYS)
    return {axis: value for axis, value in point.values.items() if axis in telling}


def metrics_in(folder: Path) -> dict[str, dict]:
    return json.loads((folder / REPORT).read_text(encoding="utf-8"))["metrics"]


def overlapping(ranked: list[Scored]) -> list[str]:
    """The points whose interval overlaps that of the best."""
    lows = [each.accuracy["low"] for each in ranked[:1]]
    return [
        each.name
        for each in ranked[1:]
        if None not in (*lows, each.accuracy["high"]) and each.accuracy["high"] >= lows[0]
    ]


def compared(ranked: list[Scored]) -> Contrast | None:
    """The second best against the best by rule strict; None for fewer than two points or other questions."""
    if len(ranked) < 2:
        return None
    try:
        return pair(read_results(ranked[1].folder), read_results(ranked[0].folder)).rules["strict"]
    except ResultsError:
        return None

"""The points of a sweep, from words as they are typed.

    learning_rate=1e-4,2e-4 prompt_style=ddl,compact cutoff_len=1088
    -> axes learning_rate and prompt_style, four points; cutoff_len is the same for all

A key with several values is an axis, one with a single value a constant. Commas within brackets or quotes do not
separate: `lora_target=[q_proj,v_proj]` is one value. Not covered: ranges, and searches that look at scores on the way.
"""

import itertools
import random
import re
from typing import NamedTuple

CLOSING = {"[": "]", "{": "}", "(": ")"}
TAKEN = ("output_dir", "run_name", "dataset_dir")  # what each point has of its own


class SweepError(Exception):
    """A sweep that cannot be run; the message names the key, what was expected and what to do."""


class Grid(NamedTuple):
    """What varies and what does not: values as they were typed, by key."""

    axes: dict[str, tuple[str, ...]]
    constants: dict[str, str]

    @property
    def size(self) -> int:
        """How many points there are in all."""
        size = 1
        for values in self.axes.values():
            size *= len(values)
        return size


def read_grid(words: list[str]) -> Grid:
    """The axes and constants of `KEY=VALUE[,VALUE ...]` words. Raises SweepError."""
    axes, constants = {}, {}
    for word in words:
        key, equals, text = word.partition("=")
        if not (key and equals):
            raise SweepError(f"{word!r} is not KEY=VALUE or KEY=VALUE,VALUE, as in learning_rate=1e-4,2e-4")
        if key in axes or key in constants:
            raise SweepError(f"key {key!r} is given twice. Give its values once, with commas between: {key}=A,B")
        values = split_values(key, text)
        if len(values) == 1:
            constants[key] = values[0]
        else:
            axes[key] = values
    if not axes:
        raise SweepError(
            "no key has several values, so there is nothing to sweep. Give one, as learning_rate=1e-4,2e-4"
        )
    if fixed := next((key for key in axes if key in TAKEN), None):
        raise SweepError(f"key {fixed!r} cannot vary: every point has its own. Give one value or none.")
    return Grid(axes, constants)


def split_values(key: str, text: str) -> tuple[str, ...]:
    """`1e-4,[a,b]` -> `1e-4` and `[a,b]`. Raises SweepError for an empty or repeated value, or an open bracket."""
    parts, open_marks = [""], []
    for letter in text:
        if letter == "," and not open_marks:
            parts.append("")
            continue
        if open_marks and letter == open_marks[-1]:
            open_marks.pop()
        elif letter in CLOSING or letter in "\"'":
            open_marks.append(CLOSING.get(letter, letter))
        parts[-1] += letter
    if open_marks:
        raise SweepError(f"key {key!r}: {text!r} lacks a closing {open_marks[-1]}")
    if "" in parts:
        raise SweepError(f"key {key!r}: {text!r} has an empty value; write {key}=A,B without spaces")
    if len(set(parts)) < len(parts):
        raise SweepError(f"key {key!r}: {text!r} names a value twice; every point is run once")
    return tuple(parts)


def points(grid: Grid, samples: int | None = None, seed: int = 0) -> list[dict[str, str]]:
    """The value of every axis for each point, the last axis varying fastest; of `samples`, that many drawn by `seed`.

    Raises SweepError for a sample that is larger than the grid.
    """
    every = [dict(zip(grid.axes, values, strict=True)) for values in itertools.product(*grid.axes.values())]
    if samples is None:
        return every
    if not 1 <= samples <= len(every):
        raise SweepError(f"--samples {samples}: the grid has {len(every)} points. Give 1 to {len(every)}.")
    return [every[place] for place in sorted(random.Random(seed).sample(range(len(every)), samples))]


def name_of(values: dict[str, str]) -> str:
    """A point's name, also that of its folder: `learning_rate=1e-4_prompt_style=ddl`."""
    return "_".join(f"{key}={re.sub(r'[^A-Za-z0-9.+-]+', '-', value).strip('-')}" for key, value in values.items())

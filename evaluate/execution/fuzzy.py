"""The `fuzzy` rule's comparison: the same answer, whatever its columns are called and however its numbers are rounded.

`match.fuzzy` holds the definition; here is how it is decided. Cells that agree within a tolerance are not an
equivalence (a ~ b and b ~ c say nothing of a and c), so rows cannot be hashed: they are grouped by what must be equal,
sorted by their numbers and paired with the first that agrees. The searches over columns and over pairs are bounded.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

RELATIVE_TOLERANCE = 1e-4
MAX_ASSIGNMENTS = 200  # complete column assignments that are compared
MAX_STEPS = 10_000  # column assignments that are begun
MAX_CELLS = 2_000_000  # cells looked at to find which columns can stand for which
MAX_COMPARISONS = 3_000_000  # cells that are compared to pair up rows, in all assignments together
MAX_EXTRA_COLUMNS = 12  # `SELECT *` of most tables; of a thousand further columns one would agree by chance

_NUMBER = re.compile(r"[+-]?(\d{1,18}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,3})?", re.ASCII)

Cell = None | int | float | str | bytes
Row = tuple[Cell, ...]


class _Budget:
    """How many comparisons are left."""

    def __init__(self, left: int) -> None:
        self.left = left

    def take(self, number: int) -> bool:
        """Use up so many; False where they are not left."""
        self.left -= number
        return self.left >= 0


class _Column(NamedTuple):
    """One column: its cells by row, and as a bag of numbers (ascending) and of others (counted)."""

    cells: list[Cell]
    numbers: list[float]
    others: Counter[Cell]


def same_answer(gold: Sequence[Row], predicted: Sequence[Row], *, ordered: bool) -> bool:
    """Whether `predicted` has as many rows and every gold column in them, cells agreeing as `_cells_agree` says.

    It may have `MAX_EXTRA_COLUMNS` beside them.
    """
    if len(gold) != len(predicted):
        return False
    if not gold:
        return True
    width, predicted_width = len(gold[0]), len(predicted[0])
    if not width <= predicted_width <= width + MAX_EXTRA_COLUMNS or width * predicted_width * len(gold) > MAX_CELLS:
        return False
    others = _columns(predicted)
    agree = _columns_agree if ordered else _bags_agree
    options = [(column, [n for n, other in enumerate(others) if agree(column, other)]) for column in _columns(gold)]
    options.sort(key=lambda option: len(option[1]))
    gold_cells, budget = [column.cells for column, _ in options], _Budget(MAX_COMPARISONS)
    return any(
        ordered or _rows_agree(gold_cells, [others[n].cells for n in chosen], budget)
        for chosen in islice(_assignments([numbers for _, numbers in options]), MAX_ASSIGNMENTS)
    )


def rows_agree(gold: Sequence[Row], predicted: Sequence[Row]) -> bool:
    """Whether the rows agree in any order, the columns staying where they are. Both have as many columns."""
    if len(gold) != len(predicted):
        return False
    gold_cells, cells = ([column.cells for column in _columns(rows)] for rows in (gold, predicted))
    return _rows_agree(gold_cells, cells, _Budget(MAX_COMPARISONS))


def _cells_agree(gold: Cell, predicted: Cell) -> bool:
    """NULL with NULL; text with text but for case and white space; blobs when equal; numbers within the tolerance.

    Two integers must be equal; of other numbers, the larger may exceed the smaller by 0.01 %, or one may be the other
    rounded to the decimals it has (at least one). Text that is a number counts as that number. Both cells are `_plain`.
    """
    if not (_is_number(gold) and _is_number(predicted)):
        return gold == predicted
    if gold == predicted or (isinstance(gold, int) and isinstance(predicted, int)):
        return gold == predicted
    if math.isinf(gold) or math.isinf(predicted):
        return False
    close = math.isclose(gold, predicted, rel_tol=RELATIVE_TOLERANCE)
    return close or _is_rounded(gold, predicted) or _is_rounded(predicted, gold)


def _plain(cell: Cell) -> Cell:
    """The cell without what does not matter: case, white space, and being text where it is a number."""
    if not isinstance(cell, str):
        return cell
    text = " ".join(cell.split()).casefold()
    if not _NUMBER.fullmatch(text):
        return text
    return float(text) if any(mark in text for mark in ".e") else int(text)


def _is_number(cell: Cell) -> bool:
    return isinstance(cell, int | float)


def _is_rounded(short: float, long: float) -> bool:
    whole, _, decimals = repr(short).partition(".")
    if not decimals or "e" in decimals or decimals == "0" or len(whole) > 15:
        return False
    return math.isclose(round(long, len(decimals)), short, rel_tol=1e-12)


def _columns(rows: Sequence[Row]) -> list[_Column]:
    return [_column([_plain(cell) for cell in column]) for column in zip(*rows, strict=True)]


def _column(cells: list[Cell]) -> _Column:
    numbers = sorted(cell for cell in cells if _is_number(cell))
    return _Column(cells, numbers, Counter(cell for cell in cells if not _is_number(cell)))


def _columns_agree(gold: _Column, predicted: _Column) -> bool:
    return _sequences_agree(gold.cells, predicted.cells)


def _bags_agree(gold: _Column, predicted: _Column) -> bool:
    """Whether two columns could hold the same cells: others equal as multisets, numbers agreeing in ascending order."""
    if len(gold.numbers) != len(predicted.numbers) or gold.others != predicted.others:
        return False
    return _sequences_agree(gold.numbers, predicted.numbers)


def _sequences_agree(gold: Sequence[Cell], predicted: Sequence[Cell]) -> bool:
    return all(map(_cells_agree, gold, predicted))


def _assignments(candidates: list[list[int]]) -> Iterator[tuple[int, ...]]:
    """Every choice of one candidate a gold column, none taken twice, until `MAX_STEPS`."""
    chosen: list[int] = []
    taken: set[int] = set()
    open_choices = [iter(candidates[0])]
    for _ in range(MAX_STEPS):
        number = next((number for number in open_choices[-1] if number not in taken), None)
        if number is None:
            open_choices.pop()
            if not chosen:
                return
            taken.discard(chosen.pop())
        elif len(chosen) + 1 == len(candidates):
            yield (*chosen, number)
        else:
            chosen.append(number)
            taken.add(number)
            open_choices.append(iter(candidates[len(chosen)]))


def _rows_agree(gold: Sequence[Sequence[Cell]], predicted: Sequence[Sequence[Cell]], budget: _Budget) -> bool:
    if not budget.take(2 * sum(map(len, gold))):
        return False
    gold_groups, groups = _groups(gold), _groups(predicted)
    if {key: len(rows) for key, rows in gold_groups.items()} != {key: len(rows) for key, rows in groups.items()}:
        return False
    return all(_numbers_agree(rows, groups[key], budget) for key, rows in gold_groups.items())


def _groups(columns: Sequence[Sequence[Cell]]) -> dict[tuple, list[tuple[float, ...]]]:
    """The numbers of every row, sorted, by what else the row holds."""
    groups: dict[tuple, list[tuple[float, ...]]] = defaultdict(list)
    for row in zip(*columns, strict=True):
        key = tuple((n, cell) for n, cell in enumerate(row) if not _is_number(cell))
        groups[key].append(tuple(cell for cell in row if _is_number(cell)))
    return {key: sorted(rows) for key, rows in groups.items()}


def _numbers_agree(gold: list[tuple[float, ...]], predicted: list[tuple[float, ...]], budget: _Budget) -> bool:
    """Whether every row finds one of its own that agrees: by rank, else the first free one in ascending order."""
    width = max(1, len(gold[0]))
    if not budget.take(len(gold) * width) or all(map(_sequences_agree, gold, predicted)):
        return budget.left >= 0
    taken = [False] * len(predicted)
    first_free = 0
    for row in gold:
        while taken[first_free]:
            first_free += 1
        within = range(first_free, min(len(predicted), first_free + budget.left // width))
        found = next((n for n in within if not taken[n] and _sequences_agree(row, predicted[n])), None)
        if found is None:
            return False
        budget.take((found - first_free + 1) * width)
        taken[found] = True
    return True

"""Are two tables equal up to the order of their columns (and, where asked, of their rows)?

Rows in any order and columns in any order together are as hard as graph isomorphism, so the search is bounded: it looks
at `MAX_CELLS` cells and then says no. Real results need one pass; equal columns are never tried twice.
Values compare as in Python: 1 == 1.0, '1' != 1, None == None, b'a' != 'a'.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

MAX_CELLS = 6_000_000  # two seconds at most

Row = tuple
Column = tuple


def same_up_to_columns(gold: Sequence[Row], predicted: Sequence[Row], *, ordered: bool) -> bool:
    """Whether some order of `predicted`'s columns gives `gold`'s rows: as a list when `ordered`, else as a multiset.

    Two results without rows are equal whatever their columns. A result with rows has columns in every row alike.
    """
    if len(gold) != len(predicted):
        return False
    if not gold or gold == predicted:
        return True
    if len(gold[0]) != len(predicted[0]):
        return False
    gold_columns, predicted_columns = list(zip(*gold, strict=True)), list(zip(*predicted, strict=True))
    if ordered:
        return Counter(gold_columns) == Counter(predicted_columns)
    if Counter(gold) == Counter(predicted):
        return True
    return len(gold[0]) > 1 and _Search(gold_columns, predicted_columns).succeeds()


class _Node(NamedTuple):
    """A partial assignment. Rows that agree in the columns assigned so far carry the same number on both sides."""

    gold_rows: Sequence[int]
    predicted_rows: Sequence[int]


class _Search:
    """Assign predicted columns to gold columns one by one, as long as the rows cut to them are equal multisets."""

    def __init__(self, gold: list[Column], predicted: list[Column]) -> None:
        self.predicted = predicted
        distinct = {column: number for number, column in enumerate(predicted)}
        self.same_as = [distinct[column] for column in predicted]  # equal columns share a number
        contents = [frozenset(Counter(column).items()) for column in predicted]
        options = [(column, _positions(frozenset(Counter(column).items()), contents)) for column in gold]
        self.gold = sorted(options, key=lambda option: len(option[1]))
        self.free = set(range(len(predicted)))
        self.cells_left = MAX_CELLS

    def succeeds(self) -> bool:
        rows = len(self.predicted[0])
        start = _Node([0] * rows, [0] * rows)
        open_choices = [self._choices(start, 0)]  # a stack of our own: tables may have 2000 columns
        while open_choices:
            node = next(open_choices[-1], None)
            if node is None:
                open_choices.pop()
            elif len(open_choices) == len(self.gold):
                return True
            else:
                open_choices.append(self._choices(node, len(open_choices)))
        return False

    def _choices(self, node: _Node, depth: int) -> Iterator[_Node]:
        gold_column, candidates = self.gold[depth]
        tried: set[int] = set()
        for position in candidates:
            if position in self.free and self.same_as[position] not in tried:
                tried.add(self.same_as[position])
                deeper = self._assign(node, gold_column, position)
                if deeper is not None:
                    self.free.remove(position)
                    yield deeper
                    self.free.add(position)

    def _assign(self, node: _Node, gold_column: Column, position: int) -> _Node | None:
        self.cells_left -= len(gold_column)
        if self.cells_left < 0:
            return None
        numbers: dict[tuple[int, object], int] = {}
        gold_rows = [numbers.setdefault(key, len(numbers)) for key in zip(node.gold_rows, gold_column, strict=True)]
        keys = zip(node.predicted_rows, self.predicted[position], strict=True)
        predicted_rows = [numbers.get(key, -1) for key in keys]
        if Counter(gold_rows) != Counter(predicted_rows):
            return None
        return _Node(gold_rows, predicted_rows)


def _positions(wanted: frozenset, contents: list[frozenset]) -> list[int]:
    return [position for position, content in enumerate(contents) if content == wanted]

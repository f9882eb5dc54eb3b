"""What an answer looks like in a terminal: every cell as text, bars for a category and a number alone."""

import io

import pytest
from rich.console import Console

from evaluate.asker import Answer
from evaluate.display import chart, show


def shown(answer: Answer) -> str:
    console = Console(file=io.StringIO(), width=80, color_system=None)
    show(console, answer)
    return console.file.getvalue()


def test_cells_are_shown_as_they_are_but_control_characters_and_long_fractions():
    text = shown(Answer("q", "SELECT 1", ["[red]a", "b"], [("[bold]x[/bold]", 550.9299999999998), ("\x1b[31m", None)]))
    assert all(part in text for part in ("[red]a", "[bold]x[/bold]", "550.93 ", "?[31m", "NULL", "2 rows in 0.0 s"))
    assert "\x1b" not in text


def test_repairs_and_errors_are_named_and_an_error_has_no_table():
    text = shown(
        Answer("q", "SELECT x", error="error: no such column: x", repairs=["second draft: no such column: y", "a is b"])
    )
    named = ["second draft: no such column: y", "repaired: a is b"]
    assert text.splitlines() == ["", "q", "SELECT x", *named, "error: no such column: x"]


def test_only_the_first_rows_are_shown():
    text = shown(Answer("q", "SELECT 1", ["n"], [(number,) for number in range(1, 51)]))
    assert ("50 rows, the first 20 shown in" in text, " 21 " in text) == (True, False)


@pytest.mark.parametrize(
    ("rows", "bars"),
    [
        ([("a", 1), ("b", 2.5)], True),
        ([(3, "a"), (0, "b")], True),
        ([("a", 1)], False),
        ([("a", -1), ("b", 2)], False),
        ([("a", None), ("b", 2)], False),
        ([(1, 2), (3, 4)], False),
        ([("a", float("inf")), ("b", 2)], False),
        ([("a", number) for number in range(31)], False),
    ],
)
def test_bars_are_for_a_category_and_amounts(rows, bars):
    assert (chart(Answer("q", "SELECT 1", ["x", "y"], rows)) is not None) == bars


def test_the_largest_amount_has_the_longest_bar():
    lines = shown(Answer("q", "SELECT 1", ["x", "y"], [("a", 10), ("b", 5), ("c", 0)])).splitlines()[-4:-1]
    assert [line.count("█") for line in lines] == [40, 20, 0]

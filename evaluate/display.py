"""An answer in the terminal: question, SQL, repairs, rows, and bars where they are a category and a number."""

import math
from numbers import Real

from rich.bar import Bar
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from evaluate.asker import Answer
from evaluate.decoding.second_draft import MARK

ROWS_SHOWN = 20
BARS = range(2, 31)  # rows that are shown as bars too
BAR_WIDTH = 40


def show(console: Console, answer: Answer, *, question: bool = True) -> None:
    """Print one answer. `question`: whether its question comes first."""
    if question:
        console.print(f"\n{answer.question}", style="bold", highlight=False, markup=False)
    if answer.sql:
        console.print(Syntax(answer.sql, "sql", background_color="default", word_wrap=True))
    for change in answer.repairs:
        line = change if change.startswith(MARK) else f"repaired: {change}"
        console.print(line, style="yellow", highlight=False, markup=False)
    if answer.error is not None:
        console.print(answer.error, style="red", highlight=False, markup=False)
        return
    show_rows(console, answer)


def show_rows(console: Console, answer: Answer) -> None:
    """The first rows of a result as a table, bars where they fit, and a line of figures."""
    table = Table()
    for name in answer.columns:
        table.add_column(printable(name))
    for row in answer.rows[:ROWS_SHOWN]:
        table.add_row(*map(printable, row))
    console.print(table)
    if bars := chart(answer):
        console.print(bars)
    more = f", the first {ROWS_SHOWN} shown" if len(answer.rows) > ROWS_SHOWN else ""
    sure = "" if answer.confidence is None else f", confidence {answer.confidence:.2f}"
    rows = f"{len(answer.rows):,} row{'s'[: len(answer.rows) != 1]}{more}"
    console.print(f"{rows} in {answer.seconds:.1f} s{sure}", highlight=False, markup=False)


def printable(cell: object) -> Text:
    """A cell on the terminal: control characters, which could move the cursor or colour the screen, become `?`.

    Numbers with a fraction have ten digits: 550.93, not 550.9299999999998.
    """
    text = "NULL" if cell is None else cell.hex() if isinstance(cell, bytes) else str(cell)
    text = f"{cell:.10g}" if isinstance(cell, float) else text
    return Text("".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text))


def chart(answer: Answer) -> Table | None:
    """Bars for rows of a category and a number that is not below 0; None for any other rows."""
    if len(answer.columns) != 2 or len(answer.rows) not in BARS:
        return None
    place = next((place for place in (1, 0) if all(is_amount(row[place]) for row in answer.rows)), None)
    if place is None or any(not isinstance(row[1 - place], str) for row in answer.rows):
        return None
    largest = max(row[place] for row in answer.rows) or 1
    bars = Table.grid(padding=(0, 1))
    for row in answer.rows:
        bars.add_row(
            printable(row[1 - place])[:30], Bar(largest, 0, row[place], width=BAR_WIDTH), printable(row[place])
        )
    return bars


def is_amount(cell: object) -> bool:
    return isinstance(cell, Real) and math.isfinite(cell) and cell >= 0

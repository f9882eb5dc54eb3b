"""A conversation about one database in the terminal: each question is asked with those before it and their SQL."""

import json
from contextlib import suppress

from rich.console import Console

from evaluate.asker import Answer, Asker
from evaluate.display import show
from prompts.prompt import schema_text

TURNS = 4  # earlier questions that are asked with the next one
HELP = """.schema   the tables and their columns
.sql      the last query again
.new      forget the questions so far
.quit     leave (so does Ctrl-D)
Anything else is a question; it may refer to the ones before it."""


def converse(console: Console, asker: Asker, *, as_json: bool = False) -> None:
    """Read questions until the end of the input. Ctrl-C ends an answer, or an empty line, not the conversation."""
    with suppress(ImportError):
        import readline  # noqa: F401 arrow keys and history in input()
    if not as_json:
        tables = ", ".join(table.name for table in asker.schema.tables)
        console.print(
            f"{asker.database.name}: {tables}\nAsk a question; .help lists the commands.", highlight=False, markup=False
        )
    turns: list[tuple[str, str]] = []
    while True:
        try:
            line = input("" if as_json else "> ").strip()
        except EOFError:
            return
        except KeyboardInterrupt:
            print()
            continue
        if line in (".quit", ".exit"):
            return
        if line.startswith("."):
            turns = command(console, asker, line, turns)
        elif line:
            answer = ask(asker, line, turns)
            if answer and as_json:
                print(json.dumps(answer.to_json(), ensure_ascii=False), flush=True)
            elif answer:
                show(console, answer, question=False)
            if answer and answer.error is None:
                turns = [*turns, (line, answer.sql)][-TURNS:]


def ask(asker: Asker, question: str, turns: list[tuple[str, str]]) -> Answer | None:
    """One answer; None where Ctrl-C ended it."""
    try:
        return asker.ask(question, history=turns)
    except KeyboardInterrupt:
        print("stopped")
        return None


def command(console: Console, asker: Asker, line: str, turns: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Carry out a line that begins with a dot; returns the turns that are remembered after it."""
    if line == ".new":
        return []
    if line == ".schema":
        text = schema_text(asker.schema, "compact")
    elif line == ".sql":
        text = turns[-1][1] if turns else "no query yet"
    else:
        text = HELP
    console.print(text, highlight=False, markup=False)
    return turns

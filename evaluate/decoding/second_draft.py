"""One more draft where SQLite refuses a query and no repair helps: the question again, with SQLite's message.

    user       Write a SQLite query ... Question: How many singers are there?
    assistant  SELECT COUNT(*) FROM vocalist
    user       Hint: no such table: vocalist
               Question: How many singers are there?

The later turn has the form that conversations had in the training. The second draft takes the first one's place only
where it runs; it is then named like a repair, so that nobody takes it for the model's first answer.

The shipped adapter mostly repeats its first draft (evaluate/README.md has the figures); so it is off unless asked for.
Not covered: statements that write, answers without SQL, queries that run too long or into an error of the data.
"""

from collections.abc import Sequence

from prompts.prompt import question_text, user_turn
from prompts.tags import style_in
from sql.error_class import class_of_error

REFUSED = {
    *("syntax", "no_such_table", "no_such_column", "ambiguous_column", "no_such_function", "misused_aggregate"),
    *("missing_group_by", "wrong_set_operation", "wrong_nesting"),
}  # classes of errors by which SQLite refuses to compile a query
MARK = "second draft: "  # how a second draft is named among repairs, before SQLite's message


def refusal(status: str, error: str | None) -> str | None:
    """SQLite's message where it refused to compile a query, by the outcome of running it; None for all else."""
    return error if status == "error" and error and class_of_error(error) in REFUSED else None


def next_turn(question: str, message: str, tags: Sequence[str]) -> str:
    """The user turn behind a refused query. `tags`: of the rows that the model was trained on."""
    return question_text(question, style=style_in(tags), evidence=message)


def next_row(row: dict, sql: str, message: str) -> dict:
    """The converted row that asks for a second draft: the first is its `history`, as in conversation rows."""
    turn = next_turn(row["question"], message, row.get("tags", ()))
    first = [user_turn(row["instruction"], row["input"]), sql]
    return row | {"history": [*row.get("history", []), first], "instruction": turn, "input": ""}


def named(message: str, repairs: Sequence[str]) -> list[str]:
    """The repairs of a second draft, itself the first of them."""
    return [f"{MARK}{message}", *repairs]

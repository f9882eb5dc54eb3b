"""The tags of a converted row that say how its prompt was made, and prompts made again by them.

    ["style:compact", "prompt:<hash>", "schema:linked", "linker:<hash>", "runnable", ...]

A row begins with them; what follows says something about its gold (converters/README.md lists all).
"""

import json
from collections.abc import Sequence
from pathlib import Path

from prompts import linking, prompt
from prompts.mentions import mentions
from sql.schema import Schema, read_schema

LINKED = "schema:linked"
OF_PROMPTS = ("style:", "prompt:", "schema:", "linker:")
LINKED_VALUES = 2000  # distinct values of a column that a question is compared with


def expected_tags(style: str, *, linked: bool) -> list[str]:
    """The tags a row begins with: style, prompt code, whether the schema is linked, and the linker's code."""
    linker = linking.tags() if linked or prompt.STYLES[style].shows_mentions else []
    return [f"style:{style}", f"prompt:{prompt.prompt_hash()}", *([LINKED] if linked else []), *linker]


def prompt_tags(row: dict) -> list[str]:
    """Those tags of a row that say how its prompt was made."""
    return [tag for tag in row.get("tags", ()) if tag.startswith(OF_PROMPTS)]


def first_row(path: Path) -> dict:
    """The first row of a converted file; empty where it is not one. Only its first two lines are read."""
    with path.open(encoding="utf-8") as file:
        file.readline()
        try:
            row = json.loads(file.readline().rstrip().removesuffix(","))
        except ValueError:
            return {}
    return row if isinstance(row, dict) else {}


def style_of(tags: Sequence[str]) -> str:
    """The prompt style that tags name; empty where they name none."""
    return next((tag.removeprefix("style:") for tag in tags if tag.startswith("style:")), "")


def prompt_for(database: Path, question: str, tags: Sequence[str], evidence: str = "") -> prompt.Prompt:
    """The prompt of a question on a SQLite file, as rows with these tags had it: for asking a trained model.

    Raises SchemaError where the file has no readable schema, ValueError for an unknown style.
    """
    return prompt_on(schema_for(database, tags), question, tags, evidence)


def schema_for(database: Path, tags: Sequence[str]) -> Schema:
    """The schema of a SQLite file with the values that prompts with these tags need. Raises SchemaError."""
    style = style_in(tags)
    needed = style in prompt.STYLES and prompt.STYLES[style].needs_values
    return read_schema(database, values=values_for(needed, has_linker(tags)))


def prompt_on(schema: Schema, question: str, tags: Sequence[str], evidence: str = "") -> prompt.Prompt:
    """The prompt of a question on a schema (`schema_for`), as rows with these tags had it.

    Args:
        tags: of a row of the file the model was trained on; its style, whether its schema was linked, and whether
            a linker looked for mentioned values, count.
    Raises ValueError for an unknown style.
    """
    visible = linking.linked(schema, question, evidence) if LINKED in tags else schema
    mentioned = mentions(schema, question, evidence, shown=visible) if has_linker(tags) else ()
    return prompt.build_prompt(visible, question, style=style_in(tags), evidence=evidence, mentions=mentioned)


def turns_on(schema: Schema, questions: Sequence[str], tags: Sequence[str]) -> list[str]:
    """The user turns of a conversation on a schema (`schema_for`), as conversation rows with these tags had them.

    The first holds the schema: all of it, or what any of the questions seems to need. Raises ValueError for an unknown
    style.
    """
    visible = linking.linked(schema, " ".join(questions)) if LINKED in tags else schema
    found = [mentions(schema, question, shown=visible) if has_linker(tags) else () for question in questions]
    style = style_in(tags)
    first = prompt.build_prompt(visible, questions[0], style=style, mentions=found[0])
    later = [
        prompt.question_text(question, style=style, mentions=mentioned)
        for question, mentioned in zip(questions[1:], found[1:], strict=True)
    ]
    return [prompt.user_turn(*first), *later]


def style_in(tags: Sequence[str]) -> str:
    """The prompt style that tags name, else the default."""
    return style_of(tags) or prompt.DEFAULT_STYLE


def has_linker(tags: Sequence[str]) -> bool:
    """Whether a linker looked for the values that a question mentions."""
    return any(tag.startswith("linker:") for tag in tags)


def values_for(style_needs: bool, linker_needs: bool) -> int:
    """How many values of each column a schema must hold."""
    if linker_needs:
        return LINKED_VALUES
    return prompt.EXAMPLES_SHOWN if style_needs else 0

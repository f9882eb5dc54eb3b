"""The tags of a converted row that say how its prompt was made, and prompts made again by them.

    ["style:compact", "prompt:<hash>", "schema:linked", "linker:<hash>", "runnable", ...]

A row begins with them; what follows says something about its gold (converters/README.md lists all).
"""

import json
from collections.abc import Sequence
from pathlib import Path

from prompts import linking, prompt
from prompts.mentions import mentions
from sql.schema import read_schema

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

    Args:
        tags: of a row of the file the model was trained on; its style, whether its schema was linked, and whether
            a linker looked for mentioned values, count.
    Raises SchemaError where the file has no readable schema, ValueError for an unknown style.
    """
    style = style_of(tags) or prompt.DEFAULT_STYLE
    has_linker = any(tag.startswith("linker:") for tag in tags)
    needed = style in prompt.STYLES and prompt.STYLES[style].needs_values
    schema = read_schema(database, values=values_for(needed, has_linker))
    visible = linking.linked(schema, question, evidence) if LINKED in tags else schema
    mentioned = mentions(schema, question, evidence, shown=visible) if has_linker else ()
    return prompt.build_prompt(visible, question, style=style, evidence=evidence, mentions=mentioned)


def values_for(style_needs: bool, linker_needs: bool) -> int:
    """How many values of each column a schema must hold."""
    if linker_needs:
        return LINKED_VALUES
    return prompt.EXAMPLES_SHOWN if style_needs else 0

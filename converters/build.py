"""From an example to its row: the prompt in the style asked for, shortened where it must be, filtered by tags.

A row that is longer than the cutoff first loses the sample rows and values, then the tables and columns that its
question does not seem to need, and is dropped where that is not enough. Nothing is cut in the middle.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from converters import lengths, linking, prompt
from converters.mentions import mentions
from converters.rows import Example, Skip, converted_row, style_of, style_tags
from converters.schema import Schema, read_schema, without_values

LINKED_VALUES = 2000  # distinct values of a column that a question is compared with


def expected_tags(style: str, schema: str) -> list[str]:
    """The tags a row begins with: style, prompt code, whether the schema is linked, and the linker's code."""
    is_linked = schema == "linked"
    linker = linking.tags() if is_linked or prompt.STYLES[style].shows_mentions else []
    return [*style_tags(style), *(["schema:linked"] if is_linked else []), *linker]


def prompt_for(database: Path, question: str, tags: Sequence[str], evidence: str = "") -> prompt.Prompt:
    """The prompt of a question on a SQLite file, as rows with these tags had it: for asking a trained model.

    Args:
        tags: of a row of the file the model was trained on; its style, whether its schema was linked, and whether
            a linker looked for mentioned values, count.
    Raises SchemaError where the file has no readable schema, ValueError for an unknown style.
    """
    style = style_of({"tags": tags}) or prompt.DEFAULT_STYLE
    is_linked, has_linker = "schema:linked" in tags, any(tag.startswith("linker:") for tag in tags)
    needed = style in prompt.STYLES and prompt.STYLES[style].needs_values
    schema = read_schema(database, values=values_for(needed, has_linker))
    shown = linking.linked(schema, question, evidence) if is_linked else schema
    found = mentions(schema, question, evidence, shown=shown) if has_linker else ()
    return prompt.build_prompt(shown, question, style=style, evidence=evidence, mentions=found)


def values_for(style_needs: bool, linker_needs: bool) -> int:
    """How many values of each column a schema must hold."""
    if linker_needs:
        return LINKED_VALUES
    return prompt.EXAMPLES_SHOWN if style_needs else 0


class Variant(NamedTuple):
    """A schema to show, and the tags that say what it lost."""

    schema: Schema
    tags: tuple[str, ...] = ()


class Built(NamedTuple):
    """A row, its length, and its question as a later turn of a conversation on the same schema."""

    row: dict
    length: int
    later_turn: str


class Builder:
    """Builds rows in one style. `count` gives a row's tokens; without it lengths are in characters, and none is cut."""

    def __init__(
        self,
        style: str,
        *,
        linked: bool = False,
        count: lengths.Counter | None = None,
        cutoff: int | None = None,
        filters: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset()),
    ) -> None:
        self.style, self.linked, self.count, self.cutoff = style, linked, count, cutoff
        self.only, self.without = filters
        self.shows_mentions = linked or prompt.STYLES[style].shows_mentions
        self.tags = expected_tags(style, "linked" if linked else "full")

    @classmethod
    def from_arguments(cls, arguments: argparse.Namespace) -> "Builder":
        """The builder that the command line asks for."""
        counted = arguments.tokenizer is not None
        return cls(
            arguments.style,
            linked=arguments.schema == "linked",
            count=lengths.token_counter(arguments.tokenizer, arguments.template) if counted else None,
            cutoff=arguments.cutoff,
            filters=(frozenset(arguments.only), frozenset(arguments.without)),
        )

    @property
    def values_needed(self) -> int:
        """How many values of each column a schema must hold for this builder."""
        return values_for(prompt.STYLES[self.style].needs_values, self.shows_mentions or self.cutoff is not None)

    def build(self, example: Example) -> Built | Skip:
        """The row, or why there is none."""
        refused = self.filtered(example)
        if refused:
            return refused
        for variant in self.variants(example):
            asked = {"style": self.style, "evidence": example.evidence, "mentions": self.mentions(example, variant)}
            built = prompt.build_prompt(variant.schema, example.question, **asked)
            length = self.length([(prompt.user_turn(*built), example.sql)])
            if self.cutoff is None or length <= self.cutoff:
                row = converted_row(example, built, [*self.tags, *variant.tags])
                return Built(row, length, prompt.question_text(example.question, **asked))
        return Skip(f"longer than {self.cutoff} tokens", f"{example.id}: {length} tokens at its shortest")

    def mentions(self, example: Example, variant: "Variant") -> list[str]:
        """The values that the question mentions, in columns that the prompt shows."""
        if not self.shows_mentions:
            return []
        return mentions(example.schema, example.question, example.evidence, shown=variant.schema)

    def filtered(self, example: Example) -> Skip | None:
        """Why --only or --without leave an example out."""
        for tag in sorted(self.only - set(example.tags)):
            return Skip(f"not {tag} (--only)", example.id)
        for tag in sorted(self.without & set(example.tags)):
            return Skip(f"{tag} (--without)", example.id)
        return None

    def variants(self, example: Example) -> Iterator[Variant]:
        """The schemas to try, longest first."""
        schema = linking.linked(example.schema, example.question, example.evidence) if self.linked else example.schema
        yield Variant(schema)
        if self.cutoff is None:
            return
        lost: tuple[str, ...] = ()
        if prompt.STYLES[self.style].needs_values:
            lost = ("shortened:rows",)
            yield Variant(without_values(schema), lost)
        if not self.linked:
            needed = linking.linked(example.schema, example.question, example.evidence)
            yield Variant(without_values(needed), (*lost, "shortened:columns"))

    def length(self, turns: lengths.Turns) -> int:
        """Tokens where they are counted, else characters."""
        if self.count is None:
            return sum(len(asked) + len(sql) for asked, sql in turns)
        return self.count(turns)

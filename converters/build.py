"""From an example to its row: the prompt in the style asked for, shortened where it must be, filtered by tags.

A row that is longer than the cutoff first loses the sample rows and values, then the tables and columns that its
question does not seem to need, and is dropped where that is not enough. Nothing is cut in the middle.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from converters import lengths, linking, prompt
from converters.rows import Example, Skip, converted_row, style_of, style_tags
from converters.schema import Schema, read_schema, without_values

LINKED_VALUES = 2000  # distinct values of a column that a question is compared with


def expected_tags(style: str, schema: str) -> list[str]:
    """The tags a row begins with: style, prompt code and, for a linked schema, linker."""
    return [*style_tags(style), *(linking.tags() if schema == "linked" else [])]


def prompt_for(database: Path, question: str, tags: Sequence[str], evidence: str = "") -> prompt.Prompt:
    """The prompt of a question on a SQLite file, as rows with these tags had it: for asking a trained model.

    Args:
        tags: of a row of the file the model was trained on; its style, and whether its schema was linked, count.
    Raises SchemaError where the file has no readable schema, ValueError for an unknown style.
    """
    style = style_of({"tags": tags}) or prompt.DEFAULT_STYLE
    is_linked = "schema:linked" in tags
    needed = style in prompt.STYLES and prompt.STYLES[style].needs_values
    schema = read_schema(database, values=values_for(needed, is_linked))
    shown = linking.linked(schema, question, evidence) if is_linked else schema
    return prompt.build_prompt(shown, question, style=style, evidence=evidence)


def values_for(style_needs: bool, linker_needs: bool) -> int:
    """How many values of each column a schema must hold."""
    if linker_needs:
        return LINKED_VALUES
    return prompt.EXAMPLES_SHOWN if style_needs else 0


class Variant(NamedTuple):
    """A schema to show, and the tags that say what it lost."""

    schema: Schema
    tags: tuple[str, ...] = ()


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
        return values_for(prompt.STYLES[self.style].needs_values, self.linked or self.cutoff is not None)

    def build(self, example: Example) -> tuple[dict, int] | Skip:
        """The row and its length, or why there is none."""
        refused = self.filtered(example)
        if refused:
            return refused
        for variant in self.variants(example):
            built = prompt.build_prompt(variant.schema, example.question, style=self.style, evidence=example.evidence)
            length = self.length(built, example.sql)
            if self.cutoff is None or length <= self.cutoff:
                return converted_row(example, built, [*self.tags, *variant.tags]), length
        return Skip(f"longer than {self.cutoff} tokens", f"{example.id}: {length} tokens at its shortest")

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

    def length(self, built: prompt.Prompt, sql: str) -> int:
        """Tokens where they are counted, else characters."""
        if self.count is None:
            return len(prompt.user_turn(*built)) + len(sql)
        return self.count(built.instruction, built.input, sql)

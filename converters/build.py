"""From an example to its row: the prompt in the style asked for, shortened where it must be, filtered by tags.

A row that is longer than the cutoff first loses the sample rows and values, then the tables and columns that its
question does not seem to need, and is dropped where that is not enough. Nothing is cut in the middle.

A prompt that shows a part of the schema may hide what the gold reads: such a row is tagged `gold_not_shown`. It would
teach a model to answer with names that it cannot see, so such training rows are skipped unless they are asked for.
"""

from collections.abc import Iterator
from typing import NamedTuple

from converters import lengths
from converters.golds import reads_of
from converters.rows import Example, Skip, converted_row
from prompts import linking, prompt
from prompts.mentions import mentions
from prompts.tags import expected_tags, values_for
from sql.schema import Schema, without_values

NOT_SHOWN = "gold_not_shown"


class Shown(NamedTuple):
    """A schema to show, the tags that say what it lost, and whether columns may be missing from it."""

    schema: Schema
    tags: tuple[str, ...] = ()
    is_part: bool = False


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
        only: frozenset[str] = frozenset(),
        without: frozenset[str] = frozenset(),
    ) -> None:
        self.style, self.linked, self.count, self.cutoff = style, linked, count, cutoff
        self.only, self.without = only, without
        self.shows_mentions = linked or prompt.STYLES[style].shows_mentions
        self.tags = expected_tags(style, linked=linked)

    @property
    def values_needed(self) -> int:
        """How many values of each column a schema must hold for this builder."""
        return values_for(prompt.STYLES[self.style].needs_values, self.shows_mentions or self.cutoff is not None)

    def build(self, example: Example, *, keep_not_shown: bool = True) -> Built | Skip:
        """The row, or why there is none. `keep_not_shown`: also where the prompt hides what the gold reads."""
        if refused := self.filtered(example):
            return refused
        length = 0
        for shown in self.shown(example):
            built = self.built(example, shown)
            length = built.length
            if self.cutoff is None or length <= self.cutoff:
                if NOT_SHOWN in built.row["tags"] and not (keep_not_shown and NOT_SHOWN not in self.without):
                    return Skip("the prompt hides a table or column that the gold reads", example.id)
                return built
        return Skip(f"longer than {self.cutoff} tokens", f"{example.id}: {length} tokens at its shortest")

    def built(self, example: Example, shown: Shown) -> Built:
        """The row with one of the schemas that can be shown."""
        asked = {"style": self.style, "evidence": example.evidence, "mentions": self.mentions(example, shown)}
        written = prompt.build_prompt(shown.schema, example.question, **asked)
        hidden = [NOT_SHOWN] if shown.is_part and hides(shown.schema, example) else []
        row = converted_row(example, written, [*self.tags, *shown.tags, *hidden])
        length = self.length([(prompt.user_turn(*written), example.sql)])
        return Built(row, length, prompt.question_text(example.question, **asked))

    def mentions(self, example: Example, shown: Shown) -> list[str]:
        """The values that the question mentions, in columns that the prompt shows."""
        if not self.shows_mentions:
            return []
        return mentions(example.schema, example.question, example.evidence, shown=shown.schema)

    def filtered(self, example: Example) -> Skip | None:
        """Why --only or --without leave an example out."""
        for tag in sorted(self.only - set(example.tags)):
            return Skip(f"not {tag} (--only)", example.id)
        for tag in sorted(self.without & set(example.tags)):
            return Skip(f"{tag} (--without)", example.id)
        return None

    def shown(self, example: Example) -> Iterator[Shown]:
        """The schemas to try, longest first."""
        schema = linking.linked(example.schema, example.question, example.evidence) if self.linked else example.schema
        yield Shown(schema, is_part=self.linked)
        if self.cutoff is None:
            return
        lost: tuple[str, ...] = ()
        if prompt.STYLES[self.style].needs_values:
            lost = ("shortened:rows",)
            yield Shown(without_values(schema), lost, is_part=self.linked)
        if not self.linked:
            needed = linking.linked(example.schema, example.question, example.evidence)
            yield Shown(without_values(needed), (*lost, "shortened:columns"), is_part=True)

    def length(self, turns: lengths.Turns) -> int:
        """Tokens where they are counted, else characters."""
        if self.count is None:
            return sum(len(asked) + len(sql) for asked, sql in turns)
        return self.count(turns)


def hides(shown: Schema, example: Example) -> bool:
    """Whether the gold reads a table or column that `shown` lacks; False where SQLite cannot prepare it."""
    reads = reads_of(example.schema, example.sql)
    if reads is None:
        return False
    tables = {table.name for table in shown.tables}
    return not (reads.tables <= tables and reads.columns <= {(t.name, c.name) for t in shown.tables for c in t.columns})

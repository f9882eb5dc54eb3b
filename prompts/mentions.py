"""The values of a database that a question mentions, as lines that are written with the question.

    mentions(schema, "Which singers are from france?")
    -> ["singer.Country: 'France'"]

A model that has not seen the rows cannot know that France is `'France'` and not `'FR'`, nor in which column it is. A
phrase counts where a column holds exactly it, without regard to case (linking.py's value index: the first distinct
values of each column). The longest phrase wins: of "New York City", "New York" is not mentioned. Not covered: numbers,
dates, synonyms ("French"), misspelt values, values beyond those that the schema was read with.
"""

from collections import defaultdict

from prompts import linking
from prompts.linking import Names, Phrase
from prompts.prompt import identifier
from sql.schema import Schema

COLUMNS_A_PHRASE = 3  # columns named for one phrase, those nearest to the question first
MENTIONED = 6  # values in all


def mentions(schema: Schema, question: str, evidence: str = "", *, shown: Schema | None = None) -> list[str]:
    """A line a column, `table.column: 'value', 'value'`, in the schema's order; empty where nothing is mentioned.

    Args:
        schema: read with values.
        shown: the part of the schema that the prompt shows, where that is not all of it: no other column is named.
    """
    text = f"{question} {evidence}"
    names = linking.names_of(schema)
    visible = {(table.name, column.name) for table in (shown or schema).tables for column in table.columns}
    found: dict[tuple[int, int], list[str]] = defaultdict(list)
    asked, left = linking.question_words(text), MENTIONED
    for phrase in longest(phrases(names, text)):
        columns = [at for at in names.values[phrase.key] if name_of(schema, at) in visible]
        for at in nearest(names, columns, asked)[: min(COLUMNS_A_PHRASE, left)]:
            if names.values[phrase.key][at] not in found[at]:
                found[at].append(names.values[phrase.key][at])
                left -= 1
    return [line(schema, at, values) for at, values in sorted(found.items()) if values]


def phrases(names: Names, text: str) -> list[Phrase]:
    """The quoted phrases, without single words that name a table or column: "city" asks for a column, not a value."""
    return [
        phrase
        for phrase in linking.quoted_phrases(names, text)
        if phrase.end - phrase.start > 1 or linking.stem(phrase.key) not in names.weights
    ]


def longest(found: list[Phrase]) -> list[Phrase]:
    """The phrases that are no part of a longer one, each key once."""
    spans = [set(range(phrase.start, phrase.end)) for phrase in found]
    whole = [phrase for phrase, span in zip(found, spans, strict=True) if not any(span < other for other in spans)]
    return list({phrase.key: phrase for phrase in whole}.values())


def nearest(names: Names, columns: list[tuple[int, int]], asked: frozenset[str]) -> list[tuple[int, int]]:
    """The columns whose own and whose table's names the question says most of, first."""

    def closeness(at: tuple[int, int]) -> float:
        table, column = at
        own = max(linking.score(words, asked, names.weights) for words in names.columns[table][column])
        return own + linking.score(names.tables[table], asked, names.weights)

    return sorted(columns, key=lambda at: (-closeness(at), at))


def name_of(schema: Schema, at: tuple[int, int]) -> tuple[str, str]:
    table = schema.tables[at[0]]
    return table.name, table.columns[at[1]].name


def line(schema: Schema, at: tuple[int, int], values: list[str]) -> str:
    """`table.column: 'value', 'value'`, as SQL writes both."""
    table, column = name_of(schema, at)
    written = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
    return f"{identifier(table)}.{identifier(column)}: {written}"

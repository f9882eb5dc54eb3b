"""Rows that are too long lose rows, then columns, then go; counted in words here, in tokens in test_loader."""

import pytest

from converters.build import Builder
from converters.lengths import summary, turns_of
from converters.rows import Example, Skip
from prompts.prompt import STYLES
from prompts.tags import prompt_for
from sql.schema import Column, Schema, Table

pytest.importorskip("rapidfuzz", reason="rapidfuzz compares the words")

WIDE = Table(
    "singer",
    tuple(Column(name, "TEXT") for name in ("name", "age", "u", "v", "w", "x", "y", "z")),
    (),
    (("q " * 20,) * 8,),
)
OTHER = [Table(f"t{n}", (Column("a", "TEXT"), Column("b", "TEXT"))) for n in range(20)]
EXAMPLE = Example(
    "e-1", "music", "music/music.sqlite", "How old is each singer by name?", "SELECT 1", Schema((WIDE, *OTHER))
)


def words(turns) -> int:
    return sum(len(f"{asked} {answer}".split()) for asked, answer in turns)


def build(cutoff: int, style: str = "ddl_rows"):
    return Builder(style, count=words, cutoff=cutoff).build(EXAMPLE)


def test_a_row_that_fits_is_whole():
    row, length, _ = build(10_000)
    assert "/*" in row["input"]
    assert row["tags"][2:] == []
    assert build(length)[0] == row


def test_rows_go_first_then_columns_then_the_row():
    whole = build(10_000)[1]
    without_rows, length, _ = build(whole - 1)
    assert (without_rows["tags"][2:], length < whole) == (["shortened:rows"], True)
    assert "/*" not in without_rows["input"]
    assert "t19" in without_rows["input"]
    linked, shortest, _ = build(length - 1)
    assert linked["tags"][2:] == ["shortened:rows", "shortened:columns"]
    assert "t19" not in linked["input"]
    assert "name TEXT" in linked["input"]
    assert build(shortest - 1) == Skip(f"longer than {shortest - 1} tokens", f"e-1: {shortest} tokens at its shortest")


def test_a_style_without_values_loses_columns_first():
    length = build(10_000, "compact")[1]
    assert build(length - 1, "compact").row["tags"][3:] == ["shortened:columns"]


def test_nothing_is_cut_in_the_middle():
    for cutoff in range(10, build(10_000)[1]):
        made = build(cutoff)
        if not isinstance(made, Skip):
            assert made[0]["input"].endswith("\n\nQuestion: How old is each singer by name?")
            assert made[0]["input"].count("(") == made[0]["input"].count(")")
            assert words(turns_of(made.row)) <= cutoff


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("schema", ["full", "linked"])
def test_a_trained_model_is_asked_as_its_rows_were(style, schema, small_spider, convert, converted, tmp_path):
    (tmp_path / "pairs.csv").write_text("question,sql\nHow many customers?,SELECT 1\nWhich towns?,SELECT 2\n")
    files = ("--database", small_spider / "database/shop/shop.sqlite", "--questions", tmp_path / "pairs.csv")
    convert("own", *files, "--style", style, "--schema", schema)
    row = converted("own_train")[0]
    database = convert.data / "databases/own" / row["database"]
    assert prompt_for(database, row["question"], row["tags"]) == (row["instruction"], row["input"])


def test_the_95th_percentile_is_not_exceeded_by_95_of_100():
    assert summary(range(1, 101)) == (100, 50.5, 95, 100)
    assert summary([7]) == (1, 7.0, 7, 7)
    assert summary([]) == (0, 0.0, 0, 0)


def test_columns_that_are_shortened_away_hide_the_gold_too():
    example = EXAMPLE._replace(sql="SELECT b FROM t19")
    length = Builder("compact", count=words, cutoff=10_000).build(example).length
    builder = Builder("compact", count=words, cutoff=length - 1)
    assert builder.build(example).row["tags"][3:] == ["shortened:columns", "gold_not_shown"]
    skip = Skip("the prompt hides a table or column that the gold reads", "e-1")
    assert builder.build(example, keep_not_shown=False) == skip

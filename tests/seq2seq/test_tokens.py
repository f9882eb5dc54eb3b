"""SQL survives the tokenizer, also where the vocabulary lacks a character; so does the saved tokenizer."""

import pytest

pytest.importorskip("transformers", reason="needs .venv: ./launch.sh setup")

from transformers import AutoTokenizer

from seq2seq.tokens import decode, load_tokenizer, missing, spells, survives


def test_t5s_own_tokenizer_loses_the_characters_of_comparisons(tiny_t5):
    plain = AutoTokenizer.from_pretrained(tiny_t5)
    assert missing(plain) == ["<", "{", "}", "~", "\n"]
    assert decode(plain, plain.encode("a < 5")) == "a  5"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a FROM t WHERE a < 5",
        "SELECT a FROM t WHERE a<5 AND b <= 6 OR c <> 7",
        "SELECT '{x}' , ~a FROM t",
        "SELECT a\nFROM t -- comment\nWHERE a < 5",
        "SELECT \"a b\", [c] FROM t WHERE d LIKE '%\\_x^y`z@#$&' AND e >= 1.5;",
        "SELECT a->>'$.b', c || '|' FROM t ORDER BY a % 2 DESC",
    ],
)
def test_sql_comes_back_as_it_was(tiny_t5, sql):
    assert survives(load_tokenizer(tiny_t5), sql)


def test_no_character_is_missing_any_more(tiny_t5):
    assert missing(load_tokenizer(tiny_t5)) == []


def test_the_vocabulary_does_not_grow(tiny_t5):
    assert len(load_tokenizer(tiny_t5)) == len(AutoTokenizer.from_pretrained(tiny_t5))


def test_the_saved_tokenizer_needs_nothing_of_ours(tiny_t5, tmp_path):
    load_tokenizer(tiny_t5).save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text((tiny_t5 / "config.json").read_text())
    saved = AutoTokenizer.from_pretrained(tmp_path)
    assert saved.decode(saved.encode("a < 5 {b}"), skip_special_tokens=True) == "a < 5 {b}"


def test_an_answer_with_a_stand_in_of_its_own_is_noticed(tiny_t5):
    tokenizer = load_tokenizer(tiny_t5)
    assert not spells(tokenizer, "SELECT '§'", tokenizer.encode("SELECT '§'"))


def test_white_space_alone_is_no_fault(tiny_t5):
    tokenizer = load_tokenizer(tiny_t5)
    assert spells(tokenizer, " SELECT  1", tokenizer.encode(" SELECT  1"))


def test_a_tokenizer_that_lacks_nothing_is_left_alone(tiny_model):
    assert type(load_tokenizer(tiny_model)) is type(AutoTokenizer.from_pretrained(tiny_model))
    assert survives(load_tokenizer(tiny_model), "a < 5\n{b}")

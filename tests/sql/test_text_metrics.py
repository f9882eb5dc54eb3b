"""Syntax, token F1, BLEU and ROUGE: low, high, and in between by hand; nothing that is checked for syntax runs."""

import time

import pytest

from sql.text_metrics import bleu, is_valid_syntax, rouge, token_f1


@pytest.mark.parametrize(
    ("sql", "valid"),
    [("SELECT a FROM t WHERE b > = 1 AND c ! = 2", True), ("SELECT a FROM t WHERE b > > 1", False), (None, False)],
)
def test_syntax_is_sqlites_but_for_torn_comparisons(sql, valid):
    assert is_valid_syntax(sql) is valid


@pytest.mark.parametrize(
    ("gold", "prediction", "expected"),
    [
        ("SELECT a FROM t", "SELECT a FROM t", 1.0),
        ("SELECT a FROM t", "select A\n from T ; -- done", 1.0),
        ("SELECT a FROM t WHERE b = 'X'", 'SELECT a FROM t WHERE b = "X"', 1.0),
        ("SELECT a FROM t GROUP BY a", "select a from t group   by a", 1.0),
        ("SELECT a FROM t WHERE b <> 1", "SELECT a FROM t WHERE b ! = 1", 1.0),
        ("FROM t SELECT a", "SELECT a FROM t", 1.0),
        ("SELECT a FROM t", "SELECT b FROM t", 0.75),
        ("SELECT a FROM t", "SELECT a, a FROM t", 0.8),
        ("SELECT a FROM t WHERE b = 'X'", "SELECT a FROM t WHERE b = 'x'", 0.875),
        ("SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = '1'", 0.875),
        ("SELECT a FROM t", "I do not know", 0.0),
        ("SELECT a FROM t", "", 0.0),
        ("SELECT a FROM t", None, 0.0),
        ("", "", 1.0),
    ],
)
def test_token_f1_is_the_share_of_tokens_in_common(gold, prediction, expected):
    assert token_f1(gold, prediction) == pytest.approx(expected)


def test_text_that_is_not_sql_is_compared_by_words():
    assert token_f1("SELECT a FROM t", "select a from 't") == pytest.approx(2 * 4 / (4 + 5))


def test_bleu_of_equal_texts_is_one():
    assert bleu(["SELECT a FROM t WHERE b = 1"], ["SELECT a FROM t WHERE b = 1"]) == pytest.approx(1.0)


def test_bleu_of_unlike_texts_is_zero():
    assert bleu(["SELECT a FROM t"], ["nothing of the kind"]) == pytest.approx(0.0, abs=0.05)


def test_bleu_is_that_of_the_corpus_and_not_the_mean():
    golds = ["SELECT a FROM t x", "SELECT a FROM t WHERE b x"]
    predictions = ["SELECT a FROM", "SELECT a FROM t WHERE"]
    # 1- to 4-grams in common: 3 + 5, 2 + 4, 1 + 3 and 0 + 2, all that there are; brevity of 8 tokens for 12
    assert bleu(golds, predictions) == pytest.approx(2.718281828 ** (1 - 12 / 8))


def test_bleu_takes_a_missing_prediction_as_empty_text():
    assert bleu(["SELECT a FROM t"] * 2, ["SELECT a FROM t", None]) == pytest.approx(2.718281828 ** (1 - 8 / 4))


@pytest.mark.parametrize(("golds", "predictions", "told"), [([], [], "0 and 0"), (["a"], [], "0 and 1")])
def test_bleu_without_pairs_is_an_error(golds, predictions, told):
    message = rf"^BLEU needs as many predictions as golds, and at least one: {told}$"
    with pytest.raises(ValueError, match=message):
        bleu(golds, predictions)


def test_rouge_of_equal_texts_is_one():
    assert rouge("SELECT a FROM t", "select a from t;") == {
        "rouge1": 1.0,
        "rouge2": 1.0,
        "rougeL": 1.0,
        "rougeLsum": 1.0,
    }


@pytest.mark.parametrize("prediction", ["nothing alike", "", None])
def test_rouge_of_unlike_texts_is_zero(prediction):
    assert rouge("SELECT a FROM t", prediction) == {"rouge1": 0.0, "rouge2": 0.0, "rougeL": 0.0, "rougeLsum": 0.0}


def test_rouge_counts_words_pairs_and_the_longest_subsequence():
    # words a b c d against a c b d: 4 of 4 shared; no pair; a b d or a c d in order
    scores = rouge("a b c d", "a c b d")
    assert scores == pytest.approx({"rouge1": 1.0, "rouge2": 0.0, "rougeL": 0.75, "rougeLsum": 0.75})


def test_five_megabytes_are_scored_in_little_time():
    text = "SELECT " + "a, " * 1_700_000
    start = time.perf_counter()
    token_f1("SELECT a FROM t", text)
    rouge("SELECT a FROM t", text)
    bleu(["SELECT a FROM t"], [text])
    is_valid_syntax(text)
    assert time.perf_counter() - start < 5

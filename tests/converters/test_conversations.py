"""Conversation rows: one database, no SQL twice, none over its limits, every question once, the same by seed."""

import json

import pytest

from converters.build import Builder, Built
from converters.conversations import Limits, conversations
from converters.lengths import turns_of

PAIRS = [
    *({"question": f"How many are called n{number}?", "sql": f"SELECT {number}"} for number in range(20)),
    {"question": "How many is that?", "sql": "select  3"},  # the SQL of another, but for case and spaces
]


def built(number: int, database: str, sql: str) -> Built:
    row = {"id": number, "database": database, "question": f"q{number}", "tags": ["style:ddl", f"only:{number}"]}
    row |= {"instruction": "Write.", "input": f"t(a)\n\nQuestion: q{number}", "output": sql}
    return Built(row, len("Write.\n" + row["input"]) + len(sql), f"Question: q{number}")


ROWS = [built(number, f"db{number % 2}", f"SELECT {number // 4}") for number in range(40)]


def grouped(limits: Limits, seed: int = 7) -> list[Built]:
    return list(conversations(ROWS, limits, Builder("ddl"), seed))


def test_every_question_is_in_one_row_once():
    asked = [turn[0].rpartition("Question: ")[2] for made in grouped(Limits(5)) for turn in turns_of(made.row)]
    assert sorted(asked) == sorted(f"q{number}" for number in range(40))


def test_a_row_is_of_one_database_and_shows_its_schema_once():
    for made in grouped(Limits(5)):
        (first, _), *later = turns_of(made.row)
        numbers = [int(turn[0].rpartition("q")[2]) for turn in turns_of(made.row)]
        assert {number % 2 for number in numbers} in ({0}, {1})
        assert first.startswith("Write.\nt(a)\n\nQuestion: ")
        assert all(asked.startswith("Question: ") for asked, _ in later)


def test_no_sql_is_twice_in_a_row_and_no_row_has_too_many_turns():
    for made in grouped(Limits(5)):
        answers = [answer for _, answer in turns_of(made.row)]
        assert len(set(answers)) == len(answers) <= 5
    assert max(len(turns_of(made.row)) for made in grouped(Limits(5))) == 5


def test_no_row_is_longer_than_the_limit_and_its_length_is_that_of_its_turns():
    longest = max(made.length for made in grouped(Limits(9)))
    for made in grouped(Limits(9, longest - 20)):
        assert made.length == sum(len(asked) + len(answer) for asked, answer in turns_of(made.row)) <= longest - 20


def test_a_question_that_is_too_long_by_itself_stays_a_row():
    assert len(grouped(Limits(9, 1))) == 40


def test_the_seed_draws_the_order():
    assert grouped(Limits(5)) == grouped(Limits(5))
    assert grouped(Limits(5)) != grouped(Limits(5), seed=8)


def test_tags_are_those_that_all_turns_have():
    assert all(made.row["tags"] == ["style:ddl"] for made in grouped(Limits(5)) if made.row["history"])


@pytest.fixture
def own(small_spider, tmp_path):
    (tmp_path / "pairs.json").write_text(json.dumps(PAIRS))
    return ("own", "--database", small_spider / "database/shop/shop.sqlite", "--questions", tmp_path / "pairs.json")


def test_the_command_line_writes_conversations_for_training_alone(own, convert, converted):
    run = convert(*own, "--turns", 6, "--name", "chat")
    assert run.returncode == 0, run.stderr
    train, evaluation = converted("chat_train"), converted("chat_eval")
    assert sum(len(turns_of(row)) for row in train) + len(evaluation) == len(PAIRS)
    assert max(len(turns_of(row)) for row in train) == 6
    assert all("history" in row for row in train)
    assert not any("history" in row for row in evaluation)
    assert '"history": "history"' in run.stdout  # what dataset_info.json needs
    questions = sum(len(turns_of(row)) for row in train)
    assert f"chat: {len(train)} conversations of {questions} of {questions} rows -> " in run.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--turns", "0"), "'0': a whole number from 1 is expected"),
        (("--turns", "3", "--schema", "linked"), "--turns needs --schema full"),
        (("--turns", "3", "--turn-tokens", "500"), "--turn-tokens needs --tokenizer MODEL and --template NAME"),
    ],
)
def test_what_cannot_be_is_refused(words, message, own, convert):
    run = convert(*own, *words)
    assert run.returncode == 2
    assert message in run.stderr

"""From a question to rows: the prompt of the training, repairs, errors as answers. The engine's text is given here."""

import json
import sqlite3
from contextlib import closing

import pytest

from evaluate.asker import Answer, Asker
from evaluate.generation.llamacpp import Completion
from sql.schema import SchemaError

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"


class Script:
    """An engine that writes the texts it is given, a word at a time, and keeps what it was asked."""

    def __init__(self, *texts: str, context: int = 1000) -> None:
        self.texts, self.context, self.asked = list(texts), context, []

    def count(self, pieces) -> int:
        return sum(map(len, pieces)) // 4

    def complete(self, pieces, *, max_tokens, on_text=None, cancelled=None) -> Completion:
        self.asked.append("".join(pieces))
        text, sofar = self.texts.pop(0), ""
        for word in text.split(" "):
            sofar = f"{sofar} {word}".strip()
            if on_text:
                on_text(sofar)
            if cancelled and cancelled():
                return Completion(sofar, "cancelled", 1)
        return Completion(text, "stop", 9, 0.875)

    def close(self) -> None:
        raise AssertionError("a shared engine is not closed by an Asker")


@pytest.fixture
def shop(tmp_path):
    path = tmp_path / "shop.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE author(id INTEGER PRIMARY KEY, name TEXT, country TEXT)")
        connection.execute("INSERT INTO author VALUES (1, 'Aki', 'Japan'), (2, 'Bo', 'Peru'), (3, x'00ff', NULL)")
    return path


def ask(shop, *texts: str, **options) -> Answer:
    with Asker(shop, engine=Script(*texts), **options) as asker:
        return asker.ask("How many authors?")


def test_an_answer_has_rows_and_nothing_else(shop):
    made = ask(shop, "SELECT name FROM author WHERE country = 'Japan'")
    assert made.to_json() | {"seconds": 0} == {
        "question": "How many authors?",
        "sql": "SELECT name FROM author WHERE country = 'Japan'",
        "columns": ["name"],
        "rows": [["Aki"]],
        "error": None,
        "confidence": 0.875,
        "repairs": [],
        "seconds": 0,
    }


def test_the_prompt_is_that_of_the_training_with_mentioned_values_and_earlier_turns(shop):
    engine = Script("SELECT 1")
    with Asker(shop, engine=engine) as asker:
        asker.ask("Who is from japan?", history=[("How many authors?", "SELECT COUNT(*) FROM author")])
    assert engine.asked == [
        "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n"
        "<|im_start|>user\nWrite a SQLite query that answers the question.\nauthor(id, name, country)\n\n"
        "Question: How many authors?<|im_end|>\n<|im_start|>assistant\nSELECT COUNT(*) FROM author<|im_end|>\n"
        "<|im_start|>user\nauthor.country: 'Japan'\nQuestion: Who is from japan?<|im_end|>\n<|im_start|>assistant\n"
    ]


def test_a_follow_up_is_asked_with_the_question_before_in_one_turn(shop):
    engine = Script("SELECT 1")
    with Asker(shop, engine=engine) as asker:
        made = asker.ask("Only those from japan", history=[("How many authors?", "SELECT COUNT(*) FROM author")])
    assert made.question == "Only those from japan"
    assert engine.asked[0].endswith(
        "author.country: 'Japan'\nQuestion: How many authors? Only those from japan<|im_end|>\n<|im_start|>assistant\n"
    )
    assert engine.asked[0].count("<|im_start|>user") == 1


def test_a_query_that_sqlite_refuses_is_repaired_and_the_repair_named(shop):
    made = ask(shop, "SELECT nam FROM author WHERE id = 1")
    assert (made.rows, made.error, len(made.repairs)) == ([("Aki",)], None, 1)
    assert "name" in made.sql


def test_where_no_repair_helps_the_model_is_asked_again_with_sqlites_message(shop):
    engine = Script("SELECT nowhere FROM author", "SELECT nam FROM author WHERE id = 1")
    with Asker(shop, engine=engine, second_draft=True) as asker:
        made = asker.ask("Who is from Japan?", history=[("How many?", "SELECT 1")])
    assert (made.rows, made.error) == ([("Aki",)], None)
    assert made.repairs == ["second draft: no such column: nowhere", "nam is author.name"]
    first, second = engine.asked
    assert second == first + (
        "SELECT nowhere FROM author<|im_end|>\n<|im_start|>user\nHint: no such column: nowhere\n"
        "Question: Who is from Japan?<|im_end|>\n<|im_start|>assistant\n"
    )


@pytest.mark.parametrize("second", ["SELECT missing FROM author", "I cannot.", "DELETE FROM author", ENDLESS])
def test_a_second_draft_that_does_not_run_leaves_the_first_answer(shop, second):
    made = ask(shop, "SELECT nowhere FROM author", second, timeout=0.2, second_draft=True)
    assert (made.sql, made.error) == ("SELECT nowhere FROM author", "error: no such column: nowhere")
    assert made.repairs == []


def test_a_second_draft_can_be_cancelled(shop):
    engine = Script("SELECT nowhere FROM author", "SELECT name FROM author")
    with Asker(shop, engine=engine, second_draft=True) as asker:
        assert asker.ask("Who?", cancelled=lambda: len(engine.asked) == 2).error == "cancelled"


def test_there_is_no_second_draft_where_it_would_leave_no_room(shop):
    engine = Script("SELECT nowhere FROM author")
    with Asker(shop, engine=engine, second_draft=True) as asker:
        engine.context = engine.count(asker.prompt("How many authors?")[0]) + asker.max_tokens
        assert asker.ask("How many authors?").error == "error: no such column: nowhere"
    assert len(engine.asked) == 1


def test_without_the_option_there_is_no_second_draft(shop):
    assert ask(shop, "SELECT nowhere FROM author").error == "error: no such column: nowhere"


def test_without_repair_it_stays_an_error(shop):
    made = ask(shop, "SELECT nam FROM author", repair=False)
    assert (made.sql, made.error) == ("SELECT nam FROM author", "error: no such column: nam")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("I cannot say.", "no SQL in the answer: 'I cannot say.'"),
        ("DELETE FROM author", "error: not authorized: DELETE author"),
        (ENDLESS, "timeout: longer than 0.2 s"),
    ],
)
def test_what_goes_wrong_is_the_error_of_the_answer(shop, text, error):
    made = ask(shop, text, timeout=0.2)
    assert (made.error, made.rows, made.columns) == (error, [], [])


def test_blobs_and_infinite_numbers_are_plain_json(shop):
    made = ask(shop, "SELECT name, 9e999, NULL FROM author WHERE id = 3")
    assert json.loads(json.dumps(made.to_json(), allow_nan=False))["rows"] == [["00ff", "inf", None]]


def test_the_text_is_seen_as_it_is_written_and_can_be_cancelled(shop):
    seen = []
    with Asker(shop, engine=Script("SELECT COUNT(*) FROM author")) as asker:
        made = asker.ask("How many?", on_text=seen.append, cancelled=lambda: len(seen) == 2)
    assert seen == ["SELECT", "SELECT COUNT(*)"]
    assert (made.sql, made.error) == (None, "cancelled")


def test_a_schema_that_leaves_no_room_is_shown_in_part_and_else_refused(shop):
    with closing(sqlite3.connect(shop, isolation_level=None)) as connection:
        for number in range(200):
            connection.execute(f"CREATE TABLE unrelated_{number}(a{number}, b{number})")
    engine = Script("SELECT COUNT(*) FROM author", context=900)
    with Asker(shop, engine=engine) as asker:
        assert asker.ask("How many authors are from Japan?").rows == [(3,)]
    assert "author(" in engine.asked[0]
    assert "unrelated_150" not in engine.asked[0]
    with Asker(shop, engine=Script(context=100)) as asker:
        assert asker.ask("How many authors are from Japan?").error.endswith(" tokens; the engine holds 100")


def test_a_changed_file_is_read_again(shop):
    engine = Script("SELECT 1", "SELECT 1")
    with Asker(shop, engine=engine) as asker:
        asker.ask("?")
        with closing(sqlite3.connect(shop, isolation_level=None)) as connection:
            connection.execute("CREATE TABLE book(title)")
        asker.ask("?")
    assert ["book(title)" in asked for asked in engine.asked] == [False, True]


def test_what_is_no_database_is_refused_before_an_engine_is_loaded(tmp_path):
    (tmp_path / "text.sqlite").write_text("hello, hello, hello")
    with pytest.raises(SchemaError, match=r"text\.sqlite: not an SQLite database\. A SQLite file is expected\."):
        Asker(tmp_path / "text.sqlite", engine=Script())

"""evaluate/run.py as it is typed, on ready answers: files, exit codes, messages. No model is needed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.databases import make_database
from tests.programs import ROOT, run_program

ROWS = [
    ("How many singers are there?", "SELECT COUNT(*) FROM singer"),
    ("Names of all singers, oldest first", "SELECT name FROM singer ORDER BY age DESC"),
    ("Average age", "SELECT AVG(age) FROM singer"),
]


@pytest.fixture
def data(tmp_path) -> Path:
    """A converted file of three questions, and `databases/band/band.sqlite` beside it."""
    folder = tmp_path / "databases/band"
    folder.mkdir(parents=True)
    make_database(
        folder / "band.sqlite",
        "CREATE TABLE singer(name TEXT, age INT); INSERT INTO singer VALUES ('Ada', 40), ('Bo', 30);",
    )
    rows = [
        {"id": f"band-{number}", "db_id": "band", "database": "band/band.sqlite", "question": question, "output": sql}
        for number, (question, sql) in enumerate(ROWS)
    ]
    path = tmp_path / "band_eval.json"
    path.write_text(json.dumps(rows))
    return path


def evaluate(data: Path, *words: str, answers: list[dict] | None = None) -> subprocess.CompletedProcess:
    folder = data.parent
    if answers is not None:
        (folder / "answers.jsonl").write_text("".join(json.dumps(answer) + "\n" for answer in answers))
        words = ("--predictions", str(folder / "answers.jsonl"), *words)
    common = ["--data", str(data), "--databases", str(folder / "databases"), "--out", str(folder / "out")]
    return run_program("evaluate/run.py", *words, *common, cwd=folder)


def report(data: Path) -> dict:
    return json.loads((data.parent / "out/report.json").read_text())


def test_the_gold_answers_score_everything(data):
    run = evaluate(data, "--gold")
    assert run.returncode == 0, run.stderr
    assert report(data)["metrics"]["execution_accuracy"]["value"] == 1.0
    assert report(data)["outcomes"]["correct"] == 3


def test_databases_beside_the_data_file_are_found(data):
    command = ("evaluate/run.py", "--gold", "--data", data, "--out", "out")
    assert run_program(*command, cwd=data.parent).returncode == 1
    assert report(data)["outcomes"]["no_database"] == 3
    nested = data.parent / "databases/band/band"
    nested.mkdir()
    (data.parent / "databases/band/band.sqlite").rename(nested / "band.sqlite")
    assert run_program(*command, cwd=data.parent).returncode == 0
    assert report(data)["outcomes"]["correct"] == 3


def test_answers_are_joined_by_id_not_by_position(data):
    answers = [{"id": f"band-{number}", "prediction": ROWS[number][1]} for number in (2, 0, 1)]
    assert evaluate(data, answers=answers).returncode == 0
    assert report(data)["outcomes"]["correct"] == 3


def test_every_example_has_one_outcome_also_without_an_answer(data):
    answers = [
        {"id": "band-0", "prediction": "I do not know."},
        {"id": "band-1", "prediction": "SELECT age FROM singer"},
    ]
    run = evaluate(data, answers=answers)
    outcomes = {name: count for name, count in report(data)["outcomes"].items() if count}
    assert outcomes == {"no_sql": 2, "wrong_result": 1}
    assert "answers.jsonl: 0 predictions have no row; 1 rows have no prediction, scored as no_sql" in run.stdout


def test_a_raw_completion_is_scored_by_the_sql_in_it(data):
    fence = "Here you are:\n```sql\nSELECT COUNT(*) FROM singer;\n```\nThis counts them."
    evaluate(data, "--limit", "1", answers=[{"id": "band-0", "prediction": fence}])
    row = json.loads((data.parent / "out/results.jsonl").read_text())
    assert (row["outcome"], row["sql"], row["completion"]) == ("correct", "SELECT COUNT(*) FROM singer", fence)


def test_a_deleting_answer_scores_nothing_and_changes_nothing(data):
    database = data.parent / "databases/band/band.sqlite"
    before = database.read_bytes()
    evaluate(data, answers=[{"id": "band-0", "prediction": "DELETE FROM singer"}])
    assert report(data)["outcomes"]["correct"] == 0
    assert database.read_bytes() == before


def test_spiders_own_file_is_read_with_positions_as_ids(data):
    dev = data.parent / "dev.json"
    dev.write_text(json.dumps([{"db_id": "band", "question": q, "query": sql} for q, sql in ROWS]))
    assert evaluate(dev, answers=[{"id": n, "prediction": sql} for n, (_, sql) in enumerate(ROWS)]).returncode == 0
    assert report(data)["outcomes"]["correct"] == 3


def test_a_missing_database_is_counted_and_not_scored(data):
    rows = json.loads(data.read_text())
    rows[1] |= {"db_id": "gone", "database": "gone/gone.sqlite"}
    data.write_text(json.dumps(rows))
    evaluate(data, "--gold")
    assert report(data)["outcomes"]["no_database"] == 1
    assert report(data)["metrics"]["execution_accuracy"]["n"] == 2
    assert report(data)["not_scored"]["no_database"] == ["band-1"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "band_eval.json: expected a JSON array with at least one row. "),
        ("[{}]", "band_eval.json: row 0: key 'id' is missing; row 0: key 'db_id' is missing; "),
        ("{", "band_eval.json: not readable as JSON ("),
        (
            '[{"question": "How many?", "query": "SELECT 1"}]',
            "band_eval.json: row 0: key 'db_id' is missing. Expected ",
        ),
    ],
)
def test_a_bad_data_file_is_one_clear_line_and_exit_2(data, content, message):
    data.write_text(content)
    run = evaluate(data, "--gold")
    assert run.returncode == 2
    assert message in run.stderr
    assert run.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([{"id": "band-0"}], "answers.jsonl: line 1: keys 'id' and 'prediction' (text) are expected. "),
        ([{"id": "other", "prediction": "SELECT 1"}], "answers.jsonl: none of its 1 ids is in "),
        ([], "answers.jsonl: no prediction in it. "),
    ],
)
def test_bad_predictions_are_one_clear_line_and_exit_2(data, answers, message):
    run = evaluate(data, answers=answers)
    assert run.returncode == 2
    assert message in run.stderr


def test_predictions_files_of_one_name_do_not_share_a_folder(data):
    files = [data.parent / name / "answers.jsonl" for name in ("first", "second")]
    common = ["--data", data, "--databases", data.parent / "databases"]
    run = run_program("evaluate/run.py", "--predictions", *files, *common, cwd=data.parent)
    assert run.returncode == 2
    assert run.stderr.endswith(
        "evaluate/run.py: error: --predictions: several files are called answers.jsonl, and each would be reported in "
        "out/answers/evaluation. Rename them, or score them one by one with --out\n"
    )


def test_a_json_array_of_predictions_is_told_in_one_line(data):
    path = data.parent / "array.json"
    path.write_text(json.dumps([{"id": "band-0", "prediction": "SELECT 1"}], indent=1))
    run = evaluate(data, "--predictions", str(path))
    assert run.returncode == 2
    assert run.stderr == (
        f"evaluate: {path}: a JSON array. Give JSON lines with id and prediction: jq -c '.[]' FILE makes them.\n"
    )


def test_a_byte_order_mark_is_no_part_of_data_and_predictions(data):
    path = data.parent / "marked.jsonl"
    path.write_text('{"id": "band-0", "prediction": "SELECT 2"}\n', encoding="utf-8-sig")
    data.write_text(data.read_text(), encoding="utf-8-sig")
    assert evaluate(data, "--predictions", str(path)).returncode == 0
    assert report(data)["outcomes"]["correct"] == 1


def test_a_databases_folder_that_is_not_there_is_misuse(data):
    (data.parent / "databases").rename(data.parent / "moved")
    run = evaluate(data, "--gold")
    assert run.returncode == 2
    assert run.stderr == (
        f"evaluate: --databases {data.parent}/databases: no such folder; it holds <db_id>/<db_id>.sqlite\n"
    )


def test_what_is_not_scored_is_named_on_the_terminal(data):
    rows = json.loads(data.read_text())
    rows[0] |= {"output": "SELEC 1"}
    rows[2] |= {"db_id": "lost", "database": "lost/lost.sqlite"}
    data.write_text(json.dumps(rows))
    told = evaluate(data, "--gold").stdout.splitlines()
    assert told[-2:] == ["  not scored, gold_error: 1 (band-0)", "  not scored, no_database: 1 (band-2)"]


def test_where_nothing_is_executed_the_option_for_databases_is_named(data):
    rows = [row | {"database": "lost/lost.sqlite"} for row in json.loads(data.read_text())]
    data.write_text(json.dumps(rows))
    run = evaluate(data, "--gold")
    assert run.returncode == 1
    assert run.stdout.splitlines()[-2:] == [
        "  not scored, no_database: 3 (band-0, band-1, band-2)",
        "  nothing was scored. Where no database was found, give --databases DIR with DIR/<db_id>/<db_id>.sqlite",
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--timeout", "0"), "argument --timeout: 0: expected a number of seconds above 0"),
        (("--timeout", "-1"), "argument --timeout: -1: expected a number of seconds above 0"),
        (("--timeout", "soon"), "argument --timeout: soon: expected a number of seconds above 0"),
        (("--limit", "ten"), "argument --limit: ten: expected a number of at least 1"),
    ],
)
def test_a_number_that_is_none_is_told_with_what_is_expected(data, words, message):
    run = evaluate(data, "--gold", *words)
    assert run.returncode == 2
    assert run.stderr.endswith(f"evaluate/run.py: error: {message}\n")


SERVER = ("--server", "http://localhost:1")
DATA = ("--data", "dev.json")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--gold",), "--model, --predictions and --gold need --data FILE"),
        (
            ("--model", "m", "--template", "gemma", *DATA, "--base"),
            "--base evaluates the model that --adapter was trained from; it goes with --adapter alone",
        ),
        (
            ("--adapter", "out", "--template", "gemma"),
            "--template goes with --model alone; the recipe of --adapter names its own",
        ),
        (
            ("--adapter", "out", *SERVER, "--gpus", "2"),
            "--gpus is for the vLLM that is started here; --server has its own GPUs",
        ),
        (
            ("--gold", *DATA, "--gpus", "2"),
            "--gpus goes with --adapter and --model; --predictions and --gold bring their answers",
        ),
        (
            ("--predictions", "answers.jsonl", *DATA, "--second-draft"),
            "--second-draft goes with --adapter and --model; --predictions and --gold bring their answers",
        ),
        (
            ("--gold", *DATA, *SERVER),
            "--server goes with --adapter and --model; --predictions and --gold bring their answers",
        ),
    ],
)
def test_options_that_would_be_ignored_are_misuse(words, message):
    run = run_program("evaluate/run.py", *words)
    assert run.returncode == 2
    assert run.stderr.endswith(f"evaluate/run.py: error: {message}\n")


def test_an_sqlite_that_cannot_read_states_is_refused_before_anything_runs(data):
    old = "import runpy, sqlite3, sys; sqlite3.sqlite_version, sqlite3.sqlite_version_info = '3.34.1', (3, 34, 1); "
    program = str(ROOT / "evaluate/run.py")
    words = [program, "--gold", "--data", str(data), "--out", str(data.parent / "out")]
    command = [sys.executable, "-c", f"{old}sys.argv = {words}; runpy.run_path({program!r}, run_name='__main__')"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 2
    assert run.stderr == (
        "evaluate: SQLite 3.34.1 is too old: 3.37 or newer is needed. Use a newer Python, whose sqlite3 module "
        "brings it along\n"
    )
    assert not (data.parent / "out").exists()


def test_the_prompt_code_of_a_report_is_that_of_the_data_alone(data):
    rows = [row | {"tags": ["style:compact", "prompt:0123456789ab"]} for row in json.loads(data.read_text())]
    data.write_text(json.dumps(rows))
    assert evaluate(data, "--gold").returncode == 0
    kept = report(data)["run"]
    assert kept["prompt_tags"] == ["style:compact", "prompt:0123456789ab"]
    assert "prompt_hash" not in kept


def test_a_folder_without_an_adapter_is_told(tmp_path):
    pytest.importorskip("llamafactory", reason="needs .venv: ./launch.sh setup")
    run = run_program("evaluate/run.py", "--adapter", tmp_path)
    assert run.returncode == 2
    assert run.stderr == (
        f"evaluate: {tmp_path}: no adapter and no trained model here or one level below. "
        "Train one first: ./launch.sh list\n"
    )


def save_training(folder: Path, **values) -> Path:
    """What a training leaves that is looked at before any weights are."""
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text("{}")
    recipe = {"model_name_or_path": "base", "template": "gemma", "dataset": "none_train", "output_dir": str(folder)}
    (folder / "recipe.yaml").write_text(json.dumps(recipe | values))
    return folder


def test_several_trainings_do_not_share_one_out(tmp_path):
    pytest.importorskip("llamafactory", reason="needs .venv: ./launch.sh setup")
    for name in ("a", "b"):
        save_training(tmp_path / name)
    run = run_program("evaluate/run.py", "--adapter", tmp_path, "--out", tmp_path / "reports")
    assert run.returncode == 2
    assert run.stderr == (
        f"evaluate: --out {tmp_path}/reports: it is for one run, and {tmp_path} holds 2 trainings (a, b). "
        "Without --out each is reported in its own evaluation/\n"
    )
    assert not (tmp_path / "reports").exists()

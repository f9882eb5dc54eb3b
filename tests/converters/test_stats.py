"""The page of statistics: what is counted, what is written, what is refused."""

import json
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from tests.conftest import ROOT

pytest.importorskip("matplotlib", reason="matplotlib draws the plots")

from converters.lengths import summary
from converters.stats import figures, gather

SQL = {
    "How many <b>singers</b>?": "SELECT COUNT(*) FROM singer",
    "How many <b>SINGERS</b>": "SELECT COUNT(*) FROM singer",
    "Who sang in 2014?": "SELECT a.name FROM singer a JOIN concert c ON a.id = c.singer WHERE c.year = 2014",
    "Delete all.": "DELETE FROM singer",
}


def row(number: int, question: str, sql: str, style: str = "ddl") -> dict:
    return {
        "id": f"m-{number}",
        "db_id": "music" if number < 3 else "opera",
        "database": "music/music.sqlite",
        "question": question,
        "instruction": "Write.",
        "input": f"singer(id)\n\nQuestion: {question}",
        "output": sql,
        "tags": [f"style:{style}", "prompt:0123", "runnable"],
    }


@pytest.fixture
def path(tmp_path):
    rows = [row(number, *pair) for number, pair in enumerate(SQL.items())]
    (tmp_path / "music_train.json").write_text(json.dumps(rows))
    return tmp_path / "music_train.json"


def run(*words):
    return subprocess.run([sys.executable, "converters/stats.py", *words], cwd=ROOT, capture_output=True, text=True)


def test_rows_are_counted_by_what_is_in_them(path):
    found = gather(path, None)
    assert (found.rows, found.style, found.repeated, found.unread) == (4, "ddl", 1, 1)
    assert found.databases == {"music": 3, "opera": 1}
    assert found.tags == {"style:ddl": 4, "runnable": 4}
    assert found.features == {"aggregate": 2, "join": 1}
    assert found.hardness == {"easy": 2, "medium": 1}
    assert found.tables == {1: 2, 2: 1}
    assert summary(found.answers) == (4, 38.25, 81, 81)


def test_lengths_are_in_tokens_where_they_are_counted(path):
    found = gather(path, lambda turns: sum(len(" ".join(turn).split()) for turn in turns))
    assert found.answers == [4, 4, 16, 3]
    assert found.prompts == [6, 6, 7, 5]


def test_there_is_a_plot_for_each_question_a_newcomer_has(path):
    titles = [plot.title for plot in figures(gather(path, None), "characters")]
    assert titles == [
        *("Length of the prompts", "Length of the answers", "SQL features", "Hardness", "Tables a query"),
        "Questions a database",
    ]


def test_the_page_stands_alone_is_escaped_and_is_the_same_again(path, tmp_path):
    pages = []
    for folder in ("one", "two"):
        done = run(path, "--out", tmp_path / folder)
        assert (done.returncode, done.stdout) == (
            0,
            f"4 rows: {tmp_path / folder}/index.html, {tmp_path / folder}/index.md\n",
        )
        pages.append({file.name: file.read_bytes() for file in (tmp_path / folder).iterdir()})
    assert pages[0] == pages[1]
    html = pages[0]["index.html"].decode()
    assert html.count("<svg") == 6
    assert not re.search(r"""(?:src|href)=["'](?!#)""", html)
    assert "How many &lt;b&gt;singers" in html
    assert "<b>singers" not in html


def test_the_plots_of_the_markdown_page_are_there_and_are_xml(path, tmp_path):
    run(path, "--out", tmp_path / "page")
    text = (tmp_path / "page/index.md").read_text()
    files = re.findall(r"\]\((\S+\.svg)\)", text)
    assert len(files) == 6
    for file in files:
        ElementTree.parse(tmp_path / "page" / file)
    assert "| rows | 4 |" in text
    assert "How many <b>singers</b>?" in text


def test_a_file_that_mixes_styles_is_an_error(path, tmp_path):
    mixed = tmp_path / "mixed.json"
    mixed.write_text(json.dumps([row(0, "Who?", "SELECT 1"), row(1, "Why?", "SELECT 2", "compact")]))
    done = run(mixed)
    assert done.returncode == 2
    assert done.stderr == (
        f"stats: {mixed}: row 2: its prompt style is 'compact', that of the rows before 'ddl'. "
        "A model learns one style: convert all rows with one --style.\n"
    )


def test_a_file_that_is_no_converted_one_is_an_error(tmp_path):
    (tmp_path / "raw.json").write_text('[{"question": "Who?", "query": "SELECT 1"}]')
    done = run(tmp_path / "raw.json")
    assert done.returncode == 2
    assert done.stderr == (
        f"stats: {tmp_path}/raw.json: row 1: key 'id' is missing; expected: id, db_id, question, instruction, "
        "input, output, tags; found: question, query.\n"
    )


def test_a_folder_that_cannot_be_written_is_one_line_and_exit_1(path, tmp_path):
    (tmp_path / "file").touch()
    done = run(path, "--out", tmp_path / "file")
    assert (done.returncode, done.stderr) == (1, f"stats: {tmp_path}/file: File exists. Give another --out.\n")

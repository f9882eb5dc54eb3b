"""The exoplanets corpus through the command line: shipped questions, another folder, the real table, the hub."""

import json
import os
import sqlite3
from pathlib import Path

import pytest

from converters.corpora import exoplanets
from tests.conftest import ROOT

SAMPLES = ROOT / "data/samples/exoplanets"
COLUMNS = (
    "name, distance, stellar_magnitude, planet_type, discovery_year, mass_multiplier, mass_wrt, radius_multiplier, "
    "radius_wrt, orbital_radius, orbital_period, eccentricity, detection_method"
)


def test_every_shipped_question_becomes_a_row_in_the_compact_style(convert, converted):
    assert convert("exoplanets").returncode == 0
    for split in ("train", "eval"):
        shipped = [json.loads(line) for line in (SAMPLES / f"{split}.jsonl").read_text().splitlines()]
        rows = converted(f"exoplanets_{split}")
        told = [tuple(each[key] for key in ("id", "question", "sql")) for each in shipped]
        assert [(row["id"], row["question"], row["output"]) for row in rows] == told
        assert all({"runnable", "style:compact"} <= set(row["tags"]) for row in rows)
        assert rows[0]["instruction"] == "Write a SQLite query that answers the question."
        question = f"Question: {shipped[0]['question']}"
        assert rows[0]["input"] == f"exoplanets({COLUMNS})\nreference_planets(name, mass)\n\n{question}"


def test_a_folder_without_the_files_is_an_error(convert, tmp_path):
    run = convert("exoplanets", "--source", tmp_path)
    assert (run.returncode, run.stderr) == (2, f"converters: {tmp_path}/train.jsonl: no such file. Check the path.\n")


def test_a_table_that_is_not_the_right_one_is_an_error(convert, tmp_path):
    (tmp_path / "planets.csv").write_text("name,mass\nx,1\n")
    run = convert("exoplanets", "--csv", tmp_path / "planets.csv")
    assert run.returncode == 2
    assert run.stderr.startswith(f"converters: {tmp_path}/planets.csv")
    assert not list(convert.data.glob("*.json"))


@pytest.mark.skipif("EXOPLANETS_DIR" not in os.environ, reason="EXOPLANETS_DIR is not set")
def test_the_real_table_takes_the_place_of_the_sample(convert):
    run = convert("exoplanets", "--csv", Path(os.environ["EXOPLANETS_DIR"]) / "cleaned_5250.csv")
    assert run.returncode == 0, run.stderr
    connection = sqlite3.connect(convert.data / "databases/exoplanets/exoplanets/exoplanets.sqlite")
    assert connection.execute("SELECT COUNT(*) FROM exoplanets").fetchone() == (5250,)


def test_published_questions_on_the_generated_sample_are_warned_of(convert):
    told = convert("exoplanets", "--source", "hub2").stderr.splitlines()[0]
    assert told.startswith(
        "exoplanets: the questions of dpv/exoplanets-sql2 ask about the real table, and this database"
    )
    assert "--csv cleaned_5250.csv" in told


@pytest.mark.parametrize(("source", "csv"), [(None, None), ("folder", None), ("hub", Path("cleaned_5250.csv"))])
def test_questions_on_their_own_table_are_not_warned_of(source, csv):
    assert exoplanets.Corpus(source, csv).warning() is None


@pytest.mark.parametrize("corpus", ["exoplanets", "gretel", "llama2_sql"])
def test_a_hub_out_of_reach_is_one_line(corpus, convert):
    pytest.importorskip("datasets", reason="datasets reads the hub")
    run = convert(corpus, "--source", "hub")
    assert run.returncode == 2
    assert "not loaded from the hub" in run.stderr.splitlines()[-1]
    assert run.stderr.rstrip().endswith("Check the network, or give --source a folder.")

"""The command line: recipes, records, filters, limits, lengths, and what is said when there is nothing to convert."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest

from converters.variants import VARIANTS
from recipes.provenance import file_hash
from tests.conftest import ROOT


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text(
        f"model_name_or_path: {tmp_path}/no_model\ntemplate: gemma\noutput_dir: out/r\ndataset_dir: .\n"
        "dataset: spider_train\neval_dataset: spider_eval\n"
    )
    return path


def corpora() -> set[str]:
    return {path.stem for path in (ROOT / "converters/corpora").glob("[a-z]*.py")}


def test_dataset_info_names_every_file_a_converter_can_write_and_all_its_columns():
    info = json.loads((ROOT / "dataset_info.json").read_text())
    columns = {"prompt": "instruction", "query": "input", "response": "output"}
    conversations = {name for name, variant in VARIANTS.items() if "turns" in variant.options}
    assert info == {
        f"{name}_{split}": {
            "file_name": f"data/{name}_{split}.json",
            "columns": columns | ({"history": "history"} if name in conversations and split == "train" else {}),
        }
        for name in [*corpora(), *VARIANTS]
        for split in (("eval",) if name == "people" else ("train", "eval"))
    }


def test_a_recipe_whose_corpus_was_never_given_names_the_command_to_run(convert, recipe, nothing_converted):
    run = convert("--recipe", recipe, root=nothing_converted)
    assert run.returncode == 2
    assert run.stderr == (
        f"converters: {recipe}: key dataset: spider has not been converted yet, and it is not shipped. "
        "Run once: python converters/run.py spider --source FOLDER\n"
        "  FOLDER is the unpacked Spider: train_spider.json, train_others.json, dev.json, tables.json, database/\n"
    )


def test_a_shipped_variant_has_its_options_its_files_and_its_databases(convert, small_spider, converted):
    run = convert("spider", "--name", "spider_compact", "--source", small_spider)
    assert run.returncode == 0, run.stderr
    assert converted("spider_compact_train")[0]["tags"][0] == "style:compact"
    assert (convert.data / "databases/spider_compact/shop/shop.sqlite").is_file()
    assert not list(convert.data.glob("spider_[te]*"))


def test_an_option_given_counts_more_than_the_variants_own(convert, small_spider, converted):
    convert("spider", "--name", "spider_compact", "--source", small_spider, "--style", "mschema")
    assert converted("spider_compact_eval")[0]["tags"][0] == "style:mschema"


def test_a_recipe_makes_a_variant_with_the_source_its_corpus_was_converted_with(
    convert, recipe, small_spider, converted, nothing_converted
):
    convert("spider", "--source", small_spider, "--style", "t5", "--limit", 1)
    variant = ("--recipe", recipe, "dataset=spider_compact_train", "eval_dataset=spider_compact_eval")
    assert convert(*variant, root=nothing_converted).returncode == 0
    assert len(converted("spider_compact_train")) == 3
    assert convert(*variant, root=nothing_converted).stdout == (
        f"spider_compact: {convert.data}/spider_compact_{{train,eval}}.json are up to date (style compact)\n"
    )


def test_a_recipe_converts_a_variant_of_a_shipped_corpus_by_itself(convert, recipe, converted):
    words = ("dataset=exoplanets_premsql_train", "eval_dataset=exoplanets_premsql_eval")
    assert convert("--recipe", recipe, *words).returncode == 0
    row = converted("exoplanets_premsql_eval")[0]
    assert row["instruction"].startswith("# Follow these instruction:")
    assert (convert.data / "databases/exoplanets_premsql" / row["database"]).is_file()


def test_a_recipe_whose_variant_was_never_given_a_source_names_the_command(convert, recipe, nothing_converted):
    words = ("dataset=llama2_sql_1000_train", "eval_dataset=llama2_sql_1000_eval")
    run = convert("--recipe", recipe, *words, root=nothing_converted)
    assert run.returncode == 2
    assert run.stderr == (
        f"converters: {recipe}: key dataset: llama2_sql_1000 has not been converted yet, and it is not shipped. "
        "Run once: python converters/run.py llama2_sql --name llama2_sql_1000 --source PLACE\n"
        "  PLACE is a folder or file of the data set, or the word hub (hub2: its parent)\n"
    )


def test_a_variant_of_your_own_is_repeated_by_a_recipe_and_says_how_to_register_it(convert, recipe, small_spider):
    told = convert("spider", "--name", "spider_three", "--source", small_spider, "--limit", 3).stdout
    assert (
        "  before a recipe can name spider_three, add to dataset_info.json: "
        '"spider_three_train": {"file_name": "data/spider_three_train.json", "columns": {"prompt": "instruction", '
    ) in told
    run = convert("--recipe", recipe, "dataset=spider_three_train", "eval_dataset=spider_three_eval")
    assert "spider_three_{train,eval}.json are up to date (style ddl)" in run.stdout


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("exoplanets", "--name exoplanets belongs to the corpus exoplanets. Give another name\n"),
        ("gretel_t5", "--name gretel_t5 belongs to the corpus gretel. Give another name\n"),
        ("a/b", "argument --name: 'a/b': letters, digits, '_', '.' and '-' only\n"),
    ],
)
def test_a_name_that_is_taken_or_no_file_name_is_misuse(convert, small_spider, name, message):
    run = convert("spider", "--name", name, "--source", small_spider)
    assert run.returncode == 2
    assert run.stderr.endswith(message)


def test_a_recipe_finds_what_was_converted_and_repeats_it_when_the_source_changes(
    convert, recipe, small_spider, converted
):
    convert("spider", "--source", small_spider, "--style", "compact", "--only", "runnable")
    assert (
        convert("--recipe", recipe).stdout
        == f"spider: {convert.data}/spider_{{train,eval}}.json are up to date (style compact)\n"
    )
    rows = json.loads((small_spider / "dev.json").read_text())
    (small_spider / "dev.json").write_text(json.dumps([*rows, rows[0]]))
    os.utime(small_spider / "dev.json", (time.time() + 5, time.time() + 5))
    assert convert("--recipe", recipe).returncode == 0
    assert [row["id"] for row in converted("spider_eval")] == ["spider-dev-0", "spider-dev-2", "spider-dev-3"]
    assert "style:compact" in converted("spider_eval")[1]["tags"]


def test_a_style_given_with_a_recipe_counts_more_than_the_last_one(convert, recipe, small_spider, converted):
    convert("spider", "--source", small_spider, "--style", "compact")
    assert convert("--recipe", recipe, "--style", "t5").returncode == 0
    assert converted("spider_train")[0]["tags"][0] == "style:t5"


def test_a_recipe_converts_into_its_dataset_dir_as_the_corpus_was_converted_last(convert, recipe, small_spider):
    registry = convert.data.parent / "dataset_info.json"
    registry.write_text((ROOT / "dataset_info.json").read_text())
    convert("spider", "--source", small_spider, "--only", "runnable")
    words = ["--recipe", recipe, f"dataset_dir={registry.parent}", "--style", "t5"]
    command = [sys.executable, "converters/run.py", *map(str, words)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    rows = json.loads((convert.data / "spider_train.json").read_text())
    assert [row["id"] for row in rows] == ["spider-train-0", "spider-train-1"]
    assert rows[0]["tags"][0] == "style:t5"


def test_an_unknown_data_set_is_an_error(convert, recipe):
    run = convert("--recipe", recipe, "dataset=spiders_train")
    assert run.returncode == 2
    assert run.stderr.startswith(f"converters: {recipe}: key dataset: 'spiders' is not a corpus; known: exoplanets, ")


def test_a_corpus_without_its_source_names_the_command(convert):
    run = convert("spider")
    assert run.returncode == 2
    assert run.stderr.startswith(
        "converters: spider needs --source. Run: python converters/run.py spider --source FOLDER\n"
    )


def test_nothing_is_imported_that_takes_long(small_spider, convert, recipe):
    convert("spider", "--source", small_spider)
    code = (
        f"import runpy, sys; sys.argv[1:] = ['--recipe', {str(recipe)!r}, '--data', {str(convert.data)!r}]\n"
        "heavy = {'torch', 'transformers', 'sqlglot', 'pyarrow', 'rapidfuzz'}\n"
        "try: runpy.run_path('converters/run.py', run_name='__main__')\n"
        "except SystemExit as end: print(end.code, heavy & sys.modules.keys())"
    )
    count_by_hand(convert, recipe)
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.stdout.endswith("up to date (style ddl)\n0 set()\n"), run.stdout + run.stderr


def count_by_hand(convert, recipe):
    """What counting with the recipe's tokenizer would have left: a longest row of 3000 tokens in training."""
    record = convert.data / "spider_conversion.json"
    counted = {}
    for name, longest in (("spider_train", 3000), ("spider_eval", 20)):
        digest = file_hash(convert.data / f"{name}.json")
        about = [f"{recipe.parent}/no_model", "gemma", None]
        counted[name] = {"of": [about, [digest]], "result": [1, 10.0, 10, longest]}
    record.write_text(json.dumps(json.loads(record.read_text()) | {"counted": counted}))


def test_a_recipe_that_cuts_its_data_is_told_before_training(convert, recipe, small_spider):
    convert("spider", "--source", small_spider)
    count_by_hand(convert, recipe)
    run = convert("--recipe", recipe, "cutoff_len=2999")
    assert run.returncode == 0
    assert run.stderr == (
        f"converters: {recipe}: cutoff_len 2999 is too short for spider_train: the longest row has 3000 tokens "
        "(mean 10, p95 10, max 3000). LLaMA-Factory would cut such rows, the question first. Set cutoff_len=3000, or "
        f"convert with --tokenizer {recipe.parent}/no_model --template gemma --cutoff 2999\n"
    )
    assert convert("--recipe", recipe, "cutoff_len=3000").stderr == ""


@pytest.mark.parametrize("packed", ["packing=true", "neat_packing=true"])
def test_a_packed_recipe_holds_one_token_less(convert, recipe, small_spider, packed):
    convert("spider", "--source", small_spider)
    count_by_hand(convert, recipe)
    assert convert("--recipe", recipe, packed, "cutoff_len=3000").stderr == (
        f"converters: {recipe}: cutoff_len 3000 (one of them is kept back with packing) is too short for spider_train: "
        "the longest row has 3000 tokens (mean 10, p95 10, max 3000). LLaMA-Factory would cut such rows, the question "
        f"first. Set cutoff_len=3001, or convert with --tokenizer {recipe.parent}/no_model --template gemma "
        "--cutoff 2999\n"
    )
    assert convert("--recipe", recipe, packed, "cutoff_len=3001").stderr == ""


def test_a_recipes_own_system_prompt_is_counted_apart(convert, recipe, small_spider):
    convert("spider", "--source", small_spider)
    count_by_hand(convert, recipe)
    told = convert("--recipe", recipe, "default_system=SQL").stderr
    assert told.startswith(f"converters: {recipe}: the longest rows were not compared with cutoff_len: --tokenizer ")


def test_a_recipe_is_named_with_and_without_an_equals_sign(convert, recipe, small_spider):
    convert("spider", "--source", small_spider)
    count_by_hand(convert, recipe)
    assert convert(f"--recipe={recipe}").stdout == convert("--recipe", recipe).stdout


def test_a_recipe_whose_files_have_different_styles_is_told(convert, recipe, small_spider):
    convert("spider", "--source", small_spider, "--style", "t5")
    convert("exoplanets", "--limit", 5)
    assert (
        f"converters: {recipe}: mixed prompt styles (exoplanets_train compact, spider_eval t5): "
        "convert all files with the same --style\n"
    ) in convert("--recipe", recipe, "dataset=exoplanets_train").stderr


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (("--only", "runnable"), ["spider-train-0", "spider-train-1"]),
        (("--only", "runnable,returns_rows"), ["spider-train-0"]),
        (("--without", "no_database"), ["spider-train-0", "spider-train-1"]),
        (("--only", "runnable", "--without", "returns_rows"), ["spider-train-1"]),
    ],
)
def test_tags_filter_rows(small_spider, convert, converted, words, ids):
    convert("spider", "--source", small_spider, *words)
    assert [row["id"] for row in converted("spider_train")] == ids


def test_skipped_rows_are_counted_by_reason_and_listed(small_spider, convert):
    told = convert("spider", "--source", small_spider, "--only", "runnable").stdout
    assert "spider: 2 of 3 rows -> " in told
    assert "  skipped 1: not runnable (--only)\n    spider-others-0\n" in told


def test_zero_rows_left_is_an_error_that_says_what_became_of_them(small_spider, convert):
    run = convert("spider", "--source", small_spider, "--only", "no_database")
    assert run.returncode == 2
    assert run.stderr == (
        f"converters: {convert.data}/spider_eval.json: no row is left to write: 3 rows read, 3 skipped.\n"
        "  skipped 3: not no_database (--only)\n    spider-dev-0\n    spider-dev-1\n    spider-dev-2\n"
    )
    assert not list(convert.data.glob("spider_*"))


def test_a_full_disk_replaces_nothing(small_spider, convert):
    convert("spider", "--source", small_spider)
    before = {path.name: path.read_bytes() for path in convert.data.glob("*.json")}
    words = [
        "converters/run.py",
        "spider",
        "--source",
        str(small_spider),
        "--style",
        "mschema",
        "--data",
        str(convert.data),
    ]
    limited = ["bash", "-c", 'ulimit -f 1; exec "$0" "$@"', sys.executable, *words]
    run = subprocess.run(limited, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stderr == "converters: File too large. Nothing was replaced. Correct that and run again.\n"
    assert {path.name: path.read_bytes() for path in convert.data.glob("*.json*")} == before


def test_a_limit_draws_the_same_rows_again_and_fewer_are_among_more(small_spider, convert, converted):
    rows = [{"db_id": "shop", "question": f"Who is {n}?", "query": f"SELECT {n}"} for n in range(50)]
    (small_spider / "train_spider.json").write_text(json.dumps(rows))

    def drawn(limit, *more):
        convert("spider", "--source", small_spider, "--limit", limit, *more)
        return [row["id"] for row in converted("spider_train")]

    ten = drawn(10)
    assert len(ten) == 10
    assert drawn(10) == ten
    assert set(drawn(5)) < set(ten)
    assert drawn(10, "--seed", 8) != ten


def test_cutoff_without_a_tokenizer_is_misuse(small_spider, convert):
    run = convert("spider", "--source", small_spider, "--cutoff", 100)
    assert run.returncode == 2
    assert "--cutoff needs --tokenizer MODEL and --template NAME" in run.stderr


def test_a_tokenizer_that_is_not_there_is_an_error(small_spider, convert, tmp_path):
    run = convert("spider", "--source", small_spider, "--tokenizer", tmp_path / "none", "--template", "gemma")
    assert run.returncode == 2
    assert run.stderr == (
        f"converters: --tokenizer {tmp_path / 'none'}: no such folder. Give a model's folder or hub name.\n"
    )


def test_an_option_that_is_given_counts_though_it_is_the_default(convert, recipe, small_spider, converted):
    convert("spider", "--name", "spider_compact", "--source", small_spider, "--style", "ddl", "--seed", 7)
    record = json.loads((convert.data / "spider_compact_conversion.json").read_text())
    assert record["options"] == {"source": str(small_spider), "style": "ddl", "seed": 7}
    os.utime(small_spider / "dev.json", (time.time() + 5, time.time() + 5))
    words = ("dataset=spider_compact_train", "eval_dataset=spider_compact_eval")
    assert convert("--recipe", recipe, *words).returncode == 0
    assert converted("spider_compact_train")[0]["tags"][0] == "style:ddl"


def test_a_limit_counts_the_rows_that_are_skipped_too(small_spider, convert):
    rows = json.loads((small_spider / "dev.json").read_text())
    (small_spider / "dev.json").write_text(json.dumps([rows[0], rows[1] | {"query": None}, rows[2]]))
    told = convert("spider", "--source", small_spider, "--limit", 1).stdout
    assert f"  skipped 1: the SQL is missing\n    {small_spider / 'dev.json'}: row 2\n" in told
    assert "spider: 1 of 2 rows -> " in told


@pytest.mark.parametrize("limit", ["-3", "0", "many"])
def test_a_limit_that_is_no_number_of_rows_is_misuse(small_spider, convert, limit):
    run = convert("spider", "--source", small_spider, f"--limit={limit}")
    assert run.returncode == 2
    assert run.stderr.endswith(f"argument --limit: {limit!r}: a whole number from 1 is expected\n")


WIDE = ", ".join(f"c{n} TEXT" for n in range(9))


@pytest.fixture
def hidden(small_spider):
    """`small_spider` with a training gold that reads a column which no word of its question points to."""
    path = small_spider / "database/shop/shop.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"CREATE TABLE depot (depot_id INT, name TEXT, {WIDE})")
    rows = json.loads((small_spider / "train_spider.json").read_text())
    more = {"db_id": "shop", "question": "Which depots?", "query": "SELECT c8 FROM depot"}
    (small_spider / "train_spider.json").write_text(json.dumps([*rows, more]))
    return small_spider


def test_training_rows_whose_gold_is_not_shown_are_left_out_and_counted(hidden, convert, converted):
    told = convert("spider", "--source", hidden, "--schema", "linked").stdout
    assert "skipped 1: the prompt hides a table or column that the gold reads\n    spider-train-2\n" in told
    assert [row["id"] for row in converted("spider_train")] == ["spider-train-0", "spider-train-1", "spider-others-0"]


def test_such_rows_are_kept_on_demand_and_tagged(hidden, convert, converted):
    convert("spider", "--source", hidden, "--schema", "linked", "--not-shown", "keep")
    tagged = [row["id"] for row in converted("spider_train") if "gold_not_shown" in row["tags"]]
    assert tagged == ["spider-train-2"]


def test_an_evaluation_row_stays_whatever_its_gold_reads(hidden, convert, converted):
    rows = json.loads((hidden / "train_spider.json").read_text())
    (hidden / "dev.json").write_text(json.dumps(rows))
    convert("spider", "--source", hidden, "--schema", "linked")
    assert ["gold_not_shown" in row["tags"] for row in converted("spider_eval")] == [False, False, True]

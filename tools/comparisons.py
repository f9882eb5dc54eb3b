"""What does one choice change? Train on one database with one thing different, score on its held-out questions.

    python tools/comparisons.py --spider ~/spider        every run that is not below results/comparisons yet: hours
    python tools/comparisons.py shipped_20 shipped_made  some of them
    python tools/comparisons.py --list                   what there is to do

A run of RUNS starts from the shipped adapter or from the untuned model and trains on some of its questions, on pairs
made from schema and rows, or on both, by recipes/qwen2.5_coder_0.5b_own_lora.yaml and the run's changes to it. The
exoplanets sample has 445 questions to draw from and 89 to score; of a Spider database half the gold queries are drawn
from, with all their wordings, and the other half are scored. A seed draws the questions and the order of the rows.

Scored by llama.cpp or, where methods are compared, by vLLM; greedy, without repair. Report, predictions and recipe are
kept as results/comparisons/RUN_seedN.
"""

import argparse
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

if not __package__:  # run as a program: our modules are found from the repository's root
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    import environment

    environment.enter(needs=("sqlglot", "rich"))

from atomic import write_text
from converters.questions.plan import yours
from sql.sql_text import normal_sql

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "results/comparisons"
SHIPPED = ROOT / "models/qwen2.5_coder_0.5b_sql"
RECIPE = "qwen2.5_coder_0.5b_own_lora"
SAMPLE = "exoplanets"
SPIDER = ("world_1", "car_1", "cre_Doc_Template_Mgt", "dog_kennels")  # of dev, with most questions
ALL = 445  # questions of the sample's training part; more than any other database here has
HELD_BACK = 1  # question that `own` keeps for evaluation, however small its share; one more is drawn for it
UNTUNED = ("adapter_name_or_path=null", "learning_rate=4.0e-4")  # the rate of the quickstart


class Run(NamedTuple):
    """`people`: questions of the set; `made`: pairs; `epochs` over them; other keys of the recipe; seeds; database.

    `style`: of the prompt; `linked`: the questions scored show only what of the schema they seem to need. Without
    epochs nothing is trained.
    """

    people: int = 0
    made: int = 0
    epochs: int = 0
    changes: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (1, 2, 3)
    database: str = SAMPLE
    style: str = "compact"
    linked: bool = False
    engine: str = "llamacpp"

    def prompt(self) -> tuple[str, ...]:
        """Options of the converter for the questions scored."""
        return ("--style", self.style, *(("--schema", "linked") if self.linked else ()))


ALONE = ("dataset=own_chat_train",)  # without practice questions on other databases
FIRST = Run(made=300, epochs=2, changes=ALONE, seeds=())  # pairs of the grammar of commit 1b6b6f3: kept, not run again
# Small sets get more epochs, so that each makes some twenty steps or more.
CURVE = {
    "none": Run(seeds=(1,)),
    "20": Run(people=20, epochs=10, changes=ALONE),
    "50": Run(people=50, epochs=6, changes=ALONE),
    "all": Run(people=ALL, epochs=2, changes=ALONE, seeds=(1,)),
    "made_first": FIRST,
    "made_first_worded": FIRST,  # and with them 126 wordings of evaluate/paraphrase.py
    "made_first_and_50": FIRST,
    "made_alone": Run(made=300, epochs=2, changes=ALONE, seeds=(1,)),
    "made": Run(made=300, epochs=1),
    "made_and_50": Run(people=50, made=300, epochs=1, seeds=(1,)),  # what `own` does with questions
}
FROM_UNTUNED = {
    name: CURVE[name]._replace(changes=CURVE[name].changes + UNTUNED)
    for name in ("none", "20", "50", "all", "made_first")
}
ON_SPIDER = {
    "none": CURVE["none"],
    "20": CURVE["20"],
    "half": CURVE["50"]._replace(people=ALL),
    "made": CURVE["made"]._replace(seeds=(1,)),
    "made_and_half": CURVE["made"]._replace(people=ALL, seeds=(1,)),
}
# One choice at a time: all questions of the sample, from the untuned model. vLLM scores them: it takes every kind.
LORA = FROM_UNTUNED["all"]._replace(engine="vllm")


def instead(*keys: str) -> Run:
    """LORA with other keys of the recipe."""
    return LORA._replace(changes=LORA.changes + keys)


METHODS = {
    "lora": LORA,
    "qlora": instead("quantization_bit=4"),
    "dora": instead("use_dora=true"),
    "full": instead("finetuning_type=full", "learning_rate=2.0e-5"),  # the rate of recipes/qwen2.5_coder_0.5b_full.yaml
    "fp32": instead("bf16=false"),
    "dropout": instead("lora_dropout=0.1"),
    "slower": instead("learning_rate=1.0e-4"),
    "faster": instead("learning_rate=1.0e-3"),
    "batch_4": instead("gradient_accumulation_steps=4"),
    "batch_4_faster": instead("gradient_accumulation_steps=4", "learning_rate=8.0e-4"),
    "rank_64": instead("lora_rank=64", "lora_alpha=128"),
    "linked": LORA._replace(linked=True),
    "ddl": LORA._replace(style="ddl"),
    "ddl_rows": LORA._replace(style="ddl_rows"),
}
RUNS = (
    {f"shipped_{name}": run for name, run in CURVE.items()}
    | {f"untuned_{name}": run for name, run in FROM_UNTUNED.items()}
    | {f"method_{name}": run for name, run in METHODS.items()}
    | {f"{db}_{name}": run._replace(database=db) for db in SPIDER for name, run in ON_SPIDER.items()}
)


def command(*words: object) -> None:
    """A command from the repository's root, shown. Raises CalledProcessError."""
    shown = [str(word) for word in words]
    print("+", *shown, flush=True)
    subprocess.run(shown, cwd=ROOT, check=True)


def convert(*words: object) -> None:
    command(sys.executable, "converters/run.py", *words)


class Questions(NamedTuple):
    """The lines `{"question", "sql"}` to draw from, the converted questions to score on, and their database."""

    pool: list[str]
    scored: Path
    database: Path


def of_sample(run: Run, data: Path) -> Questions:
    name = "exoplanets_scored"
    convert("exoplanets", "--name", name, "--data", data, *run.prompt())
    pool = (ROOT / "data/samples/exoplanets/train.jsonl").read_text(encoding="utf-8").splitlines()
    return Questions(pool, data / f"{name}_eval.json", data / f"databases/{name}/exoplanets/exoplanets.sqlite")


def halves(rows: list[dict]) -> tuple[list[str], list[str]]:
    """Questions to draw from and to score: every second gold query in order of its text, with all its wordings."""
    place = {query: n for n, query in enumerate(sorted({normal_sql(row["sql"]) for row in rows}))}
    drawn, scored = ([json.dumps(r) for r in rows if place[normal_sql(r["sql"])] % 2 == half] for half in (0, 1))
    return drawn, scored


def of_spider(run: Run, data: Path, spider: Path) -> Questions:
    rows = json.loads((spider / "dev.json").read_text(encoding="utf-8"))
    of_database = [row for row in rows if row["db_id"] == run.database]
    pool, scored = halves([{"question": row["question"], "sql": row["query"]} for row in of_database])
    database = spider / f"database/{run.database}/{run.database}.sqlite"
    name = f"{run.database}_scored"
    held, converted = data / f"{name}.jsonl", data / f"{name}_eval.json"
    write_text(held, "\n".join(scored) + "\n")
    # `own` wants something to train on beside questions that are held back: a few pairs, which nobody reads
    words = ("--questions", held, "--hold-back-questions", "--generate", 10, *run.prompt())
    convert("own", "--name", name, "--data", data, "--database", database, *words)
    yours(converted, converted)
    return Questions(pool, converted, database)


def questions_of(run: Run, data: Path, spider: Path | None) -> Questions:
    """Convert what a run is scored on to the folder `data`; `spider` is the unpacked Spider."""
    return of_sample(run, data) if run.database == SAMPLE else of_spider(run, data, spider)


def train(run: Run, seed: int, questions: Questions, out: Path) -> None:
    """Draw questions, convert them as the data set `own_chat`, and train on them to `out`."""
    words = ["--generate", run.made] if run.made else []
    if run.people:
        drawn = random.Random(seed).sample(questions.pool, min(run.people + HELD_BACK, len(questions.pool)))
        out.parent.mkdir(parents=True, exist_ok=True)
        write_text(out.with_suffix(".jsonl"), "\n".join(drawn) + "\n")
        words += ["--questions", out.with_suffix(".jsonl")]
    words = ["--database", questions.database, "--split", 0.001, "--seed", seed, *words]
    convert("own", "--name", "own_chat", "--style", run.style, *words)
    keys = (f"output_dir={out}", f"num_train_epochs={run.epochs}", f"seed={seed}", "report_to=none", *run.changes)
    command("./launch.sh", "--no-evaluate", RECIPE, *keys)


def score(run: Run, questions: Questions, out: Path, work: Path) -> None:
    """Score what a run trained, or what it starts from."""
    untuned = ("--model", "data/models/qwen2.5-coder-0.5b-instruct", "--template", "qwen")
    start = untuned if set(UNTUNED) <= set(run.changes) else ("--adapter", SHIPPED)
    scored = ("--adapter", out) if run.epochs else start
    data = ("--data", questions.scored, "--engine", run.engine, "--out", work)
    command(sys.executable, "evaluate/run.py", *scored, *data)


def keep(out: Path, work: Path, kept: Path) -> None:
    """Predictions, recipe and report below results/comparisons; the report last: where it is, a run is done."""
    results = map(json.loads, (work / "results.jsonl").read_text(encoding="utf-8").splitlines())
    answers = [{"id": row["id"], "prediction": row["completion"]} for row in results]
    kept.mkdir(parents=True, exist_ok=True)
    write_text(kept / "predictions.jsonl", "".join(json.dumps(a, ensure_ascii=False) + "\n" for a in answers))
    for path in (out / "recipe.yaml", out / "training.json", work / "report.json"):
        if path.exists():
            write_text(kept / path.name, path.read_text(encoding="utf-8").replace(f"{ROOT}/", ""))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", metavar="RUN", help="of: " + ", ".join(RUNS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--train-only", action="store_true", help="score later: the same command without this option")
    parser.add_argument("--spider", type=Path, default=os.environ.get("SPIDER_DIR"), help="unpacked (or SPIDER_DIR)")
    parser.add_argument("--list", action="store_true", help="only say what is not done yet")
    arguments = parser.parse_args()
    if unknown := set(arguments.runs) - set(RUNS):
        parser.error(f"no such run: {', '.join(sorted(unknown))}. There are {', '.join(RUNS)}")
    wanted = [
        (name, seed)
        for seed in arguments.seeds
        for name in arguments.runs or RUNS
        if seed in RUNS[name].seeds and not (KEPT / f"{name}_seed{seed}/report.json").exists()
    ]
    if not arguments.spider and any(RUNS[name].database != SAMPLE for name, _ in wanted):
        parser.error("some of these runs read the unpacked Spider: give --spider or set SPIDER_DIR")
    for name, seed in wanted:
        print(f"== {name}, seed {seed}", flush=True)
        if arguments.list:
            continue
        run, out = RUNS[name], ROOT / f"out/comparisons/{name}_seed{seed}"
        questions = questions_of(run, ROOT / "data", arguments.spider)
        if run.epochs and not (out / "training.json").exists():
            train(run, seed, questions, out)
        if not arguments.train_only:
            work = out.with_name(f"{out.name}_score")
            score(run, questions, out, work)
            keep(out, work, KEPT / f"{name}_seed{seed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

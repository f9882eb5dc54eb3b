"""One evaluation from end to end: which rows, which model, completions, results.jsonl, reports."""

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

import environment
from atomic import replacing
from evaluate.baselines import base_name, how_asked
from evaluate.examples import DataError, read_examples, read_predictions
from evaluate.execution.reader import database_at
from evaluate.generation import adapters
from evaluate.report import Written, write_report
from evaluate.reports.results_file import RESULTS_NAME, ResultsFile
from evaluate.reports.tracking import log_evaluation
from evaluate.score import Settings, again, database_files, score, with_second_drafts
from evaluate.spool import Spool, Spooled
from prompts.tags import prompt_tags
from recipes import recipe
from recipes.kind import SEQ2SEQ, is_encoder_decoder, is_seq2seq
from recipes.provenance import commit, file_hash, versions

ROOT = environment.ROOT
DATABASES_LISTED = 20


class Data(NamedTuple):
    """The rows of a run, the file they came from and the folder of their databases."""

    path: Path
    rows: Spool | list[dict]
    databases: Path


class Done(NamedTuple):
    """A finished evaluation: what to call it, its reports, and the seconds it took."""

    name: str
    written: Written
    seconds: float


def evaluate(options: argparse.Namespace) -> list[Done]:
    """All evaluations the command line asks for, the base model of an adapter before it."""
    if options.model:
        return [plain_model(options)]
    if not options.adapter:
        return [ready_answers(path, options) for path in options.predictions or [None]]
    found = adapters.find(options.adapter)
    if options.out and len(found) > 1:
        raise DataError(
            f"--out {options.out}: it is for one run, and {options.adapter} holds {len(found)} trainings "
            f"({', '.join(trained.name for trained in found)}). Without --out each is reported in its own evaluation/"
        )
    done: list[Done] = []
    bases: dict[Path, Done] = {}
    for trained in found:
        data = data_of(options, trained.recipe)
        base = evaluate_base(trained, data, options, bases) if options.base else None
        done += [base] if base and base not in done else []
        done.append(evaluate_trained(trained, data, options, base))
    return done


def data_of(options: argparse.Namespace, values: dict | None = None) -> Data:
    """The rows to evaluate: `--data`, else the recipe's evaluation set."""
    names = recipe.datasets(values or {}, "eval_dataset")
    if not options.data and not names:
        raise DataError("the recipe names no eval_dataset. Give --data FILE")
    path = options.data or recipe.data_file(names[0], values)
    if options.databases and not options.databases.is_dir():
        raise DataError(f"--databases {options.databases}: no such folder; it holds <db_id>/<db_id>.sqlite")
    return Data(path, read_examples(path).first(options.limit), options.databases or databases_of(path))


def databases_of(path: Path) -> Path:
    """Where the databases of a converted file lie: beside it, else in `data/`."""
    below = Path("databases", path.stem.removesuffix("_eval").removesuffix("_train"))
    return path.parent / below if (path.parent / below).is_dir() else ROOT / "data" / below


def evaluate_trained(trained: adapters.Trained, data: Data, options: argparse.Namespace, base: Done | None) -> Done:
    """Evaluate what one training left behind, into its own folder."""
    folder = options.out or trained.folder / evaluation_name(options)
    about = {"name": trained.name, "recipe": trained.recipe, "adapter": str(trained.folder)}
    if told := adapters.other_prompts(trained, data.rows):
        about["prompt_warning"] = told
        print(f"evaluate: WARNING: {trained.name} on {data.path}: {told}", file=sys.stderr)
    started = time.monotonic()
    ask = partial(generate, trained.recipe, served_training(trained, options), options)
    completions = ask(data, folder)
    news = is_news(folder)
    done = finish(about, completions, data, options, folder, started, base, ask)
    if news and (trackers := log_evaluation(trained.folder, done.written.report, ResultsFile(folder))):
        print(f"{trained.name}: metrics logged to the training's run ({', '.join(trackers)})")
    return done


def evaluation_name(options: argparse.Namespace) -> str:
    """The folder of an evaluation beside the model: another engine's, or an export's, keeps vLLM's as it is."""
    if options.gguf:
        return f"evaluation_{options.gguf.stem}"
    return "evaluation" if options.engine == "vllm" else f"evaluation_{options.engine}"


def is_news(folder: Path) -> bool:
    """Whether the completions in `folder` have been made since its last report."""
    report = folder / "report.json"
    return not report.is_file() or report.stat().st_mtime < (folder / "completions.jsonl").stat().st_mtime


def evaluate_base(trained: adapters.Trained, data: Data, options: argparse.Namespace, known: dict[Path, Done]) -> Done:
    """Evaluate the untrained model of a training; done once for all trainings of that model on that data."""
    asked = how_asked(trained.recipe)
    name = base_name(trained.folder.parent, asked, data.path)
    folder = trained.folder.parent / name / evaluation_name(options)
    if folder not in known:
        started = time.monotonic()
        ask = partial(generate, trained.recipe, served_model(trained.recipe, options), options)
        about = {"name": name} | asked
        known[folder] = finish(about, ask(data, folder), data, options, folder, started, ask=ask)
    return known[folder]


def served_training(trained: adapters.Trained, options: argparse.Namespace):
    """Who answers for a training: a worker here, or the servers of `--server`."""
    if options.engine == "llamacpp":
        from evaluate.generation.engines import served_by_llamacpp

        return served_by_llamacpp(trained, options.gguf)
    if not options.server:
        return adapters.served(trained)
    return remote(adapters.served_names(trained), trained.folder, trained.recipe, options)


def served_model(values: dict, options: argparse.Namespace):
    """Who answers for the model of a recipe as it is: a worker here, or the servers of `--server`."""
    from evaluate.generation.generate import Served

    model = values["model_name_or_path"]
    if options.engine == "llamacpp":
        from evaluate.generation.engines import model_gguf

        return Served(str(options.gguf or model_gguf(model)), llamacpp=True)
    if not options.server:
        return Served(model, seq2seq=is_seq2seq(values))
    return remote((model,), model, values, options)


def remote(names: tuple[str, ...], weights: str | Path, values: dict, options: argparse.Namespace):
    """The servers of `--server`. Raises GenerationError for an encoder-decoder."""
    from evaluate.generation.completions import GenerationError, Remote
    from evaluate.generation.generate import weights_hash

    if is_seq2seq(values):
        raise GenerationError("--server: vLLM serves no encoder-decoder such as T5. Leave --server out")
    return Remote(options.server, names, options.served_model, weights_hash(weights))


def plain_model(options: argparse.Namespace) -> Done:
    """Evaluate `--model` as it is."""
    data, started = data_of(options), time.monotonic()
    name = Path(options.model).name
    stage = SEQ2SEQ if is_encoder_decoder(options.model) else "sft"
    asked = {"model_name_or_path": options.model, "template": options.template, "stage": stage}
    folder = options.out or ROOT / "out" / base_name(ROOT / "out", how_asked(asked), data.path) / evaluation_name(
        options
    )
    ask = partial(generate, asked, served_model(asked, options), options)
    about = {"name": name, "model": options.model, "template": options.template}
    return finish(about, ask(data, folder), data, options, folder, started, ask=ask)


def ready_answers(path: Path | None, options: argparse.Namespace) -> Done:
    """Score the predictions in `path`, or the gold answers themselves where it is None."""
    data, started = data_of(options), time.monotonic()
    if path is None:
        name, answers = f"{data.path.stem}_gold", Spooled()
        for row in data.rows:
            answers.add(str(row["id"]), row["output"])
    else:
        name, answers = path.stem, read_predictions(path)
        report_strangers(path, answers, data)
    folder = options.out or ROOT / "out" / name / "evaluation"
    source = {"name": name} | ({"predictions": str(path)} if path else {})
    return finish(source, answers, data, options, folder, started)


def report_strangers(path: Path, answers: Spooled, data: Data) -> None:
    """Say how many predictions have no row and how many rows no prediction; none in common is an error."""
    wanted = {str(row["id"]) for row in data.rows}
    if not wanted & answers.keys():
        raise DataError(f"{path}: none of its {len(answers)} ids is in {data.path}. Give the data file they belong to.")
    strangers, silent = len(answers.keys() - wanted), len(wanted - answers.keys())
    if strangers or silent:
        print(f"{path.name}: {strangers} predictions have no row; {silent} rows have no prediction, scored as no_sql")


def generate(values: dict, served, options: argparse.Namespace, data: Data, folder: Path) -> dict[str, str]:
    """Completions by row id as text."""
    from evaluate.generation.generate import Sampling, complete
    from evaluate.generation.prompts import encode

    without = next((row["id"] for row in data.rows if "instruction" not in row), None)
    if without is not None:
        raise DataError(
            f"{data.path}: row {without!r} has no prompt (key 'instruction'). Convert the file first: converters/run.py"
        )
    if options.second_draft and is_seq2seq(values):
        raise DataError("--second-draft: an encoder-decoder such as T5 holds no conversation. Leave it out")
    made = complete(encode(data.rows, values), served, Sampling(options.max_tokens), folder, gpus=options.gpus)
    return {str(key): row["completion"] for key, row in made.items()}


def finish(
    about: dict,
    completions: Mapping[str, str],
    data: Data,
    options: argparse.Namespace,
    folder: Path,
    started: float,
    base: Done | None = None,
    ask: Callable[[Data, Path], dict[str, str]] | None = None,
) -> Done:
    """Execute and match the answers, write results.jsonl and the reports. `ask`: what answers, for second drafts."""
    settings = Settings(data.databases, options.workers, options.timeout, options.repair)
    write_results(folder, progress(score(data.rows, completions, settings), len(data.rows), about["name"]))
    if ask and options.second_draft:
        asked = again(data.rows, ResultsFile(folder))
        texts = ask(data._replace(rows=asked), folder / "second_draft") if asked else {}
        write_results(folder, with_second_drafts(ResultsFile(folder), asked, texts, settings))
    seconds = time.monotonic() - started
    run = about | provenance(data, options, folder) | {"seconds": round(seconds, 1)}
    baseline = base.written.report if base else None
    return Done(about["name"], write_report(folder, ResultsFile(folder), run=run, baseline=baseline), seconds)


def write_results(folder: Path, rows: Iterable[dict]) -> None:
    """Replace the results.jsonl of a run, which may be read meanwhile."""
    with replacing(folder / RESULTS_NAME, "wb") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n")


def provenance(data: Data, options: argparse.Namespace, folder: Path) -> dict:
    """What a score depends on beside the model: data, databases, prompt, sampling, versions and commit."""
    files = {path for row in data.rows for path in database_files(row, data.databases) if is_readable(path)}
    job = folder / "generation.json"
    asked = (
        json.loads(job.read_text(encoding="utf-8"))
        if job.is_file() and not (options.gold or options.predictions)
        else {}
    )
    keys = (
        "model",
        "weights",
        "adapter_hash",
        "max_tokens",
        "seed",
        "batch",
        "dtype",
        "stop_token_ids",
        "prompts_hash",
    )
    return {
        "data": str(data.path),
        "data_hash": file_hash(data.path),
        "databases": digests(files),
        "prompt_tags": prompt_tags(data.rows[0]),
        **engine_in(asked),
        "generation": {key: asked[key] for key in keys if asked.get(key) is not None}
        | ({"temperature": 0} if asked else {}),
        "decoding": {"repair": options.repair, "second_draft": options.second_draft},
        "execution": {"workers": options.workers, "timeout": options.timeout},
        "versions": versions(),
        "commit": commit(),
    }


def engine_in(asked: dict) -> dict:
    """The engine of a job, as a key of the report; nothing where the answers were ready."""
    from evaluate.generation.generate import engine_of

    return {"engine": engine_of(asked)} if asked else {}


def is_readable(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def digests(files: set[Path]) -> dict[str, str]:
    """The hash of each database; of many, their number and one hash of all hashes."""
    found = {path.parent.name + "/" + path.name: database_at(path).digest for path in sorted(files)}
    if len(found) <= DATABASES_LISTED:
        return found
    together = hashlib.sha256(json.dumps(found).encode()).hexdigest()
    return {f"{len(found)} files, sha256 of their names and hashes": together}


def progress(results: Iterable[dict], total: int, name: str) -> Iterable[dict]:
    """The results, with a bar on the terminal while they come."""
    from rich.progress import track

    return track(results, total=total, description=f"scoring {name}", transient=True)

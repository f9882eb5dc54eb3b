"""Evaluate an adapter, a model or ready predictions on a converted file against SQLite, and write the reports.

    python evaluate/run.py --adapter out/gemma3_270m_lora            its folder says what it was trained on and with
    python evaluate/run.py --adapter out/gemma3_270m_lora --base     the base model too, side by side
    python evaluate/run.py --adapter out/                            every adapter right below it: a leaderboard
    python evaluate/run.py --adapter out/gemma3_270m_lora --server http://localhost:8000    answers from `vllm serve`
    python evaluate/run.py --adapter out/gemma3_270m_lora --engine llamacpp    4-bit GGUF on the CPU; vLLM is not needed
    python evaluate/run.py --adapter out/gemma3_270m_lora --second-draft    --repair, and SQLite's message as a hint
    python evaluate/run.py --model NAME_OR_DIR --template gemma --data data/exoplanets_eval.json
    python evaluate/run.py --predictions answers.jsonl --data dev.json --databases spider/database
    python evaluate/run.py --gold --data dev.json --databases spider/database

Reports are written to `<adapter>/evaluation/`, or to `--out`. Exit status: 0; 2 for misuse; 1 for a failed run.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)

import environment  # noqa: E402

SCORING_ONLY = {"--predictions", "--gold", "-h", "--help"} & {word.split("=")[0] for word in sys.argv}
environment.enter(needs=("sqlglot", "sacrebleu", "rouge_score", "rich") if SCORING_ONLY else ("llamafactory",))

from evaluate import runs  # noqa: E402
from evaluate.examples import DataError  # noqa: E402
from evaluate.execution.sandbox import version_problem  # noqa: E402
from evaluate.generation.adapters import AdapterError  # noqa: E402
from evaluate.generation.generate import GenerationError  # noqa: E402
from evaluate.options import positive, reason, seconds, servers  # noqa: E402
from evaluate.reports.figures import visible  # noqa: E402
from evaluate.reports.leaderboard import print_leaderboard, write_leaderboard  # noqa: E402
from evaluate.reports.results_file import ResultsError  # noqa: E402
from recipes.kind import is_encoder_decoder  # noqa: E402
from recipes.recipe import RecipeError  # noqa: E402
from sql.schema import SchemaError  # noqa: E402


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="evaluate/run.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,  # SCORING_ONLY looks for whole words
    )
    add_what(parser)
    add_how(parser)
    add_generation(parser)
    options = parser.parse_args(arguments)
    refuse_what_does_not_fit(options, parser)
    return options


def add_what(parser: argparse.ArgumentParser) -> None:
    """The options of which exactly one says what is evaluated."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--adapter", type=Path, metavar="DIR", help="output folder of a training, or a folder of such folders"
    )
    what.add_argument(
        "--model", metavar="NAME_OR_DIR", help="a model as it is; needs --data and, except for T5, --template"
    )
    what.add_argument(
        "--predictions", type=Path, nargs="+", metavar="FILE", help="JSON lines with id and prediction; need --data"
    )
    what.add_argument("--gold", action="store_true", help="score the gold answers themselves; needs --data")


def add_how(parser: argparse.ArgumentParser) -> None:
    """The options that say on which rows, how they are executed, and where the reports go."""
    parser.add_argument("--base", action="store_true", help="with --adapter: evaluate its base model too")
    parser.add_argument("--template", metavar="NAME", help="LLaMA-Factory's template for --model")
    parser.add_argument(
        "--data",
        type=Path,
        metavar="FILE",
        help="converted file or Spider's dev.json (default: the recipe's eval_dataset)",
    )
    parser.add_argument(
        "--databases",
        type=Path,
        metavar="DIR",
        help="DIR/<db_id>/<db_id>.sqlite (default: databases/<corpus> next to the data)",
    )
    parser.add_argument("--limit", type=positive, metavar="N", help="the first N rows only")
    parser.add_argument(
        "--max-tokens", type=positive, default=256, metavar="N", help="tokens an answer may have (default: %(default)s)"
    )
    parser.add_argument(
        "--workers",
        type=positive,
        default=2,
        metavar="N",
        help="processes that judge the answers (default: %(default)s)",
    )
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=15.0,
        metavar="S",
        help="seconds of CPU time a query may take (default: %(default)s)",
    )
    parser.add_argument(
        "--repair",
        action="store_true",
        help="repair queries that SQLite refuses (wrong names, missing joins, other dialects) before they are run",
    )
    parser.add_argument(
        "--second-draft",
        action="store_true",
        help="--repair, and where SQLite refuses the query even so, ask once more with its message",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder for the reports (default: <adapter>/evaluation)"
    )


def refuse_what_does_not_fit(options: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """End with a usage error where options contradict or lack each other."""
    if not options.adapter and not options.data:
        parser.error("--model, --predictions and --gold need --data FILE")
    if options.predictions and len(options.predictions) > 1 and options.out:
        parser.error("--out is for one run; without it each predictions file gets out/<its name>/evaluation")
    if name := shared_name(options.predictions or []):
        parser.error(
            f"--predictions: several files are called {name}, and each would be reported in out/{Path(name).stem}/"
            "evaluation. Rename them, or score them one by one with --out"
        )
    if options.base and not options.adapter:
        parser.error("--base evaluates the model that --adapter was trained from; it goes with --adapter alone")
    if options.template and not options.model:
        parser.error("--template goes with --model alone; the recipe of --adapter names its own")
    if options.model and not options.template and not is_encoder_decoder(options.model):
        parser.error("--model needs --template NAME, the template it is to be asked with")
    if not (options.adapter or options.model) and (
        given := given_of(options, "server", "gpus", "gguf", "second_draft")
    ):
        parser.error(f"{given} goes with --adapter and --model; --predictions and --gold bring their answers")
    options.repair = options.repair or options.second_draft
    if options.gguf:
        options.engine = "llamacpp"
        if options.base or not options.gguf.is_file():
            parser.error(
                f"--gguf {options.gguf}: expected one GGUF file; it answers for one model, so leave --base out"
            )
    if options.engine == "llamacpp" and (given := given_of(options, "server", "gpus")):
        parser.error(f"{given} is for vLLM; leave it out, or --engine llamacpp and --gguf")
    if options.server and options.gpus:
        parser.error("--gpus is for the vLLM that is started here; --server has its own GPUs")
    if options.served_model and (options.base or not options.server):
        parser.error("--served-model names one model of --server; with --base there are two: serve both by their names")


def given_of(options: argparse.Namespace, *names: str) -> str | None:
    """The first of these options that was given, as it is typed."""
    return next((f"--{name.replace('_', '-')}" for name in names if getattr(options, name)), None)


def shared_name(files: list[Path]) -> str | None:
    """The name of a file after which another one would be reported too; None where each has a folder of its own."""
    stems = [path.stem for path in files]
    return next((path.name for path in files if stems.count(path.stem) > 1), None)


def add_generation(parser: argparse.ArgumentParser) -> None:
    """The options that say where answers are generated."""
    parser.add_argument(
        "--server", type=servers, metavar="URL[,URL]", help="running `vllm serve` addresses that share the questions"
    )
    parser.add_argument(
        "--served-model", metavar="NAME", help="the model's name on the server (default: the one found by its folder)"
    )
    parser.add_argument(
        "--engine",
        choices=("vllm", "llamacpp"),
        default="vllm",
        help="what generates here; llamacpp: the 4-bit GGUF file of the base, and the adapter (default: %(default)s)",
    )
    parser.add_argument(
        "--gguf", type=Path, metavar="FILE", help="a GGUF file answers in place of the model, as an export does"
    )
    parser.add_argument(
        "--gpus", type=positive, metavar="N", help="GPUs that share the questions, one vLLM each (default: all visible)"
    )


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    if problem := version_problem():
        print(f"evaluate: {problem}", file=sys.stderr)
        return 2
    try:
        done = runs.evaluate(options)
    except (AdapterError, DataError, RecipeError, ResultsError, SchemaError) as error:
        print(f"evaluate: {visible(error)}", file=sys.stderr)
        return 2
    except GenerationError as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        kept = (
            " Completions so far are kept; run the same command to continue."
            if options.adapter or options.model
            else ""
        )
        print(f"evaluate: interrupted.{kept}", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"evaluate: {reason(error)} Fix that and run again; finished work is kept.", file=sys.stderr)
        return 1
    print_leaderboard(done)
    if len(done) > 2:
        print(f"all rules side by side: {write_leaderboard(done, done[0].written.html.parents[2] / 'leaderboard.md')}")
    return 0 if any(run.written.report["metrics"]["execution_accuracy"]["n"] for run in done) else 1


if __name__ == "__main__":
    sys.exit(main())

"""Ask questions about a SQLite file: prints the SQL, its rows and, where they are a category and a number, a chart.

    ./launch.sh ask shop.sqlite "How many authors come from Japan?"          the shipped adapter, llama.cpp
    ./launch.sh ask shop.sqlite                                              a conversation
    ./launch.sh ask shop.sqlite "..." --adapter out/bookshop --json          your own adapter; a JSON line an answer
    ./launch.sh ask sales.csv "..."                                          CSV, JSON lines, Excel, Parquet too

Same prompt, repair and executor as the evaluation: the query runs read-only, with a deadline. Exit status: 0; 2 for
misuse; 1 where an answer held no SQL or its query failed.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

import environment  # noqa: E402

environment.enter(needs=("httpx", "omegaconf", "rapidfuzz", "rich", "sqlglot"), venv=environment.ASK)

from rich.console import Console  # noqa: E402

from evaluate.asker import SHIPPED, Answer, Asker  # noqa: E402
from evaluate.display import show  # noqa: E402
from evaluate.generation import adapters, engines  # noqa: E402
from evaluate.generation.completions import GenerationError  # noqa: E402
from evaluate.options import positive, reason, seconds, servers  # noqa: E402
from evaluate.tables import TableError, database_of  # noqa: E402
from models.catalogue import ModelError  # noqa: E402
from prompts.linking import LinkingError  # noqa: E402
from recipes.recipe import RecipeError  # noqa: E402
from sql.schema import SchemaError  # noqa: E402


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./launch.sh ask", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "database", type=Path, metavar="DATABASE", help="a SQLite file, or a table: CSV, JSON lines, ..."
    )
    parser.add_argument("question", nargs="*", metavar="QUESTION", help="each in quotes; none: a conversation")
    parser.add_argument(
        "--adapter",
        type=Path,
        default=SHIPPED,
        metavar="DIR",
        help="output folder of a training (default: the shipped one)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object an answer, a line each")
    parser.add_argument(
        "--no-repair", action="store_true", help="run the model's query as it is, even if SQLite refuses it"
    )
    parser.add_argument(
        "--second-draft", action="store_true", help="ask the model again, with SQLite's message, where no repair helps"
    )
    parser.add_argument(
        "--timeout", type=seconds, default=30.0, metavar="S", help="seconds a query may take (default: %(default)s)"
    )
    parser.add_argument(
        "--max-tokens", type=positive, default=256, metavar="N", help="tokens an answer may have (default: %(default)s)"
    )
    parser.add_argument(
        "--engine",
        choices=("auto", "llamacpp", "vllm"),
        default="auto",
        help="auto: vLLM where a GPU is and vLLM is installed, or where the model has no GGUF file; else llama.cpp",
    )
    parser.add_argument(
        "--server", type=servers, metavar="URL", help="a running server of the model: nothing is loaded here"
    )
    parser.add_argument("--served-model", metavar="NAME", help="the model's name there (default: found by its folder)")
    return parser.parse_intermixed_args(arguments)


def enter_engine(options: argparse.Namespace) -> str:
    """The engine that answers, `llamacpp` or `vllm`; this script starts again in its environment where need be."""
    engine = engines.choose(adapters.only(options.adapter), options.engine, options.server)
    if engine == "vllm":
        environment.enter(needs=("llamafactory",))
    elif not options.server:
        environment.enter(needs=("xllamacpp",), venv=environment.ASK)
    return engine


def answers(options: argparse.Namespace, database: Path, engine: str) -> Iterator[Answer]:
    """The answer to each question."""
    if engine == "vllm":
        from evaluate.ask_vllm import answers_by_vllm

        yield from answers_by_vllm(options, database)
        return
    with asker_for(options, database) as asker:
        yield from map(asker.ask, options.question)


def asker_for(options: argparse.Namespace, database: Path) -> Asker:
    return Asker(
        database,
        adapter=options.adapter,
        server=options.server[0] if options.server else None,
        served_model=options.served_model,
        timeout=options.timeout,
        max_tokens=options.max_tokens,
        repair=not options.no_repair,
        second_draft=options.second_draft,
        keep_prompt=str(options.database.resolve()),
    )


def print_answers(console: Console, made: Iterable[Answer], as_json: bool) -> bool:
    """Print answers as they come; returns whether all ran."""
    ran = True
    for answer in made:
        if as_json:
            print(json.dumps(answer.to_json(), ensure_ascii=False), flush=True)
        else:
            show(console, answer)
        ran = ran and answer.error is None
    return ran


def run(options: argparse.Namespace) -> bool:
    """Answer the questions, or hold a conversation; returns whether all queries ran."""
    console, engine = Console(), enter_engine(options)
    if not options.question and engine == "vllm":
        raise GenerationError("a conversation needs llama.cpp or --server. Give questions, or --engine llamacpp")
    with database_of(options.database) as database:
        if options.question:
            return print_answers(console, answers(options, database, engine), options.json)
        from evaluate.conversation import converse

        with asker_for(options, database) as asker:
            converse(console, asker, as_json=options.json)
        return True


def main() -> int:
    try:
        return 0 if run(parse()) else 1
    except (adapters.AdapterError, SchemaError, RecipeError, TableError) as error:
        print(f"ask: {error}", file=sys.stderr)
        return 2
    except (GenerationError, ModelError, LinkingError) as error:
        print(f"ask: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"ask: {reason(error)} Mend that and ask again.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("ask: stopped.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())

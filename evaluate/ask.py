"""Ask a trained adapter questions about a SQLite file: prints the SQL and its rows.

    python evaluate/ask.py --adapter out/gemma3_270m_lora --database FILE.sqlite "How many planets are there?" [...]

Same prompt, generation and executor as the evaluation: the query runs read-only, with a deadline. Exit status: 0; 2 for
misuse; 1 where an answer held no SQL or its query failed.
"""

import argparse
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

import environment  # noqa: E402

environment.enter(needs=("llamafactory",))

from rich.console import Console  # noqa: E402
from rich.syntax import Syntax  # noqa: E402
from rich.table import Table  # noqa: E402

from evaluate import runs  # noqa: E402
from evaluate.execution.sandbox import Execution, Limits, run_query  # noqa: E402
from evaluate.extract import extract_sql  # noqa: E402
from evaluate.generation import adapters  # noqa: E402
from evaluate.generation.generate import GenerationError, Sampling, complete  # noqa: E402
from evaluate.generation.prompts import encode  # noqa: E402
from evaluate.options import positive, reason, seconds, servers  # noqa: E402
from prompts.tags import prompt_for  # noqa: E402
from recipes.recipe import RecipeError  # noqa: E402
from sql.schema import SchemaError  # noqa: E402

ROWS_SHOWN = 20


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="evaluate/ask.py", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--adapter", type=Path, required=True, metavar="DIR", help="output folder of a training")
    parser.add_argument("--database", type=Path, required=True, metavar="FILE", help="the SQLite file to ask about")
    parser.add_argument(
        "--timeout", type=seconds, default=30.0, metavar="S", help="seconds a query may take (default: %(default)s)"
    )
    parser.add_argument(
        "--max-tokens", type=positive, default=256, metavar="N", help="tokens an answer may have (default: %(default)s)"
    )
    parser.add_argument(
        "--server", type=servers, metavar="URL", help="a running `vllm serve` address: no engine starts here"
    )
    parser.add_argument("--served-model", metavar="NAME", help="the model's name there (default: found by its folder)")
    parser.add_argument("question", nargs="+", help="one or more questions, each in quotes")
    return parser.parse_args()


def only_training(folder: Path) -> adapters.Trained:
    """The one training in or right below a folder. Raises AdapterError where there are several."""
    found = adapters.find(folder)
    if len(found) > 1:
        names = ", ".join(trained.name for trained in found)
        raise adapters.AdapterError(
            f"{folder}: holds {len(found)} trainings ({names}). Name one: --adapter {found[0].folder}"
        )
    return found[0]


def answers(options: argparse.Namespace) -> list[str]:
    """The model's completion for each question."""
    trained = only_training(options.adapter)
    tags = adapters.prompt_tags(trained)
    prompts = [prompt_for(options.database, question, tags) for question in options.question]
    rows = [{"id": number, **prompt._asdict()} for number, prompt in enumerate(prompts)]
    served = runs.served_training(trained, options)
    encoded = encode(rows, trained.recipe)
    made = complete(encoded, served, Sampling(options.max_tokens), trained.folder / "ask")
    return [made[row["id"]]["completion"] for row in rows]


def show(console: Console, question: str, completion: str, options: argparse.Namespace) -> bool:
    """Print one answer; returns whether its query ran."""
    console.print(f"\n{question}", style="bold", highlight=False, markup=False)
    sql = extract_sql(completion)
    if sql is None:
        console.print(f"no SQL in the answer: {completion!r}", style="red", markup=False)
        return False
    console.print(Syntax(sql, "sql", background_color="default", word_wrap=True))
    result = run_query(sql, options.database, Limits()._replace(seconds=options.timeout))
    if result.status != "ok":
        console.print(f"{result.status}: {result.error}", style="red", markup=False)
        return False
    print_rows(console, result)
    return True


def print_rows(console: Console, result: Execution) -> None:
    """The first rows of a result as a table."""
    table = Table(*map(str, result.columns))
    for row in result.rows[:ROWS_SHOWN]:
        table.add_row(*("NULL" if cell is None else str(cell) for cell in row))
    console.print(table, markup=False)
    shown = f", the first {ROWS_SHOWN} shown" if len(result.rows) > ROWS_SHOWN else ""
    console.print(
        f"{len(result.rows)} row{'s'[: len(result.rows) != 1]}{shown} in {result.seconds:.3f} s", highlight=False
    )


def main() -> int:
    options = parse()
    console = Console()
    try:
        completions = answers(options)
    except (adapters.AdapterError, SchemaError, RecipeError) as error:
        print(f"ask: {error}", file=sys.stderr)
        return 2
    except GenerationError as error:
        print(f"ask: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"ask: {reason(error)} Mend that and ask again.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("ask: stopped.", file=sys.stderr)
        return 130
    ran = [show(console, question, text, options) for question, text in zip(options.question, completions, strict=True)]
    return 0 if all(ran) else 1


if __name__ == "__main__":
    sys.exit(main())

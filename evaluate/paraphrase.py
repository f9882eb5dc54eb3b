"""Made questions in the words of the model: drafts by the untuned model, of which those stay that mean the same.

    .venv-ask/bin/python evaluate/paraphrase.py data/own_made_train.json --databases data/databases/own_made \
        --out data/own_shop_wordings.jsonl

Round trip: a draft stays where the shipped adapter answers it with a query that returns what the pair's SQL returns, by
the rule `strict`. So what stays is what the adapter understands already: such wordings widen the language of the
training, they do not teach new queries. Only rows tagged `generated` are reworded. A line a pair:

    {"id", "of": the made question, "sql", "question": the new one or null, "drafts": [{"question", "outcome"}],
     "made_by"}

`outcome`: `kept`; `unfinished`, `same`, `lost`, `leaks` (wordings.py); `error` or `wrong_result` of the round trip.
`python converters/run.py own --wordings FILE` takes the file. A stopped run goes on where it stopped; another model,
adapter, prompt, seed or database starts anew. Exit status: 0; 1 where the models fail; 2 for misuse.
"""

import argparse
import hashlib
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

import environment  # noqa: E402

environment.enter(needs=("xllamacpp",), venv=environment.ASK)

from tqdm import tqdm  # noqa: E402

from evaluate import wordings  # noqa: E402
from evaluate.asker import SHIPPED  # noqa: E402
from evaluate.examples import DataError, read_examples  # noqa: E402
from evaluate.execution.reader import database_at  # noqa: E402
from evaluate.execution.sandbox import database_problem  # noqa: E402
from evaluate.generation import adapters, engines  # noqa: E402
from evaluate.generation.completions import GenerationError, read_completions, write_completions  # noqa: E402
from evaluate.generation.generate import weights_hash  # noqa: E402
from evaluate.generation.llamacpp import Engine  # noqa: E402
from evaluate.options import positive, reason  # noqa: E402
from evaluate.round_trip import TEMPERATURE, Paraphraser  # noqa: E402
from models.catalogue import FOLDER, MODELS, ModelError, gguf_file  # noqa: E402
from recipes.recipe import RecipeError  # noqa: E402
from sql.schema import SchemaError  # noqa: E402

DEFAULT_MODEL = "qwen2.5-coder-0.5b-instruct"
CONTEXT = 8192  # tokens, of either model


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("data", type=Path, metavar="DATA.json", help="made pairs as converters/run.py writes them")
    add("--databases", type=Path, required=True, metavar="DIR", help="the databases of that conversion")
    add("--out", type=Path, required=True, metavar="FILE.jsonl", help="where the wordings go")
    whom = "who words: a name of models/run.py list, or a folder with the GGUF file of a Qwen2.5 (default: %(default)s)"
    add("--model", default=DEFAULT_MODEL, help=whom)
    add("--adapter", type=Path, default=SHIPPED, metavar="DIR", help="who answers (default: the shipped one)")
    add("--drafts", type=positive, default=2, metavar="N", help="tries for a pair at most (default: %(default)s)")
    add("--limit", type=positive, metavar="N", help="only the first N pairs")
    add("--seed", type=int, default=7, help="of the drafts (default: %(default)s)")
    return parser.parse_args(arguments)


def pairs_of(options: argparse.Namespace) -> list[dict]:
    """The made pairs of the data file. Raises DataError."""
    rows = [row for row in read_examples(options.data) if "generated" in row.get("tags", ())][: options.limit]
    if not rows:
        raise DataError(
            f"{options.data}: no row is tagged `generated`. Make pairs first: "
            "python converters/run.py own --database FILE --generate N"
        )
    for name in sorted({row["database"] for row in rows}):
        if problem := database_problem(options.databases / name):
            raise DataError(f"{problem}. --databases must be the folder of the conversion that wrote {options.data}.")
    return rows


def writer_gguf(model: str) -> Path:
    """The GGUF file of the model that words, brought where it is not there. Raises DataError for another name."""
    if model in MODELS and MODELS[model].name.startswith("qwen"):
        return engines.model_gguf(str(FOLDER / model))
    if found := gguf_file(Path(model)):
        return found
    names = ", ".join(name for name in MODELS if name.startswith("qwen"))
    raise DataError(f"--model {model}: neither one of {names} nor a folder that holds model-q4_k_m.gguf")


def maker(options: argparse.Namespace, gguf: Path, rows: list[dict]) -> str:
    """12 hex digits that change with all that the wordings depend on."""
    databases = {name: database_at(options.databases / name).digest for name in {row["database"] for row in rows}}
    facts = [
        weights_hash(gguf),
        weights_hash(options.adapter),
        wordings.prompt_digest(),
        options.seed,
        options.drafts,
        TEMPERATURE,
        sorted(databases.items()),
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]


def done_before(path: Path, rows: list[dict], made_by: str) -> dict[str, dict]:
    """The lines of an earlier run on the same pairs; all others are dropped from the file."""
    wanted = {row["id"]: (row["question"], row["output"], made_by) for row in rows}
    lines = read_completions(path).items()
    kept = {key: line for key, line in lines if wanted.get(key) == (line["of"], line["sql"], line["made_by"])}
    write_completions(path, kept)
    return kept


def run(options: argparse.Namespace) -> None:
    """Reword what is left, a line each as soon as it is known, and say what came of it."""
    rows, gguf = pairs_of(options), writer_gguf(options.model)
    made_by = maker(options, gguf, rows)
    done = done_before(options.out, rows, made_by)
    waiting, start = [row for row in rows if row["id"] not in done], time.monotonic()
    known = {wordings.normal(row["question"]) for row in rows}
    known |= {wordings.normal(line["question"]) for line in done.values() if line["question"]}
    for line in reworded(options, gguf, waiting, known):
        done[line["id"]] = line | {"made_by": made_by}
        with options.out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(done[line["id"]], ensure_ascii=False) + "\n")
    print("\n".join(report(list(done.values()), len(waiting), time.monotonic() - start)))


def reworded(options: argparse.Namespace, gguf: Path, rows: list[dict], known: set[str]) -> Iterator[dict]:
    """The lines of the pairs, in order."""
    if not rows:
        return
    with ExitStack() as stack:
        writer = stack.enter_context(Engine(gguf, context=CONTEXT))
        answerer = stack.enter_context(Engine(*engines.gguf_files(adapters.only(options.adapter)), context=CONTEXT))
        paraphraser = Paraphraser(
            writer,
            answerer,
            databases=options.databases,
            adapter=options.adapter,
            drafts=options.drafts,
            seed=options.seed,
            known=known,
        )
        bar, kept = stack.enter_context(tqdm(total=len(rows), unit="pair")), 0
        for row in rows:
            line = paraphraser.reword(row)
            kept += line["question"] is not None
            bar.set_postfix(kept=kept)
            bar.update()
            yield line


def report(lines: list[dict], new: int, seconds: float) -> Iterator[str]:
    """How many stayed, why the others did not, and how long it took."""
    kept = sum(line["question"] is not None for line in lines)
    outcomes = Counter(draft["outcome"] for line in lines for draft in line["drafts"])
    yield f"paraphrase: {kept} of {len(lines)} pairs got a wording by the model ({kept / len(lines):.0%})"
    yield "  drafts: " + ", ".join(f"{outcome} {number}" for outcome, number in sorted(outcomes.items()))
    if new:
        yield f"  {new} pairs in {seconds:.0f} s, {60 * new / seconds:.1f} a minute, loading included"


def main() -> int:
    try:
        run(parse())
    except (DataError, adapters.AdapterError, SchemaError, RecipeError) as error:
        print(f"paraphrase: {error}", file=sys.stderr)
        return 2
    except (GenerationError, ModelError) as error:
        print(f"paraphrase: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"paraphrase: {reason(error)} Correct that and run again.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("paraphrase: interrupted; what is done is kept. Run the same command to go on.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Convert a corpus into alpaca JSON for LLaMA-Factory.

    python converters/run.py exoplanets                 writes data/exoplanets_{train,eval}.json and the database
    python converters/run.py exoplanets --style ddl     with another prompt style
    python converters/run.py --recipe recipes/X.yaml    whatever data the recipe names, where missing or out of date
"""

import argparse
import importlib
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import environment  # noqa: E402

environment.enter(needs=("omegaconf",))

from converters import prompt, rows, schema  # noqa: E402
from converters.rows import ConversionError  # noqa: E402
from recipes import recipe  # noqa: E402

DATA = ROOT / "data"
SPLITS = ("train", "eval")


def corpora() -> dict[str, ModuleType]:
    """The corpus modules beside this file by name: those that define `examples`."""
    modules = {
        path.stem: importlib.import_module(f"converters.{path.stem}")
        for path in sorted(Path(__file__).parent.glob("*.py"))
        if path.stem not in ("run", "__init__")
    }
    return {name: module for name, module in modules.items() if hasattr(module, "examples")}


def convert(name: str, module: ModuleType, arguments: argparse.Namespace) -> None:
    """Write the database and the two converted files of one corpus, and print what was done."""
    databases = arguments.data / "databases" / name
    module.prepare(arguments, databases)
    style = arguments.style or module.DEFAULT_STYLE
    for split in SPLITS:
        start = time.monotonic()
        path = arguments.data / f"{name}_{split}.json"
        count = rows.write_rows(path, converted(module.examples(split, arguments), databases, style))
        print(f"{name}: {count} rows -> {shown(path)} (style {style}, {time.monotonic() - start:.1f} s)")


def converted(examples: Iterator[rows.Example], databases: Path, style: str) -> Iterator[dict]:
    """The alpaca rows of `examples`; every database's schema is read once."""
    schemas: dict[str, schema.Schema] = {}
    tags = rows.style_tags(style)
    for example in examples:
        if example.database not in schemas:
            schemas[example.database] = schema.read_schema(databases / example.database)
        built = prompt.build_prompt(schemas[example.database], example.question, style=style)
        yield rows.converted_row(example, built, tags)


def is_current(name: str, module: ModuleType, arguments: argparse.Namespace) -> bool:
    """Whether both converted files are newer than what they are made from and hold the prompt asked for."""
    outputs = [arguments.data / f"{name}_{split}.json" for split in SPLITS]
    if not all(path.is_file() for path in outputs):
        return False
    wanted = rows.style_tags(arguments.style or module.DEFAULT_STYLE)
    newest = max(path.stat().st_mtime for path in module.sources(arguments))
    return all(path.stat().st_mtime >= newest and first_tags(path)[:2] == wanted for path in outputs)


def first_tags(path: Path) -> list[str]:
    """The tags of the first row of a converted file (empty where it is not one)."""
    with path.open(encoding="utf-8") as file:
        file.readline()
        try:
            return json.loads(file.readline().rstrip().removesuffix(","))["tags"]
        except (ValueError, KeyError):
            return []


def convert_for_recipe(path: Path, known: dict[str, ModuleType], arguments: argparse.Namespace) -> None:
    """Make every converted file that a recipe names; says so where there is nothing to do."""
    for name in recipe.corpora(recipe.read(path, arguments.overrides)):
        if name not in known:
            raise ConversionError(f"{path}: key dataset: {name!r} is no corpus; known: {', '.join(known)}")
        module = known[name]
        chosen = parser_of(known).parse_args([name, "--data", str(arguments.data), *style_option(arguments)])
        if is_current(name, module, chosen):
            print(f"{name}: {shown(arguments.data)}/{name}_{{train,eval}}.json are up to date")
        else:
            convert(name, module, chosen)


def style_option(arguments: argparse.Namespace) -> list[str]:
    return ["--style", arguments.style] if arguments.style else []


def shown(path: Path) -> str:
    """A path relative to the repository where it lies inside."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def parser_of(known: dict[str, ModuleType]) -> argparse.ArgumentParser:
    """One sub-command a corpus, each with its own options beside the common ones."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    commands = parser.add_subparsers(dest="corpus", required=True)
    for name, module in known.items():
        command = commands.add_parser(name, help=module.__doc__.split("\n", 1)[0])
        command.add_argument("--source", help="folder of the corpus, or `hub`")
        command.add_argument("--style", choices=prompt.STYLES, help=f"prompt style (default: {module.DEFAULT_STYLE})")
        command.add_argument("--data", type=Path, default=DATA, help="folder to write to (default: %(default)s)")
        module.add_arguments(command)
    return parser


def recipe_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Convert the data a recipe names, where missing or out of date.")
    parser.add_argument("--recipe", type=Path, required=True)
    parser.add_argument("--style", choices=prompt.STYLES)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE")
    return parser


def main() -> int:
    known = corpora()
    try:
        if "--recipe" in sys.argv:
            arguments = recipe_parser().parse_args()
            convert_for_recipe(arguments.recipe, known, arguments)
        else:
            arguments = parser_of(known).parse_args()
            convert(arguments.corpus, known[arguments.corpus], arguments)
    except (ConversionError, schema.SchemaError, recipe.RecipeError) as error:
        print(f"converters: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"converters: {error.filename}: {error.strerror}. Nothing was replaced; mend that and run again.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

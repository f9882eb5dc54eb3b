"""Convert a corpus into alpaca JSON for LLaMA-Factory.

    python converters/run.py exoplanets                 writes data/exoplanets_{train,eval}.json and the database
    python converters/run.py exoplanets --style ddl     with another prompt style
    python converters/run.py spider --source ~/spider   a corpus that is not shipped is told where it lies
    python converters/run.py own --database shop.sqlite --questions pairs.csv
    python converters/run.py spider --name spider_linked --source ~/spider   a variant: other options, its own files
    python converters/run.py --recipe recipes/X.yaml    whatever data the recipe names, where missing or out of date

Exit status: 0; 2 for misuse or input that cannot be converted; 1 where a file could not be written.
"""

import argparse
import importlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)

import environment  # noqa: E402

environment.enter(needs=("omegaconf",))

from converters import prompt, recipe_checks, schema, variants  # noqa: E402
from converters.build import expected_tags  # noqa: E402
from converters.convert import SPLITS, Conversion, output_path, read_record, shown  # noqa: E402
from converters.rows import ConversionError  # noqa: E402
from recipes import recipe  # noqa: E402

DATA = ROOT / "data"


def corpora() -> dict[str, ModuleType]:
    """The corpus modules by name: the files in converters/corpora/."""
    names = sorted(path.stem for path in (Path(__file__).parent / "corpora").glob("[a-z]*.py"))
    return {name: importlib.import_module(f"converters.corpora.{name}") for name in names}


def convert(name: str, module: ModuleType, arguments: argparse.Namespace) -> None:
    """Write the databases, the two converted files and the record of one data set, and print what was done."""
    missing = missing_options(module, arguments)
    if missing:
        raise ConversionError(f"{name} needs {' and '.join(missing)}. Run: {first_command(name, module)}")
    conversion = Conversion(name, module, arguments)
    conversion.run()
    print("\n".join([*conversion.report(), *variants.unregistered(name, has_history=arguments.turns > 1)]))


def missing_options(module: ModuleType, arguments: argparse.Namespace) -> list[str]:
    """The options a corpus cannot start without that were not given."""
    return [f"--{option}" for option in module.REQUIRED if getattr(arguments, option) is None]


def first_command(name: str, module: ModuleType) -> str:
    """The command that converts a data set for the first time, and what its placeholders stand for."""
    corpus = module.__name__.rpartition(".")[2]
    named = [] if name == corpus else [f"--name {name}"]
    words = [f"--{option} {placeholder}" for option, (placeholder, _) in module.REQUIRED.items()]
    meant = [f"{placeholder} is {meaning}" for placeholder, meaning in module.REQUIRED.values()]
    return " ".join([f"python converters/run.py {corpus}", *named, *words]) + "\n  " + "; ".join(meant)


def is_current(name: str, module: ModuleType, arguments: argparse.Namespace) -> bool:
    """Whether both converted files are newer than what they are made from and hold the prompt asked for.

    Sources that are gone make nothing out of date.
    """
    outputs = [output_path(arguments.data, name, split) for split in SPLITS]
    if not all(path.is_file() for path in outputs):
        return False
    wanted = expected_tags(arguments.style, arguments.schema)
    newest = max((path.stat().st_mtime for path in known_sources(module, arguments) if path.exists()), default=0.0)
    return all(path.stat().st_mtime >= newest and first_tags(path)[: len(wanted)] == wanted for path in outputs)


def known_sources(module: ModuleType, arguments: argparse.Namespace) -> list[Path]:
    """The files that a conversion was made from, as far as they are known and there."""
    if missing_options(module, arguments):
        return []
    try:
        return module.sources(arguments)
    except ConversionError:
        return []


def first_tags(path: Path) -> list[str]:
    """The tags of the first row of a converted file (empty where it is not one)."""
    with path.open(encoding="utf-8") as file:
        file.readline()
        try:
            return json.loads(file.readline().rstrip().removesuffix(","))["tags"]
        except (ValueError, KeyError):
            return []


def convert_for_recipe(path: Path, known: dict[str, ModuleType], arguments: argparse.Namespace) -> None:
    """Make every converted file that a recipe names, as it was last converted; says so where there is nothing to do."""
    values = recipe.read(path, arguments.overrides)
    arguments.data = arguments.data or recipe.data_folder(values)
    for name in recipe.corpora(values):
        corpus = corpus_of(name, known, arguments.data)
        if corpus is None:
            names = ", ".join([*known, *variants.VARIANTS])
            raise ConversionError(f"{path}: key dataset: {name!r} is no corpus; known: {names}")
        module = known[corpus]
        chosen = remembered(name, corpus, known, arguments)
        if is_current(name, module, chosen):
            print(f"{name}: {shown(arguments.data)}/{name}_{{train,eval}}.json are up to date (style {chosen.style})")
        elif missing_options(module, chosen):
            raise ConversionError(
                f"{path}: key dataset: {name} has not been converted yet, and it is not shipped. "
                f"Run once: {first_command(name, module)}"
            )
        else:
            convert(name, module, chosen)
    train, evaluation = recipe.datasets(values), recipe.datasets(values, "eval_dataset")
    for line in recipe_checks.tell(values, arguments.data, train, evaluation):
        print(f"converters: {path}: {line}", file=sys.stderr)


def corpus_of(name: str, known: dict[str, ModuleType], data: Path | None) -> str | None:
    """The corpus that a data set is made from: its own name, that of a shipped variant, or what its record says."""
    if name in known:
        return name
    if name in variants.VARIANTS:
        return variants.VARIANTS[name].corpus
    return read_record(data, name).get("corpus") if data else None


def remembered(name: str, corpus: str, known: dict[str, ModuleType], arguments: argparse.Namespace):
    """The options of a data set's last conversion, into this folder or else into data/; a style given now counts more.

    A variant that was never converted takes what it cannot do without, as its source, from its corpus's conversion.
    """
    record = read_record(arguments.data, name) or read_record(DATA, name)
    options = record.get("options")
    if options is None:
        options = needed_options(known[corpus], corpus, arguments.data, known)
    now = ["--data", str(arguments.data), *(["--style", arguments.style] if arguments.style else [])]
    return parsed(known, [corpus, "--name", name, *options, *now])


def needed_options(module: ModuleType, corpus: str, data: Path, known: dict[str, ModuleType]) -> list[str]:
    """The required options that a corpus was last converted with, as words of a command line."""
    last = parser_of(known).parse_args(
        [corpus, *(read_record(data, corpus) or read_record(DATA, corpus)).get("options", [])]
    )
    given = {option: getattr(last, option) for option in module.REQUIRED if getattr(last, option) is not None}
    return [word for option, value in given.items() for word in (f"--{option}", str(value))]


def parsed(known: dict[str, ModuleType], words: list[str]) -> argparse.Namespace:
    """The options of a command line, with the corpus's own default style, and `options`: the words to repeat it by."""
    parser = parser_of(known)
    arguments = parser.parse_args(words)
    arguments.name = arguments.name or arguments.corpus
    owner = corpus_of(arguments.name, known, None) or arguments.corpus
    if owner != arguments.corpus:
        parser.error(f"--name {arguments.name} belongs to the corpus {owner}. Give another name")
    if arguments.name in variants.VARIANTS:
        options = variants.VARIANTS[arguments.name].options
        arguments = parser.parse_args([arguments.corpus, *options, *words[1:]])
    if arguments.cutoff and not arguments.tokenizer:
        parser.error(
            "--cutoff needs --tokenizer MODEL and --template NAME: tokens are counted as the trainer counts them"
        )
    if arguments.turn_tokens and not arguments.tokenizer:
        parser.error("--turn-tokens needs --tokenizer MODEL and --template NAME")
    if arguments.turns > 1 and arguments.schema == "linked":
        parser.error("--turns needs --schema full: the first turn's schema must hold for every later question")
    if arguments.tokenizer and not arguments.template:
        parser.error("--tokenizer needs --template NAME, the template of the recipe")
    arguments.options = list(repeatable(arguments, known[arguments.corpus]))
    arguments.style = arguments.style or known[arguments.corpus].DEFAULT_STYLE
    return arguments


def repeatable(arguments: argparse.Namespace, module: ModuleType) -> Iterator[str]:
    """The options that differ from their defaults, as words of a command line."""
    defaults = corpus_parser(argparse.ArgumentParser(), module).parse_args([])
    for name, value in vars(arguments).items():
        if name not in ("corpus", "name", "data") and value != getattr(defaults, name):
            yield "--" + name.replace("_", "-")
            if value is not True:
                yield ",".join(value) if isinstance(value, list) else str(value)


def parser_of(known: dict[str, ModuleType]) -> argparse.ArgumentParser:
    """One sub-command a corpus, each with its own options beside the common ones."""
    parser = argparse.ArgumentParser(
        prog="converters/run.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="corpus", required=True)
    usages = []
    for name, module in known.items():
        command = corpus_parser(commands.add_parser(name, help=module.__doc__.split("\n", 1)[0]), module)
        usages.append(command.format_usage().removeprefix("usage: "))
    parser.epilog = "\n".join(usages)
    return parser


def corpus_parser(parser: argparse.ArgumentParser, module: ModuleType) -> argparse.ArgumentParser:
    """The options every corpus has, then the module's own."""
    add = parser.add_argument
    add("--name", type=file_name, help="what the converted files are called (default: the corpus's name)")
    add("--style", choices=prompt.STYLES, help=f"prompt style (default: {module.DEFAULT_STYLE})")
    add("--schema", choices=("full", "linked"), default="full", help="linked: only what a question seems to need")
    add("--tokenizer", metavar="MODEL", help="count tokens with this model's tokenizer (needs --template)")
    add("--template", metavar="NAME", help="LLaMA-Factory's template for counting")
    add("--cutoff", type=int, metavar="N", help="shorten, else drop, rows of more than N tokens (needs --tokenizer)")
    add("--golds", choices=("as-is", "clean"), default="as-is", help="clean: training answers in one plain style")
    add("--turns", type=positive, default=1, metavar="N", help="training rows are conversations of up to N questions")
    add("--turn-tokens", type=positive, metavar="T", help="and of up to T tokens (default: --cutoff)")
    add("--only", type=listed, default=[], metavar="TAG,...", help="keep rows with all of these tags")
    add("--without", type=listed, default=[], metavar="TAG,...", help="leave out rows with one of these tags")
    add("--limit", type=int, metavar="N", help="at most N rows a file, drawn by --seed")
    add("--seed", type=int, default=7, help="for whatever is drawn or made up (default: %(default)s)")
    add("--data", type=Path, default=DATA, help="folder to write to (default: %(default)s)")
    module.add_arguments(parser)
    return parser


def file_name(text: str) -> str:
    """A name that can be part of a file's name."""
    if not re.fullmatch(r"[\w.-]+", text):
        raise argparse.ArgumentTypeError(f"{text!r}: letters, digits, '_', '.' and '-' only")
    return text


def positive(text: str) -> int:
    """A whole number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: a whole number from 1 is expected")
    return int(text)


def listed(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def recipe_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Convert the data a recipe names, where missing or out of date.")
    parser.add_argument("--recipe", type=Path, required=True)
    parser.add_argument("--style", choices=prompt.STYLES)
    parser.add_argument("--data", type=Path, help="folder to write to (default: where the recipe's dataset_dir says)")
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE")
    return parser


def main() -> int:
    known = corpora()
    try:
        if any(word.partition("=")[0] == "--recipe" for word in sys.argv):
            arguments = recipe_parser().parse_args()
            convert_for_recipe(arguments.recipe, known, arguments)
        else:
            arguments = parsed(known, sys.argv[1:])
            convert(arguments.name, known[arguments.corpus], arguments)
    except (ConversionError, schema.SchemaError, recipe.RecipeError) as error:
        print(f"converters: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""  # a full disk names no file
        print(f"converters: {place}{error.strerror}. Nothing was replaced; mend that and run again.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

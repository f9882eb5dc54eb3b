"""Convert a corpus into alpaca JSON for LLaMA-Factory.

    python converters/run.py exoplanets                 writes data/exoplanets_{train,eval}.json and the database
    python converters/run.py exoplanets --style ddl     with another prompt style
    python converters/run.py spider --source ~/spider   for a corpus that is not shipped, give its location
    python converters/run.py own --database shop.sqlite --questions pairs.csv
    python converters/run.py own --database shop.sqlite --generate 300   pairs made from its schema and rows
    python converters/run.py spider --name spider_linked --source ~/spider   a variant: other options, its own files
    python converters/run.py --recipe recipes/X.yaml    whatever data the recipe names, where missing or out of date

Exit status: 0; 2 for misuse or input that cannot be converted; 1 where a file could not be written.
"""

import argparse
import importlib
import re
import sys
from dataclasses import fields
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)

import environment  # noqa: E402

environment.enter(needs=("omegaconf",))

from converters import recipe_checks, variants  # noqa: E402
from converters.convert import Conversion, Options, displayed, output_path, read_record, splits_of  # noqa: E402
from converters.corpora import whole  # noqa: E402
from converters.rows import ConversionError  # noqa: E402
from prompts import prompt  # noqa: E402
from prompts.linking import LinkingError  # noqa: E402
from prompts.tags import expected_tags, first_row  # noqa: E402
from recipes import recipe  # noqa: E402
from sql.schema import SchemaError  # noqa: E402

DATA = ROOT / "data"


def corpora() -> dict[str, type]:
    """The corpora by name: the class `Corpus` of each file in converters/corpora/."""
    names = sorted(path.stem for path in (Path(__file__).parent / "corpora").glob("[a-z]*.py"))
    return {name: importlib.import_module(f"converters.corpora.{name}").Corpus for name in names}


def convert(name: str, corpus: str, given: dict, known: dict[str, type], data: Path) -> None:
    """Write the databases, the two converted files and the record of one data set, and print what was done."""
    instead = getattr(known[corpus], "instead", {})
    missing = [
        f"--{option} or --{instead[option]}" if option in instead else f"--{option}"
        for option in missing_options(known[corpus], given | shipped_options(name))
    ]
    if missing:
        raise ConversionError(f"{name} needs {' and '.join(missing)}. Run: {first_command(name, corpus, known)}")
    options = options_of(name, corpus, given, known, data)
    conversion = Conversion(opened(name, known[corpus], given), options, given)
    conversion.run()
    unregistered = variants.unregistered(name, splits_of(known[corpus]), has_history=options.turns > 1)
    print("\n".join([*conversion.report(), *unregistered]))


def shipped_options(name: str) -> dict:
    """The options of a shipped variant; empty for any other name."""
    return variants.VARIANTS[name].options if name in variants.VARIANTS else {}


def options_of(name: str, corpus: str, given: dict, known: dict[str, type], data: Path) -> Options:
    """The common options of a conversion: those given, else the variant's, or the defaults. Raises ConversionError."""
    style = {"style": known[corpus].default_style}
    chosen = style | shipped_options(name) | given
    names = {field.name for field in fields(Options)}
    options = Options(corpus=corpus, name=name, data=data, **{key: chosen[key] for key in chosen if key in names})
    if problem := contradiction(options, corpus, known):
        raise ConversionError(problem)
    return options


def contradiction(options: Options, corpus: str, known: dict[str, type]) -> str | None:
    """Which options do not go together; None where all do."""
    owner = corpus_of(options.name, known, None) or corpus
    if owner != corpus:
        return f"--name {options.name} belongs to the corpus {owner}. Give another name"
    if options.cutoff and not options.tokenizer:
        return "--cutoff needs --tokenizer MODEL and --template NAME: tokens are counted as the trainer counts them"
    if options.turn_tokens and not options.tokenizer:
        return "--turn-tokens needs --tokenizer MODEL and --template NAME"
    if options.turns > 1 and options.schema == "linked":
        return "--turns needs --schema full: the first turn's schema must hold for every later question"
    if options.tokenizer and not options.template:
        return "--tokenizer needs --template NAME, the template of the recipe"
    return None


def opened(name: str, corpus: type, given: dict):
    """The corpus with its own options. Those it requires are among them."""
    chosen = shipped_options(name) | given
    return corpus(**{field.name: chosen[field.name] for field in fields(corpus) if field.name in chosen})


def missing_options(corpus: type, options: dict) -> list[str]:
    """The options a corpus cannot start without that were not given."""
    instead = getattr(corpus, "instead", {})
    return [
        option
        for option in corpus.required
        if options.get(option) is None and options.get(instead.get(option, "")) is None
    ]


def first_command(name: str, corpus: str, known: dict[str, type]) -> str:
    """The command that converts a data set for the first time, and what its placeholders mean."""
    named = [] if name == corpus else [f"--name {name}"]
    required = known[corpus].required
    words = [f"--{option} {placeholder}" for option, (placeholder, _) in required.items()]
    meanings = [f"{placeholder} is {meaning}" for placeholder, meaning in required.values()]
    return " ".join([f"python converters/run.py {corpus}", *named, *words]) + "\n  " + "; ".join(meanings)


def convert_for_recipe(path: Path, known: dict[str, type], arguments: argparse.Namespace) -> None:
    """Make every converted file that a recipe names, as it was last converted; says so where there is nothing to do."""
    values = recipe.read(path, arguments.overrides)
    data = arguments.data or recipe.data_folder(values)
    for name in recipe.corpora(values):
        corpus = corpus_of(name, known, data)
        if corpus is None:
            names = ", ".join([*known, *variants.VARIANTS])
            raise ConversionError(f"{path}: key dataset: {name!r} is not a corpus; known: {names}")
        given = remembered(name, corpus, known, data) | ({"style": arguments.style} if arguments.style else {})
        options = options_of(name, corpus, given, known, data)
        if is_current(options, known[corpus], given):
            print(f"{name}: {displayed(data)}/{name}_{{train,eval}}.json are up to date (style {options.style})")
        elif missing_options(known[corpus], given | shipped_options(name)):
            raise ConversionError(
                f"{path}: key dataset: {name} has not been converted yet, and it is not shipped. "
                f"Run once: {first_command(name, corpus, known)}"
            )
        else:
            convert(name, corpus, given, known, data)
    train, evaluation = recipe.datasets(values), recipe.datasets(values, "eval_dataset")
    for line in recipe_checks.warnings(values, data, train, evaluation):
        print(f"converters: {path}: {line}", file=sys.stderr)


def corpus_of(name: str, known: dict[str, type], data: Path | None) -> str | None:
    """The corpus that a data set is made from: its own name, that of a shipped variant, or what its record says."""
    if name in known:
        return name
    if name in variants.VARIANTS:
        return variants.VARIANTS[name].corpus
    return read_record(data, name).get("corpus") if data else None


def remembered(name: str, corpus: str, known: dict[str, type], data: Path) -> dict:
    """The options that a data set's last conversion was given, into this folder or else into data/.

    A variant that was never converted takes the options its corpus cannot do without from that one's conversion.
    """
    record = read_record(data, name) or read_record(DATA, name)
    if record:
        return record["options"]
    options = (read_record(data, corpus) or read_record(DATA, corpus)).get("options", {})
    return {option: options[option] for option in known[corpus].required if option in options}


def is_current(options: Options, corpus: type, given: dict) -> bool:
    """Whether the converted files are newer than what they are made from and hold the prompt asked for.

    Sources that are gone make nothing out of date.
    """
    outputs = [output_path(options.data, options.name, split) for split in splits_of(corpus)]
    if not all(path.is_file() for path in outputs):
        return False
    wanted = expected_tags(options.style, linked=options.schema == "linked")
    sources = known_sources(options.name, corpus, given)
    newest = max((path.stat().st_mtime for path in sources if path.exists()), default=0.0)
    tags = [first_row(path).get("tags", [])[: len(wanted)] for path in outputs]
    return all(path.stat().st_mtime >= newest for path in outputs) and tags == [wanted] * len(outputs)


def known_sources(name: str, corpus: type, given: dict) -> list[Path]:
    """The files that a conversion was made from, as far as they are known and there."""
    if missing_options(corpus, given | shipped_options(name)):
        return []
    try:
        return opened(name, corpus, given).files()
    except ConversionError:
        return []


def parser_of(known: dict[str, type]) -> argparse.ArgumentParser:
    """One sub-command a corpus, with the common options and its own; what is not given is not in the result."""
    parser = argparse.ArgumentParser(
        prog="converters/run.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="corpus", required=True)
    usages = []
    for name, corpus in known.items():
        title = sys.modules[corpus.__module__].__doc__.split("\n", 1)[0]
        command = commands.add_parser(name, help=title, argument_default=argparse.SUPPRESS)
        add_common_options(command, corpus)
        corpus.add_options(command)
        usages.append(command.format_usage().removeprefix("usage: "))
    parser.epilog = "\n".join(usages)
    return parser


def add_common_options(parser: argparse.ArgumentParser, corpus: type) -> None:
    """The options every corpus has."""
    add = parser.add_argument
    add("--name", type=file_name, help="what the converted files are called (default: the corpus's name)")
    add("--style", choices=prompt.STYLES, help=f"prompt style (default: {corpus.default_style})")
    add("--schema", choices=("full", "linked"), help="linked: only what a question seems to need (default: full)")
    add("--not-shown", choices=("leave-out", "keep"), help="training rows whose gold reads what a linked or shortened "
        "prompt hides (default: leave-out)")  # fmt: skip
    add("--tokenizer", metavar="MODEL", help="count tokens with this model's tokenizer (needs --template)")
    add("--template", metavar="NAME", help="LLaMA-Factory's template for counting")
    add("--cutoff", type=whole, metavar="N", help="shorten rows of more than N tokens, or drop them")
    add("--golds", choices=("as-is", "clean"), help="clean: training answers in one plain style (default: as-is)")
    add("--turns", type=whole, metavar="N", help="training rows are conversations of up to N questions (default: 1)")
    add("--turn-tokens", type=whole, metavar="T", help="and of up to T tokens (default: --cutoff)")
    add("--only", type=tag_list, metavar="TAG,...", help="keep rows with all of these tags")
    add("--without", type=tag_list, metavar="TAG,...", help="leave out rows with one of these tags")
    add("--limit", type=whole, metavar="N", help="at most N rows per file, drawn by --seed")
    add("--seed", type=int, help="for random draws and made-up rows (default: 7)")
    add("--data", type=Path, help="folder to write to (default: data/ of this repository)")


def file_name(text: str) -> str:
    """A name that can be part of a file's name."""
    if not re.fullmatch(r"[\w.-]+", text):
        raise argparse.ArgumentTypeError(f"{text!r}: letters, digits, '_', '.' and '-' only")
    return text


def tag_list(text: str) -> list[str]:
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
            given = vars(parser_of(known).parse_args())
            corpus = given.pop("corpus")
            convert(given.pop("name", corpus), corpus, given, known, given.pop("data", DATA))
    except (ConversionError, LinkingError, SchemaError, recipe.RecipeError) as error:
        print(f"converters: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""  # a full disk names no file
        print(
            f"converters: {place}{error.strerror}. Nothing was replaced. Correct that and run again.", file=sys.stderr
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

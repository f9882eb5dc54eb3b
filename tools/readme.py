"""Write the parts of converters/README.md that a program can: an example prompt a style, and the linker's figures.

    python tools/readme.py                          the examples, from the shipped questions
    python tools/readme.py --source ~/spider        the linker's figures too, measured on Spider dev

A part stands between `<!-- NAME ... -->` and `<!-- end of NAME -->`.
"""

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)

import environment  # noqa: E402
from atomic import write_text  # noqa: E402

environment.enter(needs=("rapidfuzz",))

from converters import lengths  # noqa: E402
from converters.build import Builder  # noqa: E402
from converters.corpora import exoplanets, spider  # noqa: E402
from prompts import prompt  # noqa: E402
from tools.linking_report import markdown, measure  # noqa: E402

README = ROOT / "converters" / "README.md"
QUESTION = 4  # which of the shipped evaluation questions is shown
TOKENIZER, TEMPLATE = "data/models/gemma-3-270m", "gemma"


def examples() -> Iterator[str]:
    """One question's whole user turn in every style, as Markdown."""
    with tempfile.TemporaryDirectory() as folder:
        corpus = exoplanets.Corpus()
        corpus.databases(Path(folder))
        example = corpus.example(list(corpus.candidates("eval"))[QUESTION], Path(folder), 100)
    for style in prompt.STYLES:
        row = Builder(style).build(example).row
        yield f"**{style}**\n\n````text\n{prompt.user_turn(row['instruction'], row['input'])}\n````\n"


def linking(source: str) -> Iterator[str]:
    """The linker's figures on Spider dev, in tokens."""
    figures = measure(spider.Corpus(source), "eval", lengths.token_counter(TOKENIZER, TEMPLATE))
    yield from markdown("Spider dev", figures, "tokens")


def replaced(text: str, name: str, part: str) -> str:
    """The document with another text between the marks of `name`. Raises ValueError where the marks are not there."""
    marks = re.compile(rf"(<!-- {name}\b[^>]*-->\n).*?(<!-- end of {name} -->)", re.DOTALL)
    if not marks.search(text):
        raise ValueError(f"{README}: the marks of {name!r} are missing")
    return marks.sub(lambda found: f"{found[1]}\n{part.strip()}\n\n{found[2]}", text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", help="folder of the unpacked Spider")
    arguments = parser.parse_args()
    text = replaced(README.read_text(encoding="utf-8"), "examples", "\n".join(examples()))
    if arguments.source:
        text = replaced(text, "linking", "\n".join(linking(arguments.source)))
    write_text(README, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

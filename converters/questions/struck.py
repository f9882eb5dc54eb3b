"""Pairs that a person struck out: a text file, a line a question, or a query, which strikes all its questions.

    # shop.struck.txt, beside shop.sqlite (or beside the questions, where there are some)
    How many orders by customer 7?
    SELECT colour, AVG(cost) FROM products GROUP BY colour

Case, punctuation and spacing do not matter. The page data.html writes the file; any editor will do.
"""

from pathlib import Path

from converters.rows import ConversionError
from converters.splits import normal_question
from sql.sql_text import first_word, normal_sql


def struck_path(database: Path, questions: Path | None, given: Path | None) -> Path:
    """Where the struck pairs of a database are listed, unless another file is given."""
    return given or (questions or database).parent / f"{database.stem}.struck.txt"


def struck_lines(path: Path) -> list[str]:
    """The lines of the file without comments; empty where there is no file. Raises ConversionError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return []
    except UnicodeDecodeError as error:
        raise ConversionError(f"{path}: not UTF-8 ({error.reason} at byte {error.start}). Save it as UTF-8.") from error
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def struck_keys(lines: list[str]) -> frozenset[str]:
    """The lines as generate() compares them: normalised questions and queries."""
    return frozenset(
        normal_sql(line) if first_word(line).upper() in ("SELECT", "WITH") else normal_question(line) for line in lines
    )

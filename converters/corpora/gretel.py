"""gretelai/synthetic_text_to_sql: 100,000 made-up rows in train and 5,851 in test, each with a database of its own.

A raw row, shortened (parquet, JSON or JSON lines, or from the hub):
    {"id": 39325, "sql_prompt": "What is the total number of hospital beds in each state?",
     "sql_context": "CREATE TABLE Beds (State VARCHAR(50), Beds INT); INSERT INTO Beds (State, Beds) VALUES ...;",
     "sql": "SELECT State, SUM(Beds) FROM Beds GROUP BY State;", "domain": ..., "sql_complexity": ...}
becomes the row `gretel-train-39325`; row_databases/ says what its tags mean. The set mixes dialects, and some of its
golds are broken: `--only runnable` leaves those out. Not covered: the explanations and the domain descriptions.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from converters.corpora import RowDatabases
from converters.rows import Candidate, Skip
from converters.sources import hub_or_file_rows, need, part_files

HUB_NAMES = {"hub": "gretelai/synthetic_text_to_sql"}
KEYS = ("sql_prompt", "sql_context", "sql")


@dataclass(frozen=True)
class Corpus(RowDatabases):
    """The rows of the set."""

    hub_names: ClassVar[dict[str, str]] = HUB_NAMES
    required: ClassVar[dict[str, tuple[str, str]]] = {
        "source": ("PLACE", "a folder with a train and a test file, a single file, or the word hub")
    }

    @property
    def has_parts(self) -> bool:
        """Whether the corpus comes in two parts."""
        return self.source in HUB_NAMES or bool(part_files(Path(self.source))["eval"])

    def candidates(self, part: str) -> Iterator[Candidate | Skip]:
        """The rows of a part, in file order."""
        for number, raw in enumerate(hub_or_file_rows(self.source, HUB_NAMES, part), 1):
            need(raw, KEYS)
            name = "-".join(["gretel", *([] if part == "all" else [part]), str(raw.row.get("id", number))])
            question, context, sql = (stripped(raw.row[key]) for key in KEYS)
            yield Candidate(name, name, question, sql, raw.place, context=context)


def stripped(value: object) -> object:
    """A text without white space at its ends; any other value as it is."""
    return value.strip() if isinstance(value, str) else value

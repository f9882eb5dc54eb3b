"""ChrisHayduk/Llama-2-SQL-Dataset (78,577 rows) and its parent, b-mc2/sql-create-context: WikiSQL and Spider with DDL.

A raw row of the first holds a filled template, of the second the parts:
    {"input": "Below is an instruction that describes a SQL generation task, ...\\n\\n### Instruction:\\nHow many
    heads ...?\\n\\n### Input:\\nCREATE TABLE head (age INTEGER)\\n\\n### Response:", "output": "SELECT COUNT(*) ..."}
    {"question": "How many heads ...?", "context": "CREATE TABLE head (age INTEGER)", "answer": "SELECT COUNT(*) ..."}
Both become the same row. The contexts have tables and no rows, so rows are made up (tag `synthetic_rows`); some lack
a column that the gold reads, and such a gold is not `runnable`. The set holds Spider's questions, dev included: a
score on Spider says nothing about a model trained on it, and the converter warns where data/spider_eval.json is there.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from converters.corpora import RowDatabases
from converters.rows import Candidate, Skip
from converters.sources import Raw, hub_or_file_rows, need

HUB_NAMES = {"hub": "ChrisHayduk/Llama-2-SQL-Dataset", "hub2": "b-mc2/sql-create-context"}
TEMPLATE = re.compile(r"### Instruction:\s*(.*?)\s*### Input:\s*(.*?)\s*### Response:", re.DOTALL)
WRAPPED = re.compile(r"\[/?SQL\]")


@dataclass(frozen=True)
class Corpus(RowDatabases):
    """The rows of the set, in either of its forms."""

    synthetic_rows: str = "yes"

    hub_names: ClassVar[dict[str, str]] = HUB_NAMES
    required: ClassVar[dict[str, tuple[str, str]]] = {
        "source": ("PLACE", "a folder or file of the data set, or the word hub (hub2: its parent)")
    }
    has_parts: ClassVar[bool] = False  # the set's own two parts share questions
    contains: ClassVar[tuple[str, ...]] = ("spider",)  # corpora whose questions are among these

    def candidates(self, part: str) -> Iterator[Candidate | Skip]:
        """All rows, in file order."""
        for number, raw in enumerate(hub_or_file_rows(self.source, HUB_NAMES, "all"), 1):
            parts = parts_of(raw)
            if isinstance(parts, Skip):
                yield parts
                continue
            question, context, sql = parts
            name = f"llama2_sql-{number}"
            yield Candidate(name, name, question, sql, raw.place, context=context)


def parts_of(raw: Raw) -> tuple[str, str, str] | Skip:
    """Question, DDL and SQL of a row in either form."""
    if "input" in raw.row:
        need(raw, ("input", "output"))
        match = TEMPLATE.search(str(raw.row["input"]))
        if not match:
            return Skip("the prompt template is not a known one", raw.place)
        question, context, sql = *match.groups(), raw.row["output"]
    else:
        need(raw, ("question", "context", "answer"))
        question, context, sql = (raw.row[key] for key in ("question", "context", "answer"))
    parts = (question, context, WRAPPED.sub("", sql) if isinstance(sql, str) else sql)
    return tuple(part.strip() if isinstance(part, str) else part for part in parts)

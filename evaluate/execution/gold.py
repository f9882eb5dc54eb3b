"""Gold results: each gold query runs once a database, on a connection of its own, and is kept within a budget of bytes.

The key is what the file holds (sha256) and the SQL, so a copied database is recognised and a changed one is run anew.
"""

import hashlib
import os
from collections import Counter, OrderedDict
from functools import lru_cache
from pathlib import Path

from evaluate.execution.sandbox import MEBIBYTE, Execution, Limits, file_state, run_query
from evaluate.sql.sql_text import tie_breakers


class GoldCache:
    """Executions of gold queries, least recently used first out once their rows take more than `max_bytes`."""

    def __init__(self, limits: Limits, max_bytes: int = 128 * MEBIBYTE) -> None:
        self.limits = limits
        self.max_bytes = max_bytes
        self.bytes = 0
        self._kept: OrderedDict[tuple[str, str], Execution] = OrderedDict()
        self._tied: dict[tuple[str, str], bool] = {}

    def holds(self, sql: str, database: Path) -> bool:
        """Whether the result of `sql` is known."""
        return (database_hash(database), sql) in self._kept

    def run(self, sql: str, database: Path) -> Execution:
        """The result of `sql`, from memory where it is known. Failures are kept as well."""
        key = (database_hash(database), sql)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        execution = run_query(sql, database, self.limits)
        self._kept[key] = execution
        self.bytes += execution.size
        while self.bytes > self.max_bytes and len(self._kept) > 1:
            self.bytes -= self._kept.popitem(last=False)[1].size
        return execution

    def is_tied(self, sql: str, database: Path) -> bool:
        """Whether the gold's outermost LIMIT cuts through a tie, so that another engine could keep other rows.

        Decided by running the query twice more, its ties broken by all result columns upwards and downwards: the rows
        then differ. Ties between rows that look alike do not count, and a LIMIT without ORDER BY cuts a tie of all
        rows. False when either run fails.
        """
        key = (database_hash(database), sql)
        if key not in self._tied:
            self._tied[key] = self._find_tie(sql, database)
        return self._tied[key]

    def _find_tie(self, sql: str, database: Path) -> bool:
        gold = self.run(sql, database)
        versions = tie_breakers(sql, len(gold.columns)) if gold.rows else None
        if versions is None:
            return False
        upwards, downwards = (run_query(version, database, self.limits) for version in versions)
        return upwards.status == downwards.status == "ok" and Counter(upwards.rows) != Counter(downwards.rows)


def database_hash(database: str | os.PathLike[str]) -> str:
    """sha256 of the file, computed once as long as its size and times stay as they are. Raises OSError."""
    return _hash(*file_state(database))


@lru_cache(maxsize=4096)
def _hash(path: str, *_state: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""Does a query's answer depend on how ties fall?"""

from collections import Counter
from typing import NamedTuple

from evaluate.execution.reader import Database, Reader
from sql.sql_text import tie_breakers


class Ties(NamedTuple):
    """`limit`: the outermost LIMIT cuts through a tie, so that another engine could keep other rows.

    `order`: the outermost ORDER BY leaves rows that differ in a tie, so that another engine could give another order.
    """

    limit: bool = False
    order: bool = False


def find_ties(golds: Reader, sql: str, database: Database) -> Ties:
    """The ties of a gold query. No ties where it fails.

    Decided by running the query twice more, its ties broken by all result columns upwards and downwards: the rows, or
    their order, then differ. Ties between rows that look alike do not count, and a LIMIT without ORDER BY cuts a tie of
    all rows.
    """
    if not tie_breakers(sql, 1):
        return Ties()
    gold = golds.run(sql, database)
    versions = tie_breakers(sql, len(gold.columns)) if gold.rows else None
    if versions is None:
        return Ties()
    upwards, downwards = (golds.run(version, database) for version in versions)
    if upwards.status != "ok" or downwards.status != "ok" or upwards.rows == downwards.rows:
        return Ties()
    is_cut = Counter(upwards.rows) != Counter(downwards.rows)
    return Ties(limit=is_cut, order=not is_cut)

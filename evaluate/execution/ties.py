"""Does a query's answer hang on how ties fall?"""

from collections import Counter

from evaluate.execution.reader import Database, Reader
from sql.sql_text import tie_breakers


def is_tied(golds: Reader, sql: str, database: Database) -> bool:
    """Whether the outermost LIMIT of `sql` cuts through a tie, so that another engine could keep other rows.

    Decided by running the query twice more, its ties broken by all result columns upwards and downwards: the rows then
    differ. Ties between rows that look alike do not count, and a LIMIT without ORDER BY cuts a tie of all rows. False
    when either run fails.
    """
    if not tie_breakers(sql, 1):
        return False
    gold = golds.run(sql, database)
    versions = tie_breakers(sql, len(gold.columns)) if gold.rows else None
    if versions is None:
        return False
    upwards, downwards = (golds.run(version, database) for version in versions)
    return upwards.status == downwards.status == "ok" and Counter(upwards.rows) != Counter(downwards.rows)

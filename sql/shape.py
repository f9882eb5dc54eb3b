"""What a query looks like, for statistics: its features, how many tables it reads, and how hard it is.

Not covered: a query that sqlglot cannot read has no shape.
"""

from typing import NamedTuple

from sqlglot import exp

from sql.features import FEATURES, features
from sql.hardness import LEVELS, hardness
from sql.sql_tree import parse

__all__ = ["FEATURES", "LEVELS", "Shape", "shape_of"]


class Shape(NamedTuple):
    """The features of a query in the order of FEATURES, how many tables it reads, and its level, one of LEVELS."""

    features: tuple[str, ...]
    tables: int
    hardness: str


def shape_of(sql: str) -> Shape | None:
    """The shape of a query; None where it is no query that sqlglot reads."""
    tree = parse(sql)
    if tree is None:
        return None
    named = {node.alias_or_name.lower() for node in tree.find_all(exp.CTE)}
    tables = {node.name.lower() for node in tree.find_all(exp.Table)} - named
    return Shape(features(sql), len(tables), hardness(sql))

"""SQL inside JSON: `{"sql": "SELECT ..."}`, `{"query": ...}`, or the call of a tool whose arguments hold such a key.

Keys are compared without case. An object may stand anywhere in a text, in a list, or as text inside another object's
`arguments`. Of several objects the last counts. Not covered: JSON that is cut short or broken; other keys.
"""

import json
import re
from collections.abc import Iterator

_KEYS = ("final_sql", "final_query", "sql", "sql_query", "sqlquery", "query", "answer", "final_answer")
_LOOSE = ("answer", "final_answer")  # may hold prose as well
_LIKE_SQL = re.compile(r"\s{0,200}(?:SELECT|WITH)\b", re.IGNORECASE)
_AROUND = ("arguments", "parameters", "function", "input")  # of a tool's call
_BEGIN = re.compile(r"\{\s{0,200}\"")
_MAX_OBJECTS = 20
_DECODER = json.JSONDecoder(strict=False)  # line breaks inside texts are let pass


def sql_in_json(text: str) -> str | None:
    """The text under the key of the last object that has one, else None."""
    return next(reversed([found for value in _objects(text) if (found := _named(value)) is not None]), None)


def _objects(text: str) -> Iterator[dict]:
    """The objects in a text from left to right, none inside another."""
    position = 0
    for _ in range(_MAX_OBJECTS):
        found = _BEGIN.search(text, position)
        if not found:
            return
        try:
            value, position = _DECODER.raw_decode(text, found.start())
            yield value
        except (ValueError, RecursionError):
            position = found.end()


def _named(value: dict) -> str | None:
    lower = {key.lower(): inside for key, inside in value.items()}
    for key in _KEYS:
        if isinstance(lower.get(key), str) and (key not in _LOOSE or _LIKE_SQL.match(lower[key])):
            return lower[key]
    for key in _AROUND:
        inside = lower.get(key)
        found = sql_in_json(inside) if isinstance(inside, str) else _named(inside) if isinstance(inside, dict) else None
        if found is not None:
            return found
    return None

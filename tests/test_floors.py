"""No module imports from a floor above its own, and no two rooms import each other."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.conftest import ROOT

FLOORS = (
    ("atomic", "environment"),
    ("sql",),
    ("prompts",),
    ("recipes",),
    ("converters", "seq2seq", "evaluate", "sweep", "models"),
    ("tools", "serve"),
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
MODULES = sorted(path for room in FLOOR for path in [*ROOT.glob(f"{room}.py"), *ROOT.glob(f"{room}/**/*.py")])


def imported_rooms(path: Path) -> set[str]:
    """The rooms that a module imports from, at its head or in a function."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return {name.split(".")[0] for name in names} & FLOOR.keys()


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def test_every_folder_with_python_has_a_floor():
    folders = {path.relative_to(ROOT).parts[0] for path in ROOT.glob("[a-z]*/*.py")}
    assert folders - {"tests", "docs", "out", "data"} <= FLOOR.keys()
    assert len(MODULES) > 90


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_nothing_from_a_floor_above(path):
    floor = FLOOR[room_of(path)]
    assert {room for room in imported_rooms(path) if FLOOR[room] > floor} == set()


def test_no_two_rooms_import_each_other():
    graph: dict[str, set[str]] = {room: set() for room in FLOOR}
    for path in MODULES:
        graph[room_of(path)] |= imported_rooms(path) - {room_of(path)}
    assert len(list(TopologicalSorter(graph).static_order())) == len(FLOOR)  # raises CycleError for a circle


def test_the_top_of_the_converters_is_small():
    assert len(list((ROOT / "converters").glob("*.py"))) <= 14

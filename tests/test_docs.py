"""The documents speak of what is there: links, paths, recipes, options; and no figure is left to fill in."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import ROOT

DOCUMENTS = [
    path
    for path in sorted(ROOT.rglob("*.md"))
    if not {".venv", ".venv-ask", ".venv-vllm", "out", "models"} & set(path.relative_to(ROOT).parts)
]
COMMAND = re.compile(r"^(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?(?:python (\S+\.py)|(\./launch\.sh))(.*)$")


def commands(document: Path) -> list[tuple[str, list[str]]]:
    """(program, words) of every command in a document's bash blocks, continuation lines joined, comments cut."""
    blocks = re.findall(r"```bash\n(.*?)```", document.read_text(encoding="utf-8"), flags=re.DOTALL)
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    found = [match for match in map(COMMAND.match, lines) if match]
    return [(match[1] or match[2], match[3].split()) for match in found]


LAUNCH = (ROOT / "launch.sh").read_text(encoding="utf-8")
PROGRAMS = {
    "ask": "evaluate/ask.py",
    "export": "models/export.py",
    "serve": "serve/run.py",
}  # what launch.sh starts, by its first word
ALL_COMMANDS = [(document, *command) for document in DOCUMENTS for command in commands(document)]


def test_the_readme_shows_the_two_commands():
    shown = [(program, words) for document, program, words in ALL_COMMANDS if document == ROOT / "README.md"]
    assert ("./launch.sh", ["qwen2.5_coder_0.5b_exoplanets_lora"]) in shown
    assert ("./launch.sh", ["test"]) in shown
    assert len(ALL_COMMANDS) >= 15


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(document):
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert missing == []


@cache
def help_text(program: str) -> str:
    run = subprocess.run([sys.executable, program, "--help"], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.mark.parametrize(("document", "program", "words"), ALL_COMMANDS, ids=lambda part: str(part)[-60:])
def test_every_command_exists_with_its_options(document, program, words):
    options = {word.split("=")[0] for word in words if word.startswith("--")}
    if program == "./launch.sh":
        recipes = {path.stem for path in (ROOT / "recipes").glob("*.yaml")}
        commands = {"ask", "export", "list", "own", "serve", "setup", "board", "test", "sweep"}
        assert next(word for word in words if not word.startswith("-")) in recipes | commands
        if words[0] in PROGRAMS:
            assert options <= set(re.findall(r"--[a-z-]+", help_text(PROGRAMS[words[0]])))
        else:
            assert options <= set(re.findall(r"--[a-z-]+", LAUNCH))
    else:
        assert (ROOT / program).is_file()
        assert options <= set(re.findall(r"--[a-z-]+", help_text(program)))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_placeholder_is_left(document):
    text = document.read_text(encoding="utf-8")
    assert not re.search(r"\b[A-Z]+_(TABLE|OUTPUT|MACHINE|FIGURE)\b|xx\.x|TODO|FIXME|TBD", text)


def test_the_file_tree_of_the_readme_names_what_is_there():
    tree = re.search(r"## Files\n\n```\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.DOTALL)[1]
    names = [line.split()[0] for line in tree.splitlines() if line and not line.startswith(" ")]
    written_later = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert [name for name in names if not (ROOT / name).exists() and f"/{name}" not in written_later] == []
    assert len(names) >= 10

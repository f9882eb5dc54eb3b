"""Outcomes, rules, levels and flags have one owner each; whoever spells their names out spells the same ones."""

import re

import pytest

from evaluate.execution.match import REWRITES, RULES
from evaluate.execution.verdict import FLAGS, OUTCOMES, UNSCORED, Verdict
from evaluate.reports.aggregate import RESTS_ON
from evaluate.reports.figures import FAULTS, OUTCOME_LABELS
from evaluate.reports.metrics import ACCURACY_OF_RULE, METRICS
from evaluate.reports.report_html import TEMPLATES
from sql.error_class import OUTCOME_CLASSES
from sql.hardness import LEVELS
from tests.conftest import ROOT

STYLE = "".join(path.read_text() for path in sorted(TEMPLATES.glob("*.css")))
SCRIPT = (TEMPLATES / "examples.js").read_text()
README, DETAILS = ((ROOT / name).read_text() for name in ("README.md", "evaluate/README.md"))


def names_in(pattern: str, text: str) -> list[str]:
    return re.findall(pattern, text, flags=re.MULTILINE)


def test_the_names_that_files_of_results_hold():
    assert OUTCOMES == (
        "correct",
        "wrong_result",
        "error",
        "timeout",
        "too_large",
        "no_sql",
        "gold_error",
        "no_database",
    )
    assert tuple(RULES) == ("strict", "spider", "spider_keep_distinct", "bird", "fuzzy")
    assert LEVELS == ("easy", "medium", "hard", "extra")


def test_every_outcome_has_its_words_and_its_colours():
    assert tuple(OUTCOME_LABELS) == OUTCOMES
    assert tuple(FAULTS) == UNSCORED
    assert set(UNSCORED) | set(OUTCOME_CLASSES) < set(OUTCOMES)
    light, dark = STYLE.split("@media (prefers-color-scheme: dark)")[:2]
    for outcome in OUTCOMES:
        assert f"--{outcome}: #" in light
        assert f"--{outcome}: #" in dark
        for mark in ("bar", "swatch"):
            assert re.search(rf"\.{mark}\.{outcome} {{ \w+: var\(--{outcome}\)", STYLE)


def test_every_rule_has_its_rewriting_and_its_metric():
    assert tuple(REWRITES) == tuple(RULES)
    assert set(ACCURACY_OF_RULE.values()) <= METRICS.keys()
    assert [f"rule {rule}:" in METRICS[metric].rule for rule, metric in ACCURACY_OF_RULE.items()] == [True] * len(RULES)


def test_every_flag_is_a_part_of_the_verdict_and_counted():
    assert set(FLAGS) <= set(Verdict._fields)
    assert set(RESTS_ON.values()) == {*FLAGS, "changing", "repaired"}
    explained = names_in(r"^    (\w+):", re.search(r"const FLAGS = {(.*?)};", SCRIPT, re.DOTALL)[1])
    assert set(explained) <= {*FLAGS, "repaired"}


def test_the_script_names_only_outcomes_that_there_are():
    assert set(names_in(r'"(\w+)"\]\.includes\(answer\.outcome', SCRIPT)) <= set(OUTCOMES)


@pytest.mark.parametrize("text", [README, DETAILS], ids=["README", "evaluate/README"])
def test_the_documents_define_the_rules_and_name_the_outcomes(text):
    table = re.search(r"^\| rule \|.*\n\|[ -|]+\n((?:\|.*\n)+)", text, flags=re.MULTILINE)[1]
    assert sorted(names_in(r"^\| `(\w+)` \|", table)) == sorted(RULES)
    assert [name for name in OUTCOMES if f"`{name}`" not in text] == []

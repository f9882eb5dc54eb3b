"""What one row of results.jsonl counts in each metric; `aggregate.py` says which rows count at all."""

import math

from evaluate.reports.metrics import ACCURACY_OF_RULE
from evaluate.reports.results_file import ResultsError, is_scored
from sql.sql_text import normal_sql
from sql.text_metrics import bleu_counts

RAN = ("correct", "wrong_result")
BLEU_ORDER = 4
LEAST_SECONDS = 1e-3  # shorter times of a query say nothing of its speed
ROUGES = ("rouge1", "rouge2", "rougeL", "rougeLsum")
KEY_OF = {"exact_match": "exact_match", "syntax_rate": "syntax", "token_f1": "token_f1"}  # of a row; all others: rouge
TEXT_METRICS = (*KEY_OF, *ROUGES)
MAX_GOLD = 20_000  # characters


def cluster_of(row: dict) -> tuple[str, str]:
    """What repeats of one question share: the database and the normalised gold query."""
    return row["db_id"], normal_sql(row["gold"][:MAX_GOLD])


def values_of(row: dict) -> dict[str, float | None]:
    """Metric -> value of a row; None where it does not count, minus infinity where it is 0 if others have a value."""
    text = _text_values(row)
    if row["sql"] is None and row["outcome"] != "gold_error":
        text = {name: -math.inf if value is None else value for name, value in text.items()}
    return {**_execution_values(row), **text, "bleu": None}


def _execution_values(row: dict) -> dict[str, float | None]:
    names = ("execution_rate", "r_ves", *ACCURACY_OF_RULE.values())
    if not is_scored(row):
        return dict.fromkeys(names)
    values = {name: float(_verdict(row, rule)) for rule, name in ACCURACY_OF_RULE.items()}
    correct = row["outcome"] == "correct"
    reward = r_ves_reward(row["gold_seconds"] or 0.0, row["seconds"] or 0.0) if correct else 0.0
    return {**values, "execution_rate": float(row["outcome"] in RAN), "r_ves": reward}


def _verdict(row: dict, rule: str) -> bool:
    """Whether a rule holds; an answer that did not run need not have verdicts, one that ran must."""
    if rule not in row["matches"] and row["outcome"] in RAN:
        raise ResultsError(
            f"example {row['id']!r} ran but has no verdict of rule {rule!r}. "
            "Where the file is older than the rule, score the answers again"
        )
    return bool(row["matches"].get(rule, False))


def _text_values(row: dict) -> dict[str, float | None]:
    if row["outcome"] == "gold_error":
        return dict.fromkeys(TEXT_METRICS)
    rouge, gave_up = row["rouge"] or {}, row.get("gave_up") or {}
    values = {"exact_match": row["exact_match"], "syntax_rate": row["syntax"], "token_f1": row["token_f1"]}
    values |= {name: rouge.get(name) for name in ROUGES}
    for name, value in values.items():
        reason = gave_up.get(KEY_OF.get(name, "rouge"))
        if value is None and reason and not reason.startswith("the gold"):
            values[name] = 0.0
    return {name: None if value is None else float(value) for name, value in values.items()}


def ngram_counts(row: dict) -> list[int]:
    """What corpus BLEU adds up of a row; no match where that gave up. Files of before lack the counts: made here."""
    if row.get("bleu"):
        return row["bleu"]
    if "bleu" in (row.get("gave_up") or {}):
        return [0] * (2 + 2 * BLEU_ORDER)
    return bleu_counts(row["gold"][:MAX_GOLD], row["sql"])


def r_ves_reward(gold_seconds: float, seconds: float) -> float:
    """The reward of one correct answer in BIRD's R-VES, 0.5 to 1.118.

    With t = gold time / time of the answer: sqrt(1.25) for t >= 2, 1 for t >= 1, sqrt(0.75) for t >= 0.5, sqrt(0.5)
    for t >= 0.25, else sqrt(0.25); a wrong answer gets 0, and R-VES is the mean. Source: the BIRD mini-dev
    evaluation (Li et al. 2023, arXiv:2305.03111, `evaluation_ves.py`). BIRD times each query many times and judges
    correctness by its own rule; here each query is timed once and correct means rule strict. So a time under a
    millisecond counts as one: below, what was timed first took twice as long as the same text run after it.
    """
    ratio = max(gold_seconds, LEAST_SECONDS) / max(seconds, LEAST_SECONDS)
    for least, reward in ((2, 1.25), (1, 1.0), (0.5, 0.75), (0.25, 0.5)):
        if ratio >= least:
            return math.sqrt(reward)
    return math.sqrt(0.25)

"""The metrics of report.json: what each is called and means."""

import math
from typing import NamedTuple

from evaluate.execution.match import RULES

ACCURACY_OF_RULE = {rule: "execution_accuracy" if rule == "strict" else f"{rule}_accuracy" for rule in RULES}


class Metric(NamedTuple):
    """What a person reads beside a figure."""

    label: str
    rule: str
    ceiling: float = 1.0


METRICS = {
    "execution_accuracy": Metric(
        "Execution accuracy",
        "rule strict: same rows as the gold, columns in any order, DISTINCT kept, row order only where the gold's "
        "outermost query is ordered",
    ),
    "execution_rate": Metric("Execution rate", "the SQL ran to its end within the limits, right or wrong"),
    "spider_accuracy": Metric("Spider accuracy", "rule spider: the official default, every DISTINCT deleted first"),
    "spider_keep_distinct_accuracy": Metric(
        "Spider accuracy, DISTINCT kept", "rule spider_keep_distinct: the official tool with DISTINCT kept"
    ),
    "bird_accuracy": Metric(
        "BIRD accuracy", "rule bird: the same set of rows; repeats and row order are free, column order is not"
    ),
    "fuzzy_accuracy": Metric(
        "Fuzzy accuracy",
        "rule fuzzy: as strict, but extra columns are allowed, numbers may differ by 0.01 % or rounding, text by case",
    ),
    "exact_match": Metric("Exact set match", "Spider's comparison of clauses as sets, values ignored; nothing is run"),
    "syntax_rate": Metric("Valid syntax", "SQLite's parser accepts the SQL as one query"),
    "token_f1": Metric("Token F1", "overlap of SQL tokens with the gold, mean over examples"),
    "bleu": Metric("BLEU", "sacrebleu, 13a tokens, over the whole file"),
    "rouge1": Metric("ROUGE-1", "rouge-score F1, mean over examples"),
    "rouge2": Metric("ROUGE-2", "rouge-score F1, mean over examples"),
    "rougeL": Metric("ROUGE-L", "rouge-score F1, mean over examples"),
    "rougeLsum": Metric("ROUGE-Lsum", "rouge-score F1, mean over examples"),
    "r_ves": Metric(
        "R-VES",
        "BIRD's reward for speed where rule strict holds, one timing a query, at least 1 ms; can reach 1.118",
        math.sqrt(1.25),
    ),
}

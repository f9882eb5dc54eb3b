"""report.md: the figures of report.json and the examples to read first, for a terminal, a diff or a README.

Texts from a run cannot break the page: cells have their pipes, line ends and HTML escaped, SQL stands in a fence
longer than any it holds. Not covered: the table of all examples (report.html, results.jsonl).
"""

import re
from collections.abc import Iterable, Sequence

from evaluate.reports.figures import (
    FAULTS,
    OUTCOME_LABELS,
    count,
    flat,
    interval,
    percent,
    seconds,
    title_of,
    visible,
    words,
    worst_examples,
)
from evaluate.reports.metrics import METRICS

IDS_SHOWN = 100
SQL_SHOWN = 2000  # characters
TEXT_SHOWN = 1000


def render_markdown(report: dict, rows: Iterable[dict]) -> str:
    """The whole report.md; `report` is report.json and `rows` its results.jsonl."""
    sections = (
        f"# {escape(title_of(report['run']))}: text-to-SQL evaluation",
        _headline(report),
        _scores(report),
        _outcomes(report),
        _accuracies("By hardness", report["by_hardness"]),
        _classes(report),
        _worst(rows),
        _settings(report),
    )
    return "\n\n".join(section for section in sections if section) + "\n"


def escape(text: object) -> str:
    """A text as one line that Markdown and HTML show as it is, in a table cell too."""
    line = visible(" ".join(str(text)[:TEXT_SHOWN].split()))
    line = line.replace("&", "&amp;").replace("<", "&lt;")
    line = re.sub(r"([\\`*_{}\[\]|~])", r"\\\1", line)
    line = re.sub(r"^([#>+=-])", r"\\\1", line)
    return re.sub(r"^(\d+)([.)])(?=\s|$)", r"\1\\\2", line)


def fence(sql: str) -> str:
    """SQL in a code block, verbatim but for its length; the fence is longer than any run of backticks inside."""
    shown = sql if len(sql) <= SQL_SHOWN else f"{sql[:SQL_SHOWN]}\n… ({len(sql)} characters in all)"
    shown = visible(shown)
    longest = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    marks = "`" * max(3, longest + 1)
    return f"{marks}sql\n{shown}\n{marks}"


def table(header: Sequence[str], rows: Iterable[Sequence[object]], *, text_columns: tuple[int, ...] = (0,)) -> str:
    """A Markdown table, `text_columns` to the left and the others to the right; cells are escaped already."""
    rules = ("---" if place in text_columns else "---:" for place in range(len(header)))
    lines = ["| " + " | ".join(cells) + " |" for cells in (header, rules)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def _headline(report: dict) -> str:
    figure = report["metrics"]["execution_accuracy"]
    rests = report["rests_on"]
    lines = [
        f"**Execution accuracy {percent(figure['value'])}** (rule strict, 95 % interval {interval(figure)}, "
        f"{count(figure['n'], 'scored example')}).",
        *_not_scored(report),
        f"Of the scored verdicts, {rests['empty_results']} rest on an empty gold result "
        f"({rests['empty_results_correct']} correct) and {rests['tied_limits']} on a LIMIT that cuts through a tie "
        f"({rests['tied_limits_correct']} correct).",
        *luck(rests),
    ]
    return "\n\n".join(lines)


def luck(rests: dict) -> list[str]:
    """What else of a verdict luck may decide, where there is any; older reports do not count it."""
    reasons = {
        "tied_orders": "rest on an ORDER BY that leaves a tie between rows that differ",
        "changing_functions": "rest on functions that differ from call to call, such as random()",
        "repairs": "rest on a query that was repaired or drafted again before it ran",
    }
    return [
        f"{rests[key]} {text} ({rests[f'{key}_correct']} correct)." for key, text in reasons.items() if rests.get(key)
    ]


def _not_scored(report: dict) -> list[str]:
    lines = []
    for outcome, ids in report["not_scored"].items():
        if ids:
            total = report["outcomes"][outcome]
            more = f" and {total - IDS_SHOWN} more, see results.jsonl" if total > IDS_SHOWN else ""
            named = ", ".join(escape(identity) for identity in ids[:IDS_SHOWN])
            lines.append(f"Not scored, {FAULTS[outcome]}: {count(total, 'example')} ({named}{more}).")
    return lines


def _scores(report: dict) -> str:
    rows = []
    for name, metric in METRICS.items():
        figure = report["metrics"][name]
        rows.append((f"`{name}`", percent(figure["value"]), interval(figure), figure["n"], escape(metric.rule)))
    made = report["intervals"]
    return "\n\n".join(
        (
            "## Scores",
            table(("Metric", "Value", "95 % interval", "n", "Rule"), rows, text_columns=(0, 4)),
            f"Intervals: bootstrap over {made['clusters']} clusters (one database and one normalised gold query each), "
            f"{made['resamples']} resamples, seed {made['seed']}; (W) marks Wilson's interval, used under ten clusters "
            "or when every resample agrees.",
            f"An answer that ran took {seconds(report['latency']['median']['value'])} (median) and "
            f"{seconds(report['latency']['mean']['value'])} (mean).",
        )
    )


def _outcomes(report: dict) -> str:
    total = sum(report["outcomes"].values())
    rows = [
        (f"{OUTCOME_LABELS[name]} (`{name}`)", number, percent(number / total))
        for name, number in report["outcomes"].items()
    ]
    return f"## Outcomes\n\n{table((f'Outcome of the {total} examples', 'Examples', 'Share'), rows)}"


def _accuracies(title: str, groups: dict[str, dict]) -> str:
    rows = []
    for name, group in groups.items():
        figure = group["execution_accuracy"]
        shown = (percent(figure["value"]), interval(figure), figure["n"])
        rows.append((escape(words(name)), *shown, percent(group["execution_rate"]["value"])))
    header = ("Group", "Execution accuracy (strict)", "95 % interval", "n", "Execution rate")
    return f"## {title}\n\n{table(header, rows)}"


def _classes(report: dict) -> str:
    classes = report["error_classes"]
    if not classes:
        return "## Error classes\n\nNo scored answer failed."
    total = sum(classes.values())
    rows = [(escape(words(name)), number, percent(number / total)) for name, number in classes.items()]
    return f"## Error classes\n\n{table(('Class', 'Failures', 'Share'), rows)}"


def _worst(rows: Iterable[dict]) -> str:
    examples = worst_examples(rows)
    if not examples:
        return ""
    intro = "Failures to read first: the easiest questions and the answers furthest from the gold, two of a class."
    return "\n\n".join(["## Worst examples", intro, *(_example(row) for row in examples)])


def _example(row: dict) -> str:
    reason = ", ".join(words(part) for part in (row["outcome"], row["error_class"]) if part)
    parts = [
        f"### {escape(row['id'])} ({escape(row['db_id'])}, {escape(row['hardness'])})",
        escape(row["question"]),
        f"Reason: {escape(reason)}" + (f": {escape(row['error'])}" if row["error"] else ""),
        f"Gold\n\n{fence(row['gold'])}",
        f"Predicted\n\n{fence(row['sql'])}" if row["sql"] else f"Completion\n\n{fence(row['completion'] or '')}",
    ]
    return "\n\n".join(parts)


def _settings(report: dict) -> str:
    pairs = [(escape(name), escape(value)) for name, value in flat(report["run"])]
    return f"## The run\n\n{table(('Setting', 'Value'), pairs, text_columns=(0, 1))}" if pairs else ""

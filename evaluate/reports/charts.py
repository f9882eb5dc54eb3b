"""The plots of the reports: which figures of report.json each one shows, and the same figures as a table.

Drawing is in `plots.py`; here is what is drawn, with the words beside it. A group's filter (`field:value`) is what
selecting its bar puts into the table of examples.
"""

from typing import NamedTuple

from evaluate.reports.figures import OUTCOME_LABELS, count, interval, percent, title_of, visible, words
from evaluate.reports.metrics import ACCURACY_OF_RULE
from evaluate.reports.plots import Bar, Chart, Group, bar_chart

FIGURE_HEADER = ("", "Value", "95 % interval", "n")
SELECT_HINT = "Select a bar to list its examples."


def report_charts(report: dict, baseline: dict | None) -> list[Chart]:
    """The plots of a report, in reading order; `baseline` is the report.json of the run it is measured against."""
    charts = [] if baseline is None else [two_run_chart(baseline, report)]
    databases = dict(sorted(report["by_database"].items(), key=lambda item: _accuracy(item[1]), reverse=True))
    return [
        *charts,
        _outcome_chart(report),
        _rule_chart(report),
        _accuracy_chart("By hardness", report["by_hardness"], "hardness"),
        _class_chart(report),
        _accuracy_chart("By SQL feature of the gold", report["by_feature"], "feature"),
        _accuracy_chart("By database", databases, "database"),
    ]


def _accuracy(group: dict) -> float:
    """For sorting: groups without a scored example come last."""
    value = group["execution_accuracy"]["value"]
    return -1.0 if value is None else value


def _outcome_chart(report: dict) -> Chart:
    counts = {name: number for name, number in report["outcomes"].items() if number}
    total = sum(counts.values())
    lines = [
        _CountLine(OUTCOME_LABELS[name], number, Bar(number / total, kind=name), f"outcome:{name}")
        for name, number in counts.items()
    ]
    return _count_chart("Outcomes", f"Every one of the {total} examples has exactly one.", lines)


def _rule_chart(report: dict) -> Chart:
    names = {f"rule {rule}": metric for rule, metric in ACCURACY_OF_RULE.items()} | {"exact set match": "exact_match"}
    figures = {label: report["metrics"][metric] for label, metric in names.items()}
    groups = [
        Group(label, percent(figure["value"]), (Bar(figure["value"] or 0.0, figure["low"], figure["high"]),))
        for label, figure in figures.items()
    ]
    return Chart(
        title="By match rule",
        note="The same answers under each rule; the headline is rule strict.",
        svg=bar_chart(groups, title="By match rule"),
        header=FIGURE_HEADER,
        rows=_figure_rows(figures),
    )


def _accuracy_chart(title: str, groups: dict[str, dict], field: str) -> Chart:
    return Chart(
        title=title,
        note="Execution accuracy, rule strict, with its 95 % interval.",
        svg=bar_chart(_accuracy_groups(groups, field), title=title),
        header=FIGURE_HEADER,
        rows=_figure_rows({_shown(name, field): group["execution_accuracy"] for name, group in groups.items()}),
        filter_label=SELECT_HINT,
    )


def _class_chart(report: dict) -> Chart:
    classes = report["error_classes"]
    most = max(classes.values(), default=1)
    lines = [
        _CountLine(words(name), number, Bar(number / most, kind="wrong_result"), f"error_class:{name}")
        for name, number in classes.items()
    ]
    failed = count(sum(classes.values()), "scored answer")
    return _count_chart("Error classes", f"Why {failed} failed; bars are relative to the most frequent class.", lines)


class _CountLine(NamedTuple):
    """A line of a chart of counts."""

    label: str
    number: int
    bar: Bar
    filter: str


def _count_chart(title: str, note: str, lines: list[_CountLine]) -> Chart:
    """Counts with their share of all the lines."""
    total = sum(line.number for line in lines)
    shares = [percent(line.number / total) for line in lines]
    groups = [
        Group(line.label, f"{line.number}   {share}", (line.bar,), line.filter)
        for line, share in zip(lines, shares, strict=True)
    ]
    return Chart(
        title=title,
        note=note,
        svg=bar_chart(groups, title=title),
        header=("", "Examples", "Share"),
        rows=tuple((line.label, str(line.number), share) for line, share in zip(lines, shares, strict=True)),
        filter_label=SELECT_HINT,
    )


def two_run_chart(first: dict, second: dict) -> Chart:
    """Two report.json side by side, headline and hardness levels; each over the examples of its own run."""
    names = [title_of(report["run"]) for report in (first, second)]
    lines = {"Execution accuracy": [report["metrics"]["execution_accuracy"] for report in (first, second)]}
    for level in first["by_hardness"]:
        if level in second["by_hardness"]:
            lines[level] = [report["by_hardness"][level]["execution_accuracy"] for report in (first, second)]
    return paired_chart("Base against adapter", "Rule strict, each run over its own examples.", names, lines)


def paired_chart(
    title: str, note: str, names: list[str], lines: dict[str, list[dict]], *, between: str = " → "
) -> Chart:
    """Bars of several runs under one label per line; `lines` maps a label to one figure per run."""
    kinds = [f"series{place % 4}" for place in range(len(names))]
    groups = [
        Group(
            label=label,
            text=between.join(percent(figure["value"]) for figure in figures),
            bars=tuple(
                Bar(figure["value"] or 0.0, figure["low"], figure["high"], kind)
                for figure, kind in zip(figures, kinds, strict=True)
            ),
        )
        for label, figures in lines.items()
    ]
    cells = {
        label: [f"{percent(figure['value'])} ({interval(figure)}, n {figure['n']})" for figure in figures]
        for label, figures in lines.items()
    }
    return Chart(
        title=title,
        note=note,
        svg=bar_chart(groups, title=title),
        header=("", *names),
        rows=tuple((label, *texts) for label, texts in cells.items()),
        legend=tuple(zip(kinds, names, strict=True)),
    )


def _accuracy_groups(groups: dict[str, dict], field: str) -> list[Group]:
    """One bar with whisker per group of a report's by_hardness, by_database or by_feature."""
    return [
        Group(
            label=_shown(name, field),
            text=f"{percent(figure['value'])}   n {figure['n']}",
            bars=(Bar(figure["value"] or 0.0, figure["low"], figure["high"]),),
            filter=None if name.startswith("(") else f"{field}:{visible(name)}",  # the others together
        )
        for name, figure in ((name, group["execution_accuracy"]) for name, group in groups.items())
    ]


def _shown(name: str, field: str) -> str:
    """Databases keep their own spelling; hardness and features are words of ours."""
    return visible(name) if field == "database" else words(visible(name))


def _figure_rows(figures: dict[str, dict]) -> tuple[tuple[str, ...], ...]:
    """The same figures as table rows: name, value, interval, n."""
    return tuple(
        (visible(name), percent(figure["value"]), interval(figure), str(figure["n"]))
        for name, figure in figures.items()
    )

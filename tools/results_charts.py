"""The charts of docs/report.md and docs/slides.html: which figures below results/ each one shows.

Drawn by evaluate/reports/plots.py. Every function takes the reports of `tools.results.read_reports`.
"""

import json
import statistics
from collections.abc import Callable, Iterable
from typing import NamedTuple

from evaluate.reports.charts import paired_chart
from evaluate.reports.figures import percent, words
from evaluate.reports.plots import Bar, Chart, Group, bar_chart
from tools.comparisons import FROM_UNTUNED, ON_SPIDER, SPIDER
from tools.results import RESULTS

WRITTEN, REPAIRED = "as written", "with --repair"
MODELS = {
    "0.5B untuned": "qwen2.5_coder_0.5b_untuned_{}",
    "1.5B untuned": "qwen2.5_coder_1.5b_untuned_{}",
    "0.5B shipped": "qwen2.5_coder_0.5b_sql_{}_runnable",
}
DATA_SETS = {"Spider": "spider", "Spider-Syn": "spider_syn"}
METRICS = {
    "accuracy, strict": "execution_accuracy",
    "exact match": "exact_match",
    "token F1": "token_f1",
    "ROUGE-L": "rougeL",
    "BLEU": "bleu",
    "syntax rate": "syntax_rate",
}
CLASSES_SHOWN = 5
FEATURES = {"none": "none of these"}
# A run of tools/comparisons.py -> what it trains on.
TRAINED_ON = {
    "none": "nothing of it",
    "20": "20 of its questions",
    "50": "50 of its questions",
    "all": "all of its 445 questions",
    "made_first": "300 made pairs, at first",
    "made_first_worded": "the same, also in the words of a model",
    "made_first_and_50": "the same and 50 of its questions",
    "made_alone": "300 made pairs with other words",
    "made": "the same with practice questions",
    "made_and_50": "and 50 of its questions",
}
ON_SPIDER_TRAINED_ON = {
    "none": TRAINED_ON["none"],
    "20": TRAINED_ON["20"],
    "half": "half of its gold queries",
    "made": "300 made pairs, practice questions",
    "made_and_half": "both",
}
# A run of METHODS there -> what is other than in the first.
METHOD = {
    "lora": "LoRA, rank 16, bf16, rate 0.0004, style `compact`",
    "qlora": "QLoRA: the base in 4 bits",
    "dora": "DoRA",
    "full": "all weights, rate 0.00002",
    "fp32": "32 bits in place of bf16",
    "rank_64": "rank 64",
    "dropout": "dropout 0.1",
    "slower": "rate 0.0001",
    "faster": "rate 0.001",
    "batch_4": "4 conversations a step",
    "batch_4_faster": "the same, rate 0.0008",
    "linked": "linked schema when asked",
    "ddl": "style `ddl`: no values",
    "ddl_rows": "style `ddl_rows`: three rows a table",
}
SEEDS = "Rule strict; whiskers: the lowest and the highest of the seeds."
STRICT = "Rule strict, with 95 % intervals."


def run_of(reports: dict, model: str, data: str, *, repair: bool = False) -> dict:
    """One report, by the names of MODELS and DATA_SETS. Raises KeyError where it is not kept."""
    return reports[f"{MODELS[model].format(DATA_SETS[data])}/report{'_repair' if repair else ''}"]


def accuracy_chart(reports: dict) -> Chart:
    lines = {
        f"{data}: {model}": [
            run_of(reports, model, data, repair=repair)["metrics"]["execution_accuracy"] for repair in (False, True)
        ]
        for data in DATA_SETS
        for model in MODELS
    }
    return paired_chart("Execution accuracy by run", STRICT, [WRITTEN, REPAIRED], lines)


def rate_chart(reports: dict) -> Chart:
    lines = {
        f"{model}, {REPAIRED if repair else WRITTEN}": [
            run_of(reports, model, "Spider", repair=repair)["metrics"][metric]
            for metric in ("execution_rate", "execution_accuracy")
        ]
        for model in MODELS
        for repair in (False, True)
    }
    note = "Spider dev: answers that run, and answers that are right by rule strict."
    return paired_chart("Execution rate against accuracy", note, ["runs", "is right"], lines, between=" / ")


def hardness_chart(reports: dict) -> Chart:
    return _by_group(reports, "Execution accuracy by hardness", "by_hardness")


def feature_chart(reports: dict) -> Chart:
    return _by_group(reports, "Execution accuracy by what the gold query needs", "by_feature")


def _by_group(reports: dict, title: str, field: str) -> Chart:
    """Spider dev in groups, most questions first but for hardness: untuned, shipped, shipped with repair."""
    names = ["0.5B untuned", "0.5B shipped", f"0.5B shipped, {REPAIRED}"]
    runs = [_of_name(reports, name) for name in names]
    lines = {
        f"{FEATURES.get(group, words(group))}, {runs[2][field][group]['execution_accuracy']['n']} questions": [
            run[field][group]["execution_accuracy"] for run in runs
        ]
        for group in runs[2][field]
    }
    return paired_chart(title, f"Spider dev. {STRICT}", names, lines)


def _of_name(reports: dict, name: str) -> dict:
    return run_of(reports, name.split(",")[0], "Spider", repair=name.endswith(REPAIRED))


def class_chart(reports: dict) -> Chart:
    """Failures by class as shares of all questions, the most frequent classes by name and the others together."""
    names = ["0.5B untuned", "0.5B shipped", f"0.5B shipped, {REPAIRED}"]
    runs = [_of_name(reports, name) for name in names]
    classes = {name for run in runs for name in run["error_classes"]}
    in_order = sorted(classes, key=lambda name: (-max(_share(run, [name]) for run in runs), name))
    shown = {words(name): [name] for name in in_order[:CLASSES_SHOWN]} | {"all others": in_order[CLASSES_SHOWN:]}
    lines = {label: [_share(run, of_label) for run in runs] for label, of_label in shown.items()}
    note = "Spider dev: failures by class, as a share of all questions. Bars are relative to the largest."
    return _relative_chart("What goes wrong", note, names, lines, lambda shares: " → ".join(map(percent, shares)))


def _share(run: dict, classes: Iterable[str]) -> float:
    failed = sum(run["error_classes"].get(name, 0) for name in classes)
    return failed / run["metrics"]["execution_accuracy"]["n"]


def _relative_chart(
    title: str, note: str, names: list[str], lines: dict[str, list[float]], show: Callable[[list[float]], str]
) -> Chart:
    """Bars of values that have no interval, the largest as wide as the chart; `show` writes the values of a line."""
    largest = max(value for values in lines.values() for value in values)
    kinds = [f"series{place}" for place in range(len(names))]
    groups = [
        Group(
            label,
            show(values),
            tuple(Bar(value / largest, kind=kind) for value, kind in zip(values, kinds, strict=True)),
        )
        for label, values in lines.items()
    ]
    rows = tuple((label, show(values)) for label, values in lines.items())
    svg = bar_chart(groups, title=title)
    return Chart(title, note, svg, ("", " → ".join(names)), rows, tuple(zip(kinds, names, strict=True)))


def metric_chart(reports: dict) -> Chart:
    names = ["0.5B untuned", "0.5B shipped", f"0.5B shipped, {REPAIRED}"]
    lines = {label: [_of_name(reports, name)["metrics"][metric] for name in names] for label, metric in METRICS.items()}
    note = "Spider dev, with 95 % intervals. The untuned text measures cover some questions without a database too."
    return paired_chart("The same answers by six measures", note, names, lines)


class Answers(NamedTuple):
    """Completions: characters at the median and at the 95th percentile; the share that begins with SQL."""

    n: int
    median: int
    long: int
    bare: float


def answers_of(model: str, data: str = "Spider") -> Answers:
    """Measured on the completions kept. Raises OSError where there are none."""
    path = RESULTS / MODELS[model].format(DATA_SETS[data]) / "predictions.jsonl"
    texts = [json.loads(line)["prediction"].strip() for line in path.read_text(encoding="utf-8").splitlines()]
    lengths = [len(text) for text in texts]
    bare = sum(text.upper().startswith(("SELECT", "WITH")) for text in texts) / len(texts)
    return Answers(len(texts), round(statistics.median(lengths)), round(statistics.quantiles(lengths, n=20)[-1]), bare)


def length_chart() -> Chart:
    lines = {model: [answer.median, answer.long] for model, answer in ((name, answers_of(name)) for name in MODELS)}
    names = ["median", "one in twenty is longer than"]
    note = "Spider dev, whole completions in characters: the time an answer takes grows with them."
    return _relative_chart("Length of an answer", note, names, lines, lambda values: " / ".join(map(str, values)))


def over_seeds(comparisons: dict, *runs: str, metric: str = "execution_accuracy") -> dict | None:
    """The mean of a run of tools/comparisons.py over its seeds, the lowest and the highest; `n`: how many seeds.

    Of several runs the questions are put together, seed by seed. None where no seed is kept of all of them.
    """
    of_seed = []
    for seed in (1, 2, 3):
        figures = [comparisons.get(f"{run}_seed{seed}/report", {}).get("metrics", {}).get(metric) for run in runs]
        if all(figures):
            of_seed.append(sum(f["value"] * f["n"] for f in figures) / sum(f["n"] for f in figures))
    if not of_seed:
        return None
    return {"value": statistics.mean(of_seed), "low": min(of_seed), "high": max(of_seed), "n": len(of_seed)}


def together(comparisons: dict, name: str) -> dict | None:
    """A run of ON_SPIDER over its databases, each by its questions."""
    return over_seeds(comparisons, *(f"{db}_{name}" for db in SPIDER))


def questions_chart(comparisons: dict) -> Chart:
    """How good a model gets on one table by what it is trained on, from both starts."""
    names = ["from the untuned model", "from the shipped adapter"]
    lines = {
        TRAINED_ON[name]: [over_seeds(comparisons, f"{start}_{name}") for start in ("untuned", "shipped")]
        for name in FROM_UNTUNED
    }
    note = f"89 questions on the exoplanets table. {SEEDS}"
    return paired_chart("Questions of one's own", note, names, _whole(lines))


def spider_chart(comparisons: dict) -> Chart:
    """The same from the shipped adapter, on some databases of Spider dev, each with an adapter of its own."""
    names = [ON_SPIDER_TRAINED_ON[name] for name in ON_SPIDER]
    lines = {db: [over_seeds(comparisons, f"{db}_{name}") for name in ON_SPIDER] for db in SPIDER}
    lines["together"] = [together(comparisons, name) for name in ON_SPIDER]
    note = f"The other half of each database's questions. {SEEDS}"
    return paired_chart("Training on one database of Spider dev", note, names, _whole(lines))


def _whole(lines: dict[str, list]) -> dict[str, list]:
    return {label: figures for label, figures in lines.items() if all(figures)}


def charts(reports: dict, comparisons: dict) -> dict[str, Chart]:
    """Every chart by the name of its file in docs/figures; `comparisons` are the reports of tools/comparisons.py."""
    return {
        "questions": questions_chart(comparisons),
        "own_spider": spider_chart(comparisons),
        "accuracy": accuracy_chart(reports),
        "rate": rate_chart(reports),
        "hardness": hardness_chart(reports),
        "classes": class_chart(reports),
        "features": feature_chart(reports),
        "metrics": metric_chart(reports),
        "lengths": length_chart(),
    }

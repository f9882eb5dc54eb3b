#!/usr/bin/env python3
"""Write report.json, report.md and report.html for the rows of a run.

    python evaluate/report.py out/qwen3_0.6b_lora/evaluation
    python evaluate/report.py out/qwen3_0.6b_lora/evaluation --base out/qwen3_0.6b_base/evaluation

The second form also draws base against adapter. As a program it reads results.jsonl, and what was run from the `run`
of the report.json that is there; `evaluate/run.py` calls `write_report` with the rows it has just made. Files appear
whole or not at all.
"""

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

if not __package__:  # run as a program: our modules are found from the repository's root
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    import environment

    environment.enter(needs=("jinja2", "numpy", "sacrebleu", "sqlglot"))

from atomic import write_text
from evaluate.reports.aggregate import aggregate
from evaluate.reports.report_html import render_report
from evaluate.reports.report_md import render_markdown
from evaluate.reports.results_file import ResultsError, read_results, results_path, run_name


class Written(NamedTuple):
    """The report and where its three files lie."""

    report: dict
    json: Path
    markdown: Path
    html: Path


def write_report(
    folder: Path, rows: Iterable[dict], *, run: dict, baseline: dict | None = None, seed: int = 0, resamples: int = 1000
) -> Written:
    """Aggregate `rows` and write the three files into `folder`, which is made when missing.

    `rows` are gone through several times. `run` says what was run and is in all three; `baseline` is the report.json of
    another run, for the plot of base against adapter. Raises ValueError for no rows; OSError when a file cannot be
    written, and then none is half there.
    """
    report = aggregate(rows, run=run, seed=seed, resamples=resamples)
    texts = {
        "report.json": json.dumps(report, ensure_ascii=False, indent=2, allow_nan=False) + "\n",
        "report.md": render_markdown(report, rows),
        "report.html": render_report(report, rows, baseline=baseline),
    }
    return Written(report, *(write_text(folder / name, text) for name, text in texts.items()))


def read_report(run: str | Path) -> dict:
    """The report of a run: its report.json, or the aggregate of its results.jsonl when there is none."""
    path = results_path(run).with_name("report.json")
    if not path.is_file():
        return aggregate(read_results(run), run={"name": run_name(run)})
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ResultsError(f"{path}: not JSON ({error.msg}); delete it to have it made again") from error


def main(arguments: list[str] | None = None) -> int:
    """The program: 0 when written, 1 where that fails, 2 for misuse."""
    parser = argparse.ArgumentParser(prog="report.py", description="Write the reports of a run again.")
    parser.add_argument("run", help="results.jsonl or the folder that holds it")
    parser.add_argument("--base", help="another run, to draw base against adapter")
    parser.add_argument("--out", type=Path, help="folder to write into (default: beside results.jsonl)")
    options = parser.parse_args(arguments)
    try:
        rows = read_results(options.run)
        settings = read_report(options.run)["run"]
        baseline = read_report(options.base) if options.base else None
        folder = options.out or results_path(options.run).parent
        written = write_report(folder, rows, run=settings, baseline=baseline)
    except ResultsError as error:
        print(f"report.py: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"report.py: {error.filename}: {error.strerror}. Give another --out.", file=sys.stderr)
        return 1
    for path in (written.json, written.markdown, written.html):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())

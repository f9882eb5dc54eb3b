#!/usr/bin/env python3
"""Compare runs on the examples they share.

    python evaluate/compare.py out/base/evaluation out/qwen3_0.6b_lora/evaluation

Each run is a results.jsonl or the folder that holds it. Every later run is compared with the first: accuracy under
each rule on the examples common to both, McNemar's exact test, what was gained and lost, by error class and by
hardness. Prints the tables and writes comparison.md and comparison.html next to the second run, or into `--out`.
Exits 0 when written, 1 where that fails, 2 for misuse.
"""

import argparse
import sys
from pathlib import Path

if not __package__:  # run as a program: our modules are found from the repository's root
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    import environment

    environment.enter(needs=("jinja2", "numpy", "rich", "sacrebleu", "sqlglot"))

from atomic import write_text
from evaluate.reports.compare_report import Run, print_comparison, render_comparison, render_comparison_markdown
from evaluate.reports.paired import Pair, pair
from evaluate.reports.results_file import ResultsError, read_results, results_path, run_name


def read_runs(paths: list[str]) -> list[Run]:
    """The runs at `paths`, each with a name of its own. Raises ResultsError for a bad file or one given twice."""
    places = [results_path(path).resolve() for path in paths]
    for place in places:
        if places.count(place) > 1:
            raise ResultsError(f"{place} is given twice; a run does not differ from itself")
    names = [run_name(path) for path in paths]
    if len(set(names)) < len(names):
        names = [str(place.parent) for place in places]
    return [Run(name, read_results(place)) for name, place in zip(names, places, strict=True)]


def compare(runs: list[Run]) -> list[Pair]:
    """Each later run against the first, in order. Raises ResultsError naming the two runs that cannot be compared."""
    pairs = []
    for run in runs[1:]:
        try:
            pairs.append(pair(runs[0].rows, run.rows))
        except ResultsError as error:
            raise ResultsError(f"{runs[0].name} and {run.name}: {error}") from error
    return pairs


def main(arguments: list[str] | None = None) -> int:
    """The program: 0 when written, 1 where that fails, 2 for misuse."""
    parser = argparse.ArgumentParser(prog="compare.py", description="Compare runs on the examples they share.")
    parser.add_argument("runs", nargs="+", metavar="RUN", help="results.jsonl or the folder that holds it; two or more")
    parser.add_argument("--out", type=Path, help="folder for comparison.md and .html (default: next to the second run)")
    options = parser.parse_args(arguments)
    if len(options.runs) < 2:
        parser.error("give two runs or more, the one to compare with first")
    try:
        runs = read_runs(options.runs)
        pairs = compare(runs)
    except ResultsError as error:
        print(f"compare.py: {error}", file=sys.stderr)
        return 2
    folder = options.out or results_path(options.runs[1]).parent
    try:
        written = (
            write_text(folder / "comparison.md", render_comparison_markdown(runs, pairs)),
            write_text(folder / "comparison.html", render_comparison(runs, pairs)),
        )
    except OSError as error:
        print(f"compare.py: {error.filename}: {error.strerror}. Give another --out.", file=sys.stderr)
        return 1
    print_comparison(runs, pairs)
    print(*written, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

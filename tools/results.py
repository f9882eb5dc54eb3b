"""What is kept below results/: its reports, and the paired comparisons of its runs in results/paired.json.

    python tools/results.py --spider ~/spider --spider-syn ~/spider_syn

scores the predictions again (a minute or two) and writes results/paired.json: for each of PAIRS the difference of two
runs under rule strict on the questions that both scored, with its 95 % interval, gained, lost and McNemar's p.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

if not __package__:  # run as a program: our modules are found from the repository's root
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    import environment

    environment.enter(needs=("jinja2", "numpy", "rich", "sacrebleu", "sqlglot"))

from atomic import write_text
from evaluate.reports.paired import pair
from evaluate.reports.results_file import read_results

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results"
PAIRED = RESULTS / "paired.json"
SPIDER = ("spider", "--style", "compact", "--source", "{spider}")
SYNONYMS = ("--questions", "{spider_syn}")
# The end of a folder's name -> the words for converters/run.py that make its questions.
DATA = {
    "exoplanets_lora": ("exoplanets",),
    "people": ("people",),
    "practice": ("practice", "--limit", "200"),
    "spider": SPIDER,
    "spider_runnable": (*SPIDER, "--only", "runnable"),
    "spider_syn": (*SPIDER, *SYNONYMS),
    "spider_syn_runnable": (*SPIDER, "--only", "runnable", *SYNONYMS),
}


def _pairs_on(data: str) -> dict[str, tuple[str, str]]:
    shipped = f"qwen2.5_coder_0.5b_sql_{data}_runnable"
    small, large = (f"qwen2.5_coder_{size}_untuned_{data}" for size in ("0.5b", "1.5b"))
    return {
        f"{data}_repair": (f"{shipped}/report", f"{shipped}/report_repair"),
        f"{data}_repair_of_untuned": (f"{small}/report", f"{small}/report_repair"),
        f"{data}_tuning": (f"{small}/report", f"{shipped}/report"),
        f"{data}_tuning_with_repair": (f"{small}/report_repair", f"{shipped}/report_repair"),
        f"{data}_against_larger": (f"{large}/report_repair", f"{shipped}/report_repair"),
    }


# Name -> the two runs, each by its report's path below results/ without the suffix.
PAIRS = _pairs_on("spider") | _pairs_on("spider_syn")


def read_reports(folder: Path = RESULTS) -> dict[str, dict]:
    """`FOLDER/report` -> what that file holds, for every report kept."""
    paths = sorted(folder.glob("*/report*.json"))
    return {f"{path.parent.name}/{path.stem}": json.loads(path.read_text(encoding="utf-8")) for path in paths}


def data_of(folder: str) -> str:
    """`spider` for `qwen2.5_coder_0.5b_untuned_spider`. Raises ValueError where the end of the name is unknown."""
    names = [name for name in DATA if folder.endswith(f"_{name}")]
    if not names:
        raise ValueError(f"results/{folder}: no ending of DATA in tools/results.py; it has {', '.join(DATA)}")
    return max(names, key=len)


class Scorer:
    """Scores kept predictions again below `work`; what was converted or scored once is not made a second time."""

    def __init__(self, work: Path, sources: dict[str, str | None]):
        self.work, self.sources = work, sources

    def questions(self, name: str) -> Path:
        """The converted evaluation file of a data set."""
        path = self.work / f"{name}_eval.json"
        if not path.exists():
            words = [word.format(**self.sources) for word in DATA[name]]
            _run("converters/run.py", *words, "--name", name, "--data", self.work)
        return path

    def score(self, key: str) -> Path:
        """The evaluation folder of `FOLDER/report`, scored with or without repair as that report says."""
        folder = key.split("/")[0]
        place = self.work / key
        if not (place / "report.json").exists():
            kept = json.loads((RESULTS / f"{key}.json").read_text(encoding="utf-8"))
            words = ("--predictions", RESULTS / folder / "predictions.jsonl", "--data", self.questions(data_of(folder)))
            repair = ["--repair"] if kept["run"].get("decoding", {}).get("repair") else []
            # no kept answer ran too long, and on a slow machine none shall
            _run("evaluate/run.py", *words, "--out", place, "--timeout", "120", *repair)
        return place


def _run(*words) -> None:
    """A program of ours. Raises RuntimeError with its last lines where it fails."""
    done = subprocess.run([sys.executable, *map(str, words)], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{words[0]} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def compare(name: str, scorer: Scorer) -> dict:
    """One pair as it is kept: the two runs, and the contrast of rule strict."""
    first, second = (read_results(scorer.score(key) / "results.jsonl") for key in PAIRS[name])
    found = pair(first, second)
    return {"runs": list(PAIRS[name]), "strict": found.rules["strict"]._asdict()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spider", default=os.environ.get("SPIDER_DIR"), help="the unpacked Spider (or SPIDER_DIR)")
    parser.add_argument("--spider-syn", default=os.environ.get("SPIDER_SYN_DIR"), help="or SPIDER_SYN_DIR")
    arguments = parser.parse_args()
    if not (arguments.spider and arguments.spider_syn):
        parser.error("give --spider and --spider-syn, the folders of the unpacked data")
    with tempfile.TemporaryDirectory() as work:
        scorer = Scorer(Path(work), vars(arguments))
        pairs = {name: compare(name, scorer) for name in PAIRS}
    write_text(PAIRED, json.dumps(pairs, indent=2) + "\n")
    print(f"{PAIRED.relative_to(ROOT)}: {len(pairs)} pairs. Now: python tools/documents.py")
    return 0


if __name__ == "__main__":
    sys.exit(main())

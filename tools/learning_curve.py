"""How many questions of your own does an adapter need? Train on 20, 50 or all of a set, or on made pairs, and score.

    python tools/learning_curve.py                      every arm and seed below results/; hours on a CPU
    python tools/learning_curve.py --arms none 20 made  some of them; what is there already is not done again

The set is the exoplanets sample: 445 questions to train on, 89 others to score. Every arm goes on from the shipped
adapter by recipes/qwen2.5_coder_0.5b_own_lora.yaml, as one does who has a database: `none` is that adapter as it is,
`made` has no question of a person. A seed draws the questions and the order of the rows. Scored by llama.cpp without
repair; report and predictions are kept as results/curve_ARM_seedN_exoplanets.
"""

import argparse
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

sys.path[0] = str(Path(__file__).resolve().parents[1])

import environment  # noqa: E402

environment.enter(needs=("sqlglot", "rich"))

from atomic import write_text  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ROOT / "models/qwen2.5_coder_0.5b_sql"
QUESTIONS = ROOT / "data/samples/exoplanets/train.jsonl"
DATABASE = ROOT / "data/databases/exoplanets/exoplanets/exoplanets.sqlite"
HELD_BACK = 1  # question that `own` keeps for evaluation, however small its share; one more is drawn for it


class Arm(NamedTuple):
    """`human` questions drawn from the set, `made` pairs; epochs so that small sets make some forty steps too."""

    human: int
    made: int
    epochs: int
    seeds: tuple[int, ...]


ARMS = {
    "none": Arm(0, 0, 0, (1,)),
    "20": Arm(20, 0, 10, (1, 2, 3)),
    "made": Arm(0, 300, 2, (1, 2, 3)),
    "50": Arm(50, 0, 6, (1, 2, 3)),
    "all": Arm(445, 0, 2, (1,)),
}


def run(*words: object) -> None:
    """A command from the repository's root, shown. Raises CalledProcessError."""
    command = [str(word) for word in words]
    print("+", *command, flush=True)
    subprocess.run(command, cwd=ROOT, check=True)


def sampled(arm: Arm, seed: int, path: Path) -> list[str]:
    """The words for `converters/run.py own` that bring an arm's questions; writes those drawn to `path`."""
    words = ["--generate", str(arm.made)] if arm.made else []
    if arm.human:
        rows = QUESTIONS.read_text(encoding="utf-8").splitlines()
        path.parent.mkdir(parents=True, exist_ok=True)
        drawn = random.Random(seed).sample(rows, min(arm.human + HELD_BACK, len(rows)))
        write_text(path, "\n".join(drawn) + "\n")
        words += ["--questions", str(path)]
    return words


def train(arm: Arm, seed: int, out: Path) -> None:
    """Convert the arm's questions and train on them to `out`."""
    words = sampled(arm, seed, out.with_suffix(".jsonl"))
    data = ("--name", "own_chat", "--database", DATABASE, "--split", 0.001, "--seed", seed, *words)
    run(sys.executable, "converters/run.py", "own", *data)
    recipe = ("qwen2.5_coder_0.5b_own_lora", f"output_dir={out}", f"num_train_epochs={arm.epochs}", f"seed={seed}")
    run("./launch.sh", "--no-evaluate", *recipe, "report_to=none")


def score(adapter: Path, kept: Path, work: Path) -> None:
    """Score an adapter on the 89 questions, and keep report and predictions."""
    data = ("--data", "data/exoplanets_eval.json", "--engine", "llamacpp", "--out", work)
    run(sys.executable, "evaluate/run.py", "--adapter", adapter, *data)
    results = (work / "results.jsonl").read_text(encoding="utf-8").splitlines()
    answers = [{"id": row["id"], "prediction": row["completion"]} for row in map(json.loads, results)]
    kept.mkdir(parents=True, exist_ok=True)
    write_text(kept / "predictions.jsonl", "".join(json.dumps(a, ensure_ascii=False) + "\n" for a in answers))
    write_text(kept / "report.json", (work / "report.json").read_text(encoding="utf-8"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    arguments = parser.parse_args()
    run(sys.executable, "converters/run.py", "exoplanets")
    for seed in arguments.seeds:
        for name in arguments.arms:
            arm, kept = ARMS[name], ROOT / f"results/curve_{name}_seed{seed}_exoplanets"
            if seed not in arm.seeds or (kept / "report.json").exists():
                continue
            out = ROOT / f"out/curve/{name}_seed{seed}"
            if arm.epochs:
                train(arm, seed, out)
            score(out if arm.epochs else SHIPPED, kept, out.with_name(f"{out.name}_score"))
    return 0


if __name__ == "__main__":
    sys.exit(main())

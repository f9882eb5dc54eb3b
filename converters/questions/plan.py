"""Before a training on made pairs: how long it will take, and the person's own questions as a file to score apart.

    python converters/questions/plan.py own_chat recipes/qwen2.5_coder_0.5b_own_lora.yaml [KEY=VALUE ...]

Reads data/own_chat_conversion.json and the converted files. Writes data/own_chat_yours.json, the evaluation rows that
were not made, where there are some, and removes an old one where there are none. Exit status: 0; 2 where the data set
has not been converted with tokens counted.
"""

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[0] = str(ROOT)

import environment  # noqa: E402

environment.enter(needs=("omegaconf",))

from atomic import write_text  # noqa: E402
from converters.convert import output_path, read_record  # noqa: E402
from converters.questions import GENERATED  # noqa: E402
from converters.sources import read_rows  # noqa: E402
from recipes import recipe  # noqa: E402
from recipes.hardware import cpu_has_bf16  # noqa: E402

TOKENS_A_SECOND = 200 if cpu_has_bf16() else 120  # LoRA on the 0.5B model, 2 cores of a server, nothing else running


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("name", help="the converted data set")
    parser.add_argument("recipe", type=Path)
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE")
    options = parser.parse_args()
    values = recipe.read(options.recipe, options.overrides)
    data = recipe.data_folder(values)
    names = [options.name, *(name.removesuffix("_train") for name in recipe.datasets(values))]
    tokens, longest = 0.0, 0
    for name in dict.fromkeys(names):
        train = read_record(data, name).get("files", {}).get("train", {})
        if train.get("tokens") is None:
            print(f"plan: {name} has not been converted with --tokenizer. Convert it again.", file=sys.stderr)
            return 2
        tokens += train["tokens"]["mean"] * train["written"]
        longest = max(longest, train["tokens"]["max"])
    for line in plan(tokens, longest, values):
        print(f"== {line}")
    yours(output_path(data, options.name, "eval"), data / f"{options.name}_yours.json")
    return 0


def plan(tokens: float, longest: int, values: dict) -> list[str]:
    """What the training will do, in lines. `tokens` of one epoch, `longest` row."""
    epochs = values.get("num_train_epochs", 3)
    minutes = max(1, round(tokens * epochs / TOKENS_A_SECOND / 60))
    lines = [
        f"training reads {epochs} times {tokens / 1000:.0f} thousand tokens: some {minutes} minutes on 2 CPU cores at "
        f"{TOKENS_A_SECOND} tokens/s, a fraction of that on a GPU; scoring comes on top"
    ]
    if longest > values["cutoff_len"]:
        lines.append(
            f"WARNING: the longest row has {longest} tokens, more than cutoff_len {values['cutoff_len']}: its end "
            f"would be cut off. Add cutoff_len={longest}, which takes more memory, or give fewer tables."
        )
    return lines


def yours(evaluation: Path, target: Path) -> None:
    """The evaluation rows that a person wrote, as a converted file."""
    rows = [raw.row for raw in read_rows(evaluation) if GENERATED not in raw.row["tags"]]
    if rows:
        write_text(target, "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n")
    else:
        target.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())

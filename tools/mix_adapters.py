"""The weighted mean of two adapters of one shape, of which the second was trained on from the first.

    python tools/mix_adapters.py FIRST SECOND --share 0.7 --out OUT     0.3 of FIRST, 0.7 of SECOND

What is learnt second costs some of what was learnt first. Between the two lie adapters that lose less of both (Wortsman
et al., Model soups, ICML 2022). The mean is that of the matrices, in bfloat16; the configuration is SECOND's.
"""

import argparse
import shutil
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

import environment  # noqa: E402

environment.enter(needs=("torch", "safetensors"))

from safetensors.torch import load_file, save_file  # noqa: E402

WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"


class MixError(Exception):
    """Two folders that cannot be mixed."""


def mix(first: Path, second: Path, share: float, out: Path) -> None:
    """Write the mean, `share` of it the second's, to `out`. Raises MixError where the shapes differ."""
    for folder in (first, second):
        if not (folder / WEIGHTS).is_file():
            raise MixError(f"{folder}: no {WEIGHTS}. Give the output folder of a training")
    one, two = load_file(first / WEIGHTS), load_file(second / WEIGHTS)
    if {name: tensor.shape for name, tensor in one.items()} != {name: tensor.shape for name, tensor in two.items()}:
        raise MixError(f"{first} and {second}: adapters of other shapes. Train the second on from the first")
    out.mkdir(parents=True, exist_ok=True)
    shutil.copy(second / CONFIG, out)
    mean = {name: ((1 - share) * one[name].float() + share * two[name].float()).bfloat16() for name in one}
    save_file(mean, out / WEIGHTS, metadata={"format": "pt"})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("first", type=Path, metavar="FIRST", help="folder of an adapter")
    parser.add_argument("second", type=Path, metavar="SECOND", help="folder of the one trained on from it")
    parser.add_argument("--share", type=float, default=0.5, metavar="S", help="the second's, 0 to 1 (default: 0.5)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write")
    options = parser.parse_args()
    if not 0 <= options.share <= 1:
        parser.error(f"--share {options.share:g} is not between 0 and 1")
    try:
        mix(options.first, options.second, options.share, options.out)
    except MixError as error:
        print(f"mix_adapters: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

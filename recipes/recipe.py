"""Recipes: read one with its overrides, check it with its trainer's own parser, and keep what a run was made with.

    python recipes/recipe.py check  RECIPE.yaml [KEY=VALUE ...]   names a misspelt key or a text for a number, at once
    python recipes/recipe.py begin  RECIPE.yaml [KEY=VALUE ...]   check, then write OUT/recipe.yaml and data_hashes.json
    python recipes/recipe.py join   RECIPE.yaml [KEY=VALUE ...]   the same check on a further machine; writes nothing
    python recipes/recipe.py finish OUT SECONDS                   write OUT/training.json: the training is complete

`check` prints two lines: the output folder OUT, and the program in .venv/bin that trains the recipe. Exit status 0:
train (`check`: the keys exist); 3: OUT is trained already, with these settings; 2: the recipe is wrong, or OUT holds a
training with other settings (nothing is overwritten unasked); 1: OUT cannot be written.
"""

import json
import shutil
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import environment  # noqa: E402
from atomic import write_text  # noqa: E402
from prompts.tags import first_row, prompt_tags  # noqa: E402
from recipes import keys, tracking  # noqa: E402
from recipes.kind import is_seq2seq  # noqa: E402
from recipes.provenance import commit, file_hash, versions  # noqa: E402

KEPT, HASHES, FINISHED = "recipe.yaml", "data_hashes.json", "training.json"
# Keys that say where a training runs, not what it is: a run may go on, or be compared, on another machine.
MACHINE_KEYS = {"use_cpu", "bf16", "fp16", "overwrite_output_dir", "report_to", "run_name", "resume_from_checkpoint"}
REQUIRED = ("model_name_or_path", "template", "dataset", "output_dir")
ALREADY_TRAINED = 3
# What a training leaves to resume from or to serve; `train anew` begins without it.
TRAINED = ("checkpoint-*", "adapter_*", "*.safetensors", "*.safetensors.index.json", "config.json", "pissa_*", "merged")
PLACES = ("model_name_or_path", "adapter_name_or_path", "resume_from_checkpoint")  # keys that name what is read


class RecipeError(Exception):
    """A recipe that cannot be used; the message names the file, the key and what to do."""


def read(path: Path, overrides: list[str] | tuple[str, ...] = ()) -> dict:
    """A recipe's keys and values, overridden the way `llamafactory-cli` does it (OmegaConf's KEY=VALUE).

    Raises RecipeError for a file that is missing or no YAML mapping, and for an override without `=`.
    """
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    wrong = [word for word in overrides if "=" not in word.strip("=")]
    if wrong:
        raise RecipeError(f"override {wrong[0]!r}: expected KEY=VALUE, as in learning_rate=5.0e-5")
    try:
        config = OmegaConf.load(path)
        if not OmegaConf.is_dict(config):
            raise RecipeError(
                f"{path}: not a mapping of keys to values. See recipes/gemma3_270m_lora.yaml for the form."
            )
        merged = OmegaConf.merge(config, OmegaConf.from_cli(list(overrides)))
        values = OmegaConf.to_container(merged, resolve=True)
    except OSError as error:
        raise RecipeError(f"{path}: {error.strerror}. ./launch.sh list shows the recipes.") from error
    except (YAMLError, OmegaConfBaseException, ValueError) as error:
        raise RecipeError(f"{path}: not valid YAML: {' '.join(str(error).split())}. Correct that line.") from error
    required = [key for key in REQUIRED if key != "template" or not is_seq2seq(values)]  # T5 has no chat template
    missing = [key for key in required if not values.get(key)]
    if missing:
        raise RecipeError(f"{path}: key {missing[0]!r} is missing. Add it; every recipe needs {', '.join(required)}.")
    return values


def datasets(values: dict, key: str = "dataset") -> list[str]:
    """The data set names under `key` (a comma-separated string or a list), e.g. `["exoplanets_train"]`."""
    named = values.get(key) or []
    return [name.strip() for name in (named.split(",") if isinstance(named, str) else named)]


def corpora(values: dict) -> list[str]:
    """The corpora a recipe trains and evaluates on: data set names without `_train` and `_eval`."""
    names = datasets(values) + datasets(values, "eval_dataset")
    return list(dict.fromkeys(name.removesuffix("_train").removesuffix("_eval") for name in names))


def data_file(name: str, values: dict | None = None) -> Path:
    """The converted file of a data set, as the dataset_info.json in the `dataset_dir` of the recipe names it.

    Without that key it is the folder data, as for the trainers; without a recipe it is this repository.
    """
    folder = ROOT if values is None else ROOT / values.get("dataset_dir", "data")
    try:
        info = json.loads((folder / "dataset_info.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise RecipeError(
            f"{folder}/dataset_info.json: {error.strerror}. Set dataset_dir to its folder; here that is ."
        ) from error
    if name not in info:
        raise RecipeError(f"data set {name!r} is not in dataset_info.json; known: {', '.join(info)}")
    return folder / info[name]["file_name"]


def data_folder(values: dict) -> Path:
    """The folder of a recipe's converted files; their databases lie in `databases/<corpus>` below it."""
    return data_file(datasets(values)[0], values).parent


def check_names(path: Path, values: dict, also: tuple[str, ...] = ()) -> None:
    """Raise RecipeError for a key that the recipe's trainer does not know, or a text that stands for a number.

    `also`: keys of ours that a misspelt one may have meant.
    """
    problem = keys.misspelt(values, also) or keys.mistyped(values)
    if problem:
        raise RecipeError(f"{path}: {problem}")


def check(path: Path, values: dict, also: tuple[str, ...] = ()) -> None:
    """Let its trainer's own parser read the recipe. Raises RecipeError, with the nearest key for a misspelt one.

    `also`: as in `check_names`.
    """
    check_names(path, values, also)
    problem = keys.refused(values)
    if problem:
        raise RecipeError(f"{path}: {problem}")


def begin(path: Path, overrides: list[str], *, keep: bool = True) -> int:
    """Check a recipe and, with `keep`, write it to its output folder.

    Of the machines that train together only the first keeps the recipe. Returns the exit status (see the module).
    """
    import yaml

    values = read(path, overrides)
    out = Path(values["output_dir"])
    anew = values.get("overwrite_output_dir", False)
    different = [] if anew else differences(out, values)
    if different:
        raise RecipeError(
            f"{out} was trained with other settings ({'; '.join(different)}). "
            f"Train into another folder with output_dir={out}_2, or start over with overwrite_output_dir=true."
        )
    if (out / FINISHED).is_file() and not anew:
        return ALREADY_TRAINED
    check_resumable(out, values)
    check(path, values)
    if not keep:
        return 0
    out.mkdir(parents=True, exist_ok=True)
    (out / FINISHED).unlink(missing_ok=True)
    if anew:
        forget_training(out, values)
    header = f"# {path.stem} with its overrides, as trained: {keys.trainer(values)} {out / KEPT}\n"
    write_text(out / HASHES, json.dumps(data_hashes(values), indent=2) + "\n")
    write_text(out / KEPT, header + yaml.safe_dump(values, sort_keys=False))
    return 0


def forget_training(out: Path, values: dict) -> None:
    """Remove the weights and checkpoints of a training in `out`: stopped early, the new one would go on from the old
    one's last checkpoint, or the old weights would be scored as the new ones. Nothing where the new one reads there."""
    reads = [Path(place.strip()).resolve() for key in PLACES for place in str(values.get(key) or "").split(",")]
    if any(place.is_relative_to(out.resolve()) for place in reads):
        return
    for path in {path for pattern in TRAINED for path in out.glob(pattern)}:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def check_resumable(out: Path, values: dict) -> None:
    """Raise RecipeError where a training would go on that must not: one whose recipe is not known, or a PiSSA one.

    LLaMA-Factory saves `pissa_init` after the checkpoint is loaded (PissaConvertCallback.on_train_begin), and so
    converts the adapter against the wrong start.
    """
    stopped = not values.get("overwrite_output_dir") and any(out.glob("checkpoint-*"))
    if stopped and not (out / KEPT).is_file() and not values.get("resume_from_checkpoint"):
        raise RecipeError(
            f"{out} holds checkpoints but no {KEPT}, so their settings are not known. Continue from one "
            f"with resume_from_checkpoint={out}/checkpoint-N, or start over with overwrite_output_dir=true."
        )
    if values.get("pissa_init") and (stopped or values.get("resume_from_checkpoint")):
        raise RecipeError(
            f"{out}: key pissa_init: a stopped PiSSA training cannot be resumed: LLaMA-Factory would take the "
            "checkpoint for the initial adapter and convert it wrongly. Start over with overwrite_output_dir=true, "
            "and without resume_from_checkpoint."
        )


def differences(out: Path, values: dict) -> list[str]:
    """What differs between `values` and the recipe kept in `out`, as `key: old -> new`; empty where nothing is kept."""
    if not (out / KEPT).is_file():
        return []
    kept = read(out / KEPT)
    changed = [key for key in {**kept, **values} if key not in MACHINE_KEYS and kept.get(key) != values.get(key)]
    lines = [f"{key}: {kept.get(key)} -> {values.get(key)}" for key in changed]
    before, now = begun_hashes(out), data_hashes(values)
    return lines + [
        f"{name}: the converted file has changed" for name in now if before.get(name, now[name]) != now[name]
    ]


def data_hashes(values: dict) -> dict[str, str]:
    """The hashes of a recipe's converted training files, by data set; without those that are not there."""
    files = {name: data_file(name, values) for name in datasets(values)}
    return {name: file_hash(path) for name, path in files.items() if path.is_file()}


def begun_hashes(out: Path) -> dict[str, str]:
    """The hashes of the data that the training in `out` began with; empty where it began without `begin`."""
    return json.loads((out / HASHES).read_text(encoding="utf-8")) if (out / HASHES).is_file() else {}


def finish(out: Path, seconds: float) -> None:
    """Write OUT/training.json: seconds, data hashes, versions and commit of a completed training."""
    values = read(out / KEPT)
    record = {
        "recipe": out.name,
        "seconds": seconds,
        "finished": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "data": begun_hashes(out),
        "prompt_tags": prompt_tags(first_row(data_file(datasets(values)[0], values))),
        "versions": versions(),
        "commit": commit(),
    }
    write_text(out / FINISHED, json.dumps(record, indent=2) + "\n")
    tracking.record(out, values, record)


def main(arguments: list[str]) -> int:
    environment.enter(needs=("omegaconf", "llamafactory"))
    try:
        match arguments:
            case ["check", path, *overrides]:
                values = read(Path(path), overrides)
                check_names(Path(path), values)
                print(values["output_dir"], keys.trainer(values), sep="\n")
                return 0
            case ["begin", path, *overrides]:
                return begin(Path(path), overrides)
            case ["join", path, *overrides]:
                return begin(Path(path), overrides, keep=False)
            case ["finish", out, seconds]:
                finish(Path(out), float(seconds))
                return 0
    except RecipeError as error:
        print(f"recipe: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"recipe: {error.filename}: {error.strerror}. Correct that, or give another output_dir.", file=sys.stderr)
        return 1
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

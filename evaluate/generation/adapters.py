"""What a training left behind: finding it, reading its recipe, and making it something vLLM serves."""

import json
import subprocess
from pathlib import Path
from typing import NamedTuple

import environment
from evaluate.generation.generate import Served, has_gpu, weights_hash
from recipes import recipe

ROOT = environment.ROOT


class AdapterError(Exception):
    """A folder that holds no usable adapter; the message says what was expected and what to do."""


class Trained(NamedTuple):
    """One output folder of a training, and the values of its recipe."""

    folder: Path
    recipe: dict

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def is_adapter(self) -> bool:
        """False for a full fine-tuning, whose folder is a whole model."""
        return (self.folder / "adapter_config.json").is_file()


def find(folder: Path) -> list[Trained]:
    """The finished trainings in `folder` itself, or in the folders directly below it, by name.

    Raises AdapterError where there is none.
    """
    here = [folder] if has_weights(folder) else sorted(path for path in folder.glob("*") if has_weights(path))
    if not here:
        raise AdapterError(
            f"{folder}: no adapter and no trained model here or one level below. Train one first: ./launch.sh list"
        )
    return [Trained(path, read_recipe(path)) for path in here]


def has_weights(folder: Path) -> bool:
    """Whether a training ended here: its root holds an adapter or a model (checkpoints lie in sub-folders)."""
    return (folder / "adapter_config.json").is_file() or (
        (folder / "config.json").is_file() and any(folder.glob("*.safetensors"))
    )


def read_recipe(folder: Path) -> dict:
    """The recipe kept in an output folder, or the shipped one of that name for a plain `llamafactory-cli train`."""
    kept, shipped = folder / recipe.KEPT, ROOT / "recipes" / f"{folder.name}.yaml"
    for path in (kept, shipped):
        if path.is_file():
            return recipe.read(path)
    raise AdapterError(
        f"{folder}: neither {recipe.KEPT} here nor {shipped.relative_to(ROOT)}. Copy its recipe to {kept}."
    )


def served(trained: Trained) -> Served:
    """What vLLM loads for a training: the folder itself, the merged model, or base and adapter.

    On a CPU an unmerged adapter generates at a fifth of the speed, so it is merged. vLLM refuses DoRA adapters and
    those with whole trained modules everywhere.
    """
    if not trained.is_adapter:
        return Served(str(trained.folder))
    config = json.loads((trained.folder / "adapter_config.json").read_text(encoding="utf-8"))
    if (
        has_gpu()
        and config.get("peft_type") == "LORA"
        and not config.get("use_dora")
        and not config.get("modules_to_save")
    ):
        return Served(trained.recipe["model_name_or_path"], trained.folder)
    return Served(str(merged(trained)))


def served_names(trained: Trained) -> tuple[str, ...]:
    """What a server may call a training: its name, as in `--lora-modules NAME=DIR`, its folder, or its merged model."""
    return trained.name, str(trained.folder), str(trained.folder / "merged")


def merged(trained: Trained) -> Path:
    """The folder of base and adapter merged by `llamafactory-cli export`, made where missing or out of date."""
    target, note = trained.folder / "merged", trained.folder / "merged" / "merged_from.txt"
    digest = weights_hash(trained.folder)
    if note.is_file() and note.read_text(encoding="utf-8") == digest:
        return target
    command = [
        str(environment.TRAIN / "bin/llamafactory-cli"),
        "export",
        *(word for key, value in export_values(trained, target).items() for word in (f"--{key}", value)),
    ]
    print("+", *command, flush=True)
    log = trained.folder / "merge.log"
    with log.open("w", encoding="utf-8") as file:
        status = subprocess.run(command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT).returncode
    if status:
        raise AdapterError(f"{trained.folder}: llamafactory-cli export ended with status {status}; see {log}")
    note.write_text(digest, encoding="utf-8")
    return target


def export_values(trained: Trained, target: Path) -> dict[str, str]:
    """The keys of the export: the base un-quantised, since merging into 4 bits loses what was learnt."""
    return {
        "model_name_or_path": trained.recipe["model_name_or_path"],
        "adapter_name_or_path": str(trained.folder),
        "template": trained.recipe["template"],
        "finetuning_type": trained.recipe.get("finetuning_type", "lora"),
        "export_dir": str(target),
        "export_device": "cpu",
        "trust_remote_code": str(trained.recipe.get("trust_remote_code", False)).lower(),
    }

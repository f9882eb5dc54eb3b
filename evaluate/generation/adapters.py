"""What a training left behind: finding it, reading its recipe, and making it something vLLM serves."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import environment
from evaluate.generation.generate import LORA_RANKS, Served, weights_hash
from prompts import tags
from recipes import recipe
from recipes.hardware import has_gpu
from recipes.kind import is_seq2seq

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

    Of several, one whose recipe cannot be read is left out with a message. Raises AdapterError where none remains.
    """
    if has_weights(folder):
        return [Trained(folder, read_recipe(folder))]
    trained = []
    for path in sorted(path for path in folder.glob("*") if has_weights(path)):
        try:
            trained.append(Trained(path, read_recipe(path)))
        except (AdapterError, recipe.RecipeError) as error:
            print(f"evaluate: left out: {error}", file=sys.stderr)
    if not trained:
        raise AdapterError(
            f"{folder}: no adapter and no trained model here or one level below. Train one first: ./launch.sh list"
        )
    return trained


def only(folder: Path) -> Trained:
    """The one training in or right below a folder. Raises AdapterError where there are several, or none."""
    found = find(folder)
    if len(found) > 1:
        names = ", ".join(trained.name for trained in found)
        raise AdapterError(f"{folder}: holds {len(found)} trainings ({names}). Name one: --adapter {found[0].folder}")
    return found[0]


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


def prompt_tags(trained: Trained) -> list[str]:
    """How the prompts were made that a model was trained with: its training.json says, else the data of its recipe.

    A plain `llamafactory-cli train` leaves no training.json. Raises AdapterError where the data says nothing either.
    """
    noted = noted_tags(trained)
    if noted is not None:
        return noted
    name, problem = recipe.datasets(trained.recipe)[0], "its first row has no tags"
    try:
        if found := tags.prompt_tags(tags.first_row(recipe.data_file(name, trained.recipe))):
            return found
    except (recipe.RecipeError, OSError) as error:
        problem = str(error)
    raise AdapterError(
        f"{trained.folder}: no {recipe.FINISHED} says how its prompts were made, nor does its data set {name} "
        f"({problem}). Convert that as for the training: python converters/run.py --recipe RECIPE.yaml"
    )


def noted_tags(trained: Trained) -> list[str] | None:
    """The prompt tags in a training's training.json; None where it has none."""
    path = trained.folder / recipe.FINISHED
    return json.loads(path.read_text(encoding="utf-8")).get("prompt_tags") if path.is_file() else None


def other_prompts(trained: Trained, rows: list[dict]) -> str | None:
    """What is wrong with asking a model by `rows`: their prompts are of another form than it was trained with."""
    learnt, asked = noted_tags(trained), tags.prompt_tags(rows[0])
    if not learnt or not asked or learnt == asked:
        return None
    return (
        f"trained on prompts with {' '.join(learnt)}, asked with {' '.join(asked)}: a model does worse on a prompt "
        "format it was not trained on. Convert the data with the same --style and --schema, or train again"
    )


def served(trained: Trained) -> Served:
    """What vLLM loads for a training: the folder itself, the merged model, or base and adapter.

    On a CPU an unmerged adapter generates at a fifth of the speed, so it is merged. Raises AdapterError as
    `usable_adapter` does.
    """
    if is_seq2seq(trained.recipe):
        return seq2seq_served(trained)
    if not trained.is_adapter:
        return Served(str(trained.folder))
    adapter = usable_adapter(trained)
    if has_gpu() and vllm_applies(read_config(adapter)):
        return Served(trained.recipe["model_name_or_path"], adapter)
    return Served(str(merged(trained)))


def served_names(trained: Trained) -> tuple[str, ...]:
    """What a server may call a training: its name, as in `--lora-modules NAME=DIR`, its folder, or its merged model."""
    return trained.name, str(trained.folder), str(trained.folder / "merged")


def seq2seq_served(trained: Trained) -> Served:
    """What transformers loads for an encoder-decoder: the folder itself, or the un-quantised base and the adapter."""
    if trained.is_adapter:
        return Served(trained.recipe["model_name_or_path"], trained.folder, seq2seq=True)
    return Served(str(trained.folder), seq2seq=True)


def vllm_applies(config: dict) -> bool:
    """Whether vLLM can apply an adapter unmerged: not DoRA, OFT, PiSSA, nor a large rank or whole trained modules."""
    whole = config.get("use_dora") or config.get("modules_to_save")
    fits = config.get("peft_type") == "LORA" and config["r"] <= LORA_RANKS[-1]
    return fits and not whole and not is_pissa(config)


def usable_adapter(trained: Trained) -> Path:
    """The folder of the adapter that belongs to the base as it is: a PiSSA adapter's converted form where it has one.

    A PiSSA adapter belongs to what is left of the base without its principal part. With `pissa_iter` that part comes
    from a random algorithm, so it cannot be made again: merged from there, the model is another one than was trained.
    Raises AdapterError where only that form is there.
    """
    config, converted = read_config(trained.folder), trained.folder / "pissa_converted"
    if not is_pissa(config):
        return trained.folder
    if trained.recipe.get("pissa_convert") and (converted / "adapter_config.json").is_file():
        return converted
    if config["init_lora_weights"] != "pissa":
        raise AdapterError(
            f"{trained.folder}: a PiSSA adapter whose start ({config['init_lora_weights']}) was drawn at random and is "
            "not kept, so that it fits no base. Train again with pissa_convert: true, or with pissa_iter: -1."
        )
    return trained.folder


def read_config(adapter: Path) -> dict:
    return json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))


def is_pissa(config: dict) -> bool:
    """Whether an adapter's configuration says that PEFT takes the principal part out of the base when it loads it."""
    return str(config.get("init_lora_weights")).startswith("pissa")


def export_in_new_process(arguments: list[str], log: Path) -> None:
    """Run `llamafactory-cli export`, what it says going into `log`. Raises AdapterError where it fails."""
    command = [str(environment.TRAIN / "bin/llamafactory-cli"), "export", *arguments]
    print("+", *command, flush=True)
    with log.open("w", encoding="utf-8") as file:
        status = subprocess.run(command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT).returncode
    if status:
        raise AdapterError(f"{log.parent}: llamafactory-cli export ended with status {status}; see {log}")


def merged(trained: Trained, export: Callable[[list[str], Path], None] = export_in_new_process) -> Path:
    """The folder of base and adapter merged by LLaMA-Factory's export, made where missing or out of date.

    `export` takes the command's arguments and a log file. Raises AdapterError.
    """
    target, note = trained.folder / "merged", trained.folder / "merged" / "merged_from.txt"
    adapter = usable_adapter(trained)
    digest = weights_hash(adapter)
    if note.is_file() and note.read_text(encoding="utf-8") == digest:
        return target
    values = export_values(trained.recipe, adapter, target)
    export([word for key, value in values.items() for word in (f"--{key}", value)], trained.folder / "merge.log")
    note.write_text(digest, encoding="utf-8")
    return target


def export_values(values: dict, adapter: Path, target: Path) -> dict[str, str]:
    """The keys of the export: the base un-quantised, since merging into 4 bits loses what was learnt.

    `finetuning_type` is `lora` for an OFT adapter too: LLaMA-Factory refuses `oft` here, and PEFT reads the kind from
    the adapter's own configuration.
    """
    return {
        "model_name_or_path": values["model_name_or_path"],
        "adapter_name_or_path": str(adapter),
        "template": values["template"],
        "finetuning_type": "lora",
        "export_dir": str(target),
        "export_device": "cpu",
        "trust_remote_code": str(values.get("trust_remote_code", False)).lower(),
    }

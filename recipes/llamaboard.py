"""LlamaBoard presets: one llamaboard_config/<recipe>.yaml for each recipe that LLaMA-Factory trains (stage sft).

    python recipes/llamaboard.py

writes the presets, removes those whose recipe is gone, and lets the next board open with the model "Custom". It is
called by `./launch.sh setup` and `./launch.sh board`; git ignores what it writes.

A preset is the board's own form as YAML, e.g. a recipe's `cutoff_len: 544` becomes `train.cutoff_len: 544`.
It sets every field that matters, so that nothing of an earlier preset stays. Fields the recipe does not name get the
trainer's default, not the board's. Keys without a field go into "Extra arguments" as JSON. The board's own code then
turns the preset into a command, and a key whose value is not the recipe's there is an error: nothing is copied by hand.
"""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import environment  # noqa: E402
from atomic import write_text  # noqa: E402
from recipes import recipe  # noqa: E402

if TYPE_CHECKING:
    from gradio.components import Component
    from llamafactory.webui.runner import Runner

FOLDER = ROOT / "llamaboard_config"
HEADER = "# Written by recipes/llamaboard.py from recipes/{name}.yaml: change that, then run ./launch.sh board.\n"
EXTRA = "train.extra_args"
NO_PRESET = {"prem_1b_sql_full"}  # its empty default_system: the board drops every empty value
# Where a field has another name than the key. Other fields are `train.<key>`.
FIELDS = {
    "model_name_or_path": "top.model_path",
    "template": "top.template",
    "finetuning_type": "top.finetuning_type",
    "quantization_method": "top.quantization_method",
    "rope_scaling": "top.rope_scaling",
    "per_device_train_batch_size": "train.batch_size",
    "neftune_noise_alpha": "train.neftune_alpha",
    "pissa_init": "train.use_pissa",
}
# The field `val_size` also sets eval_strategy, eval_steps and the evaluation's batch size, after "Extra arguments".
NO_FIELD = {"val_size"}
# What stays in the command beside the recipe's keys; none of it changes what is trained. A preset takes back the rest
# that the board adds: 16 preprocessing processes, and trust_remote_code, which runs code from a model's repository.
ADDED = {
    "max_samples": 10_000_000,  # the field takes no "all": more rows than any data set here has
    "plot_loss": True,
    "ddp_timeout": 180_000_000,
    "include_num_input_tokens_seen": True,  # counts tokens for the log
}
# Fields that a supervised training does not read, or that are the person's; a preset leaves them as they are.
UNREAD = ("pref_", "ppo_", "reward_", "freeze_vision", "freeze_multi", "freeze_language", "image_", "video_")
UNREAD += ("swanlab_", "trackio_", "hub_", "project", "output_box", "config_path", "lang")


class Board(NamedTuple):
    """LlamaBoard's form without its web page: `fields` maps `train.cutoff_len` and the like to Gradio's components."""

    fields: dict[str, "Component"]
    runner: "Runner"


def open_board() -> Board:
    """The form as the installed LLaMA-Factory builds it, with the fields a preset may set. Takes about 10 s."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    import gradio
    from llamafactory.webui.components import create_top, create_train_tab
    from llamafactory.webui.engine import Engine

    engine = Engine(demo_mode=True)  # the other mode writes files into the working directory
    with gradio.Blocks() as blocks:
        engine.manager.add_elems("top", create_top())
        engine.manager.add_elems("train", create_train_tab(engine))
    load = next(event for event in blocks.fns.values() if event.fn == engine.runner.load_args)
    fields = {engine.manager.get_id_by_elem(element): element for element in load.outputs}
    return Board(dict(sorted(fields.items())), engine.runner)


def trainer_defaults() -> dict[str, object]:
    """LLaMA-Factory's default of every key that `llamafactory-cli train` knows."""
    from dataclasses import MISSING

    from llamafactory.hparams.parser import _TRAIN_ARGS

    return {
        field.name: field.default if field.default_factory is MISSING else field.default_factory()
        for kind in _TRAIN_ARGS
        for field in kind.__dataclass_fields__.values()
    }


def make_preset(path: Path, values: dict, board: Board) -> dict[str, object]:
    """The board's fields, `{"train.cutoff_len": 544, ...}`, with which it trains what the recipe's `values` say.

    Raises RecipeError for a key LLaMA-Factory does not know or a value that the board cannot hold.
    """
    defaults = trainer_defaults()
    for key in values.keys() - defaults.keys():
        raise recipe.RecipeError(f"{path}: unknown key {key!r}; LLaMA-Factory has no such key. Correct or remove it.")
    wanted = completed(values)
    preset = form_fields(wanted, board)
    preset[EXTRA] = "{}"
    extra = {key: as_extra(wanted[key], defaults[key]) for key in disagreements(values, command(preset, board))}
    preset[EXTRA] = json.dumps(extra, ensure_ascii=False)
    for key, given in disagreements(values, command(preset, board)).items():
        raise recipe.RecipeError(
            f"{path}: LlamaBoard cannot hold {key}: {wanted[key]!r}; its command would say {given!r}. "
            "Give the recipe a value that the board's form has."
        )
    return preset


def completed(values: dict) -> dict[str, object]:
    """A recipe's values with the trainer's for every key it does not name."""
    wanted = trainer_defaults() | values
    if wanted["lora_alpha"] is None:
        wanted["lora_alpha"] = 2 * wanted["lora_rank"]  # as LLaMA-Factory's FinetuningArguments does
    return wanted


def form_fields(values: dict, board: Board) -> dict[str, object]:
    """Every field that matters, filled from the keys; what does not fit into its field leaves the field empty."""
    by_field = {field_of(key): value for key, value in values.items() if key not in NO_FIELD}
    by_field |= choices_of_several_keys(values)
    return {
        name: shown(element, by_field[name]) if name in by_field else element.value
        for name, element in board.fields.items()
        if not name.split(".")[1].startswith(UNREAD)
    }


def field_of(key: str) -> str:
    """The name of the field that would hold `key`, whether the form has it or not."""
    return FIELDS.get(key, f"train.{key}")


def choices_of_several_keys(values: dict) -> dict[str, object]:
    """The fields that stand for more than one key, or show one in other words."""
    from llamafactory.extras.constants import TRAINING_STAGES

    boosters = {
        "unsloth": values["use_unsloth"],
        "flashattn2": values["flash_attn"] == "fa2",
        "liger_kernel": values["enable_liger_kernel"],
    }
    types = [name for name in ("pure_bf16", "fp16", "bf16") if values[name]]
    # With a number of bits in its field the board insists on double quantization.
    bits = values["quantization_bit"] if values["double_quantization"] else None
    return {
        "top.model_name": "Custom",  # a known name would put its own path and template into the form
        "top.checkpoint_path": [] if values["finetuning_type"] in ("lora", "oft") else None,
        "top.booster": next((name for name, wanted in boosters.items() if wanted), "auto"),
        "top.quantization_bit": str(bits or "none"),
        "train.training_stage": {stage: title for title, stage in TRAINING_STAGES.items()}[values["stage"]],
        "train.dataset": recipe.datasets(values),
        "train.compute_type": types[0] if types else "fp32",
        "train.max_samples": str(values["max_samples"] or ADDED["max_samples"]),
    }


def shown(element: "Component", value: object) -> object:
    """`value` as a field of this kind holds it; the field's empty value where it does not fit."""
    kind = type(element).__name__
    value = getattr(value, "value", value)  # of an enumeration
    if kind == "Textbox":
        return ",".join(value) if isinstance(value, list) else "" if value is None else str(value)
    if kind == "Checkbox":
        return bool(value)
    if kind == "Slider":
        fits = isinstance(value, int | float) and element.minimum <= value <= element.maximum
        return value if fits else max(element.minimum, 0)
    known = [choice for _, choice in element.choices]
    if value is None or element.allow_custom_value or element.multiselect or value in known:
        return "none" if value is None and "none" in known else value
    return element.value


def as_extra(value: object, default: object) -> object:
    """A value for "Extra arguments": the board drops every `false`, so one that is not the default is written 0."""
    return 0 if value is False and default is not False else value


def command(preset: dict, board: Board) -> dict[str, object]:
    """The keys and values of the command that the board, with this preset, previews and trains with."""
    from llamafactory.webui import common

    data = {element: preset.get(name, element.value) for name, element in board.fields.items()}
    # The board's own functions; they are private there, and a change of either shows in every preset.
    given = common._clean_cmd(board.runner._parse_train_args(data))
    return {key: getattr(value, "value", value) for key, value in given.items()}


def disagreements(values: dict, given: dict) -> dict[str, object]:
    """Where a command does not train what the recipe says: `{key: the command's value, None where it has none}`.

    Every key of the recipe has to be there with its value, and every other but ADDED has to have the trainer's. What is
    null or false by default may be missing: the board drops both.
    """
    defaults, wanted = trainer_defaults(), completed(values)
    keys = [*values, *(key for key in given if key not in values and key not in ADDED)]
    return {
        key: given.get(key)
        for key in keys
        if comparable(wanted.get(key)) != comparable(given.get(key))
        or (key not in given and wanted[key] is not defaults[key])
    }


def comparable(value: object) -> object:
    """`value`, with a comma-separated string as the list LLaMA-Factory makes of it, and nothing as False."""
    value = False if value is None or value == "" else getattr(value, "value", value)
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def presets(board: Board) -> dict[str, str]:
    """File name and text of the preset of each recipe of stage sft, e.g. `{"gemma3_270m_lora.yaml": "..."}`."""
    import yaml

    texts = {}
    for path in sorted((ROOT / "recipes").glob("*.yaml")):
        if path.stem not in NO_PRESET and yaml.safe_load(path.read_text(encoding="utf-8")).get("stage") == "sft":
            preset = make_preset(path.relative_to(ROOT), recipe.read(path), board)
            text = yaml.safe_dump(preset, allow_unicode=True, width=1000)
            texts[path.name] = HEADER.format(name=path.stem) + text
    return texts


def write(texts: dict[str, str], folder: Path) -> list[Path]:
    """Bring the presets in `folder` up to date; what a person saved there stays. Returns what it wrote or removed."""
    folder.mkdir(exist_ok=True)
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.yaml")}
    changed = [folder / name for name, text in texts.items() if there.get(name) != text]
    gone = [name for name, text in there.items() if text.startswith(HEADER.split("{")[0]) and name not in texts]
    for path in changed:
        write_text(path, texts[path.name])
    for name in gone:
        (folder / name).unlink()
    return sorted(changed + [folder / name for name in gone])


def choose_custom() -> None:
    """Let the board that is started in this working directory open with the model "Custom".

    Where a preset changes the model's name, the board overwrites the path and the template it has just loaded.
    """
    from llamafactory.webui.common import save_config

    save_config(lang="", model_name="Custom")


def main(arguments: list[str]) -> int:
    environment.enter(needs=("omegaconf", "llamafactory"))
    os.environ.setdefault("LLAMAFACTORY_VERBOSITY", "ERROR")  # it warns of every output folder outside saves/
    if arguments in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    if arguments:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        texts = presets(open_board())
    except recipe.RecipeError as error:
        print(f"llamaboard: {error}", file=sys.stderr)
        return 2
    changed = write(texts, FOLDER)
    print(f"llamaboard: {len(texts)} presets in {FOLDER.relative_to(ROOT)}/, {len(changed)} changed")
    choose_custom()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Every recipe that is shipped can be trained: LLaMA-Factory reads it, and what it names is there.

`path` are the recipes that LLaMA-Factory trains, `every` all; test_t5_recipes.py has what is special to T5.
"""

import json
import re

import pytest

pytest.importorskip("llamafactory", reason="needs .venv: ./launch.sh setup")

from converters.run import corpora
from converters.variants import VARIANTS
from prompts.template import template_for
from recipes import memory, recipe
from tests.conftest import ROOT, byte_level_tokenizer

VALUES = {path: recipe.read(path) for path in sorted((ROOT / "recipes").glob("*.yaml"))}
RECIPES = [path for path, values in VALUES.items() if values["stage"] != "seq2seq"]
TABLE = (ROOT / "recipes/README.md").read_text()
CPU = ["use_cpu=true", "bf16=true", "fp16=false"]
SECTIONS = ["### model", "### method", "### dataset", "### output", "### train", "### eval"]
# The end token that the tokenizer of each model has before LLaMA-Factory's template may replace it.
END_TOKENS = {"premai-io/prem-1B-SQL": "<|EOT|>", "meta-llama/Llama-2-7b-hf": "</s>"}


# Headers that name a CPU's memory, so no estimate for a GPU.
FOR_A_CPU = {"gemma3_270m_dora", "gemma3_270m_lora"}
FOR_A_CPU |= {f"qwen2.5_coder_0.5b_{data}_lora" for data in ("exoplanets", "own", "spider_chat")}


def test_the_glob_sees_the_recipes():
    assert len(RECIPES) >= 37


@pytest.fixture(params=RECIPES, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture(params=VALUES, ids=lambda path: path.stem)
def every(request):
    return request.param


def test_llamafactory_reads_it_and_refuses_none_of_its_combinations(path, tmp_path):
    """What the trainer itself does first; DeepSpeed alone would ask for torchrun and GPUs."""
    from llamafactory.hparams import get_train_args

    values = recipe.read(path, [*CPU, f"output_dir={tmp_path}"])
    recipe.check(path, values)
    values.pop("deepspeed", None)
    model, data, training, finetuning, _ = get_train_args(values)
    assert (model.model_name_or_path, data.template) == (values["model_name_or_path"], values["template"])
    assert (finetuning.finetuning_type, training.learning_rate) == (values["finetuning_type"], values["learning_rate"])


def test_the_answer_ends_in_a_token_that_stops_the_generation(path):
    """Otherwise the model never learns to stop: the labels must hold one of the template's stop tokens."""
    import transformers

    tokenizer = byte_level_tokenizer(transformers)
    tokenizer.eos_token = END_TOKENS.get(VALUES[path]["model_name_or_path"], "<eos>")
    known = len(tokenizer)
    template = template_for(tokenizer, VALUES[path])
    turns = [{"role": "user", "content": "How many?"}, {"role": "assistant", "content": "SELECT 1"}]
    prompt, answer = template.encode_oneturn(tokenizer, turns)
    stops = set(template.get_stop_token_ids(tokenizer))
    assert stops & set(answer)
    assert not stops & set(prompt[-1:])
    assert len(tokenizer) == known  # no token is new, so that none is untrained


def test_no_system_prompt_but_the_models_own_stands_before_the_question(path):
    from llamafactory.data.template import TEMPLATES

    values = VALUES[path]
    system = values.get("default_system", TEMPLATES[values["template"]].default_system)
    assert bool(system) == ("qwen2.5" in values["model_name_or_path"].lower())


def test_its_data_sets_are_registered_and_can_be_converted(every):
    info = json.loads((ROOT / "dataset_info.json").read_text())
    values = VALUES[every]
    (train, *others), (evaluation,) = recipe.datasets(values), recipe.datasets(values, "eval_dataset")
    assert {train, evaluation, *others} <= info.keys()
    assert train.removesuffix("_train") == evaluation.removesuffix("_eval")
    assert set(recipe.corpora(values)) <= {*corpora(), *VARIANTS}
    assert values["dataset_dir"] == "."


def test_its_output_folder_mirrors_its_name(every):
    assert VALUES[every]["output_dir"] == f"out/{every.stem}"
    assert VALUES[every]["run_name"] == every.stem


def test_it_draws_its_losses_keeps_the_best_checkpoint_and_has_a_seed(every):
    values = VALUES[every]
    assert (values["plot_loss"], values["report_to"], values["seed"]) == (True, "wandb", 42)
    if "_chat_" in values["dataset"]:  # trained on a CPU: an evaluation takes as long as an epoch
        assert "eval_strategy" not in values
        return
    assert (values["load_best_model_at_end"], values["metric_for_best_model"]) == (True, "eval_loss")
    assert values["save_strategy"] == values["eval_strategy"]
    assert values.get("save_steps") == values.get("eval_steps")
    assert (values["eval_strategy"] == "steps") == ("eval_steps" in values)


def test_its_header_says_how_to_train_and_score_it(every):
    lines = every.read_text().splitlines()
    assert lines[2] == f"# Train    ./launch.sh {every.stem}"
    assert lines[3].startswith(f"# Change   ./launch.sh {every.stem} ")
    assert f"# Score    python evaluate/run.py --adapter out/{every.stem}" in lines
    assert lines[0].endswith(".")
    header = " ".join(line for line in lines if line.startswith("# "))
    assert "# Needs " in header
    assert "Measured: " in header


def test_what_its_header_suggests_to_change_are_keys(every):
    words = every.read_text().splitlines()[3].split()[4:]
    recipe.check_names(every, recipe.read(every, words))
    assert words[-1].startswith("output_dir=out/")


@pytest.mark.parametrize("path", [path for path in RECIPES if path.stem not in FOR_A_CPU], ids=lambda path: path.stem)
def test_its_header_names_the_memory_that_is_estimated(path):
    found = re.search(r"# Needs .*?(\d+) GB \(estimate\)", path.read_text())
    shape = memory.shape_of(VALUES[path]["model_name_or_path"])
    needed = memory.needed(VALUES[path], shape, memory.gpus_of(path)) / memory.GB
    assert needed <= int(found[1]) <= 2 * needed


@pytest.mark.parametrize("name", ["llama3.1_8b_full_zero3", "qwen2.5_coder_7b_full", "llama3.2_3b_full"])
def test_the_header_of_a_large_full_training_names_its_disk(name):
    path = ROOT / f"recipes/{name}.yaml"
    told = re.search(r"# +Disk: (\d+) GB for two checkpoints", path.read_text())
    two = 2 * memory.checkpoint(VALUES[path], memory.shape_of(VALUES[path]["model_name_or_path"])) / 1e9
    assert two <= int(told[1]) < two + 1


def test_gemma_3_is_packed_only_where_its_window_holds_a_row():
    packed = [VALUES[path] for path in RECIPES if VALUES[path]["template"] == "gemma" and VALUES[path].get("packing")]
    # The longest row has 186 tokens, the window 512.
    assert {values["dataset"] for values in packed} == {"exoplanets_train"}


def test_the_results_table_has_its_data_and_its_memory(path):
    shape, gpus = memory.shape_of(VALUES[path]["model_name_or_path"]), memory.gpus_of(path)
    needed = memory.needed(VALUES[path], shape, gpus) / memory.GB
    line = f"| [{path.stem}]({path.name}) | {recipe.corpora(VALUES[path])[0]} | {gpus} x {needed:.1f} GB |"
    assert line in TABLE


def test_its_arithmetic_of_rows_a_step_is_right(every):
    values = VALUES[every]
    told = re.search(r"# (\d+) per device x (\d+) x (\d+) GPUs? = (\d+) a step", every.read_text())
    if not told:
        assert values.get("packing")
        return
    batch, accumulated, gpus, rows = map(int, told.groups())
    assert (batch, accumulated) == (values["per_device_train_batch_size"], values["gradient_accumulation_steps"])
    assert (gpus, rows) == (memory.gpus_of(every), batch * accumulated * gpus)


def test_its_sections_stand_in_order(every):
    sections = [line for line in every.read_text().splitlines() if line.startswith("###")]
    assert sections == (SECTIONS[:-1] if "eval_strategy" not in VALUES[every] else SECTIONS)


# What a method may bring beside its title: how it trains, and what follows from that.
METHOD_KEYS = {
    *("finetuning_type", "lora_rank", "lora_alpha", "lora_target", "use_dora", "use_rslora", "quantization_bit"),
    *("pissa_init", "pissa_convert", "oft_block_size", "deepspeed", "learning_rate", "output_dir", "run_name"),
}
SIBLINGS = re.compile(r"(.*)_(lora|qlora|dora|full|rslora|pissa|oft)")
# Siblings that may differ in more: other data, other GPUs (as many rows a step), packed rows.
MORE = {
    "llama3.2_3b_dora": {"dataset", "eval_dataset"},
    "qwen2.5_coder_7b_full": {"gradient_accumulation_steps"},
}
PAIRS = {
    ("llama2_7b_lora", "llama2_7b_lora_full_data"): {"dataset", "eval_dataset", "num_train_epochs"},
    ("qwen2.5_coder_1.5b_lora", "qwen2.5_coder_1.5b_lora_packed"): {
        *("packing", "neat_packing", "enable_liger_kernel", "flash_attn"),
        *("gradient_accumulation_steps", "per_device_eval_batch_size"),
    },
}


def differing(one: str, other: str) -> set[str]:
    first, second = (VALUES[ROOT / f"recipes/{name}.yaml"] for name in (one, other))
    return {key for key in {**first, **second} if first.get(key) != second.get(key)}


GROUPS = [
    (f"{match[1]}_lora", path.stem)
    for path in RECIPES
    if (match := SIBLINGS.fullmatch(path.stem)) and match[2] != "lora" and path.with_stem(f"{match[1]}_lora") in VALUES
]


def test_the_siblings_are_seen():
    assert len(GROUPS) >= 18


@pytest.mark.parametrize(("lora", "other"), GROUPS)
def test_two_methods_of_one_model_differ_only_in_what_the_method_is(lora, other):
    assert {"output_dir", "run_name"} < differing(lora, other) <= METHOD_KEYS | MORE.get(other, set())


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_two_variants_differ_only_in_what_the_second_is_named_for(one, other):
    assert differing(one, other) - {"output_dir", "run_name"} <= PAIRS[one, other]


@pytest.mark.parametrize("stage", [2, 3])
def test_the_deepspeed_files_are_of_the_stage_they_are_named_for(stage):
    config = json.loads((ROOT / f"recipes/deepspeed/zero{stage}.json").read_text())
    assert config["zero_optimization"]["stage"] == stage
    assert {config[key] for key in ("train_batch_size", "gradient_accumulation_steps", "gradient_clipping")} == {"auto"}

"""The evaluator asks with the token ids the model was trained on, for every template the recipes use."""

import json

import pytest

pytest.importorskip("llamafactory", reason="needs .venv: ./launch.sh setup")

from evaluate.generation.prompts import encode
from tests.prompts.test_chat_frames import by_llamafactory

ROWS = [
    {
        "id": f"row-{number}",
        "instruction": "Write a SQLite query that answers the question.",
        "input": f"singer(name, age)\n\nQuestion: {question}",
        "output": "SELECT COUNT(*) FROM singer",
    }
    for number, question in enumerate(["How many singers are there?", 'Wie heißt "Łódź"?\t', "a\n\n b  ''"])
]
TEMPLATES = ("alpaca", "gemma", "qwen3_nothink", "llama3", "llama2", "deepseekcoder")


def trained_prompts(recipe: dict, folder) -> list[list[int]]:
    """What LLaMA-Factory's own loader puts in front of the first label of each row."""
    from llamafactory.data import get_dataset, get_template_and_fix_tokenizer
    from llamafactory.hparams import DataArguments, ModelArguments, TrainingArguments
    from llamafactory.model import load_tokenizer

    (folder / "rows.json").write_text(json.dumps(ROWS), encoding="utf-8")
    columns = {"prompt": "instruction", "query": "input", "response": "output"}
    (folder / "dataset_info.json").write_text(json.dumps({"rows": {"file_name": "rows.json", "columns": columns}}))
    model = ModelArguments(model_name_or_path=recipe["model_name_or_path"], cache_dir=str(folder / "cache"))
    data = DataArguments(template=recipe["template"], dataset="rows", dataset_dir=str(folder), cutoff_len=1024)
    training = TrainingArguments(output_dir=str(folder / "out"), do_train=True, use_cpu=True)
    module = load_tokenizer(model)
    template = get_template_and_fix_tokenizer(module["tokenizer"], data)
    rows = get_dataset(template, model, data, training, stage="sft", **module)["train_dataset"]
    return [row["input_ids"][: first_label(row["labels"])] for row in rows]


def first_label(labels: list[int]) -> int:
    return next(position for position, label in enumerate(labels) if label != -100)


@pytest.mark.parametrize("template", TEMPLATES)
def test_prompt_ids_equal_the_prompt_part_of_the_training_ids(template, tiny_model, tmp_path):
    recipe = {"model_name_or_path": str(tiny_model), "template": template}
    encoded = encode(ROWS, recipe)
    assert [ids for _, ids in encoded.prompts] == trained_prompts(recipe, tmp_path)
    assert [key for key, _ in encoded.prompts] == ["row-0", "row-1", "row-2"]
    assert all(len(ids) > 20 for _, ids in encoded.prompts)


def test_a_row_with_its_own_system_prompt_is_asked_with_it(tiny_model):
    recipe = {"model_name_or_path": str(tiny_model), "template": "llama3"}
    plain, with_system = (encode([ROWS[0] | extra], recipe).prompts[0][1] for extra in ({}, {"system": "Be brief."}))
    assert len(with_system) > len(plain)


@pytest.mark.parametrize("template", ["qwen", "gemma"])
def test_a_row_with_a_history_is_asked_as_a_conversation(template, tiny_model):
    recipe = {"model_name_or_path": str(tiny_model), "template": template}
    history = [["How many?", "SELECT 1"], ["And now?", "SELECT 2"]]
    row = {"id": "a", "instruction": "And then?", "input": "", "history": history}
    expected = by_llamafactory(recipe, ["How many?", "And now?", "And then?"], ["SELECT 1", "SELECT 2"])
    assert encode([row], recipe).prompts == [("a", expected)]


def test_the_templates_stop_words_end_an_answer(tiny_model):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    stops = encode(ROWS[:1], {"model_name_or_path": str(tiny_model), "template": "qwen3_nothink"}).stop_token_ids
    assert tokenizer.convert_tokens_to_ids("<|im_end|>") in stops


def test_an_unknown_template_is_refused(tiny_model):
    with pytest.raises(ValueError, match="no_such_template"):
        encode(ROWS, {"model_name_or_path": str(tiny_model), "template": "no_such_template"})

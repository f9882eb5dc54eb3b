"""An exported adapter: the merged numbers, the prompt of the training in the Modelfile, and what is refused."""

import json
import re

import pytest

pytest.importorskip("gguf", reason="needs .venv: ./launch.sh setup")
pytest.importorskip("llamafactory", reason="needs .venv: ./launch.sh setup")

import numpy
import torch
from gguf import GGUFReader, dequantize

from models import adapter_gguf, export
from models.catalogue import GGUF_NAME
from models.modelfile import TemplateError, frame_of, system_prompt, write_modelfile
from prompts.chat_frames import FRAMES, prompt_pieces
from prompts.template import load_template
from tests.models.test_adapter_gguf import CONFIG, NAME, write_adapter

RECIPE = "model_name_or_path: data/models/{base}\ntemplate: qwen\ndataset: exoplanets_train\noutput_dir: out/x\n"
SHAPES = {"self_attn.q_proj": (64, 64), "self_attn.v_proj": (64, 64), "mlp.down_proj": (64, 128)}  # rows, columns
CHANGED = {"self_attn.q_proj": "attn_q", "self_attn.v_proj": "attn_v", "mlp.down_proj": "ffn_down"}


def weights() -> dict:
    """A LoRA adapter of the tiny model's layer 1."""
    torch.manual_seed(1)
    return {
        NAME.format(1, place, half): torch.randn(shape) / 4
        for place, (rows, columns) in SHAPES.items()
        for half, shape in (("A", (4, columns)), ("B", (rows, 4)))
    }


@pytest.fixture
def adapter(tmp_path, tiny, tiny_gguf, monkeypatch):
    """The output folder of a training on the tiny model, whose GGUF file is there."""
    monkeypatch.setattr(export, "MODELS", {"tiny": tiny})
    monkeypatch.setattr("models.catalogue.FOLDER", tmp_path / "data/models")
    monkeypatch.setattr("models.catalogue.ROOT", tmp_path)
    tiny.folder.mkdir(parents=True)
    (tiny.folder / GGUF_NAME).write_bytes(tiny_gguf.read_bytes())
    (tiny.folder / "LICENSE").write_text("Do as you please.\n")
    folder = write_adapter(tmp_path / "bookshop", weights())
    (folder / "recipe.yaml").write_text(RECIPE.format(base="tiny"))
    (folder / "training.json").write_text('{"prompt_tags": ["style:compact", "prompt:1"]}')
    return folder


def numbers(path) -> dict:
    return {tensor.name: dequantize(tensor.data, tensor.tensor_type) for tensor in GGUFReader(path).tensors}


def errors_allowed(matrix: numpy.ndarray, kind: str) -> numpy.ndarray:
    """Half a step of the type: Q8_0 has 127 of them up to the largest of 32 numbers, whose scale has 11 bits."""
    if kind == "f16":
        return abs(matrix) * 2**-11 + 1e-7
    blocks = abs(matrix).reshape(-1, 32).max(axis=1, keepdims=True)
    return (blocks / 127 * 0.5 + blocks * 2**-11).repeat(32, axis=1).reshape(matrix.shape) + 1e-7


@pytest.mark.parametrize("kind", ["q8_0", "f16"])
def test_the_merged_weights_are_base_plus_scaled_product(adapter, tiny_gguf, kind):
    export.export(adapter, kind, ollama=False)
    base, merged, lora = numbers(tiny_gguf), numbers(adapter / f"export/model-{kind}.gguf"), weights()
    for place, name in CHANGED.items():
        product = lora[NAME.format(1, place, "B")] @ lora[NAME.format(1, place, "A")]
        base[f"blk.1.{name}.weight"] = (
            base[f"blk.1.{name}.weight"] + CONFIG["lora_alpha"] / CONFIG["r"] * product.numpy()
        )
    base["token_embd.weight"] = base.pop("output.weight")  # one matrix in training, the better of the two
    assert merged.keys() == base.keys()
    for name, matrix in base.items():
        difference = abs(merged[name] - matrix)
        assert (difference <= (errors_allowed(matrix, kind) if matrix.ndim == 2 else 0)).all(), name
    assert abs(base["blk.1.attn_q.weight"] - numbers(tiny_gguf)["blk.1.attn_q.weight"]).max() > 0.5


def test_tokenizer_and_settings_stay_and_the_type_is_told(adapter, tiny_gguf):
    export.export(adapter, "q8_0", ollama=False)
    reader = GGUFReader(adapter / "export/model-q8_0.gguf")
    old, new = (
        {key: field.contents() for key, field in file.fields.items() if not key.startswith("GGUF.")}
        for file in (GGUFReader(tiny_gguf), reader)
    )
    told = {"general.name": "bookshop", "general.file_type": 7, "tokenizer.ggml.add_bos_token": False}
    assert new == old | told
    kinds = {tensor.name: tensor.tensor_type.name for tensor in reader.tensors}
    assert kinds["blk.0.ffn_up.weight"] == kinds["token_embd.weight"] == "Q8_0"
    assert kinds["blk.0.attn_q.bias"] == kinds["output_norm.weight"] == "F32"


def test_the_export_is_a_folder_that_explains_itself(adapter):
    written = export.export(adapter, "q8_0", ollama=True)
    names = ["model-q8_0.gguf", "README.md", "Modelfile", "LICENSE"]
    assert written == [adapter / "export" / name for name in names]
    assert sorted(path.name for path in (adapter / "export").iterdir()) == sorted(names)
    text = (adapter / "export/README.md").read_text()
    for part in (
        "`model-q8_0.gguf`: the LoRA adapter `bookshop` merged into Nobody/Tiny ",
        "Licence of the base: Apache-2.0. Copyright 2024 Nobody.",
        "<|im_start|>user\nWrite a SQLite query that answers the question.\nauthor(author_id, name, country)\n",
        "Question: How many authors come from Japan?<|im_end|>\n<|im_start|>assistant\n```",
        f"python evaluate/run.py --adapter {adapter} --gguf {adapter}/export/model-q8_0.gguf --data",
    ):
        assert part in text, part
    assert "Modelfile" not in export.readme(
        adapter, written[0], export.MODELS["tiny"], {"template": "gemma"}, [], False
    )


def test_the_modelfile_holds_the_stops_and_greedy_decoding(adapter):
    export.export(adapter, "f16", ollama=True)
    text = (adapter / "export/Modelfile").read_text()
    assert text.startswith("FROM ./model-f16.gguf\n")
    assert [line for line in text.splitlines() if line.startswith("PARAMETER")] == [
        'PARAMETER stop "<|im_end|>"',
        'PARAMETER stop "<|endoftext|>"',
        "PARAMETER temperature 0",
        "PARAMETER repeat_penalty 1",
        "PARAMETER num_ctx 16384",
        "PARAMETER num_predict 256",
    ]


GO = {  # what a Modelfile's template uses of Go's text/template, in Jinja
    r"\{\{ if \.System \}\}": "{% if System %}",
    r"\{\{ range \.Messages \}\}": "{% for message in Messages %}",
    r"\{\{ if eq \.Role (\S+) \}\}": r"{% if message.Role == \1 %}",
    r"\{\{ else if eq \.Role (\S+) \}\}": r"{% elif message.Role == \1 %}",
    r"\{\{ \.System \}\}": "{{ System }}",
    r"\{\{ \.Content \}\}": "{{ message.Content }}",
}


def rendered(modelfile: str, questions: list[str], answers: list[str]) -> str:
    """What Ollama makes of a conversation by a Modelfile's TEMPLATE and SYSTEM."""
    from jinja2 import Environment

    found = dict(re.findall(r'^(TEMPLATE|SYSTEM) """(.*?)"""$', modelfile, re.DOTALL | re.MULTILINE))
    system, text = found.get("SYSTEM", ""), found["TEMPLATE"]
    for go, jinja in GO.items():
        text = re.sub(go, jinja, text)
    blocks = []
    for tag in re.findall(r"\{% (?:if|for)|\{\{ end \}\}", text):
        if tag != "{{ end }}":
            blocks.append(tag.split()[-1])
        else:
            text = text.replace(tag, f"{{% end{blocks.pop()} %}}", 1)
    turns = [turn for pair in zip(questions, [*answers, None], strict=True) for turn in pair][:-1]
    messages = [{"Role": ("user", "assistant")[place % 2], "Content": turn} for place, turn in enumerate(turns)]
    messages = [{"Role": "system", "Content": system}] * bool(system) + messages  # as Ollama puts it in front
    return Environment(keep_trailing_newline=True).from_string(text).render(System=system, Messages=messages)


@pytest.mark.parametrize("template", FRAMES)
@pytest.mark.parametrize(
    ("questions", "answers"),
    [(["author(name)\n\nQuestion: How many {{ .Role }}?"], []), (["one", "and\n\ntwo?"], ["SELECT 1"])],
    ids=["question", "conversation"],
)
def test_the_modelfiles_template_writes_what_llamafactory_writes(tiny_model, tmp_path, template, questions, answers):
    recipe = {"model_name_or_path": str(tiny_model), "template": template}
    of_factory, tokenizer = load_template(recipe)
    turns = [turn for pair in zip(questions, [*answers, ""], strict=True) for turn in pair]
    messages = [{"role": ("user", "assistant")[place % 2], "content": turn} for place, turn in enumerate(turns)]
    pairs = of_factory.encode_multiturn(tokenizer, messages)
    ids = [token for asked, answered in pairs[:-1] for token in asked + answered] + pairs[-1][0]
    ours = FRAMES[template].begins + rendered(write_modelfile(tmp_path, recipe, [], 4096), questions, answers)
    assert ours == tokenizer.decode(ids)
    assert tokenizer.encode(ours, add_special_tokens=False) == ids


def test_a_system_prompt_of_the_recipe_is_that_of_the_modelfile(tmp_path):
    recipe = {"template": "qwen", "default_system": "Answer in SQL."}
    text = rendered(write_modelfile(tmp_path, recipe, [], 4096), ["How many?"], [])
    assert text == "".join(prompt_pieces(recipe, ["How many?"]))
    assert "Answer in SQL." in text


@pytest.mark.parametrize(
    "recipe",
    [
        {"template": "qwen", "default_system": 'three """ marks'},
        {"template": "gemma", "default_system": "Answer in SQL."},
    ],
)
def test_a_system_prompt_that_a_modelfile_cannot_hold_is_refused(tmp_path, recipe):
    with pytest.raises(TemplateError, match=r"^default_system .* cannot be written into a Modelfile"):
        write_modelfile(tmp_path, recipe, [], 4096)
    assert system_prompt(recipe) == recipe["default_system"]


def test_a_template_that_is_not_known_is_refused():
    with pytest.raises(TemplateError, match=r"^template 'llama3': only qwen, gemma, gemma3 can be exported$"):
        frame_of({"template": "llama3"})


def refusal(adapter, capsys, *words: str) -> str:
    assert export.main([str(adapter), *words]) == 2
    assert not (adapter / "export").exists()
    return capsys.readouterr().err


def test_a_folder_without_an_adapter_is_refused(tmp_path, capsys):
    expected = f"export: {tmp_path}: no adapter_config.json. Name the output folder of a LoRA training\n"
    assert refusal(tmp_path, capsys) == expected


def test_a_base_without_a_gguf_file_is_refused(adapter, capsys):
    (adapter / "recipe.yaml").write_text(RECIPE.format(base="llama"))
    said = refusal(adapter, capsys)
    assert said.startswith(f"export: {adapter}/recipe.yaml: model_name_or_path is data/models/llama, of which there is")
    assert "there are data/models/tiny. Merge it with llamafactory-cli export" in said


def test_in_four_bits_the_adapter_lies_beside_the_unchanged_base(adapter, tiny_gguf, tmp_path, monkeypatch):
    monkeypatch.setattr(adapter_gguf, "FOLDER", tmp_path / "adapters")
    written = export.export(adapter, "q4_k_m", ollama=True)
    names = ["model-q4_k_m.gguf", "adapter.gguf", "README.md", "Modelfile", "LICENSE"]
    assert written == [adapter / "export" / name for name in names]
    assert written[0].read_bytes() == tiny_gguf.read_bytes()
    assert written[1].read_bytes() == adapter_gguf.adapter_gguf(adapter, tiny_gguf).read_bytes()
    assert written[3].read_text().startswith("FROM ./model-q4_k_m.gguf\nADAPTER ./adapter.gguf\nTEMPLATE ")
    text = written[2].read_text()
    assert "llama-server -m model-q4_k_m.gguf --lora adapter.gguf --alias bookshop" in text
    assert f"evaluate/run.py --adapter {adapter} --engine llamacpp --data" in text
    assert "merged" not in text


def test_an_adapter_that_is_more_than_two_factors_is_refused(adapter, capsys):
    (adapter / "adapter_config.json").write_text(json.dumps(CONFIG | {"use_dora": True}))
    assert "adapter_config.json: use_dora is set, which is not merged here." in refusal(adapter, capsys)


@pytest.mark.parametrize(
    ("layer", "columns", "found"), [(7, 64, "has no such matrix"), (1, 32, r"has \[64, 64\] there")]
)
def test_an_adapter_of_another_base_is_refused_before_anything_is_written(adapter, layer, columns, found):
    other = {
        NAME.format(layer, "self_attn.q_proj", "A"): torch.zeros(4, columns),
        NAME.format(layer, "self_attn.q_proj", "B"): torch.zeros(64, 4),
    }
    write_adapter(adapter, other)
    with pytest.raises(adapter_gguf.AdapterFormatError, match=f"changes blk.{layer}.attn_q.weight .* the base {found}"):
        export.export(adapter, "q8_0", ollama=True)
    assert not (adapter / "export").exists()


def test_half_a_pair_is_refused(adapter):
    write_adapter(adapter, {NAME.format(1, "self_attn.q_proj", "A"): torch.zeros(4, 64)})
    with pytest.raises(adapter_gguf.AdapterFormatError, match=r"blk\.1\.attn_q\.weight\.lora_b is missing"):
        export.export(adapter, "q8_0", ollama=False)

"""Weights from GGUF: the better of two matrices, the configuration, and what transformers itself would read."""

import json

import pytest

torch = pytest.importorskip("torch", reason="needs .venv: ./launch.sh setup")

from models.weights import save_weights  # noqa: E402


@pytest.fixture(scope="module")
def folder(tiny_gguf, tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    save_weights(tiny_gguf, folder, (259, 257))
    return folder


@pytest.fixture(scope="module")
def model(folder):
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder)


def test_embedding_and_output_matrix_are_one_the_better_quantised_one(model, tiny_gguf):
    from gguf import GGUFReader, dequantize

    tensors = {tensor.name: tensor for tensor in GGUFReader(tiny_gguf).tensors}
    output, embedding = (
        torch.tensor(dequantize(tensors[name].data, tensors[name].tensor_type)).bfloat16()
        for name in ("output.weight", "token_embd.weight")
    )
    assert model.lm_head.weight is model.model.embed_tokens.weight
    assert torch.equal(model.lm_head.weight, output)
    assert not torch.equal(output, embedding)


def test_every_other_weight_is_what_transformers_reads_from_the_file(model, tiny_gguf):
    from transformers import AutoModelForCausalLM

    theirs = AutoModelForCausalLM.from_pretrained(tiny_gguf.parent, gguf_file=tiny_gguf.name, dtype=torch.bfloat16)
    expected, weights = theirs.state_dict(), model.state_dict()
    assert weights.keys() == expected.keys()
    different = [name for name, value in expected.items() if not torch.equal(value, weights[name])]
    assert different == ["model.embed_tokens.weight"]


def test_the_configuration_is_that_of_the_file(folder):
    config = json.loads((folder / "config.json").read_text())
    expected = {
        "architectures": ["Qwen2ForCausalLM"],
        "dtype": "bfloat16",
        "hidden_size": 64,
        "intermediate_size": 128,
        "max_position_embeddings": 32768,
        "rms_norm_eps": 1e-6,
        "rope_parameters": {"rope_theta": 1e6, "rope_type": "default"},
        "tie_word_embeddings": True,
        "use_sliding_window": False,
        "vocab_size": 260,
    }
    assert {key: config.get(key) for key in expected} == expected
    assert "_model_name_or_path" not in config


def test_generation_settings_hold_the_end_tokens_and_no_sampling(folder):
    settings = json.loads((folder / "generation_config.json").read_text())
    settings.pop("transformers_version")
    assert settings == {"bos_token_id": 257, "pad_token_id": 257, "eos_token_id": [259, 257]}


def test_everybody_may_read_the_weights(folder):
    assert (folder / "model.safetensors").stat().st_mode & 0o444 == 0o444

"""Qwen's tokenizer from a GGUF file: its rules on a small vocabulary, and the official ids on the real one."""

import json

import pytest

from models import making
from models.catalogue import QWEN_0_5B
from models.qwen2 import build_tokenizer
from tests.models.tiny import byte_alphabet

transformers = pytest.importorskip("transformers", reason="needs .venv: ./launch.sh setup")

# Ids of the official tokenizer, as llama.cpp's own test of it expects them (models/ggml-vocab-qwen2.gguf.out), and for
# chat markers as model cards of Qwen2.5 print them.
OFFICIAL = [
    ("", []),
    (" ", [220]),
    ("  ", [256]),
    ("   ", [262]),
    ("\t", [197]),
    ("\n", [198]),
    ("\n\n", [271]),
    ("\n\n\n", [1406]),
    ("\t\n", [1572]),
    ("\n =", [198, 284]),
    (" (", [320]),
    ("Hello world", [9707, 1879]),
    (" Hello World!", [21927, 4337, 0]),
    ("    Hello\n    Hello", [262, 21927, 198, 262, 21927]),
    ("ied 4 ½ months", [1122, 220, 19, 220, 26062, 3951]),
    ("Führer", [37, 50753, 261]),
    ("w048 7tuijk dsdfhu", [86, 15, 19, 23, 220, 22, 83, 1963, 41808, 11472, 2940, 16739]),
    ("333333333", [18] * 9),
    (" this is 🦙.cpp", [419, 374, 11162, 99, 247, 13, 10821]),
    ("нещо на Български", [78762, 14144, 1456, 13073, 63471, 33594, 3038, 133178, 79012]),
    (
        "Hello, y'all! How are you 😁 ?我想在apple工作1314151天～",
        [
            *(9707, 11, 379, 64848, 0, 2585, 525, 498, 26525, 223, 937, 104100, 18493, 22377, 99257),
            *(16, 18, 16, 19, 16, 20, 16, 35727, 21216),
        ],
    ),
    (
        "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n",
        [
            *(151644, 8948, 198, 2610, 525, 1207, 16948, 11, 3465, 553, 54364, 14817),
            *(13, 1446, 525, 264, 10950, 17847, 13, 151645, 198),
        ],
    ),
]


@pytest.fixture(scope="module")
def small():
    tokens = [*byte_alphabet(), "ab", "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>", "<|fim_prefix|>"]
    types = [1] * 257 + [3, 3, 3, 4, 3]
    return build_tokenizer([*tokens, "[PAD262]"], [*types, 5], ["a b"])


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("abab", ["ab", "ab"]),
        ("a b", ["a", "Ġ", "b"]),
        ("<|im_start|>ab", ["<|im_start|>", "ab"]),
        ("<tool_call>", ["<tool_call>"]),
        ("é", ["Ã", "©"]),
        ("e\u0301", ["Ã", "©"]),  # written as two characters: the text is normalised first
        ("[PAD262]", list("[PAD262]")),  # what only fills the embedding up is no token
    ],
)
def test_text_becomes_the_pieces_of_byte_level_bpe(small, text, tokens):
    assert small.tokenize(text) == tokens


def test_tokens_keep_their_ids_and_the_padding_is_left_out(small):
    assert len(small) == 262
    assert small.convert_tokens_to_ids(["ab", "<|endoftext|>", "<|fim_prefix|>"]) == [256, 257, 261]
    assert (small.eos_token_id, small.pad_token_id, small.bos_token_id, small.unk_token_id) == (259, 257, None, None)


def test_decoding_leaves_out_chat_markers_and_keeps_code_markers(small):
    ids = small.encode("<|im_start|>ab<tool_call><|fim_prefix|><|im_end|>")
    assert small.decode(ids, skip_special_tokens=True) == "ab<tool_call><|fim_prefix|>"


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """The folder of the 0.5B model, made from its packages where it is not there."""
    model = QWEN_0_5B
    if making.is_complete(model.folder):
        return model.folder
    return making.ensure(model, tmp_path_factory.mktemp("models") / model.name)


@pytest.mark.slow
def test_the_real_tokenizer_gives_the_official_ids(real):
    tokenizer = transformers.AutoTokenizer.from_pretrained(real)
    assert [(text, tokenizer.encode(text)) for text, _ in OFFICIAL] == OFFICIAL
    assert [tokenizer.decode(ids) for _, ids in OFFICIAL] == [text for text, _ in OFFICIAL]


@pytest.mark.slow
def test_the_real_tokenizer_has_the_official_tokens_and_template(real):
    tokenizer = transformers.AutoTokenizer.from_pretrained(real)
    assert type(tokenizer).__name__ == "Qwen2Tokenizer"
    assert len(tokenizer) == 151665
    assert (tokenizer.eos_token_id, tokenizer.pad_token_id, tokenizer.bos_token_id) == (151645, 151643, None)
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Hi"}], tokenize=False, add_generation_prompt=True
    )
    assert prompt == (
        "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n"
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    )


@pytest.mark.slow
def test_the_real_configuration_is_the_official_one(real):
    config = json.loads((real / "config.json").read_text())
    expected = {
        "bos_token_id": 151643,
        "eos_token_id": 151645,
        "hidden_act": "silu",
        "hidden_size": 896,
        "intermediate_size": 4864,
        "max_position_embeddings": 32768,
        "num_attention_heads": 14,
        "num_hidden_layers": 24,
        "num_key_value_heads": 2,
        "rms_norm_eps": 1e-6,
        "rope_parameters": {"rope_theta": 1e6, "rope_type": "default"},
        "tie_word_embeddings": True,
        "vocab_size": 151936,
    }
    assert {key: config.get(key) for key in expected} == expected


@pytest.mark.slow
def test_the_real_model_is_tied_and_answers_in_sql(real):
    tokenizer = transformers.AutoTokenizer.from_pretrained(real)
    model = transformers.AutoModelForCausalLM.from_pretrained(real)
    assert model.lm_head.weight is model.model.embed_tokens.weight
    assert sum(parameter.numel() for parameter in model.parameters()) == 494_032_768
    turn = [{"role": "user", "content": "CREATE TABLE singer (name TEXT); How many singers are there? SQL only."}]
    inputs = tokenizer.apply_chat_template(turn, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    answer = model.generate(**inputs, max_new_tokens=24)[0, inputs["input_ids"].shape[1] :]
    assert "select count(*) from singer" in " ".join(tokenizer.decode(answer).lower().split())

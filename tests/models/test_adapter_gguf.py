"""A LoRA adapter as GGUF: the same numbers under llama.cpp's names; what llama.cpp cannot apply is refused."""

import json

import pytest

pytest.importorskip("gguf", reason="needs .venv: ./launch.sh setup")
pytest.importorskip("torch", reason="needs .venv: ./launch.sh setup")

import torch
from gguf import GGUFReader
from safetensors.torch import save_file

from models import adapter_gguf as module
from models.adapter_gguf import AdapterFormatError, adapter_gguf

CONFIG = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "init_lora_weights": True}
NAME = "base_model.model.model.layers.{}.{}.lora_{}.weight"


@pytest.fixture(autouse=True)
def made(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "FOLDER", tmp_path / "made")
    return tmp_path / "made"


def write_adapter(folder, tensors: dict, **config):
    folder.mkdir(exist_ok=True)
    (folder / "adapter_config.json").write_text(json.dumps(CONFIG | config))
    save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    return folder


def pair(kind=torch.float32, layer=1, place="self_attn.q_proj") -> dict:
    torch.manual_seed(layer)
    return {
        NAME.format(layer, place, "A"): torch.randn(4, 64).to(kind),
        NAME.format(layer, place, "B"): torch.randn(32, 4).to(kind),
    }


@pytest.mark.parametrize("kind", [torch.float32, torch.float16, torch.bfloat16])
def test_the_numbers_stay_the_same(tmp_path, tiny_gguf, kind):
    tensors = pair(kind) | pair(kind, 0, "mlp.down_proj")
    reader = GGUFReader(adapter_gguf(write_adapter(tmp_path / "a", tensors), tiny_gguf))
    found = {tensor.name: torch.tensor(tensor.data) for tensor in reader.tensors}
    assert found.keys() == {
        *("blk.1.attn_q.weight.lora_a", "blk.1.attn_q.weight.lora_b"),
        *("blk.0.ffn_down.weight.lora_a", "blk.0.ffn_down.weight.lora_b"),
    }
    assert torch.equal(
        found["blk.1.attn_q.weight.lora_a"],
        tensors[NAME.format(1, "self_attn.q_proj", "A")].to(found["blk.1.attn_q.weight.lora_a"].dtype),
    )
    assert torch.equal(
        found["blk.0.ffn_down.weight.lora_b"].float(), tensors[NAME.format(0, "mlp.down_proj", "B")].float()
    )
    assert reader.fields["general.architecture"].contents() == "qwen2"
    assert reader.fields["adapter.type"].contents() == "lora"


@pytest.mark.parametrize(("config", "alpha"), [({}, 8.0), ({"use_rslora": True}, 16.0)])
def test_alpha_is_what_llamacpp_divides_by_the_rank(tmp_path, tiny_gguf, config, alpha):
    reader = GGUFReader(adapter_gguf(write_adapter(tmp_path / "a", pair(), **config), tiny_gguf))
    assert reader.fields["adapter.lora.alpha"].contents() == alpha


def test_it_is_made_once_and_again_for_other_weights_or_another_scale(tmp_path, tiny_gguf, made):
    first = adapter_gguf(write_adapter(tmp_path / "a", pair()), tiny_gguf)
    time = first.stat().st_mtime_ns
    assert adapter_gguf(tmp_path / "a", tiny_gguf) == first
    assert first.stat().st_mtime_ns == time
    adapter_gguf(write_adapter(tmp_path / "a", pair(), lora_alpha=16), tiny_gguf)
    adapter_gguf(write_adapter(tmp_path / "a", pair(layer=0)), tiny_gguf)
    assert len(list(made.iterdir())) == 3


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"peft_type": "OFT"}, "peft_type is OFT, not LORA"),
        ({"use_dora": True}, "use_dora is set"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save is set"),
        ({"rank_pattern": {"q_proj": 8}}, "rank_pattern is set"),
        ({"init_lora_weights": "pissa_niter_16"}, "a PiSSA adapter belongs to another base than the one it came from"),
    ],
)
def test_what_llamacpp_cannot_apply_is_refused(tmp_path, tiny_gguf, made, config, reason):
    folder = write_adapter(tmp_path / "a", pair(), **config)
    with pytest.raises(AdapterFormatError) as error:
        adapter_gguf(folder, tiny_gguf)
    assert (
        str(error.value) == f"{folder}/adapter_config.json: {reason}; llama.cpp cannot apply it. Ask with --engine vllm"
    )
    assert not made.exists()


def test_a_layer_that_is_not_known_is_named(tmp_path, tiny_gguf):
    folder = write_adapter(tmp_path / "a", {"base_model.model.lm_head.lora_A.weight": torch.zeros(4, 64)})
    with pytest.raises(
        AdapterFormatError, match=r"tensor base_model\.model\.lm_head\.lora_A\.weight: llama\.cpp cannot"
    ):
        adapter_gguf(folder, tiny_gguf)


def test_a_base_that_is_no_gguf_file_is_refused(tmp_path):
    (tmp_path / "model.gguf").write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(AdapterFormatError, match="no GGUF file that begins with its architecture"):
        adapter_gguf(write_adapter(tmp_path / "a", pair()), tmp_path / "model.gguf")

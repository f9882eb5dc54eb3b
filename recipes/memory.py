"""How much GPU memory a recipe needs, estimated from its keys and the shape of its model.

    python recipes/memory.py [RECIPE.yaml ...]        all recipes where none is named; ./launch.sh list --memory

The estimate is for one step on one GPU with every row as long as `cutoff_len`: the longest step of a training, not the
usual one. GB are 2^30 bytes, as on a GPU's box. Left out: norms and biases (below 0.1 % of the parameters),
attention scores (sdpa and FlashAttention keep none), communication buffers of several GPUs without DeepSpeed,
memory taken by offloading. `OVERHEAD` stands for CUDA's context, cuBLAS and fragmentation; it is a guess. Where
serving the un-quantised weights for the evaluation takes more than the training (QLoRA), the recipe needs that.

Shapes come from a local model's config.json, else from model_shapes.json (the published config values).
"""

import json
import re
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)

import environment  # noqa: E402
from recipes import recipe  # noqa: E402
from recipes.hardware import gpu_memory  # noqa: E402

SHAPES = ROOT / "recipes/model_shapes.json"
GB = 2**30
OVERHEAD = int(1.5 * GB)
SERVED = 0.92  # the part of a GPU that vLLM takes: its default gpu_memory_utilization
NF4 = 0.5 + 0.127 / 8  # bytes a parameter: 4 bits, and 0.127 bits of double-quantized constants (QLoRA, section 3)
DEFAULT_CUTOFF, DEFAULT_BATCH, DEFAULT_RANK, DEFAULT_BLOCK, DEFAULT_FROZEN = 2048, 8, 8, 32, 2  # LLaMA-Factory's own


class Shape(NamedTuple):
    """The numbers of a decoder that decide its memory."""

    hidden: int
    layers: int
    vocabulary: int
    feed_forward: int
    queries: int  # heads times their size
    keys: int  # key heads times their size; as many values
    is_tied: bool  # one matrix for embedding and output

    @property
    def linears(self) -> list[tuple[int, int]]:
        """(inputs, outputs) of the linear layers of one decoder layer: q, k, v, o, gate, up, down."""
        h, f = self.hidden, self.feed_forward
        attention = [(h, self.queries), (h, self.keys), (h, self.keys), (self.queries, h)]
        return [*attention, (h, f), (h, f), (f, h)]

    @property
    def in_layers(self) -> int:
        """Parameters of the decoder layers."""
        return self.layers * sum(inputs * outputs for inputs, outputs in self.linears)

    @property
    def parameters(self) -> int:
        """All parameters but norms and biases."""
        return self.in_layers + self.vocabulary * self.hidden * (1 if self.is_tied else 2)


class Estimate(NamedTuple):
    """Bytes on one GPU."""

    weights: float
    gradients: float
    optimizer: float
    activations: float
    logits: float

    @property
    def total(self) -> float:
        return sum(self) + OVERHEAD


def name_of(model: str) -> str:
    """What the hub's name of a model and its folder below data/models/ have in common."""
    return model.rpartition("/")[2].lower()


def shape_of(model: str) -> Shape | None:
    """The shape of a model folder or a hub name; None for one that is not known, or has an encoder."""
    local = ROOT / model / "config.json"
    known = {name_of(name): config for name, config in json.loads(SHAPES.read_text(encoding="utf-8")).items()}
    config = json.loads(local.read_text(encoding="utf-8")) if local.is_file() else known.get(name_of(model))
    config = (config or {}).get("text_config", config)
    if not config or config.get("is_encoder_decoder") or "hidden_size" not in config:
        return None
    heads = config["num_attention_heads"]
    size = config.get("head_dim") or config["hidden_size"] // heads
    return Shape(
        *(config["hidden_size"], config["num_hidden_layers"], config["vocab_size"], config["intermediate_size"]),
        queries=heads * size,
        keys=(config.get("num_key_value_heads") or heads) * size,
        is_tied=config.get("tie_word_embeddings", config["model_type"].startswith("gemma")),
    )


def estimate(values: dict, shape: Shape, gpus: int = 1) -> Estimate:
    """What a recipe needs on each of `gpus` GPUs.

    A trained parameter takes its fp32 value, gradient and two AdamW moments, 4 bytes each (ZeRO, section 3.1), which
    ZeRO stage 2 shares among the GPUs but for the values, and stage 3 with them.
    """
    trained, stage = trained_parameters(values, shape), zero(values).get("stage", 0)
    size = 2 if values.get("pure_bf16") else 4
    moments = 1 if "8bit" in values.get("optim", "") else size
    shared = gpus if stage >= 2 else 1
    gradients = (2 if stage else size) * trained / shared  # DeepSpeed keeps them in half precision
    masters = 4 * trained if stage else 0  # the fp32 values, beside half-precision weights
    return Estimate(
        weights(values, shape, gpus),
        gradients,
        (2 * moments * trained + masters) / shared,
        activations(values, shape),
        logits(values, shape),
    )


def needed(values: dict, shape: Shape, gpus: int = 1) -> float:
    """Bytes on each of `gpus` GPUs for training and evaluation: vLLM serves half-precision weights on one of them."""
    return max(estimate(values, shape, gpus).total, 2 * shape.parameters / SERVED)


def checkpoint(values: dict, shape: Shape) -> int:
    """Bytes on disk of one checkpoint of a training of all weights, with AdamW's state.

    fp32 values and two moments; under ZeRO the half-precision weights and the fp32 ones beside the moments.
    """
    return shape.parameters * (2 + 4 + 8 if zero(values) else 4 + 8)


def trained_parameters(values: dict, shape: Shape) -> int:
    """How many parameters the method trains. LoRA has rank times (inputs + outputs) a linear layer, DoRA the outputs
    besides; OFT a skew-symmetric matrix for each block of inputs (block (block - 1) / 2 numbers)."""
    method = values.get("finetuning_type", "lora")
    if method == "full":
        return shape.parameters
    if method == "freeze":
        return shape.in_layers * values.get("freeze_trainable_layers", DEFAULT_FROZEN) // shape.layers
    if method == "oft":
        block = values.get("oft_block_size", DEFAULT_BLOCK)
        return shape.layers * sum(inputs * (block - 1) // 2 for inputs, _ in shape.linears)
    rank = values.get("lora_rank", DEFAULT_RANK)
    magnitudes = sum(outputs for _, outputs in shape.linears) if values.get("use_dora") else 0
    return shape.layers * (rank * sum(map(sum, shape.linears)) + magnitudes)


def weights(values: dict, shape: Shape, gpus: int) -> float:
    """Bytes of the weights a GPU holds, as LLaMA-Factory loads them: frozen ones in the recipe's precision or 4 bits,
    trained ones in fp32 with the half-precision copies that autocast keeps during a step."""
    half, method = half_size(values), values.get("finetuning_type", "lora")
    trained, embedded = trained_parameters(values, shape), shape.parameters - shape.in_layers
    if method == "full" and zero(values):
        live = min(shape.parameters, zero(values).get("stage3_max_live_parameters", 10**9))
        return 2 * (shape.parameters / gpus + live if zero(values)["stage"] == 3 else shape.parameters)
    if method == "full":
        copies = half if half == 2 and not values.get("pure_bf16") else 0
        return shape.parameters * ((2 if values.get("pure_bf16") else 4) + copies)
    in_layers = shape.in_layers * (NF4 if values.get("quantization_bit") == 4 else half)
    return in_layers + half * embedded + 4 * trained


def half_size(values: dict) -> int:
    """Bytes a number in the precision of the forward pass."""
    return 2 if any(values.get(key) for key in ("bf16", "fp16", "pure_bf16")) else 4


def activations(values: dict, shape: Shape) -> float:
    """Bytes kept for the backward pass: with gradient checkpointing (LLaMA-Factory's default) the input of every layer
    and the inside of one, else the inside of all.

    Counted on transformers' Llama layer in the way of Korthikanti et al. 2022, section 4.1: two norms with their fp32
    copies and both residuals (11 hidden), projections before and after the rotation (3 queries, 4 keys), gate, up,
    their activation and product (4 feed-forward).
    """
    tokens = tokens_of(values)
    inside = 11 * shape.hidden + 3 * shape.queries + 4 * shape.keys + 4 * shape.feed_forward
    if values.get("use_dora"):
        inside += sum(outputs for _, outputs in shape.linears)
    if values.get("disable_gradient_checkpointing"):
        return half_size(values) * tokens * shape.layers * inside
    return half_size(values) * tokens * (shape.layers * shape.hidden + inside)


def logits(values: dict, shape: Shape) -> float:
    """Bytes of the logits: as computed, in fp32 for the loss and again by Accelerate, their softmax and gradient.

    An evaluation, without the gradient, needs more where its batch is larger. Liger's fused loss holds none while
    training; an evaluation returns them.
    """
    evaluates = values.get("eval_strategy", "no") != "no"
    evaluated = tokens_of(values, "per_device_eval_batch_size") if evaluates else 0
    half = half_size(values)
    trained = 0 if values.get("enable_liger_kernel") else tokens_of(values)
    return shape.vocabulary * max(trained * (half + 16), evaluated * (half + 12))


def tokens_of(values: dict, batch: str = "per_device_train_batch_size") -> int:
    """The most tokens of a step on one GPU."""
    return values.get(batch, DEFAULT_BATCH) * values.get("cutoff_len", DEFAULT_CUTOFF)


def zero(values: dict) -> dict:
    """The ZeRO settings of the DeepSpeed file a recipe names; empty without one."""
    path = values.get("deepspeed")
    return json.loads((ROOT / path).read_text(encoding="utf-8")).get("zero_optimization", {}) if path else {}


def gpus_of(path: Path) -> int:
    """How many GPUs a recipe's header says it needs; 1 where it says none."""
    found = re.search(r"^# Needs +(\d+) GPUs? ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return int(found[1]) if found else 1


def verdict(total: float, gpus: int, here: list[float]) -> str:
    """Whether the GPUs of this machine have what a recipe needs on each of its own."""
    if not here:
        return "no GPU here"
    if len(here) < gpus:
        return f"{len(here)} of {gpus} GPUs"
    largest = sorted(here, reverse=True)[gpus - 1]
    return "fits" if total <= largest else f"too large for {largest / GB:.0f} GB"


def row(path: Path, here: list[float]) -> list[str]:
    """The cells of a recipe."""
    values = recipe.read(path)
    shape, gpus = shape_of(values["model_name_or_path"]), gpus_of(path)
    if shape is None:
        return [path.stem, "not estimated", *[""] * 8]
    found = estimate(values, shape, gpus)
    counts = [f"{number / 1e6:,.1f}" for number in (shape.parameters, trained_parameters(values, shape))]
    parts = [f"{part / GB:.1f}" for part in found]
    total = needed(values, shape, gpus)
    return [path.stem, *counts, *parts, f"{gpus} x {total / GB:.1f}", verdict(total, gpus, here)]


def main(arguments: list[str]) -> int:
    environment.enter(needs=("omegaconf", "rich"))
    from rich.console import Console
    from rich.table import Table

    here = gpu_memory()
    heads = ("million parameters", "trained", "weights", "gradients", "optimizer", "activations", "logits", "GPUs x GB")
    caption = (
        f"GB of one GPU, estimated; the last figure: their sum and {OVERHEAD / GB} GB for CUDA, or what serving takes"
    )
    table = Table("recipe", *heads, "here", box=None, pad_edge=False, caption=caption)
    table.columns[0].no_wrap = True
    table.columns[0].min_width = 28
    for column in table.columns[1:-1]:
        column.justify = "right"
    try:
        for path in map(Path, arguments or sorted((ROOT / "recipes").glob("*.yaml"))):
            table.add_row(*row(path, here))
    except recipe.RecipeError as error:
        print(f"memory: {error}", file=sys.stderr)
        return 2
    Console(width=None if sys.stdout.isatty() else 150).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

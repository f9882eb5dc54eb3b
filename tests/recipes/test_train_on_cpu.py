"""The training on a CPU: fewer logits, and the same loss and gradients as LLaMA-Factory's own."""

import pytest

from tests import tiny_models, trainings

torch = pytest.importorskip("torch", reason="needs .venv: ./launch.sh setup")
transformers = pytest.importorskip("transformers", reason="needs .venv: ./launch.sh setup")
pytest.importorskip("llamafactory", reason="needs .venv: ./launch.sh setup")

from recipes import train_on_cpu  # noqa: E402

SIZES = {"vocab_size": 300, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
EXTRA = {"gemma3_text": tiny_models.FAMILIES["gemma3"].extra}
LABELS = torch.tensor(
    [
        [-100, -100, -100, 7, 8, 9, -100, -100, 11, 12, -100, -100],  # a conversation of two answers
        [20, 21, -100, -100, -100, -100, -100, -100, -100, 31, 32, 33],  # learnt from its first to its last token
    ]
)


def make_model(model_type: str, **extra):
    """A random model in float32, in training mode; the same weights every time."""
    torch.manual_seed(0)
    shape = tiny_models.SHAPE | EXTRA.get(model_type, {}) | SIZES | extra
    return transformers.AutoModelForCausalLM.from_config(
        transformers.AutoConfig.for_model(model_type, **shape), dtype=torch.float32
    ).train()


def begin_training(model) -> None:
    train_on_cpu.AnswerLogits().on_train_begin(None, None, None, model=model)


def batch(rows: int) -> dict:
    ids = torch.arange(3, 3 + 12 * rows).view(rows, 12)
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": LABELS[:rows]}


def step(model, inputs: dict):
    """The positions that have logits, the loss, and the gradient of every weight that is trained."""
    model.zero_grad()
    outputs = model(**inputs)
    outputs.loss.backward()
    gradients = {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.requires_grad}
    return outputs.logits.shape[1], outputs.loss.item(), gradients


def assert_same_step(model, inputs: dict, positions: int) -> None:
    all_positions, loss, gradients = step(model, inputs)
    begin_training(model)
    kept_positions, kept_loss, kept_gradients = step(model, inputs)
    assert (all_positions, kept_positions) == (12, positions)
    assert kept_loss == pytest.approx(loss, abs=1e-5)
    assert kept_gradients.keys() == gradients.keys()
    for name, gradient in gradients.items():
        torch.testing.assert_close(kept_gradients[name], gradient, rtol=1e-4, atol=1e-6, msg=name)


@pytest.mark.parametrize(("rows", "positions"), [(1, 5), (2, 8)])
@pytest.mark.parametrize("accumulated", [{}, {"num_items_in_batch": torch.tensor(40)}])
@pytest.mark.parametrize("model_type", train_on_cpu.MODEL_TYPES)
def test_fewer_logits_give_the_same_loss_and_gradients(model_type, accumulated, rows, positions):
    assert_same_step(make_model(model_type), batch(rows) | accumulated, positions)


@pytest.mark.parametrize("model_type", ["gemma3_text", "qwen2"])
def test_a_lora_adapter_gets_the_same_gradients(model_type):
    peft = pytest.importorskip("peft")
    config = peft.LoraConfig(task_type="CAUSAL_LM", target_modules="all-linear", init_lora_weights=False)
    assert_same_step(peft.get_peft_model(make_model(model_type), config), batch(2), 8)


def test_a_row_without_an_answer_adds_nothing_to_the_loss():
    model = make_model("qwen2")
    begin_training(model)
    inputs = batch(1) | {"labels": torch.full((1, 12), -100), "num_items_in_batch": torch.tensor(40)}
    positions, loss, gradients = step(model, inputs)
    assert (positions, loss) == (0, 0)
    assert not any(gradient.any() for gradient in gradients.values())


def test_an_evaluation_has_all_logits():
    model = make_model("qwen2")
    begin_training(model)
    assert model.eval()(**batch(1)).logits.shape[1] == 12


def test_a_loss_outside_of_the_model_has_all_logits():
    model = make_model("qwen2")
    begin_training(model)
    assert model(input_ids=batch(1)["input_ids"]).logits.shape[1] == 12


def test_a_model_whose_forward_takes_no_shifted_labels_is_left_alone():
    model = make_model("bloom", n_layer=1, n_head=2)
    _, loss, _ = step(model, batch(2))
    begin_training(model)
    assert step(model, batch(2))[:2] == (12, pytest.approx(loss, abs=1e-6))


@pytest.mark.parametrize(
    ("recipe", "hooks"),
    [({"stage": "sft"}, 1), ({}, 1), ({"stage": "dpo"}, 0), ({"stage": "sft", "use_asft_loss": True}, 0)],
)
def test_trainings_that_read_the_logits_are_left_alone(recipe, hooks):
    assert sum(isinstance(callback, train_on_cpu.AnswerLogits) for callback in train_on_cpu.callbacks(recipe)) == hooks


@pytest.mark.parametrize(
    ("recipe", "widened"),
    [
        ({}, True),
        ({"bf16": False, "fp16": False}, True),
        ({"stage": "dpo", "bf16": False}, True),
        ({"bf16": True}, False),
        ({"fp16": True}, False),
        ({"pure_bf16": True}, False),
        ({"quantization_bit": 4}, False),
    ],
)
def test_weights_are_widened_where_the_recipe_computes_in_32_bits(recipe, widened):
    assert any(isinstance(callback, train_on_cpu.In32Bits) for callback in train_on_cpu.callbacks(recipe)) == widened


def test_widened_weights_are_those_the_optimizer_moves():
    model = make_model("qwen2").bfloat16()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    train_on_cpu.In32Bits().on_train_begin(None, None, None, model=model)
    before = model.lm_head.weight.detach().clone()
    model(**batch(2)).loss.backward()
    optimizer.step()
    assert {weight.dtype for weight in model.parameters()} == {torch.float32}
    assert not torch.equal(model.lm_head.weight, before)


@pytest.fixture(scope="module")
def pool():
    with trainings.pool() as processes:
        yield processes


@pytest.mark.slow
@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("family", ["qwen3", "gemma3"])
def test_a_training_logs_the_losses_of_llamafactory(family, packed, pool, converted, tmp_path):
    model = tiny_models.make(family, tmp_path / "model")
    transformers.AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32).save_pretrained(model)
    values = trainings.settings(model, tiny_models.FAMILIES[family].template, tmp_path / "out")
    values |= trainings.method_keys("lora") | {"bf16": False, "max_steps": 6, "eval_steps": 3, "save_steps": 3}
    values |= {"per_device_train_batch_size": 2, "gradient_accumulation_steps": 2}
    values |= {"packing": packed, "neat_packing": packed}
    theirs, ours = (
        pool.submit(trainings.losses, values | {"output_dir": str(tmp_path / name)}, fewer_logits)
        for name, fewer_logits in (("theirs", False), ("ours", True))
    )
    assert len(theirs.result()[0]) == 6
    for expected, logged in zip(theirs.result(), ours.result(), strict=True):
        assert logged == pytest.approx(expected, abs=1e-3)

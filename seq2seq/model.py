"""The model to train: all weights in 32 bits, or an adapter on 32- or 4-bit ones (LoRA, QLoRA)."""

import torch
from peft import LoraConfig, TaskType, get_peft_model, prepare_model_for_kbit_training
from transformers import AutoModelForSeq2SeqLM, BitsAndBytesConfig, PreTrainedModel

from recipes.seq2seq_arguments import Model, Training


def load_model(model: Model, training: Training) -> PreTrainedModel:
    """The model as `finetuning_type` and `quantization_bit` ask for it. Raises OSError where there is none."""
    quantization = {"quantization_config": four_bit(training)} if model.quantization_bit else {}
    loaded = AutoModelForSeq2SeqLM.from_pretrained(
        model.model_name_or_path,
        dtype=torch.float32,
        device_map=device_map(training) if quantization else None,
        **quantization,
    )
    loaded.config.use_cache = not training.gradient_checkpointing
    if model.finetuning_type == "full":
        return loaded
    if quantization:
        loaded = prepare_model_for_kbit_training(loaded, use_gradient_checkpointing=training.gradient_checkpointing)
    return get_peft_model(loaded, adapter(model))


def four_bit(training: Training) -> BitsAndBytesConfig:
    """NF4 with double quantisation, as in the QLoRA paper (Dettmers et al., 2023)."""
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16 if training.bf16 else torch.float32,
    )


def device_map(training: Training) -> dict:
    """Everything on this process's device: 4-bit weights cannot be moved later."""
    return {"": training.device}


def adapter(model: Model) -> LoraConfig:
    """PEFT's configuration for LLaMA-Factory's keys; `lora_target: all` is every linear layer but the output's."""
    targets = "all-linear" if model.lora_target == "all" else listed(model.lora_target)
    return LoraConfig(
        task_type=TaskType.SEQ_2_SEQ_LM,
        r=model.lora_rank,
        lora_alpha=model.lora_alpha or 2 * model.lora_rank,
        lora_dropout=model.lora_dropout,
        target_modules=targets,
        modules_to_save=listed(model.additional_target) or None,
        use_rslora=model.use_rslora,
        use_dora=model.use_dora,
    )


def listed(names: str | None) -> list[str]:
    """The words of a comma-separated list."""
    return [name.strip() for name in (names or "").split(",") if name.strip()]

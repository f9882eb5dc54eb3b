"""Which engine answers for a training: llama.cpp here, or a running server."""

from pathlib import Path

import environment
from evaluate.generation import adapters
from evaluate.generation.completions import GenerationError
from evaluate.generation.llamacpp import Engine, Writer
from models.adapter_gguf import AdapterFormatError, adapter_gguf
from models.catalogue import MODELS, gguf_file, name_of_folder


def open_engine(trained: "adapters.Trained", *, server: str | None = None, slots: int = 1) -> Writer:
    """An engine for the base of a training with its adapter. `slots`: answers at the same time.

    Raises GenerationError, adapters.AdapterError.
    """
    if server:
        from evaluate.generation.remote import RemoteEngine

        return RemoteEngine(server, trained)
    gguf = base_gguf(trained)
    try:
        adapter = adapter_gguf(adapters.usable_adapter(trained), gguf) if trained.is_adapter else None
    except AdapterFormatError as error:
        raise GenerationError(str(error)) from error
    return Engine(gguf, adapter, slots=slots)


def base_gguf(trained: "adapters.Trained") -> Path:
    """The GGUF file of the model that an adapter was trained on. Raises GenerationError where there is none."""
    place = trained.recipe["model_name_or_path"]
    gguf = gguf_file(environment.ROOT / place) if trained.is_adapter else None
    if gguf:
        return gguf
    if trained.is_adapter and (name := name_of_folder(place)) in MODELS:
        raise GenerationError(f"{place}: no GGUF file there yet. Make it: python models/run.py {name} --gguf")
    raise GenerationError(
        f"{trained.folder}: no GGUF file of {place} is known here. Ask with --engine vllm, or --server URL"
    )

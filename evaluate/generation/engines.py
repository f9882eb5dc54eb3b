"""Which engine answers for a training: llama.cpp in this process, a running server, or vLLM in its own environment."""

import sys
from contextlib import redirect_stdout
from pathlib import Path

import environment
from evaluate.generation import adapters
from evaluate.generation.completions import GenerationError
from evaluate.generation.generate import Served
from evaluate.generation.kept_prompt import KeptPrompt
from evaluate.generation.llamacpp import Engine, Writer
from models.adapter_gguf import AdapterFormatError, adapter_gguf
from models.catalogue import MODELS, gguf_file, name_of_folder
from models.making import ensure_gguf
from prompts.chat_frames import FRAMES
from recipes.hardware import has_gpu


def choose(trained: adapters.Trained, wanted: str, server: object = None) -> str:
    """`llamacpp` or `vllm`, where `wanted` is one of them or `auto`.

    Auto is vLLM where a GPU is and vLLM is installed, or where llama.cpp cannot answer. A server is asked from here
    (`llamacpp`) where the template is known without LLaMA-Factory.
    """
    known = trained.recipe.get("template") in FRAMES
    if server:
        return "llamacpp" if known else "vllm"
    if wanted != "auto":
        return wanted
    if has_gpu() and (environment.VLLM / "bin/python").exists():
        return "vllm"
    return "llamacpp" if known and has_gguf(trained) else "vllm"


def has_gguf(trained: adapters.Trained) -> bool:
    """Whether llama.cpp can load the base of an adapter: it is there as GGUF or can be brought."""
    place = trained.recipe["model_name_or_path"]
    return trained.is_adapter and (name_of_folder(place) in MODELS or gguf_file(environment.ROOT / place) is not None)


def open_engine(
    trained: adapters.Trained,
    *,
    server: str | None = None,
    served_model: str | None = None,
    slots: int = 1,
    keep_prompt: str | None = None,
) -> Writer:
    """An engine for the base of a training with its adapter; the base's GGUF file is brought where it is not there.

    Args:
        server: address of a running server that serves the model, under the name `served_model` or its folder's.
        slots: answers at the same time; more wait.
        keep_prompt: the name under which the last prompt is kept for the next run (kept_prompt.py); None: it is not.
    Raises GenerationError, adapters.AdapterError, models.catalogue.ModelError.
    """
    if server:
        from evaluate.generation.remote import RemoteEngine

        return RemoteEngine(server, trained, served_model)
    files = gguf_files(trained)
    return Engine(*files, slots=slots, kept=KeptPrompt(keep_prompt, [*files]) if keep_prompt else None)


def gguf_files(trained: adapters.Trained) -> tuple[Path, Path]:
    """Base and adapter as GGUF files, made where they are not there. Raises as `open_engine` does."""
    base = base_gguf(trained)
    try:
        return base, adapter_gguf(adapters.usable_adapter(trained), base)
    except AdapterFormatError as error:
        raise GenerationError(str(error)) from error


def served_by_llamacpp(trained: adapters.Trained, gguf: Path | None = None) -> Served:
    """What llamacpp_worker.py loads for a training: `gguf`, an export of it, else its base and adapter."""
    if gguf:
        return Served(str(gguf), llamacpp=True)
    base, adapter = gguf_files(trained)
    return Served(str(base), adapter, llamacpp=True)


def base_gguf(trained: adapters.Trained) -> Path:
    """The GGUF file of the model that an adapter was trained on. Raises GenerationError where there is none."""
    if not trained.is_adapter:
        raise GenerationError(f"{trained.folder}: a whole model, of which there is no GGUF file. Use --engine vllm")
    return model_gguf(trained.recipe["model_name_or_path"])


def model_gguf(place: str) -> Path:
    """The GGUF file of a model, brought where it is not there. Raises GenerationError where none is known here."""
    if gguf := gguf_file(environment.ROOT / place):
        return gguf
    if name_of_folder(place) not in MODELS:
        raise GenerationError(
            f"no GGUF file of {place} is known here. Use --engine vllm, or a running server by --server"
        )
    with redirect_stdout(sys.stderr):  # only answers go to standard output
        return ensure_gguf(MODELS[name_of_folder(place)])

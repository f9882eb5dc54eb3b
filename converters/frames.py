"""What it takes to count a row's tokens without LLaMA-Factory: the texts its template puts around a row, the tokenizer.

LLaMA-Factory is asked once for a model and template, in a process of its own that ends before a corpus is read, because
importing it takes 800 MB, and 1.5 GB with a large tokenizer. Its own encoder runs on a row of two marks, with something
in the tokenizer's place that notes the texts it is given:

    gemma, "QUESTION", "SQL"
    -> {"texts": ["<start_of_turn>user\\nQUESTION<end_of_turn>\\n<start_of_turn>model\\n", "SQL<end_of_turn>\\n"],
        "fixed": 1}

`fixed` are single tokens (the begin of the text). That and the tokenizer are kept in `data/token_frames/`, under the
hash of all they depend on. A frame that does not count some probes as LLaMA-Factory does is not used.
Not covered: tokenizers that are not of the library tokenizers; rows in those cases are counted by LLaMA-Factory itself.
"""

import hashlib
import importlib.metadata
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from atomic import write_text
from converters.prompt import user_turn
from converters.rows import ConversionError
from recipes.provenance import ROOT, file_hash
from recipes.template import load_template

FOLDER = ROOT / "data/token_frames"
QUESTION, SQL = "\u27e6question\u27e7", "\u27e6sql\u27e7"  # marks that stand in no row
DEPENDS_ON = ("llamafactory", "transformers", "tokenizers")
TOKENIZER_FILES = ("*.json", "*.txt", "*.model", "*.jinja")
PROBES = (
    ("Write a query.", "singer(name, age)\n\nHow many?", "SELECT COUNT(*) FROM singer"),
    ("  Wie heißt 'Łódź'?\t\n", "", "SELECT  \"a\"\n\nFROM b WHERE c = '日本語 🙂 <eos>'  "),
    ("<b> [INST] x", "-- \r\n" * 5, ""),
)


class Frame(NamedTuple):
    """Texts that are tokenized one by one, with marks where a row's own go, and the number of tokens beside them."""

    texts: list[str]
    fixed: int


class Kept(NamedTuple):
    """A frame and the tokenizer for its texts, of the library tokenizers."""

    frame: Frame
    tokenizer: object

    def count(self, instruction: str, input_text: str, output: str) -> int:
        """The tokens of a row."""
        turn = user_turn(instruction, input_text)
        texts = (text.replace(QUESTION, turn).replace(SQL, output) for text in self.frame.texts)
        return self.frame.fixed + sum(
            len(self.tokenizer.encode(text, add_special_tokens=False)) for text in texts if text
        )


def frame_of(model: str, template: str, default_system: str | None = None) -> Kept | None:
    """The frame of a model's tokenizer in a template; None where rows have to be counted by LLaMA-Factory itself.

    Raises ConversionError for a model or template that LLaMA-Factory cannot load.
    """
    folder = folder_of(model, template, default_system)
    if folder is None or not (folder / "frame.json").is_file():
        print(f"{model}: asking LLaMA-Factory, once, how template {template} counts", file=sys.stderr)
        try:
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                folder = pool.submit(make, model, template, default_system).result()
        except BrokenProcessPool as error:
            raise ConversionError(f"--tokenizer {model}: loading it ended early. Are there 2 GB of memory?") from error
    return read(folder)


def read(folder: Path) -> Kept | None:
    """What `make` has left in a folder."""
    kept = json.loads((folder / "frame.json").read_text(encoding="utf-8"))
    if kept is None:
        return None
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return Kept(Frame(**kept), tokenizer)


def make(model: str, template: str, default_system: str | None = None) -> Path:
    """Ask LLaMA-Factory for a frame, try it, and keep it; returns its folder. Runs in a process of its own."""
    trainer, tokenizer = load(model, template, default_system)
    folder = folder_of(model, template, default_system)
    if folder is None:
        raise ConversionError(f"--tokenizer {model}: loaded, but not found in the hub's cache. Give its folder.")
    folder.mkdir(parents=True, exist_ok=True)
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None:
        write_text(folder / "tokenizer.json", backend.to_str())
        write_text(folder / "frame.json", json.dumps(framed(trainer, tokenizer)._asdict(), ensure_ascii=False))
    if backend is None or not holds(read(folder), trainer, tokenizer):
        write_text(folder / "frame.json", "null")
    return folder


def load(model: str, template: str, default_system: str | None = None):
    """LLaMA-Factory's `(Template, tokenizer)`. Raises ConversionError for a model or template that it cannot load."""
    try:
        return load_template({"model_name_or_path": model, "template": template, "default_system": default_system})
    except ImportError as error:
        raise ConversionError(f"counting tokens needs LLaMA-Factory ({error}). Run ./launch.sh setup") from error
    except (OSError, ValueError) as error:
        message = " ".join(str(error).split())
        raise ConversionError(f"--tokenizer {model} --template {template}: {message}") from error


class Recorder:
    """In place of a tokenizer: notes each text that it is to encode; single tokens are the tokenizer's own."""

    def __init__(self, tokenizer) -> None:
        self.texts: list[str] = []
        self.bos_token_id, self.eos_token_id = tokenizer.bos_token_id, tokenizer.eos_token_id
        self.convert_tokens_to_ids = tokenizer.convert_tokens_to_ids

    def encode(self, text: str, add_special_tokens: bool) -> list[int]:
        self.texts.append(text)
        return []


def framed(trainer, tokenizer) -> Frame:
    """The frame that LLaMA-Factory's own encoder makes of two marks."""
    recorder = Recorder(tokenizer)
    fixed = trainer_count(trainer, recorder, (QUESTION, "", SQL))
    return Frame(recorder.texts, fixed)


def trainer_count(trainer, tokenizer, row: tuple[str, str, str]) -> int:
    """The tokens of a row `(instruction, input, output)` as LLaMA-Factory trains on it."""
    instruction, input_text, output = row
    turns = [
        {"role": "user", "content": user_turn(instruction, input_text)},
        {"role": "assistant", "content": output},
    ]
    return sum(map(len, trainer.encode_oneturn(tokenizer, turns))) + bool(trainer.efficient_eos)


def holds(kept: Kept | None, trainer, tokenizer) -> bool:
    """Whether a frame counts the probes as LLaMA-Factory does."""
    return kept is not None and all(kept.count(*row) == trainer_count(trainer, tokenizer, row) for row in PROBES)


def folder_of(model: str, template: str, default_system: str | None = None) -> Path | None:
    """Where the frame is kept: named by the tokenizer's files, the template, system prompt and versions of the readers.

    None for a model of the hub that is not on this machine yet.
    """
    source = Path(model) if Path(model).is_dir() else snapshot(model)
    if source is None:
        return None
    files = sorted({path for pattern in TOKENIZER_FILES for path in source.glob(pattern)})
    versions = [importlib.metadata.version(package) for package in DEPENDS_ON]
    named = template if default_system is None else [template, default_system]
    told = json.dumps([named, versions, PROBES, [[path.name, file_hash(path)] for path in files]])
    return FOLDER / hashlib.sha256(told.encode()).hexdigest()[:16]


def snapshot(model: str) -> Path | None:
    """The folder of a hub's model on this machine, or None."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(model, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError):
        return None

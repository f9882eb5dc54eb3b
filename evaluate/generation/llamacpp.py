"""Completions by llama.cpp in this process: a GGUF model with a LoRA adapter, on the CPU, for `ask` and `serve`.

    with Engine(Path("model-q4_k_m.gguf"), adapter=Path("adapter.gguf")) as engine:
        engine.complete(prompt_pieces({"template": "qwen"}, ["..."]), max_tokens=256)
        -> Completion(text="SELECT COUNT(*) FROM singer", finish_reason="stop", tokens=7, confidence=0.97)

One engine serves any number of threads and databases: `slots` of them at the same time, the others wait. A slot keeps
the tokens of its last prompt, so that the next question on the same schema starts where the schema ends. Greedy unless
a temperature is given. An answer ends at the model's own end tokens. llama.cpp's server listens on a port of the
loopback address that it draws itself, under a key drawn here; only this module asks it, to tokenize.
"""

import json
import math
import os
import secrets
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from evaluate.generation.completions import GenerationError
from evaluate.generation.kept_prompt import KeptPrompt

CONTEXT = 16_384  # tokens that all slots share
QUIET = 1  # llama.cpp's verbosity: errors
TOKENIZE_SECONDS = 30
CACHE_MIB = 256  # of prompts that no slot holds any more


class Completion(NamedTuple):
    """An answer as text; `finish_reason` is `stop`, `length` or `cancelled`; `confidence` is the geometric mean of its
    tokens' probabilities, None where they are not known.
    """

    text: str
    finish_reason: str
    tokens: int
    confidence: float | None = None


class Writer(Protocol):
    """What answers prompts: `Engine` here, `Remote` of evaluate/generation/remote.py for a running server."""

    context: int

    def count(self, pieces: Sequence[str]) -> int: ...

    def complete(
        self,
        pieces: Sequence[str],
        *,
        max_tokens: int,
        on_text: Callable[[str], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Completion: ...

    def close(self) -> None: ...


class Engine:
    """A loaded model. `context`: tokens that the prompts and answers of all slots may take together."""

    def __init__(
        self,
        gguf: Path,
        adapter: Path | None = None,
        *,
        slots: int = 1,
        context: int = CONTEXT,
        threads: int | None = None,
        kept: KeptPrompt | None = None,
    ) -> None:
        """Load the model, and what is kept of its last prompt; `close` keeps it again.

        Raises GenerationError where xllamacpp is missing or the files cannot be loaded.
        """
        self.gguf, self.adapter, self.slots, self.context = gguf, adapter, slots, context
        self._key, self._kept = secrets.token_urlsafe(24), kept
        self._server = load(gguf, adapter, slots, context, threads or thread_count(), self._key, kept)
        if kept:
            kept.restore(self._request)

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, *_error) -> None:
        self.close()

    def close(self) -> None:
        """Free the model's memory; nothing may be asked after it."""
        if self._kept and self._server:
            self._kept.save(self._request)
        self._server = None

    def tokenize(self, text: str) -> list[int]:
        """The token ids of a text, in which special tokens are such; nothing is put in front."""
        return self._request("tokenize", {"content": text, "add_special": False, "parse_special": True})["tokens"]

    def encode(self, pieces: Sequence[str]) -> list[int]:
        """The token ids of texts that are tokenized one by one (prompts/chat_frames.py)."""
        return [token for piece in pieces for token in self.tokenize(piece)]

    def count(self, pieces: Sequence[str]) -> int:
        """Tokens of a prompt."""
        return len(self.encode(pieces))

    def complete(
        self,
        pieces: Sequence[str],
        *,
        max_tokens: int,
        on_text: Callable[[str], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
        temperature: float = 0.0,
        seed: int = 0,
    ) -> Completion:
        """Answer one prompt; may be called from several threads.

        Args:
            temperature: 0: the likeliest token each time; above, tokens are drawn by `seed`.
            on_text: called with all of the text so far, whenever there is more of it.
            cancelled: asked at every token; the answer ends where it says True.
        Raises GenerationError where llama.cpp refuses the prompt.
        """
        drawn = {"temperature": temperature, "seed": seed}
        ids = self.encode(pieces)
        return self.complete_ids(ids, max_tokens=max_tokens, on_text=on_text, cancelled=cancelled, **drawn)

    def complete_ids(
        self,
        ids: Sequence[int],
        *,
        max_tokens: int,
        on_text: Callable[[str], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
        temperature: float = 0.0,
        seed: int = 0,
    ) -> Completion:
        """`complete` for a prompt of token ids."""
        made = _Stream(on_text or (lambda text: None), cancelled or (lambda: False))
        drawn = {"temperature": temperature, "seed": seed}
        body = {"prompt": list(ids), "max_tokens": max_tokens, "n_probs": 1, "stream": True, **drawn}
        self._server.handle_completions(body, made.take)
        return made.completion()

    def _request(self, path: str, body: dict) -> dict:
        request = urllib.request.Request(
            f"{self._server.listening_address}/{path}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {self._key}"},
        )
        with direct.open(request, timeout=TOKENIZE_SECONDS) as response:
            return json.load(response)


direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never by way of a proxy


class _Stream:
    """The chunks of one answer as they come."""

    def __init__(self, on_text: Callable[[str], None], cancelled: Callable[[], bool]) -> None:
        self.on_text, self.cancelled = on_text, cancelled
        self.text, self.reason = "", ""
        self.error: BaseException | None = None
        self.logarithms: list[float] = []
        self.tokens = 0

    def take(self, chunk: dict) -> bool:
        """Read one chunk; True ends the answer. Exceptions of the two functions are kept for `completion`."""
        try:
            return self._take(chunk)
        except BaseException as error:  # Ctrl-C too; llama.cpp would swallow it
            self.error = error
            return True

    def _take(self, chunk: dict) -> bool:
        if "choices" not in chunk:
            raise GenerationError(f"llama.cpp: {(chunk.get('error') or chunk).get('message', chunk)}")
        choice = chunk["choices"][0]
        self.reason = choice["finish_reason"] or self.reason
        self.logarithms += [token["logprob"] for token in (choice.get("logprobs") or {}).get("content") or ()]
        self.tokens = (chunk.get("usage") or {}).get("completion_tokens") or self.tokens + 1
        if choice["text"]:
            self.text += choice["text"]
            self.on_text(self.text)
        if not self.reason and self.cancelled():
            self.reason = "cancelled"
        return self.reason == "cancelled"

    def completion(self) -> Completion:
        if self.error:
            raise self.error
        mean = sum(self.logarithms) / len(self.logarithms) if self.logarithms else None
        confidence = None if mean is None else math.exp(mean)
        return Completion(self.text, self.reason or "length", self.tokens, confidence)


def load(
    gguf: Path, adapter: Path | None, slots: int, context: int, threads: int, key: str, kept: KeptPrompt | None = None
):
    """llama.cpp's server on a model. Raises GenerationError."""
    try:
        import xllamacpp
    except ImportError as error:
        raise GenerationError("llama.cpp (xllamacpp) is not installed here. ./launch.sh ask makes .venv-ask") from error
    for path in filter(None, (gguf, adapter)):
        if not path.is_file():
            raise GenerationError(f"{path}: no such file. Make it: ./launch.sh ask")
    params = xllamacpp.CommonParams()
    params.model.path = str(gguf)
    params.n_ctx, params.n_parallel, params.kv_unified = context, slots, True
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.verbosity, params.warmup, params.ui = QUIET, False, False
    params.fit_params = False  # would load the vocabulary a second time, to see what fits a GPU
    params.api_keys, params.n_threads_http, params.cache_ram_mib = [key], max(2, slots), CACHE_MIB
    if kept:
        params.slot_save_path = f"{kept.folder}/"
    if adapter:
        params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(adapter), 1.0)]
    try:
        return xllamacpp.Server(params)
    except Exception as error:  # xllamacpp raises RuntimeError and its kin
        raise GenerationError(f"{gguf}: llama.cpp cannot load it ({error})") from error


def thread_count() -> int:
    """OMP_NUM_THREADS where it is set, else the physical cores; on a busy machine fewer are faster."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return int(wanted) if wanted.isdigit() and int(wanted) > 0 else physical_cores()


def physical_cores() -> int:
    """The physical cores that this process may use: a second thread a core slows llama.cpp down."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    return max(1, len(set(cores(allowed))))


def cores(processors) -> Iterator[str]:
    """What tells the core of each logical processor; the processor itself where Linux does not say."""
    for number in processors:
        try:
            yield Path(f"/sys/devices/system/cpu/cpu{number}/topology/thread_siblings_list").read_text()
        except OSError:
            yield str(number)

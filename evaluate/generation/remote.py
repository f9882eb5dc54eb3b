"""Answers from a running server of OpenAI's `/v1/completions`: vLLM, or llama.cpp's own server.

Where the server has `/tokenize`, prompts are token ids, tokenized piece by piece as in the training; else they are
text. A key is read from VLLM_API_KEY.
"""

import json
import math
from collections.abc import Callable, Iterator, Sequence

import httpx

from evaluate.generation import adapters
from evaluate.generation.completions import GenerationError, Remote
from evaluate.generation.llamacpp import CONTEXT, Completion
from evaluate.generation.server import PLAIN, READ_SECONDS, connect, key_header, refusal


class RemoteEngine:
    """A model on a server. `context`: tokens that a prompt and its answer may take, as the server says."""

    def __init__(self, url: str, trained: adapters.Trained, served_model: str | None = None) -> None:
        """Find the model on the server. Raises GenerationError."""
        self.endpoint = connect(url, Remote((url,), adapters.served_names(trained), served_model))
        self.context = self.endpoint.context or CONTEXT
        timeout = httpx.Timeout(30.0, read=READ_SECONDS, pool=None)
        self._client = httpx.Client(headers=key_header(), timeout=timeout)

    def close(self) -> None:
        self._client.close()

    def tokenize(self, text: str) -> list[int] | None:
        """Token ids without any put in front; None where the server cannot tokenize."""
        words = {"model": self.endpoint.model, "prompt": text, "add_special_tokens": False}  # vLLM's
        words |= {"content": text, "add_special": False, "parse_special": True}  # llama.cpp's
        response = self._client.post(f"{self.endpoint.url}/tokenize", json=words)
        return response.json()["tokens"] if response.status_code == httpx.codes.OK else None

    def count(self, pieces: Sequence[str]) -> int:
        """Tokens of a prompt; 0 where the server cannot tokenize."""
        prompt = self.prompt(pieces)
        return 0 if isinstance(prompt, str) else len(prompt)

    def prompt(self, pieces: Sequence[str]) -> list[int] | str:
        """The prompt as the server gets it: token ids, or text where it cannot tokenize."""
        ids = [self.tokenize(piece) for piece in pieces]
        return "".join(pieces) if None in ids else [token for found in ids for token in found]

    def complete(
        self,
        pieces: Sequence[str],
        *,
        max_tokens: int,
        on_text: Callable[[str], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Completion:
        """Answer one prompt, as `Engine.complete` does. Raises GenerationError."""
        body = PLAIN | {"model": self.endpoint.model, "prompt": self.prompt(pieces), "max_tokens": max_tokens}
        text, reason, logarithms = "", "", []
        for choice in self.choices(body | {"stream": True, "logprobs": 1}):
            logarithms += logarithms_of(choice)
            reason = choice.get("finish_reason") or reason
            if choice.get("text"):
                text += choice["text"]
                if on_text:
                    on_text(text)
            if not reason and cancelled and cancelled():
                reason = "cancelled"
                break
        confidence = math.exp(sum(logarithms) / len(logarithms)) if logarithms else None
        return Completion(text, reason or "length", len(logarithms), confidence)

    def choices(self, body: dict) -> Iterator[dict]:
        """The pieces of an answer as the server sends them."""
        url = f"{self.endpoint.url}/v1/completions"
        try:
            with self._client.stream("POST", url, json=body) as response:
                if response.status_code != httpx.codes.OK:
                    response.read()
                    raise GenerationError(f"{url}: {refusal(response)}")
                for line in response.iter_lines():
                    if line.startswith("data: {"):
                        yield from json.loads(line.removeprefix("data: ")).get("choices") or ()
        except httpx.TransportError as error:
            raise GenerationError(f"{url}: {error or type(error).__name__}") from error


def logarithms_of(choice: dict) -> list[float]:
    """The logarithms of the probabilities of a choice's tokens, in vLLM's form or llama.cpp's; none where not told."""
    told = choice.get("logprobs") or {}
    found = told.get("token_logprobs") or [token["logprob"] for token in told.get("content") or ()]
    return [number for number in found if number is not None]

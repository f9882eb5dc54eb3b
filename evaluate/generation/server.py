"""Completions from running `vllm serve` deployments, or any server of OpenAI's `/v1/completions` that takes token ids.

    vllm serve BASE --enable-lora --lora-modules gemma3_270m_lora=out/gemma3_270m_lora
    python evaluate/run.py --adapter out/gemma3_270m_lora --server http://HOST:8000[,http://OTHER:8000]

Prompts are LLaMA-Factory's token ids, as for vLLM without a server. Several servers share the rows. One that is busy or
away is asked again, with growing waits; each answer is appended to `completions.jsonl` as it comes. Where a server
wants a key (`--api-key`), it is read from VLLM_API_KEY, as the server does.
"""

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TextIO

import httpx
from tqdm import tqdm

from evaluate.generation.completions import GenerationError, Remote, split

# Named in every request: what a request leaves open, a server takes from the model's generation_config.json.
PLAIN = {
    "repetition_penalty": 1.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "temperature": 0.0,
    "top_p": 1.0,
    "top_k": 0,
    "min_p": 0.0,
}
OURS = "text2sql"  # who owns the models of serve/chat.py, which are databases
BUSY = (408, 429, 500, 502, 503, 504)
READ_SECONDS = 600.0  # a request may wait in the server's queue


class Patience(NamedTuple):
    """How often a request is tried, and the seconds before the second try; each further wait is twice as long."""

    tries: int = 8
    first_wait: float = 1.0
    longest_wait: float = 30.0


class Endpoint(NamedTuple):
    """One server, the name it knows the model by, and its context in tokens where it says so."""

    url: str
    model: str
    context: int | None


def address(text: str) -> str:
    """A server's address without `/v1` and a last slash. Raises ValueError for what is no http address."""
    url = httpx.URL(text.strip())
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError(f"{text!r} is no address of a server; expected one as http://localhost:8000")
    return str(url).rstrip("/").removesuffix("/v1").rstrip("/")


def ask(
    remote: Remote, waiting: list[tuple[str, list[int]]], job: dict, path: Path, *, patience: Patience | None = None
) -> None:
    """Complete the `waiting` prompts, `(row id, token ids)`, appending to `path`. Raises GenerationError.

    Each server has `job["batch"]` requests under way.
    """
    needed = max(len(ids) for _, ids in waiting) + job["max_tokens"]
    endpoints = [connect(url, remote) for url in remote.urls]
    for endpoint in endpoints:
        if endpoint.context and endpoint.context < needed:
            raise GenerationError(
                f"{endpoint.url}: its context of {endpoint.context} tokens is too short: the longest prompt and "
                f"{job['max_tokens']} tokens for the answer take {needed}. Start it with --max-model-len {needed}, "
                "or lower --max-tokens"
            )
    print("asking", *(f"{endpoint.url} for {endpoint.model}" for endpoint in endpoints), sep="\n  ", flush=True)
    try:
        asyncio.run(ask_all(endpoints, waiting, job, path, patience=patience or Patience()))
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from errors


def connect(url: str, remote: Remote) -> Endpoint:
    """The model of `remote` on the server at `url`. Raises GenerationError where nothing answers or serves it."""
    try:
        response = httpx.get(f"{url}/v1/models", headers=key_header(), timeout=30.0)
        cards = response.raise_for_status().json()["data"]
    except httpx.HTTPStatusError as error:
        raise GenerationError(f"{url}/v1/models: {refusal(error.response)}") from error
    except httpx.TransportError as error:
        raise GenerationError(
            f"{url}: no server answers ({error or type(error).__name__}). "
            "Start one (vllm serve MODEL), or wait until it answers /v1/models"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise GenerationError(f"{url}/v1/models: no list of models; is this a `vllm serve` address?") from error
    if any(card.get("owned_by") == OURS for card in cards):
        raise GenerationError(
            f"{url}: this is ./launch.sh serve, which answers questions itself (POST {url}/ask) and serves no model. "
            "Give the address of `vllm serve` or llama-server"
        )
    wanted = {place(name) for name in ([remote.chosen] if remote.chosen else remote.names)}
    for card in cards:
        if wanted & {place(card["id"]), place(card.get("root") or card["id"])}:
            return Endpoint(url, card["id"], card.get("max_model_len"))
    served, model = ", ".join(card["id"] for card in cards), remote.chosen or remote.names[0]
    raise GenerationError(
        f"{url}: serves {served}, not {model}. Start it with "
        "that model, or with --enable-lora --lora-modules NAME=ADAPTER, or choose one of these with --served-model NAME"
    )


def place(name: str) -> Path:
    """A model's name such that a relative and an absolute path of one folder are equal."""
    return Path(name).resolve()


async def ask_all(
    endpoints: list[Endpoint], waiting: list[tuple[str, list[int]]], job: dict, path: Path, *, patience: Patience
) -> None:
    """Ask all servers at once, each for its part of the prompts."""
    limits = httpx.Limits(max_connections=None)
    timeout = httpx.Timeout(30.0, read=READ_SECONDS, pool=None)
    with path.open("a", encoding="utf-8") as file, tqdm(total=len(waiting), unit="question") as bar:
        async with (
            httpx.AsyncClient(headers=key_header(), limits=limits, timeout=timeout) as client,
            asyncio.TaskGroup() as tasks,
        ):
            for endpoint, part in zip(endpoints, split(waiting, len(endpoints)), strict=False):
                prompts = iter(part)  # shared: each of its tasks takes the next one
                for _ in range(min(job["batch"], len(part))):
                    tasks.create_task(ask_one_by_one(client, endpoint, prompts, job, write_to=(file, bar, patience)))


async def ask_one_by_one(
    client: httpx.AsyncClient,
    endpoint: Endpoint,
    prompts: Iterator[tuple[str, list[int]]],
    job: dict,
    *,
    write_to: tuple[TextIO, tqdm, Patience],
) -> None:
    """Complete prompts one after the other until none is left."""
    file, bar, patience = write_to
    for key, ids in prompts:
        answer = await completion(client, endpoint, request(endpoint.model, ids, job), patience)
        file.write(json.dumps({"id": key, **answer}, ensure_ascii=False) + "\n")
        file.flush()
        bar.update()


def request(model: str, prompt: list[int], job: dict) -> dict:
    """The body of one request: greedy decoding that stops at the template's own stop tokens."""
    return PLAIN | {
        "model": model,
        "prompt": prompt,
        "max_tokens": job["max_tokens"],
        "seed": job["seed"],
        "stop_token_ids": job["stop_token_ids"],
    }


async def completion(client: httpx.AsyncClient, endpoint: Endpoint, body: dict, patience: Patience) -> dict:
    """One answer as `{"completion", "finish_reason", "tokens"}`. Raises GenerationError."""
    url = f"{endpoint.url}/v1/completions"
    problem = ""
    for attempt in range(patience.tries):
        if attempt:
            await asyncio.sleep(min(patience.longest_wait, patience.first_wait * 2 ** (attempt - 1)))
        try:
            response = await client.post(url, json=body)
        except httpx.TransportError as error:
            problem = str(error) or type(error).__name__
            continue
        if response.status_code == httpx.codes.OK:
            return read_answer(url, response)
        problem = refusal(response)
        if response.status_code not in BUSY:
            raise GenerationError(f"{url}: {problem}")
    raise GenerationError(
        f"{url}: no answer in {patience.tries} tries; the last: {problem}. "
        "Completions so far are kept; run the same command to continue."
    )


def read_answer(url: str, response: httpx.Response) -> dict:
    """The first choice of a response. Raises GenerationError for anything but the completions API's form."""
    try:
        body = response.json()
        choice = body["choices"][0]
        tokens = (body.get("usage") or {}).get("completion_tokens")
        return {"completion": choice["text"], "finish_reason": choice["finish_reason"], "tokens": tokens}
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise GenerationError(
            f"{url}: its answer is not one of the completions API: {response.text[:200]!r}"
        ) from error


def refusal(response: httpx.Response) -> str:
    """Status and message of a response that is no answer, in one line."""
    if response.status_code == httpx.codes.UNAUTHORIZED:
        return "401: the server wants a key. Set VLLM_API_KEY to the one it was started with"
    try:
        body = response.json()
        message = body.get("message") or body["error"]["message"]
    except (ValueError, KeyError, TypeError, AttributeError):
        message = response.text
    return f"{response.status_code}: {' '.join(str(message).split())[:300]}"


def key_header() -> dict[str, str]:
    """The header with the key in VLLM_API_KEY, where it is set."""
    key = os.environ.get("VLLM_API_KEY")
    return {"Authorization": f"Bearer {key}"} if key else {}

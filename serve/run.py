"""Serve SQLite files to people, programs and agents: a page, `/ask`, an OpenAI-compatible API, MCP tools.

    ./launch.sh serve DATABASE ... [--adapter DIR] [--port N]

One process, for this machine alone unless --host says otherwise; then every request needs a token. Exit status: 0 after
Ctrl-C; 2 for misuse; 1 where the engine or the port fails.
"""

import argparse
import logging
import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

import environment  # noqa: E402

environment.enter(needs=("mcp", "uvicorn"), venv=environment.ASK)

import uvicorn  # noqa: E402

from evaluate.generation.llamacpp import Writer  # noqa: E402
from serve.app import make_app  # noqa: E402
from serve.asking import Askers  # noqa: E402
from serve.databases import Databases  # noqa: E402
from serve.guard import LOOPBACK_NAMES, is_loopback  # noqa: E402
from serve.line import Line  # noqa: E402
from serve.queries import QueryPool  # noqa: E402
from serve.refusals import Refusal  # noqa: E402
from serve.service import Service, limits_within, schema_problem  # noqa: E402
from serve.tables import ImportFailed  # noqa: E402
from serve.work import Task  # noqa: E402

TOKEN_VARIABLE = "TEXT2SQL_TOKEN"
MEBIBYTE = 2**20


class StartError(Exception):
    """The server cannot start; the message says why and what to do."""


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="launch.sh serve", description=__doc__.split("\n", 1)[0])
    parser.add_argument("database", nargs="+", type=Path, help="SQLite files, or tables as CSV, JSON lines ...")
    parser.add_argument(
        "--adapter", type=Path, metavar="DIR", help="output folder of a training (default: the shipped)"
    )
    parser.add_argument(
        "--server", metavar="URL", help="a running OpenAI-compatible server of the model, as `vllm serve`"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="(default: %(default)s; 0: any that is free)")
    parser.add_argument("--allow-host", action="append", default=[], metavar="NAME", help="a name this server has")
    parser.add_argument("--timeout", type=float, default=15.0, metavar="S", help="seconds of a query (default: 15)")
    parser.add_argument(
        "--deadline", type=float, default=120.0, metavar="S", help="seconds of an answer (default: 120)"
    )
    parser.add_argument(
        "--second-draft", action="store_true", help="ask the model again, with SQLite's message, where no repair helps"
    )
    parser.add_argument("--waiting", type=int, default=32, metavar="N", help="questions that may wait (default: 32)")
    parser.add_argument("--upload-limit", type=int, default=100, metavar="MB", help="(default: 100; 0: no uploads)")
    options = parser.parse_args(arguments)
    for name in ("timeout", "deadline", "waiting"):
        if getattr(options, name) <= 0:
            parser.error(f"--{name} must be more than 0")
    return options


def token_for(host: str) -> str | None:
    """The token that requests must bring: the environment's; a new one where others than this machine can ask."""
    given = os.environ.get(TOKEN_VARIABLE, "").strip()
    return given or (None if is_loopback(host) else secrets.token_urlsafe(24))


def listen(host: str, port: int) -> socket.socket:
    """A socket on that address, before anything is loaded. Raises StartError."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise StartError(f"port {port} of {host}: {reason.lower()}. Choose another: --port {port + 1}") from error
    return listener


class Announcing(uvicorn.Server):
    """Says where it can be reached once it can."""

    def __init__(self, config: uvicorn.Config, lines: list[str]) -> None:
        super().__init__(config)
        self.lines = lines

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print("\n".join(self.lines), flush=True)


def addresses(listener: socket.socket, host: str, token: str | None) -> list[str]:
    """What is printed at the start."""
    port = listener.getsockname()[1]
    shown = socket.gethostname() if host in ("0.0.0.0", "::", "") else f"[{host}]" if ":" in host else host
    base = f"http://{shown}:{port}"
    page = f"{base}/?token={token}" if token else f"{base}/"
    lines = [
        f"serve: {page} is the page",
        f"serve: POST {base}/ask, an OpenAI-compatible API at {base}/v1, MCP tools at {base}/mcp",
    ]
    if token:
        lines.append(f"serve: other programs send the header Authorization: Bearer {token}")
    return [*lines, "serve: Ctrl-C ends it"]


def serve(options: argparse.Namespace, make_engine: Callable[[], Writer] | None = None) -> None:
    """Serve until a signal; `make_engine` replaces the model. Raises StartError, Refusal, KeyboardInterrupt."""
    token, loopback = token_for(options.host), is_loopback(options.host)
    listener = listen(options.host, options.port)
    queries, limits = QueryPool(), limits_within(options.timeout)
    askers = Askers(options.adapter, queries, limits, second_draft=options.second_draft)
    databases = Databases(
        options.upload_limit * MEBIBYTE,
        lambda file: schema_problem(queries.run_from_thread(Task(file, None, limits), lambda: False)),
    )
    service = Service(databases, Line(options.waiting, options.deadline), queries, askers.make, limits)
    try:
        for path in options.database:
            print(f"serve: reading {path}", flush=True)
            databases.add(path)
        print("serve: loading the model", flush=True)
        print(f"serve: loaded in {askers.load(options.server, make_engine):.1f} s", flush=True)
        service.asker(databases.get(None))
        names = {*LOOPBACK_NAMES, *options.allow_host, *(() if loopback else (options.host, *own_names()))}
        app = make_app(service, names=names, any_address=not loopback, token=token)
        config = uvicorn.Config(
            app,
            access_log=False,
            log_level=logging.WARNING,
            timeout_graceful_shutdown=2,
            server_header=False,
            ws="none",
        )
        Announcing(config, addresses(listener, options.host, token)).run(sockets=[listener])
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave the uploads behind
        service.close()
        askers.close()
        listener.close()


def own_names() -> set[str]:
    return {socket.gethostname(), socket.getfqdn()}


def end(_signal: int, _frame: object) -> None:
    """SIGTERM ends the server as Ctrl-C does: uploads are removed."""
    raise KeyboardInterrupt


def main(make_engine: Callable[[], Writer] | None = None) -> int:
    options = parse()
    signal.signal(signal.SIGTERM, end)
    try:
        serve(options, make_engine)
    except (StartError, Refusal) as error:
        print(f"serve: {error}", file=sys.stderr)
        return 2 if isinstance(error, ImportFailed) else 1
    except KeyboardInterrupt:
        print("serve: stopped", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())

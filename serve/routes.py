"""The routes of the page and of plain HTTP clients: /ask, /query, /databases, /schema, /upload.

`POST /ask` answers with one JSON object; with `Accept: text/event-stream`, with events: `place` (`{"position"}`, the
turns before this one), `sql` (`{"sql"}`, as far as it is written), then `answer` or `error`.
"""

import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from serve.bodies import AskBody, QueryBody, read_body
from serve.line import Event, Finished, Place, Written
from serve.refusals import Busy, Gone, Refusal, TooLarge
from serve.service import Service

EVENT_STREAM = "text/event-stream"


def routes(service: Service) -> list[Route]:
    """The routes, each a function of the service."""

    async def ask(request: Request) -> Response:
        body = await read_body(request, AskBody)
        history = [(turn.question, turn.sql) for turn in body.history]
        following = service.events(body.question, body.database, history, request.is_disconnected)
        if EVENT_STREAM in request.headers.get("accept", ""):
            return await stream_events(following)
        async for event in following:
            if isinstance(event, Finished):
                return JSONResponse(event.answer.to_json())
        raise AssertionError("the events end without an answer")

    async def query(request: Request) -> Response:
        body = await read_body(request, QueryBody)
        return JSONResponse(await service.query(body.sql, body.database, request.is_disconnected))

    async def databases(_request: Request) -> Response:
        served = [{"name": one.name, "uploaded": one.uploaded} for one in service.databases.all()]
        return JSONResponse({"databases": served, "upload_bytes": service.databases.upload_bytes})

    async def schema(request: Request) -> Response:
        return JSONResponse(await service.schema(request.query_params.get("database"), request.is_disconnected))

    async def upload(request: Request) -> Response:
        name = request.query_params.get("name", "")
        if _declared_bytes(request) > service.databases.upload_bytes:
            raise service.databases.too_large()
        received = await service.databases.receive(request.stream())
        served = await run_in_threadpool(service.databases.add_upload, received, name)
        return JSONResponse({"name": served.name}, 201)

    return [
        Route("/ask", ask, methods=["POST"]),
        Route("/query", query, methods=["POST"]),
        Route("/databases", databases),
        Route("/schema", schema),
        Route("/upload", upload, methods=["POST"]),
    ]


async def stream_events(following: AsyncIterator[Event]) -> Response:
    """The events of one question as they come. What is refused at once has its own status code."""
    first = await anext(following)

    async def texts() -> AsyncIterator[str]:
        try:
            yield event_text(*_named(first))
            async for event in following:
                yield event_text(*_named(event))
        except Refusal as refusal:
            yield event_text("error", {"error": str(refusal), "kind": refusal.kind})
        except Gone:
            return
        except Exception:
            yield event_text("error", {"error": UNEXPECTED, "kind": "server_error"})
            raise
        finally:
            await following.aclose()

    return StreamingResponse(texts(), media_type=EVENT_STREAM, headers={"x-accel-buffering": "no"})


UNEXPECTED = "the server failed; the reason is in its terminal"


def _named(event: Event) -> tuple[str, Any]:
    if isinstance(event, Place):
        return "place", {"position": event.position}
    if isinstance(event, Written):
        return "sql", {"sql": event.sql}
    return "answer", event.answer.to_json()


def event_text(name: str | None, data: Any) -> str:
    """One server-sent event; JSON has no line breaks of its own."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)}\n\n"


def _declared_bytes(request: Request) -> int:
    length = request.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() else 0


async def refuse(request: Request, refusal: Exception) -> Response:
    """The response to a request that is not answered; `/v1` has OpenAI's form of it."""
    assert isinstance(refusal, Refusal)
    headers = {"retry-after": str(refusal.seconds)} if isinstance(refusal, Busy) else {}
    if isinstance(refusal, TooLarge):
        headers["connection"] = "close"
    return problem(request, refusal.status, str(refusal), refusal.kind, headers)


async def gone(_request: Request, _error: Exception) -> Response:
    """Nobody reads it."""
    return Response(status_code=499)


async def unexpected(request: Request, _error: Exception) -> Response:
    """A defect of ours; the server prints it."""
    return problem(request, 500, UNEXPECTED, "server_error")


def problem(request: Request, status: int, text: str, kind: str, headers: dict[str, str] | None = None) -> Response:
    """What is wrong, in the form that clients of the route expect."""
    error = {"message": text, "type": kind, "code": kind, "param": None}
    return JSONResponse({"error": error if request.url.path.startswith("/v1/") else text}, status, headers)

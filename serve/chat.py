"""The OpenAI-compatible routes: `/v1/models` are the databases, `/v1/chat/completions` answers the last user message.

The answer's text is the SQL, so that a program can run it and the next turn's history is what the model knows. Beside
the usual keys there is `answer`, with columns and rows: in the response, or in the last chunk of a stream. A stream
sends the SQL as the model writes it; where a repair changes it, the SQL that ran follows the line `-- repaired`.
"""

import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from evaluate.extract import extract_sql
from evaluate.generation.server import OURS
from serve.bodies import HISTORY_TURNS, QUESTION_CHARACTERS, ChatBody, Message, read_body
from serve.line import Event, Finished, Written
from serve.refusals import Gone, Refusal
from serve.routes import EVENT_STREAM, UNEXPECTED, event_text
from serve.service import Service, Turn

REPAIRED = "\n\n-- repaired\n"


def routes(service: Service) -> list[Route]:
    """The two routes."""
    started = int(time.time())

    async def models(_request: Request) -> Response:
        data = [
            {"id": one.name, "object": "model", "created": started, "owned_by": OURS} for one in service.databases.all()
        ]
        return JSONResponse({"object": "list", "data": data})

    async def completions(request: Request) -> Response:
        body = await read_body(request, ChatBody)
        question, history = conversation(body.messages)
        following = service.events(question, body.model, history, request.is_disconnected)
        reply = Reply(body.model)
        if body.stream:
            return StreamingResponse(reply.chunks(await anext(following), following), media_type=EVENT_STREAM)
        async for event in following:
            if isinstance(event, Finished):
                return JSONResponse(reply.whole(event.answer.to_json()))
        raise AssertionError("the events end without an answer")

    return [Route("/v1/models", models), Route("/v1/chat/completions", completions, methods=["POST"])]


def conversation(messages: list[Message]) -> tuple[str, list[Turn]]:
    """The question, and the turns before it: each user message that an assistant's SQL follows.

    System messages are left out: the prompt is the one the model was trained with. Raises Refusal without a question.
    """
    turns: list[Turn] = []
    asked: str | None = None
    for message in messages:
        if message.role == "user":
            asked = message.text()
        elif message.role == "assistant" and asked is not None:
            sql = extract_sql(message.text().rpartition(REPAIRED)[2])
            if sql:
                turns.append((asked, sql))
            asked = None
    if not asked or not asked.strip():
        raise Refusal("messages: the last one must be the user's, with a text: the question")
    if len(asked) > QUESTION_CHARACTERS:
        raise Refusal(f"messages: the question is longer than {QUESTION_CHARACTERS:,} characters")
    return asked, turns[-HISTORY_TURNS:]


class Reply:
    """The objects of one completion."""

    def __init__(self, model: str) -> None:
        self.common = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": model}

    def whole(self, answer: dict[str, Any]) -> dict[str, Any]:
        """The response of a request that does not stream."""
        message = {"role": "assistant", "content": answer["sql"] or "", "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        return {**self.common, "object": "chat.completion", "choices": [choice], "answer": answer}

    async def chunks(self, first: Event, following: AsyncIterator[Event]) -> AsyncIterator[str]:
        """The SQL as it is written, in pieces."""
        sent = ""
        yield self._chunk({"role": "assistant", "content": ""})
        try:
            async for event in _with_first(first, following):
                if isinstance(event, Written):
                    if event.sql.startswith(sent) and event.sql != sent:
                        yield self._chunk({"content": event.sql[len(sent) :]})
                        sent = event.sql
                elif isinstance(event, Finished):
                    answer = event.answer.to_json()
                    yield self._chunk({"content": _rest(sent, answer["sql"] or "")})
                    yield self._chunk({}, finish="stop", answer=answer)
        except Refusal as refusal:
            yield event_text(None, {"error": {"message": str(refusal), "type": refusal.kind}})
        except Gone:
            return
        except Exception:
            yield event_text(None, {"error": {"message": UNEXPECTED, "type": "server_error"}})
            raise
        finally:
            await following.aclose()
        yield event_text(None, "[DONE]")

    def _chunk(self, delta: dict[str, Any], *, finish: str | None = None, **more: Any) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return event_text(None, {**self.common, "object": "chat.completion.chunk", "choices": [choice], **more})


def _rest(sent: str, sql: str) -> str:
    """What is still to send; where a repair has changed what was sent, the whole SQL again behind a mark."""
    return sql[len(sent) :] if sql.startswith(sent) else f"{REPAIRED}{sql}"


async def _with_first(first: Event, following: AsyncIterator[Event]) -> AsyncIterator[Event]:
    yield first
    async for event in following:
        yield event

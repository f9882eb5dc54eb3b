"""What requests may hold: JSON bodies of bounded size, checked by pydantic, every mistake named."""

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request

from serve.refusals import Refusal, TooLarge

MAX_BYTES = 2 * 2**20
QUESTION_CHARACTERS = 4_000
HISTORY_TURNS = 20
SQL_CHARACTERS = 1_000_000

Question = Annotated[str, Field(min_length=1, max_length=QUESTION_CHARACTERS, pattern=r"\S")]
Sql = Annotated[str, Field(max_length=SQL_CHARACTERS)]
Body = TypeVar("Body", bound=BaseModel)


class Turn(BaseModel):
    """A question before, and the SQL that answered it."""

    question: Question
    sql: Sql


class AskBody(BaseModel):
    """`POST /ask`."""

    model_config = ConfigDict(extra="forbid", strict=True)
    question: Question
    database: str | None = None
    history: list[Turn] = Field(default=[], max_length=HISTORY_TURNS)


class QueryBody(BaseModel):
    """`POST /query`."""

    model_config = ConfigDict(extra="forbid", strict=True)
    sql: Sql
    database: str | None = None


class Message(BaseModel):
    """A turn of an OpenAI conversation; `content` is a text or parts of which the texts count."""

    role: str
    content: str | list[dict[str, Any]] | None = None

    def text(self) -> str:
        if isinstance(self.content, str):
            return self.content
        return "\n".join(str(part.get("text", "")) for part in self.content or [] if part.get("type") == "text")


class ChatBody(BaseModel):
    """`POST /v1/chat/completions`; what is said about sampling is ignored: answers are greedy."""

    model: str
    messages: list[Message] = Field(min_length=1, max_length=200)
    stream: bool = False
    n: int | None = Field(default=1, ge=1, le=1)


async def read_body(request: Request, kind: type[Body]) -> Body:
    """The body of a request. Raises TooLarge before all of it is read, and Refusal with every mistake in it."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BYTES:
            raise TooLarge(f"the body is larger than {MAX_BYTES // 2**20} MB")
        parts.append(part)
    try:
        return kind.model_validate_json(b"".join(parts))
    except ValidationError as error:
        mistakes = [_mistake(one) for one in error.errors(include_url=False, include_input=False)[:5]]
        raise Refusal("; ".join(mistakes)) from None


def _mistake(error: Any) -> str:
    place = ".".join(map(str, error["loc"]))
    return f"{place}: {error['msg']}" if place else error["msg"]

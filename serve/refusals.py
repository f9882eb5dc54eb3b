"""Reasons not to answer a request: each has a status code and a text for the person who asked."""

from typing import ClassVar


class Refusal(Exception):
    """A request that is not answered; `status` is HTTP's, `kind` a word for programs."""

    status: ClassVar[int] = 400
    kind: ClassVar[str] = "bad_request"


class Busy(Refusal):
    """Too many requests wait already; `seconds` is when to try again."""

    status = 429
    kind = "busy"

    def __init__(self, seconds: int, text: str) -> None:
        super().__init__(f"{text}; try again in {seconds} s")
        self.seconds = seconds


class Late(Refusal):
    """No answer within the deadline."""

    status = 504
    kind = "deadline"


class TooLarge(Refusal):
    """A body over its limit."""

    status = 413
    kind = "too_large"


class NotFound(Refusal):
    """No database of that name."""

    status = 404
    kind = "not_found"


class Gone(Exception):
    """The client closed its connection."""

"""The line of questions before the one engine: first come, first served, of bounded length, a deadline each.

A thread takes the turns one by one. Each is followed from the event loop: its place in the line, the SQL as it is
written, and the answer. A turn whose client has gone leaves the line, or is stopped at the next token.
"""

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any, NamedTuple

from serve.refusals import Busy, Gone, Late

LOOK_SECONDS = 0.5  # between two looks whether the client is still there
USUAL_SECONDS = 3.0  # of a turn, before the first one was timed

Work = Callable[[Callable[[str], None], Callable[[], bool]], Any]  # (on_text, cancelled) -> answer


class Place(NamedTuple):
    """How many turns come before this one; 0 once it is at the engine."""

    position: int


class Written(NamedTuple):
    """The SQL as far as it is written."""

    sql: str


class Finished(NamedTuple):
    """The answer."""

    answer: Any


Event = Place | Written | Finished


class Turn:
    """One question on its way. The thread writes, the event loop reads."""

    def __init__(self, work: Work, deadline: float) -> None:
        self.work = work
        self.deadline = deadline
        self.cancelled = False
        self.sql = ""
        self.answer: Any = None
        self.error: BaseException | None = None
        self.done = False
        self.loop = asyncio.get_running_loop()
        self.news = asyncio.Event()

    def is_over(self) -> bool:
        """Whether nobody waits for the answer any more; asked between tokens."""
        return self.cancelled or time.monotonic() > self.deadline

    def write(self, sql: str) -> None:
        self.sql = sql
        self.wake()

    def wake(self) -> None:
        """Have the event loop look; nothing where it has ended."""
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self.news.set)

    def run(self) -> None:
        if not self.is_over():
            try:
                self.answer = self.work(self.write, self.is_over)
            except Exception as error:  # raised again where the turn is followed
                self.error = error
        self.done = True
        self.wake()


class Line:
    """`length` turns at most, the one at the engine included; each has `seconds` from its arrival to its answer."""

    def __init__(self, length: int, seconds: float) -> None:
        self.length = length
        self.seconds = seconds
        self._usual = USUAL_SECONDS
        self._turns: deque[Turn] = deque()  # the first one is at the engine
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    async def follow(self, work: Work, gone: Callable[[], Awaitable[bool]]) -> AsyncIterator[Event]:
        """What happens to a new turn, `Finished` last. Raises Busy, Late, Gone, and what the work raises."""
        turn = self._enter(work)
        try:
            seen: Event | None = None
            while not turn.done:
                event = Written(turn.sql) if turn.sql else Place(self._position(turn))
                if event != seen:
                    seen = event
                    yield event
                await self._wait(turn, gone)
            if turn.error:
                raise turn.error
            if turn.answer is None or time.monotonic() > turn.deadline:
                raise self._late()
            yield Finished(turn.answer)
        finally:
            self._leave(turn)

    async def _wait(self, turn: Turn, gone: Callable[[], Awaitable[bool]]) -> None:
        """Until there are news of the turn or it is time to look; raises Late or Gone."""
        if not turn.done:
            with suppress(TimeoutError):
                await asyncio.wait_for(turn.news.wait(), LOOK_SECONDS)
        turn.news.clear()
        if time.monotonic() > turn.deadline and not turn.done:
            raise self._late()
        if await gone():
            raise Gone

    def _late(self) -> Late:
        return Late(f"no answer within {self.seconds:g} s")

    def _enter(self, work: Work) -> Turn:
        turn = Turn(work, time.monotonic() + self.seconds)
        with self._changed:
            if len(self._turns) >= self.length:
                seconds = math.ceil(max(1.0, self._usual * len(self._turns) / 2))
                raise Busy(seconds, f"{len(self._turns)} questions are waiting")
            self._turns.append(turn)
            self._changed.notify()
        return turn

    def _leave(self, turn: Turn) -> None:
        turn.cancelled = True
        with self._changed:
            if turn in self._turns and turn is not self._turns[0]:
                self._turns.remove(turn)
                self._wake_all()

    def _position(self, turn: Turn) -> int:
        with self._changed:
            return self._turns.index(turn) if turn in self._turns else 0

    def _wake_all(self) -> None:
        for turn in self._turns:
            turn.wake()

    def _serve(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._turns or self._closed)
                if self._closed:
                    return
                turn = self._turns[0]
            start = time.monotonic()
            turn.run()
            if not turn.cancelled and not turn.error:
                self._usual += (time.monotonic() - start - self._usual) / 4
            with self._changed:
                self._turns.popleft()
                self._wake_all()

    def close(self) -> None:
        """Cancel every turn and wait for the engine to be free, up to five seconds."""
        with self._changed:
            self._closed = True
            for turn in self._turns:
                turn.cancelled = True
            self._changed.notify()
        self._thread.join(timeout=5)

"""The engine, and the Askers that share it: what a model writes is repaired and run in the worker processes."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluate import asker
from evaluate.decoding.repair import Repaired
from evaluate.execution.pool import Lost
from evaluate.execution.sandbox import Execution, Limits
from evaluate.generation.adapters import AdapterError, only
from evaluate.generation.completions import GenerationError
from evaluate.generation.engines import open_engine
from evaluate.generation.llamacpp import Writer
from serve.databases import Served
from serve.queries import QueryPool, execution_of
from serve.refusals import Refusal
from serve.work import Task
from sql.schema import SchemaError


class EngineFailed(Refusal):
    """The model cannot answer, or the file cannot be read any more."""

    status = 500
    kind = "engine"


@dataclass(frozen=True)
class Answer(asker.Answer):
    """An answer that says whether there were more rows than these."""

    truncated: bool = False

    def to_json(self) -> dict[str, Any]:
        """As its parent, with `truncated`."""
        return super().to_json() | {"truncated": self.truncated}


class Asker(asker.Asker):
    """An Asker whose queries run in the worker processes, under the limits of the server."""

    def __init__(self, database: Path, queries: QueryPool, limits: Limits, **options: Any) -> None:
        super().__init__(database, **options)
        self.queries, self.limits, self.run = queries, limits, self._run_in_worker
        self._cancelled: Callable[[], bool] = lambda: False
        self._cut = False

    def ask(
        self,
        question: str,
        *,
        history: Sequence[tuple[str, str]] = (),
        on_text: Callable[[str], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Answer:
        """As its parent; for one thread. Raises EngineFailed."""
        self._cancelled, self._cut = cancelled or (lambda: False), False
        try:
            answer = super().ask(question, history=history, on_text=on_text, cancelled=cancelled)
        except (GenerationError, SchemaError) as error:
            raise EngineFailed(str(error)) from error
        return Answer(**vars(answer), truncated=self._cut)

    def _run_in_worker(self, sql: str, database: Path, limits: Limits, repair_it: bool) -> tuple[Repaired, Execution]:
        """Repaired and run where it can be ended, by its deadline or because nobody waits for it any more."""
        task = Task(database, sql, limits, from_model=True, repair=repair_it)
        try:
            found = self.queries.run_from_thread(task, self._cancelled)
        except CancelledError:
            found = Lost("died", "cancelled", None)
        if isinstance(found, Lost):
            return Repaired(sql), execution_of(found, limits.seconds)
        self._cut = found[1].cut
        return found


class Askers:
    """One engine for all databases. `adapter`: the output folder of a training, None for the shipped one.

    `options`: further ones of each Asker.
    """

    def __init__(self, adapter: Path | None, queries: QueryPool, limits: Limits, **options: Any) -> None:
        self.adapter, self.queries, self.limits = adapter, queries, limits
        self._options = options
        self._engine: Writer | None = None

    def load(self, server: str | None, make_engine: Callable[[], Writer] | None = None) -> float:
        """Load the model, or find it on a `server`; seconds that took. Raises EngineFailed."""
        start = time.monotonic()
        try:
            trained = only(self.adapter or asker.SHIPPED)
            self._engine = make_engine() if make_engine else open_engine(trained, server=server)
        except (AdapterError, GenerationError) as error:
            raise EngineFailed(str(error)) from error
        return time.monotonic() - start

    def make(self, served: Served) -> Asker:
        """The Asker of one database. Raises EngineFailed where its schema cannot be read."""
        try:
            options = {"adapter": self.adapter, "engine": self._engine} | self._options
            return Asker(served.file, self.queries, self.limits, **options)
        except (SchemaError, AdapterError, GenerationError) as error:
            raise EngineFailed(str(error).replace(f"{served.file}: ", f"{served.name}: ")) from error

    def close(self) -> None:
        """Free the model."""
        if self._engine:
            self._engine.close()

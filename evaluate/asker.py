"""Ask questions about one SQLite file: prompt, generation, repair, second draft and execution in one call.

    with Asker("shop.sqlite") as asker:
        asker.ask("How many authors come from Japan?")
        -> Answer(question="...", sql="SELECT COUNT(*) ...", columns=["COUNT(*)"], rows=[(3,)], error=None, ...)

The prompt is that of the adapter's training, the query runs in the sandbox (read-only, with a deadline and limits). An
Asker may be used by several threads, and several Askers may share one engine.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from evaluate.decoding.repair import Repaired, repair
from evaluate.decoding.second_draft import named, next_turn, refusal
from evaluate.execution.sandbox import Execution, Limits, Value, database_problem, file_state, run_query
from evaluate.extract import extract_sql
from evaluate.follow_ups import joined
from evaluate.generation import adapters
from evaluate.generation.engines import open_engine
from evaluate.generation.llamacpp import Writer
from prompts.chat_frames import prompt_pieces
from prompts.tags import LINKED, schema_for, turns_on
from sql.schema import Schema, SchemaError

SHIPPED = (
    Path(__file__).resolve().parents[1] / "models/qwen2.5_coder_0.5b_sql"
)  # the adapter that comes with the recipes


@dataclass(frozen=True)
class Answer:
    """What became of one question.

    `sql` is the query that ran, or the last that was tried; None where the model wrote none. `error` is None only where
    the query ran; `columns` and `rows` are empty otherwise. `confidence`: 0 to 1, the geometric mean of the
    probabilities of the tokens that the model wrote; None where the engine does not say. `repairs`: what was changed in
    the model's query so that SQLite takes it, in words; `second draft: ` and SQLite's message where it is the model's
    second. `seconds`: all of it.
    """

    question: str
    sql: str | None = None
    columns: list[str] = field(default_factory=list)
    rows: list[tuple] = field(default_factory=list)
    error: str | None = None
    confidence: float | None = None
    repairs: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def to_json(self) -> dict:
        """The answer as an object for JSON: blobs as hex digits, infinite numbers as text."""
        return {
            "question": self.question,
            "sql": self.sql,
            "columns": self.columns,
            "rows": [[plain(cell) for cell in row] for row in self.rows],
            "error": self.error,
            "confidence": None if self.confidence is None else round(self.confidence, 4),
            "repairs": self.repairs,
            "seconds": round(self.seconds, 3),
        }


def plain(cell: Value) -> int | float | str | None:
    """A cell as JSON can hold it."""
    if isinstance(cell, bytes):
        return cell.hex()
    return str(cell) if isinstance(cell, float) and not math.isfinite(cell) else cell


class Asker:
    """Answers questions about one SQLite file."""

    def __init__(
        self,
        database: str | Path,
        *,
        adapter: str | Path | None = None,
        server: str | None = None,
        served_model: str | None = None,
        timeout: float = 30.0,
        max_tokens: int = 256,
        repair: bool = True,
        second_draft: bool = False,
        engine: Writer | None = None,
        keep_prompt: str | None = None,
    ) -> None:
        """Read the schema and load the model.

        Args:
            adapter: output folder of a training; None: the shipped adapter.
            server: address of a running server of OpenAI's API that serves the model; nothing is loaded here.
            served_model: the model's name there, where it is not found by the adapter's folder.
            timeout: seconds that a query may take.
            max_tokens: tokens that an answer may have.
            repair: whether a query that SQLite refuses is mended (evaluate/decoding/repair.py).
            second_draft: whether the model is asked again where no repair helps (evaluate/decoding/second_draft.py).
            engine: a loaded model to share, as `open_engine(adapters.only(SHIPPED), slots=2)` makes it; it must be the
                adapter's, and is not closed with this Asker.
            keep_prompt: a name, mostly the database's path, under which the last prompt is kept for the next run, which
                then answers seconds earlier.
        Raises SchemaError, adapters.AdapterError, GenerationError.
        """
        self.database = Path(database)
        if problem := database_problem(self.database):
            raise SchemaError(f"{problem}. A SQLite file is expected.")
        self.trained = adapters.only(Path(adapter) if adapter else SHIPPED)
        self.tags = adapters.prompt_tags(self.trained)
        self.limits, self.max_tokens = Limits()._replace(seconds=timeout), max_tokens
        self.repair, self.second_draft = repair, second_draft
        self._known: tuple[object, Schema] | None = None
        self.schema  # noqa: B018 a file without a readable schema is refused here
        served = {"server": server, "served_model": served_model, "keep_prompt": keep_prompt}
        self._own = None if engine else open_engine(self.trained, **served)
        self.engine: Writer = engine or self._own
        self.run: Run = run_repaired

    def __enter__(self) -> "Asker":
        return self

    def __exit__(self, *_error) -> None:
        self.close()

    def close(self) -> None:
        """Free the model, unless it is shared."""
        if self._own:
            self._own.close()

    @property
    def schema(self) -> Schema:
        """The schema of the database as it is now, with the values that prompts need; read again when the file changes.

        Raises SchemaError.
        """
        state = file_state(self.database)
        if self._known is None or self._known[0] != state:
            self._known = state, schema_for(self.database, self.tags)
        return self._known[1]

    def ask(
        self,
        question: str,
        *,
        history: Sequence[tuple[str, str]] = (),
        on_text: Callable[[str], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Answer:
        """Answer one question.

        Args:
            history: the `(question, sql)` turns before it, oldest first.
            on_text: called with the SQL so far as the first draft is written.
            cancelled: asked between tokens; where it says True, the answer is an error, "cancelled".
        Raises GenerationError where the engine fails, SchemaError where the file cannot be read any more. All else that
        goes wrong is the `error` of the answer.
        """
        start = time.monotonic()
        first = self._draft(question, self.prompt(question, history), start, on_text, cancelled)
        message = refused(first) if self.second_draft else None
        if message is None:
            return first
        prompt = self.prompt(question, history, (first.sql, message))
        return chosen(first, self._draft(question, prompt, start, None, cancelled), message)

    def _draft(self, question: str, prompt: tuple[list[str], str | None], start: float, on_text, cancelled) -> Answer:
        """The answer by one draft; see `ask` and `prompt`."""
        pieces, problem = prompt
        if problem:
            return Answer(question, error=problem, seconds=time.monotonic() - start)
        made = self.engine.complete(pieces, max_tokens=self.max_tokens, on_text=on_text, cancelled=cancelled)
        if made.finish_reason == "cancelled":
            return Answer(question, error="cancelled", seconds=time.monotonic() - start)
        made_of = {"repair_it": self.repair, "start": start, "confidence": made.confidence, "run": self.run}
        return finished(question, made.text, self.database, self.limits, **made_of)

    def prompt(
        self, question: str, history: Sequence[tuple[str, str]] = (), draft: tuple[str, str] | None = None
    ) -> tuple[list[str], str | None]:
        """The texts of the prompt, one tokenized after the other, and why it cannot be answered, if so.

        A question that leans on those before it is asked with them as one (follow_ups.py). A schema that leaves no
        room for the answer is shown in part: what the questions seem to need of it.
        `draft`: a first answer, and SQLite's message that refused it.
        """
        question, history = joined(question, history)
        questions, answers = [asked for asked, _ in history] + [question], [sql for _, sql in history]
        later = [next_turn(question, draft[1], self.tags)] if draft else []
        answers += [draft[0]] if draft else []
        needed = 0
        for tags in (self.tags, [*self.tags, LINKED]):
            turns = [*turns_on(self.schema, questions, tags), *later]
            pieces = prompt_pieces(self.trained.recipe, turns, answers)
            needed = self.engine.count(pieces) + self.max_tokens
            if needed <= self.engine.context:
                return pieces, None
        return [], f"the prompt and its answer take {needed:,} tokens; the engine holds {self.engine.context:,}"


def run_repaired(sql: str, database: Path, limits: Limits, repair_it: bool) -> tuple[Repaired, Execution]:
    """A model's query as it was run, repaired where that is wanted and needed, and what it returned."""
    found = repair(sql, database, limits) if repair_it else Repaired(sql)
    return found, run_query(found.sql, database, limits)


Run = Callable[[str, Path, Limits, bool], tuple[Repaired, Execution]]


def finished(
    question: str,
    completion: str,
    database: Path,
    limits: Limits,
    *,
    repair_it: bool,
    start: float,
    confidence: float | None = None,
    run: Run | None = None,
) -> Answer:
    """The answer that a completion gives: its SQL, repaired where that is wanted and needed, and what it returns.

    `start`: `time.monotonic()` when the question came. `run` takes the place of `run_repaired`.
    """
    sql = extract_sql(completion)
    if sql is None:
        error = f"no SQL in the answer: {completion.strip()[:200]!r}"
        return Answer(question, error=error, confidence=confidence, seconds=time.monotonic() - start)
    found, result = (run or run_repaired)(sql, database, limits, repair_it)
    return Answer(
        question,
        found.sql,
        list(result.columns),
        list(result.rows),
        None if result.status == "ok" else f"{result.status}: {result.error}",
        confidence,
        list(found.repairs),
        time.monotonic() - start,
    )


def refused(answer: Answer) -> str | None:
    """SQLite's message where it refused to compile the answer's query; None for any other answer."""
    status, _, message = (answer.error or "").partition(": ")
    return refusal(status, message)


def chosen(first: Answer, second: Answer, message: str) -> Answer:
    """The second draft where it ran (or was cancelled), named in its repairs; else the first, with its error."""
    if second.error in (None, "cancelled"):
        return replace(second, repairs=named(message, second.repairs))
    return replace(first, seconds=second.seconds)

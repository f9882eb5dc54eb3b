"""Drafts of a wording by one model, of which another's answers tell whether they still ask for the same.

    Paraphraser(writer, answerer, databases=..., adapter=SHIPPED, known=set()).reword(row)
    -> {"id": "shop-made-1", "of": "number of authors from Japan", "sql": "SELECT ...", "question": "How many writers
        does Japan have?", "drafts": [{"question": "How many writers?", "outcome": "lost"}, ...]}

Query and answer run in the sandbox; a draft is `kept` where their rows are equal by the rule `strict`.
"""

import hashlib
from pathlib import Path

from evaluate import wordings
from evaluate.asker import Asker
from evaluate.execution.judge import Readers, judge
from evaluate.execution.sandbox import Limits
from evaluate.execution.verdict import Example
from evaluate.generation.llamacpp import Engine

TEMPERATURE = 0.7
MOST_TOKENS = 80  # of a wording
QUERY_SECONDS = 5.0


class Paraphraser:
    """Rewords made pairs.

    Args:
        writer: the model that words; answerer: the base of `adapter` with it, which answers.
        databases: the folder of the rows' databases.
        drafts: tries for a pair at most.
        known: normal forms (`wordings.normal`) of questions that are there; it grows.
    """

    def __init__(
        self,
        writer: Engine,
        answerer: Engine,
        *,
        databases: Path,
        adapter: Path,
        known: set[str],
        drafts: int = 2,
        seed: int = 7,
    ) -> None:
        self.writer, self.answerer, self.databases, self.adapter = writer, answerer, databases, adapter
        self.drafts, self.seed, self.known = drafts, seed, known
        self.readers = Readers.within(Limits(seconds=QUERY_SECONDS))
        self.askers: dict[Path, Asker] = {}

    def reword(self, row: dict) -> dict:
        """The line of one pair: drafts until one stays. Raises GenerationError, SchemaError."""
        drafts, kept = [], None
        for number in range(self.drafts):
            wording, finished = self.draft(row, number)
            outcome = self.outcome(row, wording) if finished else "unfinished"
            drafts.append({"question": wording, "outcome": outcome})
            if outcome == "kept":
                kept = wording
                self.known.add(wordings.normal(wording))
                break
        return {"id": row["id"], "of": row["question"], "sql": row["output"], "question": kept, "drafts": drafts}

    def draft(self, row: dict, number: int) -> tuple[str, bool]:
        """A wording, and whether the model came to its end. The same row, number and seed give the same one."""
        text = f"{self.seed}-{row['id']}-{number}"
        made = self.writer.complete(
            wordings.prompt(row["question"], row["output"]),
            max_tokens=MOST_TOKENS,
            temperature=TEMPERATURE,
            seed=int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) >> 1,
        )
        return wordings.clean(made.text), made.finish_reason == "stop"

    def outcome(self, row: dict, wording: str) -> str:
        """What becomes of a draft."""
        if why := wordings.refusal(wording, row["question"], row["output"], self.known):
            return why
        database = self.databases / row["database"]
        if database not in self.askers:
            self.askers[database] = Asker(database, adapter=self.adapter, timeout=QUERY_SECONDS, engine=self.answerer)
        answer = self.askers[database].ask(wording)
        if answer.error:
            return "error"
        example = Example(str(row["id"]), row["output"], answer.sql, (database,))
        verdict = judge(example, readers=self.readers)
        return "kept" if verdict.outcome == "correct" else verdict.outcome

"""What happened to the rows of one converted file: counted, and summed up in a few lines."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from converters import lengths
from converters.rows import Skip

LISTED = 10  # lines for one reason, unless the corpus says otherwise


@dataclass
class Count:
    """What happened to the rows of one file."""

    read: int = 0
    questions: int = 0
    written: int = 0
    skipped: Counter = field(default_factory=Counter)
    details: dict[str, list[str]] = field(default_factory=dict)
    failing: dict[str, list[str]] = field(default_factory=dict)  # ids of rows whose gold does not run, by the reason
    tags: Counter = field(default_factory=Counter)
    lengths: list[int] = field(default_factory=list)
    seconds: float = 0.0

    def skip(self, skip: Skip) -> None:
        self.skipped[skip.reason] += 1
        self.details.setdefault(skip.reason, []).append(skip.detail)

    def written_text(self) -> str:
        """`8659 of 8659 rows`, or `1115 conversations of 8560 of 8659 rows`."""
        if self.questions == self.written:
            return f"{self.written} of {self.read} rows"
        return f"{self.written} conversations of {self.questions} of {self.read} rows"

    def record(self, unit: str) -> dict:
        """The counts as the record holds them."""
        return {
            "read": self.read,
            **({"questions": self.questions} if self.questions != self.written else {}),
            "written": self.written,
            "skipped": dict(self.skipped),
            "golds_that_fail": {error: len(ids) for error, ids in self.failing.items()},
            "tags": dict(sorted(self.tags.items())),
            unit: lengths.summary(self.lengths)._asdict(),
        }

    def skipped_lines(self, listed: int) -> Iterator[str]:
        """A line a reason with its number, then the first rows of it; those with one and the same message on one line.

        A detail is a place, or a message and, on a second line, the place.
        """
        for reason, number in self.skipped.most_common():
            yield f"  skipped {number}: {reason}"
            groups: dict[str, list[str]] = {}
            for detail in self.details[reason]:
                message, _, place = detail.rpartition("\n")
                groups.setdefault(message or place, []).append(place)
            for message, places in list(groups.items())[:listed]:
                more = f" and {len(places) - 1} more" if len(places) > 1 else ""
                yield f"    {message}" if message == places[0] else f"    {message}: {places[0]}{more}"
            if len(groups) > listed:
                yield f"    and {len(groups) - listed} more"

    def failing_lines(self) -> Iterator[str]:
        """The golds that were written although they do not run: a line a reason, the most frequent first."""
        if not self.failing:
            return
        yield f"  golds that do not run: {sum(map(len, self.failing.values()))} (written, but not tagged runnable)"
        ordered = sorted(self.failing.items(), key=lambda item: -len(item[1]))
        for error, ids in ordered[:LISTED]:
            yield f"    {len(ids)}: {error} ({ids[0]}{', ...' if len(ids) > 1 else ''})"
        if len(ordered) > LISTED:
            rest = sum(len(ids) for _, ids in ordered[LISTED:])
            yield f"    {rest}: {len(ordered) - LISTED} other reasons (all in the record)"

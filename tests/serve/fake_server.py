"""The real server with a model that writes what the question says between « and »: a process of its own.

`slowly` in the question: 0.05 s a character; `failing`: the engine fails; `«again»`: what the turn before was
answered, which may be longer than a question. A turn with a hint, as a second draft has it, is answered by what is
between ‹ and ›. All else is the server as it is.
"""

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[2])

from evaluate.generation.completions import GenerationError  # noqa: E402
from evaluate.generation.llamacpp import Completion  # noqa: E402
from serve.run import main  # noqa: E402

AGAIN = "«again»"


class Parrot:
    """An engine that repeats."""

    context = 100_000

    def count(self, pieces: Sequence[str]) -> int:
        return sum(map(len, pieces)) // 4

    def complete(
        self,
        pieces: Sequence[str],
        *,
        max_tokens: int,
        on_text: Callable[[str], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Completion:
        prompt = pieces[-1]
        if "failing" in prompt:
            raise GenerationError("the engine is broken")
        opening, closing = "‹›" if "Hint: " in prompt and "‹" in prompt else "«»"
        text = prompt.rpartition(opening)[2].partition(closing)[0] if opening in prompt else f"SELECT {len(pieces)}"
        if AGAIN in prompt:
            text = pieces[-2].removesuffix("<|im_end|>\n")
        if "slowly" not in prompt:
            if on_text:
                on_text(text)
            return Completion(text, "stop", 1, 0.5)
        for end in range(1, len(text) + 1):
            if cancelled and cancelled():
                print(f"cancelled after {end - 1} characters", flush=True)
                return Completion(text[: end - 1], "cancelled", end, None)
            if on_text:
                on_text(text[:end])
            time.sleep(0.05)
        return Completion(text, "stop", len(text), 0.5)

    def close(self) -> None:
        pass


if __name__ == "__main__":
    sys.exit(main(Parrot))

"""What llama.cpp computed of the last prompt, kept between two runs, so that the next one begins where the schema ends.

    data/prompts/<digests>.bin    12 KB a token for a 0.5B model; of all such files the newest 256 MB stay

A file belongs to a model, an adapter and a name (`ask` takes the database's path). Its tokens are compared with those
of the new prompt one by one, so that a schema that changed is computed anew from there. It holds the last question and
answer too.
"""

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "data/prompts"
LARGEST = 256 << 20  # bytes of all files


class KeptPrompt:
    """At most one file in `folder`, named by what it belongs to and by its own bytes: llama.cpp dies of a damaged one.

    `ask(path, body)` sends a request to llama.cpp's server, and raises OSError where that refuses it.
    """

    def __init__(self, name: str, files: list[Path], folder: Path = FOLDER) -> None:
        states = [(str(file), state.st_size, state.st_mtime_ns) for file in files for state in [file.stat()]]
        self.folder, self.key = folder, digest(repr((name, states)).encode())
        with suppress(OSError):  # a repository that cannot be written to: nothing is kept
            folder.mkdir(parents=True, exist_ok=True)

    def restore(self, ask: Callable[[str, dict], dict]) -> None:
        """Give the kept tokens to the server's first slot; a file that it does not take is as good as none."""
        with suppress(OSError):
            for path in self.folder.glob(f"{self.key}-*.bin"):
                if path.stem == f"{self.key}-{digest(path.read_bytes())}":
                    ask("slots/0?action=restore", {"filename": path.name})

    def save(self, ask: Callable[[str, dict], dict]) -> None:
        """Keep the tokens of the server's first slot; where that fails nothing is kept."""
        partial = self.folder / f"{self.key}.{os.getpid()}.partial"
        with suppress(OSError):
            ask("slots/0?action=save", {"filename": partial.name})
            for path in self.folder.glob(f"{self.key}-*.bin"):
                path.unlink()
            partial.rename(self.folder / f"{self.key}-{digest(partial.read_bytes())}.bin")
            self._prune()

    def _prune(self) -> None:
        """Remove the oldest files beyond LARGEST."""
        total = 0
        for path in sorted(self.folder.glob("*"), key=lambda path: -path.stat().st_mtime):
            total += path.stat().st_size
            if total > LARGEST:
                path.unlink()


def digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()

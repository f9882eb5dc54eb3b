"""The shop, made once, and its pairs."""

from pathlib import Path

import pytest

from converters.questions.generate import Generated, generate
from tests.converters.questions.databases import make_shop


@pytest.fixture(scope="session")
def shop(tmp_path_factory) -> Path:
    return make_shop(tmp_path_factory.mktemp("shop") / "shop.sqlite")


@pytest.fixture(scope="session")
def made(shop) -> Generated:
    return generate(shop, 400)

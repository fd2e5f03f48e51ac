"""A folder with one payer in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.folder import ENDPOINT, PAYER, put


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    put(tmp_path, "a.toml", PAYER.format(id="a", code="01001"))
    put(tmp_path, "endpoints/shared.toml", ENDPOINT)
    return tmp_path

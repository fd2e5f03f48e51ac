"""Installations for the tests of the command line.

`octway init` is run once; each test gets a copy of what it made.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.cli.installation import Installation, Said


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Said]:
    """Give a folder that `octway init` made, and what it said."""
    made = Installation(tmp_path_factory.mktemp("template") / "octway")
    made.octway("client", "add", "alpha", "--name", "Cabinet Alpha")
    made.close()
    return made.folder, made.made


@pytest.fixture
def installed(template: tuple[Path, Said], tmp_path: Path) -> Iterator[Installation]:
    """Give an installation of its own, with one client."""
    folder, said = template
    shutil.copytree(folder, tmp_path / "octway")
    made = Installation(tmp_path / "octway", said)
    yield made
    made.close()

"""A directory's folder to put files into, and what the loader says of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from config.directory_files import load_directory
from config.directory_records import DirectoryData
from config.errors import ConfigErrors
from routing.envelope import AnswerKind, Level
from routing.profile import problems

PAYER = """\
[payer]
id = "{id}"
name = "A fund"
network = "sesam"
endpoint = "shared"
[[code]]
code = "{code}"
[rules]
regime = "01"
"""
KINDS = (AnswerKind("arl", Level.LOT), AnswerKind("payment", Level.CLAIM))
ENDPOINT = 'channel = "sftp"\n[settings]\nhost = "h"\nkey_file = "keys/k"\n'


def check_rules(network: str, rules: Mapping[str, object]) -> Iterator[str]:
    assert network == "sesam"
    if rules.get("regime") == "99":
        yield "regime: is '99'; wanted another"
    if rules.get("regime") == "98":
        yield "the rules do not fit together"


def put(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def read(folder: Path) -> DirectoryData:
    return load_directory(
        folder,
        check_rules=check_rules,
        check_code=lambda network, code: (
            "" if len(code) == 5 or "/" in code else "is no code"
        ),
        check_profile=lambda payer: problems(payer, KINDS),
        known_networks=["sesam"],
        known_channels=["sftp", "folder"],
    )


def mistakes(folder: Path) -> list[str]:
    with pytest.raises(ConfigErrors) as caught:
        read(folder)
    return [str(each).removeprefix(f"{folder}/") for each in caught.value.mistakes]


def put_payer(folder: Path, more: str) -> None:
    """Add a payer whose file has more in it from line 10 on."""
    put(folder, "b.toml", PAYER.format(id="b", code="01002") + more)

"""Which version of the payer directory is in force: the pinned one, or the files'."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from attrs import evolve

from config.directory_files import from_json
from config.directory_records import DirectoryData
from gateway.database import Database
from gateway.journal import directories
from protocols.interface import Network


def in_force(
    database: Database,
    files: DirectoryData,
    networks: Mapping[str, Network],
    folder: Path,
) -> DirectoryData:
    """Return the version that a person pinned; what the files say if there is none.

    A pinned version of a network that is not installed any more is not used.
    """
    pin = database.read(directories.pinned)
    if pin is None or pin.version == files.version:
        return files
    data = from_json(pin.content, folder)
    if any(payer.network not in networks for payer in data.payers):
        return files
    kinds = {name: tuple(each.answer_kinds) for name, each in networks.items()}
    return evolve(data, kinds=kinds)

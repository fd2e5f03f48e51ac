"""The gateway of a study: real journal, real storage, a clock that only it moves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Final

from attrs import define

from config.settings import load
from gateway.cli import key_files
from gateway.house import House, note_directory, open_house, read_directory
from gateway.journal import migrations
from gateway.journal.dialect import open_engine
from gateway.simulator.emitters import emitter_settings
from gateway.simulator.study_payers import Merger, payer_files
from gateway.simulator.study_plan import Plan
from gateway.storage.vault import new_key_file
from protocols.catalog import Catalog
from routing.approximation import SURE
from routing.directory import Directory

CONFIG: Final = "octway.toml"
_CHAIN: Final = "study"
_NEVER_SURE: Final = 101  # of 100
_SETTINGS: Final = """\
# The gateway of a no-response study, kept for looking at: try
# `octway trace -c {config} WHAT`.  Its payers were simulated, and are gone.
[node]
id = "study"

[storage]
segment_limit = "64M"  # nothing has a file of its own

[sftp]
enabled = false

[https]
enabled = false

[operations]
enabled = false

[limits]
free_space = "50M"

{emitters}[matching]
sure_mark = {sure_mark}

[work]
collect_workers = 1    # everything happens in one order
"""


@define
class Clock:
    """The time, which only the study moves; epoch seconds."""

    at: float

    def __call__(self) -> float:
        """Return the time."""
        return self.at


def build(
    folder: Path,
    plan: Plan,
    mergers: Sequence[Merger],
    clock: Clock,
    *,
    catalog: Catalog,
    tracked: bool,
) -> House:
    """Make the gateway of a plan in a new folder and open it; nothing of it is durable.

    One that is not `tracked` believes exact keys only.
    """
    # Two runs with one seed draw the same identifiers and keys: it is no secret.
    entropy = Random(f"{plan.seed}|gateway").randbytes  # noqa: S311
    config = folder / CONFIG
    text = _SETTINGS.format(
        config=config,
        emitters=emitter_settings(plan.simulated),
        sure_mark=SURE if tracked else _NEVER_SURE,
    )
    key_files.write_new(config, text, key_files.PUBLIC)
    settings = load(config, {})
    settings.node.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    key_files.write_new(
        settings.storage.key_file, new_key_file(entropy, "k1"), key_files.PRIVATE
    )
    signer = key_files.pem_private(key_files.new_ed25519(entropy))
    key_files.write_new(settings.receipts.key_file, signer, key_files.PRIVATE)
    _write_payers(settings.directory.path, plan, mergers, 0)
    engine = open_engine(
        settings.database.url, write=True, connections=1, durable=False
    )
    try:
        migrations.upgrade(engine)
    finally:
        engine.dispose()
    house = open_house(
        settings,
        chain=_CHAIN,
        now=clock,
        entropy=entropy,
        call_from_thread=lambda call: call(),
        durable=False,
        catalog=catalog,
    )
    house.database.write("directory.note", note_directory, house.directory().data)
    return house


def publish(house: House, plan: Plan, mergers: Sequence[Merger], today: int) -> None:
    """Put the directory in force that is known on a day of the study."""
    path = house.settings.directory.path
    _write_payers(path, plan, mergers, today)
    data = read_directory(path, house.catalog, house.networks)
    house.database.write("directory.note", note_directory, data)
    house.directory.replace(Directory(data))


def _write_payers(
    path: Path, plan: Plan, mergers: Sequence[Merger], today: int
) -> None:
    path.mkdir(parents=True, exist_ok=True)
    for name, text in payer_files(plan.simulated, mergers, today):
        (path / name).write_text(text, encoding="utf-8")

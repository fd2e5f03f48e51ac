"""Trying a payer: what comes of it is words, and it ends."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config.directory_records import DirectoryData, EndpointEntry
from gateway.payer_trial import try_for_a_while, try_payer
from protocols.catalog import Catalog
from routing.directory import Directory
from tests.gateway.steps.site import payer


def directory(settings: Mapping[str, object], channel: str = "folder") -> Directory:
    endpoint = EndpointEntry(
        id="e-P1", channel=channel, simulated=True, settings=settings
    )
    return Directory(
        DirectoryData(
            payers=(payer("P1", "toy"),), endpoints=(endpoint,), tables={}, sources={}
        )
    )


def test_what_is_wrong_on_our_side_is_told_too(tmp_path: Path) -> None:
    """A channel that is not there, settings that are wrong, a folder that is away."""
    catalog = Catalog.installed()
    entry = payer("P1", "toy")
    for settings, channel, words in (
        ({}, "nothing", "nothing"),
        ({"send_folder": 7}, "folder", "send_folder"),
        ({"send_folder": "/a", "collect_folder": "/b"}, "folder", "checking /a"),
    ):
        found = try_payer(entry, directory(settings, channel), catalog)
        assert not found.answers
        assert words in found.words


def test_a_payer_that_says_nothing_does_not_keep_a_person_waiting() -> None:
    """After the patience the try is told as failed; at once after that others may go."""
    silent = threading.Event()

    class Silent:
        def check(self) -> str:
            silent.wait()
            return "at last"

        def close(self) -> None:
            pass

    catalog: Any = type("Silence", (), {"open_channel": lambda *_: Silent()})()
    found = try_for_a_while(payer("P1", "toy"), directory({}), catalog, patience=0.0)
    silent.set()
    assert not found.answers
    assert "no answer within" in found.words

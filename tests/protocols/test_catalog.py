"""Networks and channels are found by name among the installed packages."""

from __future__ import annotations

import tomllib
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from types import SimpleNamespace

import pytest

from protocols import catalog
from protocols.catalog import Catalog, NotLoadable, UnknownName

OURS = Path(__file__).parents[2] / "pyproject.toml"


class OneFormat:
    """A network that knows files by their first byte."""

    def __init__(self, first: bytes) -> None:
        self._first = first

    def recognise(self, head: bytes) -> str | None:
        return f"starts.{self._first.decode()}" if head[:1] == self._first else None


SPARE = SimpleNamespace(a=OneFormat(b"a"), b=OneFormat(b"b"), settings=dict)


def _entry(name: str, attribute: str, group: str = "octway.networks") -> EntryPoint:
    return EntryPoint(name, f"{__name__}:SPARE.{attribute}", group)


@pytest.fixture
def spare() -> Catalog:
    return Catalog(
        networks=[_entry("zeta", "b"), _entry("alpha", "a")],
        channels=[_entry("pigeon", "settings", "octway.channels")],
    )


def test_names_are_listed_in_order(spare: Catalog) -> None:
    """What is installed can be shown, without loading any of it."""
    assert spare.network_names == ("alpha", "zeta")
    assert spare.channel_names == ("pigeon",)


def test_an_unknown_name_is_answered_with_the_names_there_are(spare: Catalog) -> None:
    """A directory that names a channel nobody brings is told what it could name."""
    with pytest.raises(UnknownName, match="no channel 'sftp'; there are: pigeon"):
        spare.open_channel("sftp", {})
    with pytest.raises(UnknownName, match="no network 'ramq'; there are: alpha, zeta"):
        spare.network("ramq")


def test_a_channel_is_opened_with_its_settings(spare: Catalog) -> None:
    """The settings reach what the package brings, unchanged."""
    opened: object = spare.open_channel("pigeon", {"loft": "east"})

    assert opened == {"loft": "east"}


@pytest.mark.parametrize(("head", "format"), [(b"a1", "starts.a"), (b"b1", "starts.b")])
def test_a_file_is_recognised_by_the_network_that_knows_it(
    spare: Catalog, head: bytes, format: str
) -> None:
    """Every network is asked, and the one that knows is told with the format."""
    found = spare.recognise(head)

    assert found is not None
    assert found.format == format
    assert found.network.recognise(head) == format


def test_a_file_that_nobody_knows_is_nothing(spare: Catalog) -> None:
    """An unknown file has no format, and that is no error."""
    assert spare.recognise(b"c") is None


@pytest.mark.parametrize("value", ["no_such_module:thing", f"{__name__}:SPARE.nothing"])
def test_a_broken_package_is_named(value: str) -> None:
    """A package that cannot be loaded is told by its place and its name."""
    broken = Catalog(networks=[EntryPoint("x", value, "octway.networks")], channels=[])

    with pytest.raises(NotLoadable, match=r"network 'x' cannot be loaded from .*:"):
        broken.network("x")


def test_two_packages_may_not_bring_one_name() -> None:
    """Which of two would serve is never left to chance."""
    with pytest.raises(NotLoadable, match=r"SPARE\.a and by .*SPARE\.b"):
        Catalog(networks=[_entry("x", "a"), _entry("x", "b")], channels=[])


def test_our_own_are_entry_points_that_load() -> None:
    """Every network and channel that this project announces can be loaded."""
    announced = tomllib.loads(OURS.read_text())["project"]["entry-points"]
    ours = {
        group: [EntryPoint(name, value, f"octway.{group}") for name, value in given]
        for group in ("networks", "channels")
        for given in [announced[f"octway.{group}"].items()]
    }
    found = Catalog(**ours)

    assert {"folder", "sftp"} <= set(found.channel_names)
    assert all(callable(found.channel(name)) for name in found.channel_names)
    assert [network.name for network in found.networks()] == list(found.network_names)


def test_the_installed_packages_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that is installed brings its network without any other change."""
    installed = EntryPoints(
        [_entry("alpha", "a"), _entry("pigeon", "settings", "octway.channels")]
    )
    monkeypatch.setattr(catalog, "entry_points", lambda: installed)

    found = Catalog.installed()

    assert (found.network_names, found.channel_names) == (("alpha",), ("pigeon",))

"""Payers that are reached through a host of their network work at their folders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

from gateway.simulator.payer_faults import Faults
from gateway.simulator.payer_hosts import LINE_FAULTS, HostedPayers, Lines
from protocols.simulation import LineFault, SimulatedHost, Took


class Host:
    """Remembers what it is given."""

    def __init__(
        self, folder: Path, *, took: Took, now: Callable[[], float], rng: Random
    ) -> None:
        self.place = {"url": str(folder)}
        self.took = took
        self.lies: list[tuple[str, bytes]] = []
        self.fault: LineFault | None = None

    def give(self, code: str, content: bytes) -> str:
        self.lies.append((code, content))
        return content.decode()

    def waiting(self) -> list[str]:
        return [content.decode() for _, content in self.lies]

    def dial(self, fault: LineFault | None) -> None:
        self.fault = fault

    def close(self) -> None:
        pass


def hosted(folder: Path) -> tuple[HostedPayers, Host]:
    made: list[Host] = []

    def open_host(
        folder: Path, *, took: Took, now: Callable[[], float], rng: Random
    ) -> SimulatedHost:
        made.append(Host(folder, took=took, now=now, rng=rng))
        return made[0]

    folders = {"1": folder / "one", "2": folder / "two"}
    payers = HostedPayers(
        open_host, folder / "host", folders, now=lambda: 0.0, rng=Random(1)
    )
    return payers, made[0]


def test_what_a_host_takes_lies_in_the_folder_of_its_payer(tmp_path: Path) -> None:
    """What is for a code of nobody goes to nobody."""
    _, host = hosted(tmp_path)
    host.took("2", "a.txt", b"a file")
    host.took("9", "b.txt", b"another")
    assert [path.name for path in (tmp_path / "two" / "in").iterdir()] == ["a.txt"]
    assert not list((tmp_path / "one" / "in").iterdir())


def test_a_return_is_given_once_and_kept_until_it_is_fetched(tmp_path: Path) -> None:
    """Started anew before that, the host is given it again."""
    payers, host = hosted(tmp_path)
    file = tmp_path / "one" / "out" / "r.txt"
    file.write_bytes(b"a return")
    payers.work()
    payers.work()
    assert host.lies == [("1", b"a return")]

    again, anew = hosted(tmp_path)
    again.work()
    assert anew.lies == [("1", b"a return")]
    anew.lies.clear()
    again.work()
    assert not file.exists()


def test_a_full_mailbox_is_looked_through_once_a_round(tmp_path: Path) -> None:
    """What nobody fetches must not keep a payer from its work: files are read once."""
    payers, host = hosted(tmp_path)
    outbox = tmp_path / "one" / "out"
    for number in range(20):
        (outbox / f"{number}.txt").write_bytes(b"return %d" % number)
    payers.work()
    looks = 0

    def waiting() -> list[str]:
        nonlocal looks
        looks += 1
        return [content.decode() for _, content in host.lies]

    host.waiting = waiting  # type: ignore[method-assign]
    for file in outbox.iterdir():
        file.write_bytes(b"")  # whoever reads it again finds another one
    payers.work()
    assert (looks, len(list(outbox.iterdir()))) == (1, 20)


def test_a_line_fails_alike_whatever_a_payer_is_reached_through(tmp_path: Path) -> None:
    """A fault that only an SFTP server can have leaves the host's line good."""
    payers, host = hosted(tmp_path)
    dialled: list[tuple[str, Faults]] = []

    class Sftp:
        def dial(self, user: str, faults: Faults) -> None:
            dialled.append((user, faults))

    lines = Lines(Sftp(), {"hosted": payers})
    for line, faults in LINE_FAULTS.items():
        lines.dial("hosted", faults)
        assert host.fault is line
    lines.dial("hosted", Faults(drop_before_rename=True))
    assert host.fault is None
    lines.dial("other", Faults(delay=1.0))
    assert dialled == [("other", Faults(delay=1.0))]

"""What a simulated payer's account does with files, without a line in between."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from twisted.conch.ssh.filetransfer import FXF_CREAT, FXF_TRUNC, FXF_WRITE
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from gateway.simulator.payer_faults import Faults
from gateway.simulator.payer_folder import Account, PayerFolder

NEW = FXF_WRITE | FXF_CREAT | FXF_TRUNC


class PayerFolderTests(SynchronousTestCase):
    def setUp(self) -> None:
        held = TemporaryDirectory()
        self.addCleanup(held.cleanup)
        folder = Path(held.name)
        for name in ("in", "out"):
            (folder / name).mkdir(parents=True)
        self.clock = Clock()
        self.cuts = 0
        self.arrived: list[tuple[str, str]] = []
        self.account = Account(user="cpam", folder=folder)
        self.session = PayerFolder(
            account=self.account,
            clock=self.clock,
            drop=self._cut,
            arrived=lambda user, name: self.arrived.append((user, name)),
        )

    def _cut(self) -> None:
        self.cuts += 1

    def test_a_renamed_file_has_arrived(self) -> None:
        """The payer begins with a file at its final name, not at its temporary one."""
        file = self.successResultOf(self.session.openFile(b"/in/a.tmp", NEW, {}))
        self.successResultOf(file.writeChunk(0, b"abc"))
        self.successResultOf(file.close())
        assert self.arrived == []

        self.successResultOf(self.session.renameFile(b"/in/a.tmp", b"/in/a"))

        assert self.arrived == [("cpam", "a")]

    def test_a_file_written_under_its_final_name_arrives_when_closed(self) -> None:
        """A sender without temporary names is served as well."""
        file = self.successResultOf(self.session.openFile(b"/in/a", NEW, {}))
        assert self.arrived == []

        self.successResultOf(file.close())

        assert self.arrived == [("cpam", "a")]

    def test_a_file_left_by_a_lost_line_has_not_arrived(self) -> None:
        """A part under a final name is not taken for whole when the line goes."""
        file = self.successResultOf(self.session.openFile(b"/in/a", NEW, {}))
        self.session.line_lost()

        self.successResultOf(file.close())
        assert self.arrived == []

    def test_a_slow_payer_keeps_the_order(self) -> None:
        """Requests sent together are done one after the other, each after its delay."""
        file = self.successResultOf(self.session.openFile(b"/in/a", NEW, {}))
        self.account.faults = Faults(delay=5)
        written = file.writeChunk(0, b"abc")
        closed = file.close()
        seen = self.session.getAttrs(b"/in/a", True)

        self.clock.advance(5)
        self.successResultOf(written)
        self.assertNoResult(closed)
        self.clock.advance(5)
        self.successResultOf(closed)
        self.clock.advance(5)

        assert self.successResultOf(seen)["size"] == 3

    def test_a_cut_is_never_answered(self) -> None:
        """After the dialled number of bytes the line goes, and what came stays."""
        self.account.faults = Faults(drop_after_bytes=2)
        file = self.successResultOf(self.session.openFile(b"/in/a.tmp", NEW, {}))

        self.assertNoResult(file.writeChunk(0, b"abc"))
        self.assertNoResult(self.session.getAttrs(b"/in/a.tmp", True))

        assert self.cuts == 1
        assert (self.account.folder / "in" / "a.tmp").read_bytes() == b"ab"
        file.close()

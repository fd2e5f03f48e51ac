"""A deposit is safe when it is acknowledged, and it is the same one each time."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from gateway.errors import (
    BadUpload,
    RateExceeded,
    StorageUnavailable,
    TooLarge,
    TooManyUploads,
)
from gateway.intake import receipts, uploads
from gateway.journal import parts, schema
from gateway.storage.vault import CHUNK
from tests.gateway.house import SEGMENT_LIMIT, House, full_disk


class ReceptionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.addCleanup(self.house.close)
        self.client = self.house.client()
        self.tree = self.house.tree(self.client)

    def rows(self, table: str) -> int:
        query = select(func.count()).select_from(schema.metadata.tables[table])
        return self.house.database.read(
            lambda connection: connection.execute(query).scalar_one()
        )

    def content(self, deposit: str) -> bytes:
        query = select(schema.deposit.c.payload_id).where(
            schema.deposit.c.id == deposit
        )
        payload = self.house.database.read(
            lambda connection: connection.execute(query).scalar_one()
        )
        return self.house.database.read(self.house.payloads.open, payload).read()

    def test_what_was_acknowledged_can_be_read_back(self) -> None:
        """Small and large deposits come back byte for byte."""
        for size in (0, 1, SEGMENT_LIMIT, SEGMENT_LIMIT + 1, CHUNK, 3 * CHUNK + 17):
            content = os.urandom(size)
            stored = self.house.deposit(self.client, f"{size}.b2", content)
            assert self.content(stored.deposit) == content

    def test_old_receipts_are_listed_no_more_and_stay(self) -> None:
        """The folder does not grow for ever; by name, each is there for ever."""
        old = self.house.deposit(self.client, "old.b2", b"old").deposit
        self.house.seal()
        self.house.clock.advance(91 * 86_400.0)
        new = self.house.deposit(self.client, "new.b2", b"new").deposit
        tree = self.house.tree(
            self.client,
            listed_since=lambda: self.house.clock.seconds() - 90 * 86_400.0,
        )
        listed = self.successResultOf(tree.list("/receipts"))
        assert [each.name for each in listed] == [f"{new}.json"]
        for name, member, value in ((old, "deposit", old), ("chain-1", "number", 1)):
            path = f"/receipts/{name}.json"
            size = self.successResultOf(tree.stat(path)).size
            opened = self.successResultOf(tree.open_download(path))
            content = self.successResultOf(opened.read(0, 10_000))
            assert json.loads(content)[member] == value
            assert len(content) == size

    def test_nothing_readable_lies_on_the_disk(self) -> None:
        """Payloads are encrypted at rest, small ones and large ones."""
        mark = b"THIS MUST NOT BE READABLE"
        self.house.deposit(self.client, "a", mark)
        self.house.deposit(self.client, "b", mark * 20_000)
        for name, _ in self.house.storage.files():
            assert mark not in (self.house.storage.folder / name).read_bytes()

    def test_an_upload_that_the_disk_could_not_take_is_gone(self) -> None:
        """Neither a deposit nor something to go on with: its bytes have a hole."""
        upload = self.successResultOf(self.tree.open_upload("/in/a.b2", resume=False))
        block = os.urandom(CHUNK)
        upload.write(0, block)
        with full_disk(), pytest.raises(StorageUnavailable, match="No space left"):
            upload.write(CHUNK, block)
        with pytest.raises(BadUpload):
            upload.write(2 * CHUNK, block)
        self.failureResultOf(upload.close(), BadUpload)
        upload.abandon()

        assert (self.rows("deposit"), self.rows("upload")) == (0, 0)
        assert not list(self.house.folder.glob("storage/staging/p*"))
        assert [each[1] for each in self.house.seen.deposits] == ["failed"]
        again = self.house.deposit(self.client, "a.b2", block * 3)
        assert self.content(again.deposit) == block * 3

    def test_an_upload_that_cannot_be_finished_leaves_nothing(self) -> None:
        """The disk fills with its last byte: no deposit, and no file in staging."""
        upload = self.successResultOf(self.tree.open_upload("/in/a.b2", resume=False))
        upload.write(0, os.urandom(CHUNK + 1))
        with full_disk():
            self.failureResultOf(upload.close(), StorageUnavailable)

        assert self.rows("deposit") == 0
        assert not list(self.house.folder.glob("storage/staging/p*"))

    def test_the_same_content_is_the_same_deposit(self) -> None:
        """Sending a file again gives the identical receipt and no second deposit."""
        first = self.house.deposit(self.client, "a.b2", b"content")
        self.house.clock.advance(3600)
        again = self.house.deposit(self.client, "other-name.b2", b"content")
        assert (again.deposit, again.receipt) == (first.deposit, first.receipt)
        assert (first.repeated, again.repeated) == (False, True)
        assert self.rows("deposit") == 1

    def test_a_large_upload_is_made_durable_as_it_comes(self) -> None:
        """The disk is given its share early, one call at a time, so a close is short."""
        self.patch(uploads, "_SYNC_EVERY", CHUNK)
        waiting: list[Deferred[None]] = []
        in_thread = self.house.reception.run_in_thread

        def later(call: Callable[[], Any]) -> Deferred[Any]:
            if call.__name__ != "sync_early":
                return in_thread(call)
            call()
            waiting.append(Deferred())
            return waiting[-1]

        self.patch(self.house.reception, "run_in_thread", later)
        upload = self.successResultOf(self.tree.open_upload("/in/large", resume=False))
        block = os.urandom(CHUNK)
        for number in range(4):
            upload.write(number * CHUNK, block)
        assert len(waiting) == 1
        waiting[0].callback(None)
        upload.write(4 * CHUNK, block)
        assert len(waiting) == 2
        stored = self.successResultOf(upload.close())
        waiting[1].callback(None)
        assert self.content(stored.deposit) == block * 5

    def test_another_client_has_its_own_deposit(self) -> None:
        """Two clients with the same content share nothing."""
        first = self.house.deposit(self.client, "a.b2", b"content")
        second = self.house.deposit(self.house.client("beta"), "a.b2", b"content")
        assert first.deposit != second.deposit

    def test_the_receipt_is_signed(self) -> None:
        """A receipt verifies with the public key, and not when one byte is changed."""
        stored = self.house.deposit(self.client, "a.b2", b"content")
        key = self.house.receipt_key.public_key()
        assert receipts.verify(stored.receipt, key)
        assert json.loads(stored.receipt)["size"] == 7
        assert not receipts.verify(
            stored.receipt.replace(b'"size": 7', b'"size": 8'), key
        )

    def test_a_cut_upload_is_no_deposit_and_can_be_resumed(self) -> None:
        """What a lost line left is kept as a part; going on with it makes it whole."""
        content = os.urandom(3 * CHUNK)
        for cut in (10, SEGMENT_LIMIT + 5, CHUNK, 2 * CHUNK + 100):
            upload = self.successResultOf(
                self.tree.open_upload("/in/a.b2", resume=False)
            )
            upload.write(0, content[:cut])
            upload.abandon()
            assert self.rows("deposit") == 0
            assert self.successResultOf(self.tree.stat("/in/a.b2")).size == cut
            upload = self.successResultOf(
                self.tree.open_upload("/in/a.b2", resume=True)
            )
            upload.write(cut, content[cut : cut + 50])
            upload.abandon()
        upload = self.successResultOf(self.tree.open_upload("/in/a.b2", resume=True))
        upload.write(upload.size, content[upload.size :])
        stored = self.successResultOf(upload.close())
        assert self.content(stored.deposit) == content
        assert self.rows("upload") == 0
        assert list((self.house.storage.folder / "staging").iterdir()) == []

    def cut(self, content: bytes) -> None:
        """Have an upload of a name cut off after some bytes."""
        upload = self.successResultOf(self.tree.open_upload("/in/a.b2", resume=False))
        upload.write(0, content)
        upload.abandon()

    def test_a_part_is_gone_on_with_by_one_connection(self) -> None:
        """The newer one wins, from what it was told; the older one is told that it lost.

        The older may hang on a line that is dead: its bytes are never mixed in.
        """
        content = os.urandom(5 * CHUNK + 17)
        for kept in (2 * CHUNK, 2 * CHUNK + 5, 100):
            self.cut(content[:kept])
            older = self.successResultOf(self.tree.open_upload("/in/a.b2", resume=True))
            older.write(kept, b"other bytes" * CHUNK)
            assert self.successResultOf(self.tree.stat("/in/a.b2")).size == kept
            newer = self.successResultOf(self.tree.open_upload("/in/a.b2", resume=True))
            assert newer.size == kept
            with pytest.raises(BadUpload, match="a newer connection of yours"):
                older.write(older.size, b"more")
            newer.write(kept, content[kept : 4 * CHUNK])
            lost = self.failureResultOf(older.close(), BadUpload)
            assert "a newer connection of yours" in str(lost.value)
            older.abandon()
            newer.abandon()  # cut once more, and gone on with
            again = self.successResultOf(self.tree.open_upload("/in/a.b2", resume=True))
            assert again.size == 4 * CHUNK
            again.write(4 * CHUNK, content[4 * CHUNK :])
            stored = self.successResultOf(again.close())
            assert self.content(stored.deposit) == content
            assert self.rows("upload") == 0
            assert list((self.house.storage.folder / "staging").iterdir()) == []

    def test_a_part_that_is_gone_on_with_is_not_renamed(self) -> None:
        """A file that is still being sent would be taken for whole."""
        self.cut(os.urandom(2 * CHUNK))
        upload = self.successResultOf(self.tree.open_upload("/in/a.b2", resume=True))
        refused = self.failureResultOf(
            self.tree.rename("/in/a.b2", "/in/b.b2", replace=False), BadUpload
        )
        assert "on another connection" in str(refused.value)
        upload.abandon()
        assert self.house.reception._usage[self.client.id].open_uploads == 0

    def test_one_that_is_superseded_while_it_begins_is_told(self) -> None:
        """Of three that come at once the last goes on."""
        content = os.urandom(3 * CHUNK)
        self.cut(content[: 2 * CHUNK])
        waiting: list[Callable[[], Any]] = []
        in_thread = self.house.reception.run_in_thread

        def later(call: Callable[[], Any]) -> Deferred[Any]:
            done: Deferred[Any] = Deferred()
            waiting.append(lambda: in_thread(call).chainDeferred(done))
            return done

        def work() -> None:
            while waiting:
                waiting.pop(0)()

        self.house.reception.run_in_thread = later
        opening = []
        for _ in range(3):
            opening.append(self.tree.open_upload("/in/a.b2", resume=True))
            waiting.pop()()  # each has read the part's row, and none its bytes
        work()
        for each in opening[:2]:
            lost = self.failureResultOf(each, BadUpload)
            assert "a newer connection of yours" in str(lost.value)
        last = self.successResultOf(opening[2])
        last.write(2 * CHUNK, content[2 * CHUNK :])
        closing = last.close()
        work()
        assert self.content(self.successResultOf(closing).deposit) == content
        assert list((self.house.storage.folder / "staging").iterdir()) == []

    def test_a_part_whose_tail_is_damaged_is_begun_anew(self) -> None:
        """The client is told to send it from its beginning, whatever is left of it."""
        self.cut(os.urandom(2 * CHUNK))
        (tail,) = self.house.storage.folder.rglob("*.tail")
        tail.write_bytes(b"short")
        refused = self.failureResultOf(
            self.tree.open_upload("/in/a.b2", resume=True), BadUpload
        )
        assert "from its beginning" in str(refused.value)

    def test_work_in_progress_becomes_a_deposit_when_it_is_renamed(self) -> None:
        """A `.part` file is no deposit until it gets its final name."""
        for name, size in (("a", 100), ("b", 2 * CHUNK)):
            content = os.urandom(size)
            upload = self.successResultOf(
                self.tree.open_upload(f"/in/{name}.part", resume=False)
            )
            upload.write(0, content)
            assert self.successResultOf(upload.close()).deposit == ""
            done = self.tree.rename(f"/in/{name}.part", f"/in/{name}.b2", replace=False)
            assert self.content(self.successResultOf(done).deposit) == content
        names = [entry.name for entry in self.successResultOf(self.tree.list("/in"))]
        assert sorted(names) == ["a.b2", "b.b2"]

    def test_bytes_may_come_a_little_out_of_order(self) -> None:
        """What runs ahead waits for the gap before it."""
        content = os.urandom(4 * CHUNK)
        upload = self.house.reception.begin(self.client, "sftp", "/in/a.b2")
        pieces = [
            (at, content[at : at + 32768]) for at in range(0, len(content), 32768)
        ]
        for first, second in zip(pieces[::2], pieces[1::2], strict=True):
            upload.write(*second)
            upload.write(*first)
        stored = self.successResultOf(upload.close())
        assert self.content(stored.deposit) == content

    def test_a_gap_is_refused_at_the_close(self) -> None:
        """A file with a hole in it is never taken as whole."""
        upload = self.house.reception.begin(self.client, "sftp", "/in/a.b2")
        upload.write(0, b"x" * 10)
        upload.write(20, b"y" * 10)
        self.failureResultOf(upload.close(), BadUpload)
        upload.abandon()
        assert self.rows("deposit") == 0

    def test_limits_refuse_in_words(self) -> None:
        """Size, number of uploads and rate each refuse with what is allowed."""
        client = self.house.client(
            "gamma", max_file_size=100, max_open_uploads=1, max_bytes_per_second=1
        )
        upload = self.house.reception.begin(client, "sftp", "/in/a")
        with pytest.raises(TooManyUploads, match="may have 1"):
            self.house.reception.begin(client, "sftp", "/in/b")
        with pytest.raises(TooLarge, match="100 bytes"):
            upload.write(0, b"x" * 101)
        assert self.house.database.read(parts.all_ids) == set()  # nothing to resume
        upload = self.house.reception.begin(client, "sftp", "/in/a")
        upload.write(0, b"x" * 90)
        self.successResultOf(upload.close())
        with pytest.raises(RateExceeded, match="try again in"):
            self.house.reception.begin(client, "sftp", "/in/c")
        assert self.house.seen.limits == ["open-uploads", "file-size", "rate"]
        outcomes = [outcome for _, outcome, *_ in self.house.seen.deposits]
        assert outcomes == ["refused", "refused", "accepted", "refused"]

    def test_limits_show_how_much_of_them_is_used(self) -> None:
        """By whoever uses most, so that a limit is seen before it refuses."""
        shown = {each.limit: each for each in self.house.reception.bounds(self.client)}
        upload = self.house.reception.begin(self.client, "sftp", "/in/a")
        upload.write(0, b"x" * 90)

        assert shown["open-uploads"].current() == 1
        assert shown["rate"].current() == 90
        assert shown["free-space"].current() > 0
        assert shown["open-uploads"].most == self.client.max_open_uploads
        upload.abandon()
        self.house.clock.advance(60)
        assert shown["open-uploads"].current() == shown["rate"].current() == 0

    def test_many_that_close_together_share_a_commit(self) -> None:
        """Uploads waiting for the writer are taken in one go, repeats included."""
        waiting: list[Deferred[object]] = []
        self.house.database.start()
        for number in range(40):
            upload = self.house.reception.begin(self.client, "sftp", f"/in/{number}")
            upload.write(0, b"%d" % (number % 20))
            waiting.append(upload.close())  # type: ignore[arg-type]
        self.house.database.stop()
        assert all(self.successResultOf(each) for each in waiting)

    def test_removing_a_part_forgets_its_bytes(self) -> None:
        """A client may throw work in progress away."""
        upload = self.successResultOf(self.tree.open_upload("/in/a.part", resume=False))
        upload.write(0, b"abc")
        self.successResultOf(upload.close())
        self.successResultOf(self.tree.remove("/in/a.part"))
        assert self.house.database.read(parts.all_ids) == set()
        assert list((self.house.storage.folder / "staging").iterdir()) == []

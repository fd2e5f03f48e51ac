"""Payers that refuse, vanish, drop the line or answer before they should."""

from __future__ import annotations

import io
from typing import Any, BinaryIO

import pytest
from attrs import evolve
from sqlalchemy import event, update

from gateway.errors import StorageUnavailable
from gateway.journal import schema, work
from protocols.channels.interface import Arrival, RemoteFile
from protocols.errors import (
    CredentialsRefused,
    OutcomeUnknown,
    PayerBusy,
    PayerRefused,
    PayerUnavailable,
    TransferError,
)
from protocols.tables import Tables
from tests.gateway.steps import toy
from tests.gateway.steps.site import LEASE, PayerSide, Site

ONE = toy.deposit("S1", "001 P1: 1=1000")


@pytest.fixture
def engine() -> str:
    """Take the embedded engine: what differs between the two is tested elsewhere."""
    return "sqlite"


def dispatch_states(site: Site) -> list[str]:
    return site.states(schema.dispatch)


def attempts(site: Site) -> list[str]:
    return [row.outcome for row in site.rows(schema.attempt)]


def test_a_payer_that_is_away_is_tried_again(site: Site) -> None:
    """Failed attempts are counted with their cause, and the file goes in the end."""
    side = site.payer("P1")
    side.faults = [PayerUnavailable("away"), PayerUnavailable("away")]
    site.deposit(ONE)
    site.run()
    assert dispatch_states(site) == ["ready"]
    site.settle()
    assert dispatch_states(site) == ["sent"]
    assert attempts(site) == ["failed", "failed", "accepted"]
    assert len(side.taken) == 1


def test_a_payer_that_wants_a_pause_is_not_taken_for_away(site: Site) -> None:
    """However often it says so, nothing is counted against it, and the file goes."""
    side = site.payer("P1")
    side.faults = [PayerBusy("come back later") for _ in range(6)]
    site.deposit(ONE)
    site.settle(rounds=8)
    assert dispatch_states(site) == ["sent"]
    assert site.rows(schema.circuit) == []
    assert site.anomalies() == {}


def test_a_payer_that_says_no_is_not_asked_again(site: Site) -> None:
    """A refused file waits for a person, in sight, and burns no further attempt."""
    site.payer("P1").faults = [PayerRefused("no")]
    site.deposit(ONE)
    site.settle()
    assert dispatch_states(site) == ["refused"]
    assert attempts(site) == ["failed"]
    assert site.anomalies() == {"dispatch-refused": "open"}


def test_attempts_end_some_day(site: Site) -> None:
    """A payer that is away for longer than its rule allows is given to a person."""
    delivery = site.entries["P1"].delivery
    retry = delivery.retry._replace(give_up_after=300.0)
    site.change("P1", delivery=evolve(delivery, retry=retry))
    site.payer("P1").faults = [PayerUnavailable("away") for _ in range(50)]
    site.deposit(ONE)
    for _ in range(20):
        site.run()
        site.at += 61
    assert dispatch_states(site) == ["refused"]
    assert site.anomalies()["dispatch-refused"] == "open"


def test_a_refused_login_spares_the_payer(site: Site) -> None:
    """One refused login stops all attempts at that endpoint and burns none."""
    side = site.payer("P1")
    side.faults = [CredentialsRefused("key unknown")]
    site.deposit(ONE)
    site.deposit(toy.deposit("S2", "001 P1: 1=5"), client="beta")
    site.run("split", "route", "gather", "dispatch")
    assert side.faults == []
    assert attempts(site) == ["failed"]
    assert site.anomalies() == {"payer-locked-out": "open"}
    assert [row.attempts for row in site.rows(schema.dispatch)] == [0]

    site.settle()
    assert dispatch_states(site) == ["sent"]
    assert site.anomalies() == {"payer-locked-out": "resolved"}


def test_a_payer_that_is_away_does_not_hold_up_others(site: Site) -> None:
    """More files than are looked at in one go wait for one payer; others go on."""
    site.change("P1", gather=site.entries["P1"].gather._replace(max_lots=1))
    side = site.payer("P1")
    side.faults = [CredentialsRefused("key unknown")]
    lots = [f"{number} P1: {number}=1" for number in range(60)]
    site.deposit(toy.deposit("S1", *lots))
    site.run("split", "route", "gather", "dispatch")
    site.deposit(toy.deposit("S2", "001 P2: 1=1"))
    site.run("split", "route", "gather", "dispatch")
    assert len(site.payer("P2").taken) == 1
    assert side.taken == []


def test_only_so_many_files_at_once(site: Site) -> None:
    """A payer's limit of files under way holds, and does not hold up others."""
    site.change("P1", gather=site.entries["P1"].gather._replace(max_lots=1))
    site.deposit(toy.deposit("S1", *(f"{n} P1: {n}=1" for n in range(4)), "9 P2: 9=1"))
    site.run("split", "route", "gather")
    step = site.gateway.steps.dispatch
    write = site.gateway.database.write
    turns = [write("take", step._take, site.directory()) for _ in range(5)]
    taken = [turn.dispatch.endpoint_id for turn in turns if turn is not None]
    assert sorted(taken) == ["e-P1", "e-P1", "e-P2"]


@pytest.mark.parametrize(
    ("arrival", "state", "sent"),
    [(Arrival.ARRIVED, "sent", 1), (Arrival.ABSENT, "sent", 2)],
)
def test_an_unknown_outcome_is_asked(
    site: Site, arrival: Arrival, state: str, sent: int
) -> None:
    """After a broken line the payer is asked; only what is absent is sent again."""
    side = site.payer("P1")
    side.faults = [OutcomeUnknown("line broke")]
    side.shows = [arrival]
    site.deposit(ONE)
    site.run()
    assert dispatch_states(site) == ["unknown"]
    site.settle()
    assert dispatch_states(site) == [state]
    assert len(side.taken) == sent
    assert len({name for name, _ in side.taken}) == 1


def test_an_unclear_outcome_waits_for_a_person_or_an_answer(site: Site) -> None:
    """Nobody guesses: it stands in sight until the payer's answer proves it."""
    side = site.payer("P1")
    side.faults = [OutcomeUnknown("line broke")]
    side.shows = [Arrival.UNCLEAR]
    site.deposit(ONE)
    site.settle()
    assert dispatch_states(site) == ["refused"]
    assert site.anomalies() == {"dispatch-unclear": "open"}
    assert len(side.taken) == 1

    side.answer("pay", toy.pay(*side.files().values()))
    site.run()
    assert dispatch_states(site) == ["answered"]
    assert site.anomalies() == {"dispatch-unclear": "resolved"}
    assert {row.state for row in site.rows(schema.expectation)} == {"met"}


def test_a_payer_that_knows_its_numbers_is_sent_the_same_file_again(
    site: Site,
) -> None:
    """Where a number sent twice does no harm, an unclear outcome needs no person."""
    delivery = site.entries["P1"].delivery
    site.change("P1", delivery=evolve(delivery, resend_same_number=True))
    side = site.payer("P1")
    side.faults = [OutcomeUnknown("line broke")]
    side.shows = [Arrival.UNCLEAR]
    site.deposit(ONE)
    site.settle()
    assert dispatch_states(site) == ["sent"]
    assert len(side.taken) == 2
    assert side.taken[0] == side.taken[1]


def test_a_payer_that_cannot_be_asked_is_asked_later(site: Site) -> None:
    """An unknown outcome stays unknown until someone has answered."""
    side = site.payer("P1")
    side.faults = [OutcomeUnknown("line broke"), PayerUnavailable("away")]
    site.deposit(ONE)
    site.run()
    site.at += 6
    site.run()
    assert dispatch_states(site) == ["unknown"]
    site.settle()
    assert dispatch_states(site) == ["sent"]
    assert len(side.taken) == 1


def test_a_broken_line_in_a_trial_does_not_lock_the_payer_out(site: Site) -> None:
    """After a lock-out and a trial that broke off, the payer is tried again soon."""
    side = site.payer("P1")
    side.faults = [CredentialsRefused("no"), OutcomeUnknown("line broke")]
    site.deposit(ONE)
    site.run()
    for _ in range(4):
        site.at += 61
        site.run()
    assert dispatch_states(site) == ["sent"]


@pytest.mark.parametrize("kind", ["arl", "payment"])
def test_an_answer_may_come_before_the_word_of_arrival(site: Site, kind: str) -> None:
    """A payer that answers while the outcome is unknown is believed at once."""
    side = site.payer("P1")
    side.faults = [OutcomeUnknown("line broke")]
    site.deposit(ONE)
    site.run("split", "route", "gather", "dispatch")
    (file,) = side.files().values()
    side.answer("a", toy.pay(file) if kind == "payment" else toy.acknowledge(file))
    site.run("collect", "match")
    assert dispatch_states(site) == ["answered" if kind == "payment" else "sent"]
    site.settle()
    states = {row.kind: row.state for row in site.rows(schema.expectation)}
    assert states["arl"] == "met"
    assert (states["payment"] == "met") == (kind == "payment")
    assert len(side.taken) == 1


@pytest.mark.parametrize("kind", ["arl", "payment", "refusal"])
def test_an_answer_may_come_while_the_file_is_on_its_way(
    site: Site, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A payer faster than our own note of the sending owes nothing twice."""
    side = site.payer("P1")
    send = PayerSide.channel(side).send

    class Fast:
        def send(self, name: str, size: int, body: BinaryIO) -> object:
            sent = send(name, size, body)
            (file,) = side.files().values()
            content = {
                "arl": toy.acknowledge(file),
                "payment": toy.pay(file),
                "refusal": b"TORETURN arl\nlot S1/001 rejected 0 S1\n",
            }[kind]
            side.answer("a", content)
            site.run("collect", "match")
            return sent

    site.deposit(ONE)
    site.run("split", "route", "gather")
    step = site.gateway.steps.dispatch
    monkeypatch.setattr(step, "_channel", lambda endpoint: Fast())
    site.run("dispatch")
    closed = kind != "arl"
    assert dispatch_states(site) == ["answered" if closed else "sent"]
    states = {row.kind: row.state for row in site.rows(schema.expectation)}
    assert states == {"arl": "met", "payment": "met" if closed else "open"}


def test_a_slow_line_is_no_dead_worker(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While bytes flow, the lease is kept, however long it takes."""
    side = site.payer("P1")
    send = side.channel().send
    seen: list[str] = []

    class Slow:
        def send(self, name: str, size: int, body: BinaryIO) -> object:
            content = b""
            while block := body.read(1):
                content += block
                site.at += LEASE / 2
                other.run_once()
                seen.extend(dispatch_states(site))
                if len(content) == 8:
                    content += body.read()
                    break
            assert len(content) == size
            return send(name, size, io.BytesIO(content))

    monkeypatch.setattr("gateway.steps.kept_lease._BLOCK", 1)
    site.deposit(ONE)
    site.run("split", "route", "gather")
    other = site.gateway.steps.dispatch
    monkeypatch.setattr(other, "_channel", lambda endpoint: Slow())
    site.run("dispatch")
    assert set(seen) == {"sending"}
    assert dispatch_states(site) == ["sent"]
    assert attempts(site) == ["accepted"]


def test_a_worker_that_was_taken_for_dead_is_still_believed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its file is at the payer's: it is not sent again, whatever was thought of it."""
    side = site.payer("P1")
    send = side.channel().send

    class Stalled:
        def send(self, name: str, size: int, body: BinaryIO) -> object:
            sent = send(name, size, body)
            site.at += LEASE + 1
            side.shows = [Arrival.ABSENT]
            monkeypatch.setattr(step, "_channel", lambda endpoint: side.channel())
            step.run_once()  # finds it lost, asks, and is told that it is absent
            assert dispatch_states(site) == ["ready"]
            return sent

    site.deposit(ONE)
    site.run("split", "route", "gather")
    step = site.gateway.steps.dispatch
    monkeypatch.setattr(step, "_channel", lambda endpoint: Stalled())
    step.run_once()
    assert dispatch_states(site) == ["sent"]
    site.settle()
    assert len(side.taken) == 1


def test_an_outcome_is_told_once_the_journal_is_back(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A journal that is away at the moment of success hears of it first of all."""
    side = site.payer("P1")
    database = site.gateway.database
    write = database.write

    def away(name: str, *args: object) -> object:
        if name == "dispatch.sent":
            raise StorageUnavailable("the journal is away")
        return write(name, *args)  # type: ignore[arg-type]

    site.deposit(ONE)
    site.run("split", "route", "gather")
    monkeypatch.setattr(database, "write", away)
    with pytest.raises(StorageUnavailable):
        site.run("dispatch")
    assert dispatch_states(site) == ["sending"]
    monkeypatch.undo()
    site.run("dispatch")
    assert dispatch_states(site) == ["sent"]
    assert len(side.taken) == 1


def test_a_damaged_copy_is_never_sent(site: Site) -> None:
    """A dispatch whose stored file was spoilt goes to a person, not to the payer."""
    site.deposit(ONE)
    site.run("split", "route", "gather")
    (dispatch,) = site.rows(schema.dispatch)
    site.gateway.database.write(
        "spoil",
        lambda tx: tx.connection.execute(
            update(schema.payload)
            .where(schema.payload.c.id == dispatch.payload_id)
            .values(place_offset=schema.payload.c.place_offset + 1)
        ),
    )
    site.settle()
    assert dispatch_states(site) == ["refused"]
    assert site.payer("P1").taken == []
    site.gateway.database.write(
        "mend",
        lambda tx: tx.connection.execute(
            update(schema.payload)
            .where(schema.payload.c.id == dispatch.payload_id)
            .values(place_offset=schema.payload.c.place_offset - 1)
        ),
    )


def test_one_bad_file_does_not_hold_back_a_whole_outbox(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files behind one that cannot be fetched are collected all the same."""
    site.deposit(ONE)
    site.run()
    side = site.payer("P1")
    side.answer("a-bad", b"cannot be fetched")
    side.answer("b-good", toy.pay(*side.files().values()))
    channel = side.channel()
    fetch = channel.fetch

    def refuse(file: RemoteFile, into: BinaryIO) -> int:
        if file.name == "a-bad":
            into.write(b"x" * 10_000)
            raise PayerRefused("not allowed")
        return fetch(file, into)

    monkeypatch.setattr(channel, "fetch", refuse)
    monkeypatch.setattr(site.gateway.steps.collect, "_channel", lambda _: channel)
    site.gateway.steps.collect.empty("e-P1", "toy")
    assert [row.remote_name for row in site.rows(schema.payer_return)] == ["b-good"]
    assert [path.name for path in side.outbox.iterdir()] == ["a-bad"]
    staging = site.folder / "storage" / "staging"
    assert [path.name for path in staging.iterdir() if path.name != ".now"] == []


def test_a_new_return_under_a_used_name_is_not_taken_for_the_old_one(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Same name, size and time, other content: both are collected."""
    side = site.payer("P1")
    channel = side.channel()
    listed = channel.list

    def same_time() -> list[RemoteFile]:
        return [file._replace(modified=1.0) for file in listed()]

    monkeypatch.setattr(channel, "list", same_time)
    collect = site.gateway.steps.collect
    monkeypatch.setattr(collect, "_channel", lambda _: channel)
    for content in (b"TORETURN a\n", b"TORETURN b\n"):
        side.answer("return", content)
        collect.empty("e-P1", "toy")
    assert len(site.rows(schema.payer_return)) == 2


def test_one_return_that_cannot_be_cut_does_not_hold_back_others(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mixed return without a client's part is kept back whole: nobody sees it."""
    site.deposit(toy.deposit("S1", "001 P1: 1=1000"), client="alpha")
    site.deposit(toy.deposit("S2", "001 P1: 7=700"), client="beta")
    site.deposit(toy.deposit("S1", "002 P2: 8=800"), client="alpha")
    site.run()
    network = site.networks["toy"]
    cut = network.split_return
    monkeypatch.setattr(network, "split_return", lambda *args: cut(*args)[:1])
    for code in ("P1", "P2"):
        side = site.payer(code)
        side.answer(f"pay-{code}", toy.pay(*side.files().values()))
    site.run()
    assert site.handed_back("beta") == []
    assert [b"S1/002/8" in each for each in site.handed_back("alpha")] == [True]
    assert site.anomalies()["storage-broken"] == "open"
    monkeypatch.undo()
    site.run()
    assert len(site.handed_back("beta")) == 1


def test_a_dispatch_is_not_made_twice(site: Site) -> None:
    """Another worker's copy of a file that was made already is thrown away."""
    site.deposit(ONE)
    site.run("split", "route")
    gather = site.gateway.steps.gather
    write = site.gateway.database.write
    first: Any = write("gather", gather._gather, site.directory())[1]
    site.at += LEASE + 1
    second: Any = write("take", gather._take)
    assert first.id == second.id
    gather._compose(second)
    site.run("dispatch")
    with pytest.raises(Exception, match="has its file already"):
        gather._compose(first)
    assert dispatch_states(site) == ["sent"]


def test_a_long_reading_keeps_its_lease_or_gives_up(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deposit is never read into the journal by two workers at once."""
    monkeypatch.setattr("gateway.steps.split._CLAIMS_PER_COMMIT", 1)
    lots = [f"{number} P1: {number}=1" for number in range(6)]
    site.deposit(toy.deposit("S1", *lots))
    split = site.gateway.steps.split
    network = site.networks["toy"]
    read = network.read
    taken: list[object] = []

    def slow(stream: BinaryIO, format: str, tables: Tables) -> object:
        reading = read(stream, format, tables)
        found = reading.lots

        def lots() -> object:
            for lot in found():
                site.at += LEASE * 0.9
                taken.append(site.gateway.database.write("take", split._take))
                yield lot

        monkeypatch.setattr(reading, "lots", lots)
        return reading

    monkeypatch.setattr(network, "read", slow)
    assert split.run_once()
    assert taken == [[]] * 6
    assert site.states(schema.deposit) == ["split"]
    assert len(site.rows(schema.lot)) == 6


def test_small_deposits_share_a_commit(site: Site) -> None:
    """What a commit costs is paid once for many small deposits."""
    for number in range(1, 9):
        site.deposit(toy.deposit("S1", f"{number} P1: {number}=1"))
    commits: list[object] = []
    event.listen(site.gateway.database._writer, "commit", commits.append)
    assert site.gateway.steps.split.run_once()
    assert site.states(schema.deposit) == ["split"] * 8
    assert len(commits) == 2  # taken, and written


def test_a_deposit_whose_reading_fails_fails_alone(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that breaks on one file costs its neighbours nothing."""
    for number in range(1, 4):
        site.deposit(toy.deposit("S1", f"{number} P1: {number}=1"))
    network = site.networks["toy"]
    read = network.read
    calls: list[object] = []

    def breaks(stream: BinaryIO, format: str, tables: Tables) -> object:
        calls.append(stream)
        if len(calls) == 2:
            raise RuntimeError("no such record type")
        return read(stream, format, tables)

    monkeypatch.setattr(network, "read", breaks)
    split = site.gateway.steps.split
    with pytest.raises(RuntimeError):
        split.run_once()
    assert sorted(site.states(schema.deposit)) == ["received", "split", "split"]
    assert not split.run_once()
    site.at += LEASE + 1
    assert split.run_once()
    assert site.states(schema.deposit) == ["split"] * 3
    assert len(site.rows(schema.lot)) == 3


def test_a_deposit_that_was_taken_over_is_left_alone(site: Site) -> None:
    """Of many that were read together, one that another worker ended stays ended."""
    for number in range(1, 4):
        site.deposit(toy.deposit("S1", f"{number} P1: {number}=1"))
    split, database = site.gateway.steps.split, site.gateway.database
    taken = database.write("take", split._take)
    found = [split._read(each) for each in taken]
    site.at += LEASE + 1
    site.run("split")
    database.write("finish", split._finish, found)
    assert site.states(schema.deposit) == ["split"] * 3
    assert len(site.rows(schema.lot)) == 3
    assert len(site.rows(schema.ledger_move)) == 3


def test_a_lease_that_is_lost_ends_the_reading(site: Site) -> None:
    """Who was silent too long finds out at its next commit and leaves nothing."""
    site.deposit(ONE)
    split = site.gateway.steps.split
    database = site.gateway.database
    (mine,) = database.write("take", split._take)
    site.at += LEASE + 1
    site.run("split")
    with pytest.raises(Exception, match="taken over"):
        database.write(
            "renew",
            lambda tx: work.renew(
                tx,
                schema.deposit,
                mine.id,
                worker="node-1",
                held_until=mine.lease_until,
                lease=LEASE,
            ),
        )
    assert len(site.rows(schema.lot)) == 1


def test_a_payer_that_left_the_directory_does_not_stop_answers(site: Site) -> None:
    """An early answer of a payer that is gone is matched all the same."""
    side = site.payer("P1")
    side.faults = [OutcomeUnknown("line broke")]
    site.deposit(ONE)
    site.run("split", "route", "gather", "dispatch")
    side.answer("pay", toy.pay(*side.files().values()))
    entry = site.entries["P1"]
    site.leave("P1")
    site.gateway.steps.collect.empty("e-P1", "toy")
    site.run("match")
    assert site.states(schema.lot) == ["answered"]
    site.entries["P1"] = entry
    site.change("P1")
    site.settle()
    assert dispatch_states(site) == ["answered"]


def test_a_transfer_error_without_a_name_waits_for_a_person(site: Site) -> None:
    """An error that nobody foresaw is not repeated blindly."""
    site.payer("P1").faults = [TransferError("strange")]
    site.deposit(ONE)
    site.settle()
    assert dispatch_states(site) == ["refused"]

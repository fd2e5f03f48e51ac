"""What is over is purged, what is open never is, whatever dies or works beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from gateway.errors import IntegrityBroken, Purged
from gateway.journal import purges, replay, schema, tree, verify
from gateway.journal.stored_things import DEPOSIT, DISPATCH, HANDBACK, RETURN
from gateway.journal.verify_receipts import chained
from gateway.purge import Purge, Tally
from routing.lifecycle import HandbackEvent
from routing.retention import Keeping, Reason
from tests.gateway.steps import toy
from tests.gateway.steps.site import Program, Site

DAY: Final = 86_400.0
KEEP: Final = 90 * DAY
RULES: Final = Keeping(house=KEEP, part_paid=730 * DAY)
FILE: Final = toy.deposit("S1", "001 P1: 1=1000 2=2000")
ALL: Final = (DEPOSIT, DISPATCH, RETURN, HANDBACK)


def purge(
    site: Site, *, rules: Keeping = RULES, node: Program | None = None, quiet: float = 0
) -> Purge:
    """Make a run, on this node or on another."""
    node = node or site.gateway
    return Purge(
        database=node.database,
        storage=node.storage,
        rules=rules,
        now=site.now,
        quiet=quiet,
    )


def run(site: Site, **values: Any) -> Tally:
    """Purge in somebody's name."""
    return purge(site, **values).run(by="lea", why="it is over")


def pay(site: Site, line: Callable[[bytes], bytes] = toy.pay) -> None:
    """Have every payer answer all that it got."""
    for side in site.payers.values():
        for name, content in side.files().items():
            side.answer(f"pay-{name}", line(content))
    site.run()


def fetch(site: Site) -> None:
    """Have every client fetch all that was made for it, to the last byte."""
    for row in site.rows(schema.handback):
        site.gateway.database.write(
            "fetch", tree.move_handback, row.id, HandbackEvent.FETCH, "sftp"
        )


def live(site: Site, content: bytes = FILE, client: str = "alpha") -> str:
    """Bring a file to the end of its life: paid, given back, fetched, chained."""
    name = site.deposit(content, client=client).deposit
    site.run()
    pay(site)
    fetch(site)
    site.run("seal")
    return name


def kept(site: Site) -> set[str]:
    """Name the payloads that can be read."""
    return {row.id for row in site.rows(schema.payload) if row.purged_at is None}


def verified(site: Site) -> list[str]:
    """Say what `octway verify` finds, but what a segment in use leaves."""
    read, stored = site.gateway.database.read, site.gateway.payloads
    keys = [site.receipt_key.public_key()]
    return [
        *read(verify.payloads, stored, lambda *_: None).breaks,
        *read(verify.places, stored).breaks,
        *read(chained, keys, whole=True).breaks,
        *site.breaks(),
    ]


def reasons(tally: Tally) -> set[Reason]:
    """Say why files stay."""
    return {reason for reason, files in tally.kept_files.items() if files}


def test_what_is_over_goes_and_everything_else_about_it_stays(site: Site) -> None:
    """Bytes cannot be read any more; rows, ledger, receipts and history prove the rest."""
    name = live(site)
    site.at += KEEP + DAY
    seen = purge(site).look()
    assert dict(seen.files) == {DEPOSIT: 1, DISPATCH: 1, RETURN: 1}
    assert len(kept(site)) == seen.files.total()
    done = run(site)
    assert (done.files, reasons(done)) == (seen.files, set())
    assert kept(site) == set()
    assert verified(site) == []
    (row,) = site.rows(schema.deposit)
    with pytest.raises(Purged, match="was purged on 20"):
        site.read(row.payload_id)
    said = site.rows(schema.event, schema.event.c.kind == purges.PURGED)
    assert name in {each.subject for each in said}
    assert all('"asked_by": "lea"' in each.facts for each in said)
    assert run(site).files.total() == 0


def test_the_same_content_is_still_the_same_deposit(site: Site) -> None:
    """A client that sends a purged file again gets its old receipt, and nothing twice."""
    name = live(site)
    site.at += KEEP + DAY
    run(site)
    again = site.deposit(FILE)
    assert again.deposit == name
    del site.accepted[name]


def test_a_file_is_kept_from_the_last_thing_that_happened(site: Site) -> None:
    """Not from its arrival: a fetch on day 80 keeps it until day 170."""
    site.deposit(FILE)
    site.run()
    pay(site)
    site.run("seal")
    site.at += 80 * DAY
    fetch(site)
    site.at += 85 * DAY
    assert reasons(run(site)) == {Reason.YOUNG}
    site.at += 6 * DAY
    assert run(site).files.total() == 3


def test_a_payer_or_network_that_says_longer_is_heard(site: Site) -> None:
    """The longest word counts, also of a payer that the directory has lost."""
    live(site)
    site.at += KEEP + DAY
    for longer in (
        evolve(RULES, payers={"payer-P1": 400 * DAY}),
        evolve(RULES, payers={"another": 400 * DAY}),
        evolve(RULES, networks={"toy": 400 * DAY}),
    ):
        done = run(site, rules=longer)
        assert (done.files.total(), reasons(done)) == (0, {Reason.YOUNG})
    site.at += 310 * DAY
    assert run(site, rules=longer).files.total() == 3


def held(site: Site) -> None:
    site.deposit(toy.deposit("S1", "001 P9: 1=1000"))
    site.run()


def unanswered(site: Site) -> None:
    site.deposit(FILE)
    site.run()


def accepted(site: Site) -> None:
    unanswered(site)
    pay(site, lambda file: toy.pay(file).replace(b" paid ", b" accepted "))
    fetch(site)


def part_paid(site: Site) -> None:
    unanswered(site)
    pay(
        site,
        lambda file: (
            toy.pay(file)
            .replace(b" paid ", b" partly-paid ")
            .replace(b" S1\n", b" S1 paid=7\n")
        ),
    )
    fetch(site)


def unfetched(site: Site) -> None:
    unanswered(site)
    pay(site)


def orphaned(site: Site) -> None:
    site.payer().answer("x.ret", b"TORETURN payment\nclaim S9/001/1 paid 100 S9\n")
    site.run()


def unread(site: Site) -> None:
    site.deposit(FILE)


def garbled(site: Site) -> None:
    site.deposit(b"no file of any network")
    site.run()


HOLDS: Final = [
    (unread, Reason.IN_WORK),
    (held, Reason.HELD),
    (unanswered, Reason.UNANSWERED),
    (accepted, Reason.UNPAID),
    (part_paid, Reason.UNPAID),
    (garbled, Reason.CONTESTED),
    (orphaned, Reason.CONTESTED),
    (unfetched, Reason.UNFETCHED),
]


@pytest.mark.parametrize(
    ("happens", "reason"), HOLDS, ids=[each.__name__ for each, _ in HOLDS]
)
def test_what_is_open_stays_and_says_why(
    site: Site, happens: Callable[[Site], None], reason: Reason
) -> None:
    """However old it is; and only what is over beside it goes."""
    over = live(site, toy.deposit("S2", "007 P2: 7=700"), "beta")
    happens(site)
    site.run("seal")
    before = kept(site)
    site.at += 300 * DAY
    done = run(site)
    assert reason in reasons(done)
    gone = before - kept(site)
    rows = site.rows(schema.deposit, schema.deposit.c.payload_id.in_(gone))
    assert {row.id for row in rows} == {over}
    assert verified(site) == []


def test_a_deposit_goes_only_when_its_receipt_is_in_the_chain(site: Site) -> None:
    """What a client can prove is worth nothing if we could have made it later."""
    site.deposit(FILE)
    site.run()
    pay(site)
    fetch(site)
    site.at += KEEP + DAY
    assert reasons(run(site)) == {Reason.UNCHAINED}
    site.run("seal")
    assert run(site).files.total() == 3


def test_an_open_anomaly_keeps_all_that_it_is_about(site: Site) -> None:
    """And when a person has resolved it, the files go."""
    name = live(site)
    table = schema.anomaly
    row = {
        "id": "a1",
        "kind": "payment-differs",
        "severity": "warning",
        "subject": f"{name}-1",
        "state": "open",
        "first_seen": site.at,
        "last_seen": site.at,
    }
    write = site.gateway.database.write
    write("anomaly", lambda tx: tx.connection.execute(table.insert(), [row]) and None)
    site.at += KEEP + DAY
    assert reasons(run(site)) == {Reason.CONTESTED}
    write(
        "anomaly",
        lambda tx: (
            tx.connection.execute(update(table).values(state="resolved")) and None
        ),
    )
    assert run(site).files.total() == 3


def test_what_needs_a_purged_file_is_refused_in_words(site: Site) -> None:
    """Nobody has a lot, dispatch or return done again whose bytes are gone."""
    name = live(site)
    site.at += KEEP + DAY
    run(site)
    (sent,), (back,) = site.rows(schema.dispatch), site.rows(schema.payer_return)
    write = site.gateway.database.write
    for call in (
        lambda tx: replay.lot(tx, f"{name}-1", by="lea", resend=True),
        lambda tx: replay.dispatch(tx, sent.id, by="lea", resend=True, repeats=True),
        lambda tx: replay.payer_return(tx, back.id, by="lea"),
    ):
        with pytest.raises(replay.NotReplayable, match="was purged"):
            write("replay", call)


def test_a_key_that_vanished_without_a_purge_is_found(site: Site) -> None:
    """Who drops a key behind our back cannot call it a purge."""
    live(site)
    table = schema.payload
    values = {"purged_at": site.at, "wrapped_key": b"", "key_id": ""}
    site.gateway.database.write(
        "tamper",
        lambda tx: tx.connection.execute(update(table).values(values)) and None,
    )
    read = site.gateway.database.read
    verdict = read(verify.payloads, site.gateway.payloads, lambda *_: None)
    assert len(verdict.breaks) == 4  # the return is its client's part, too
    assert "no event says" in verdict.breaks[0]


def test_the_disk_is_free_once_nothing_in_a_segment_is_left(site: Site) -> None:
    """A segment in use stays, and so does one with a file that is kept."""
    live(site)
    storage = site.gateway.storage
    site.at += KEEP + DAY
    done = run(site)
    assert done.waiting > 0
    assert [name for name, _ in storage.files()] == ["segments/node-1-000001.seg"]
    site.crash()  # a new program has a segment of its own
    assert run(site, quiet=3600).freed == 0
    done = run(site)
    assert (done.freed > 0, done.waiting) == (True, 0)
    assert list(site.gateway.storage.files()) == []
    assert verified(site) == []


def test_a_program_killed_at_any_place_leaves_nothing_half_purged(engine: str) -> None:
    """Run again it ends the same: all unreadable, all removed, all in the history."""
    place, died = 0, True
    while died:
        site = Site(engine)
        try:
            live(site)
            site.crash()
            site.at += KEEP + DAY
            died = site.dies(lambda: run(site), place)  # noqa: B023
            assert verified(site) == []
            run(site)
            assert (kept(site), verified(site)) == (set(), [])
            assert list(site.gateway.storage.files()) == []
            said = site.rows(schema.event, schema.event.c.kind == purges.PURGED)
            names = [each.subject for each in said]
            assert len(names) == len(set(names)) == 4
            site.check()
        finally:
            site.close()
        place += 1
    assert place > 4


def test_two_purges_at_once_take_each_file_once(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second finds what the first has left, and says nothing twice."""
    live(site)
    site.at += KEEP + DAY
    other = site.node("node-2")
    try:
        one, two = purge(site), purge(site, node=other)
        seen: list[Tally] = []
        names = one._database.read  # what the first thinks, before the second is done

        def late(call: Any, *values: Any, **more: Any) -> Any:
            found = names(call, *values, **more)
            if not seen and getattr(call, "__name__", "") == "judge":
                seen.append(two.run(by="max", why="too"))
            return found

        monkeypatch.setattr(one._database, "read", late)
        mine = one.run(by="lea", why="it is over")
        assert seen[0].files.total() + mine.files.total() == 3
        said = site.rows(schema.event, schema.event.c.kind == purges.PURGED)
        assert len(said) == len({each.subject for each in said}) == 4
    finally:
        monkeypatch.undo()
        other.close()


def test_what_is_begun_anew_meanwhile_stays(site: Site) -> None:
    """Between the thought and the deed a person may have a return matched again."""
    live(site)
    site.at += KEEP + DAY
    (back,) = site.rows(schema.payer_return)
    names = purge(site)._database.read(
        purges.candidates, RETURN, born_before=site.at - KEEP, after="", most=9
    )
    assert names == [back.id]
    write = site.gateway.database.write
    write("replay", lambda tx: replay.payer_return(tx, back.id, by="lea"))
    gone = write(
        "purge", lambda tx: purges.purge(tx, RETURN, names, RULES, by="lea", why="")
    )
    assert gone == []
    site.run()


def test_a_row_that_a_step_has_in_hand_is_left_for_the_next_run(
    site: Site, engine: str
) -> None:
    """On PostgreSQL nobody waits for anybody; SQLite has one writer anyway."""
    live(site)
    site.at += KEEP + DAY
    if engine == "sqlite":
        assert run(site).files.total() == 3
        return
    with site.reader.connect() as busy:
        busy.execution_options(isolation_level="READ COMMITTED")
        lot = schema.lot
        busy.execute(schema.lot.select().where(lot.c.position == 1).with_for_update())
        done = run(site)
        assert (done.files.total(), reasons(done)) == (0, {Reason.IN_WORK})
    assert run(site).files.total() == 3


ANSWERS: Final = ("", "acknowledged", "accepted", "rejected", "paid", "partly-paid")


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    answers=st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=3),
    fetched=st.booleans(),
    sealed=st.booleans(),
    days=st.sampled_from([1, 89, 91, 400, 800]),
)
def test_nothing_open_is_ever_purged(
    engine: str, answers: list[str], fetched: bool, sealed: bool, days: int
) -> None:
    """Whatever was said of claims: what goes is answered, paid, fetched and old."""
    site = Site(engine)
    try:
        site.client("alpha")
        tag = f"S{len(site.accepted)}"
        claims = " ".join(f"{n}=100" for n in range(1, len(answers) + 1))
        name = site.deposit(toy.deposit(tag, f"001 P1: {claims}")).deposit
        site.run()
        lines = [
            f"claim {tag}/001/{n} {said} 100 {tag}{' paid=7' * (said == 'partly-paid')}\n"
            for n, said in enumerate(answers, 1)
            if said
        ]
        if lines:
            text = "TORETURN payment\n" + "".join(lines)
            site.payer().answer(f"{tag}.ret", text.encode())
            site.run()
        last = site.at
        if fetched:
            fetch(site)
        if sealed:
            site.run("seal")
        site.at += days * DAY
        done = run(site)
        (deposit,) = site.rows(schema.deposit, schema.deposit.c.id == name)
        gone = deposit.payload_id not in kept(site)
        may = (
            all(said in {"rejected", "paid"} for said in answers)
            and fetched
            and sealed
            and site.at - last > KEEP
        )
        assert not gone or may or (days > 730 and "partly-paid" in answers)
        assert gone or done.kept_files.total()
        assert verified(site) == []
    finally:
        site.close()


def test_bytes_of_a_purged_file_are_nothing_without_its_key(site: Site) -> None:
    """A copy of the storage folder from before the purge opens nothing any more."""
    live(site)
    (row, *_) = site.rows(schema.payload)
    site.at += KEEP + DAY
    run(site)
    (after, *_) = site.rows(schema.payload, schema.payload.c.id == row.id)
    assert (after.wrapped_key, after.key_id) == (b"", "")
    assert (after.sha256, after.size) == (row.sha256, row.size)
    with pytest.raises((Purged, IntegrityBroken)):
        site.gateway.payloads.open_row(after)

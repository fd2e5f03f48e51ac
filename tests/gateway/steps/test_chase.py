"""What is late is chased until it is answered, or a person has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from attrs import evolve

from config.directory_records import DESK_ANSWERS, CodeEntry, DeskEntry, Playbook
from config.playbook_files import DEFAULT
from gateway.journal import anomalies, approvals, replay, schema, staff
from protocols.desk import Ask, DeskAnswer, Enrolled, Question, read_question
from protocols.errors import PayerUnavailable
from routing.chase import Status
from tests.engines import ON_SQLITE
from tests.gateway.steps.site import Site
from tests.gateway.steps.toy import claims_of

ONE_LOT = b"TOY S1\nLOT 001 P1\nINV 1 1000\nINV 2 500\n"
DAY = 86_400.0
Says = Callable[[Question], str | None]


class Payer:
    """A payer that answers, or does not, and whose desk says what a test wants."""

    def __init__(self, site: Site, code: str, says: Mapping[Ask, Says]) -> None:
        self.site = site
        self.side = site.payer(code)
        self.says = says
        self.heard: list[Ask] = []
        self.told: set[str] = set()
        self.paid: list[str] = []

    def pay(self, name: str) -> None:
        """Pay every claim of a file that it got."""
        self.paid.append(name)
        content = self.side.files()[name]
        lines = [b"TORETURN payment"]
        lines += [
            f"claim {key} paid {cents} {sender}".encode()
            for key, cents, sender in claims_of(content)
        ]
        again = f"{len(self.paid)}-{name}"
        self.side.answer(again, b"\n".join(lines) + b"\n")

    def work(self) -> None:
        """Answer the questions at its desk."""
        for name, content in self.side.files().items():
            if not name.startswith("desk-") or name in self.told:
                continue
            self.told.add(name)
            question = read_question(content)
            self.heard.append(question.ask)
            said = self.says.get(question.ask, lambda _: None)(question)
            if said == Status.UNKNOWN:
                self.side.lost.add(question.file)
            if said is not None:
                answer = DeskAnswer(
                    question=question.id,
                    ask=question.ask,
                    lot=question.lot,
                    sender=question.sender,
                    said=said,
                )
                self.side.answer(answer.name, answer.to_bytes())

    def billing(self) -> list[str]:
        """Name the billing files that it got, each as often as it came."""
        return [name for name, _ in self.side.taken if not name.startswith("desk-")]


def chased(site: Site, **changes: object) -> None:
    """Give payer P1 a desk, and a playbook."""
    site.change(
        "P1",
        desk=DeskEntry(answers=DESK_ANSWERS),
        playbook=Playbook(remedies=DEFAULT),
        **changes,
    )


def live(site: Site, payer: Payer, days: int) -> None:
    """Let days go by, with the payer at its desk."""
    for _ in range(days * 2):
        site.at += DAY / 2
        site.run()
        payer.work()
        site.run()


def states(site: Site) -> dict[str, str]:
    return {
        row.kind: row.state
        for row in site.rows(schema.remedy)
        if row.state != "nothing"
    }


@pytest.fixture
def late(site: Site) -> Site:
    """A lot that was sent, and whose answers are late."""
    chased(site)
    site.deposit(ONE_LOT)
    site.run()
    return site


def test_a_file_the_payer_lost_goes_again(late: Site) -> None:
    """Its desk says that it does not have it, and knows the sender: then it is paid."""
    payer = Payer(
        late,
        "P1",
        {
            Ask.STATUS: lambda _: Status.UNKNOWN,
            Ask.ENROLMENT: lambda _: Enrolled.YES,
        },
    )
    live(late, payer, 4)
    assert payer.heard[:2] == [Ask.STATUS, Ask.ENROLMENT]
    files = payer.billing()
    assert len(files) > 1
    payer.pay(files[1])
    late.run()
    assert set(late.states(schema.expectation)) <= {"met", "waived"}
    assert late.states(schema.chase) == ["ended"]
    assert states(late)["resend"] == "brought"
    sent = len(payer.billing())
    live(late, payer, 10)
    assert len(payer.billing()) == sent  # what is answered is left alone
    late.check()


def test_a_return_that_was_lost_is_asked_for_and_nothing_sent(late: Site) -> None:
    """The desk says that it has answered: it is asked for the return, which closes all."""
    payer = Payer(late, "P1", {Ask.STATUS: lambda _: Status.ANSWERED})

    def again(question: Question) -> str:
        payer.pay(question.file)
        return "sent"

    payer.says = {**payer.says, Ask.RETURN: again}
    live(late, payer, 6)
    assert payer.billing() == [late.rows(schema.dispatch)[0].filename]
    assert late.states(schema.chase) == ["ended"]
    assert states(late) == {"ask-return": "brought"}


def test_a_refusal_that_no_return_told_reaches_the_client(late: Site) -> None:
    """The desk says why: the claims are rejected, and the client is told."""
    payer = Payer(late, "P1", {Ask.STATUS: lambda _: Status.REFUSED})
    live(late, payer, 4)
    assert {row.account for row in late.rows(schema.lot)} == {"rejected"}
    assert late.states(schema.chase) == ["ended"]
    (given,) = late.rows(schema.handback)
    assert given.filename.startswith("desk-")
    late.check()


def test_an_unknown_sender_is_enrolled_and_its_lot_goes_then(late: Site) -> None:
    """Until the payer knows the sender nothing is sent; afterwards it is, and at once."""
    day = late.at

    def enrolled(_: Question) -> str:
        return Enrolled.YES if late.at > day + 12 * DAY else Enrolled.REQUESTED

    payer = Payer(
        late,
        "P1",
        {Ask.STATUS: lambda _: Status.UNKNOWN, Ask.ENROLMENT: enrolled},
    )
    live(late, payer, 8)
    assert late.states(schema.enrolment) == ["requested"]
    assert len(payer.billing()) == 1
    late.deposit(ONE_LOT.replace(b"001", b"002").replace(b"INV ", b"INV 9"))
    late.run()
    assert late.anomalies()["lot-held"] == "open"  # held before it vanishes
    live(late, payer, 12)
    assert late.states(schema.enrolment) == ["open"]
    assert len(payer.billing()) >= 3
    assert payer.heard.count(Ask.ENROLMENT) < 10  # asked now and then, not for ever


def test_a_merged_payer_is_followed(site: Site) -> None:
    """A lot sent to a code that was over goes to the successor when that is known."""
    chased(site)
    site.deposit(ONE_LOT)
    site.run()
    old = Payer(site, "P1", {Ask.STATUS: lambda _: Status.UNKNOWN})
    long_ago = CodeEntry(
        "P1", None, datetime.fromtimestamp(site.at - 30 * DAY, UTC).date(), "P2"
    )
    site.change("P1", codes=(long_ago,))
    live(site, old, 6)
    assert len(site.payer("P2").taken) == 1
    assert len(old.billing()) == 1


@ON_SQLITE
def test_nothing_goes_again_without_proof(site: Site) -> None:
    """A payer that says nothing at all gets no second file; a person has the lot."""
    chased(site)
    site.deposit(ONE_LOT)
    site.run()
    payer = Payer(site, "P1", {})
    live(site, payer, 40)
    assert len(payer.billing()) == 1
    assert site.states(schema.chase) == ["given-up"]
    assert site.anomalies()["answer-missing"] == "open"
    payer.pay(payer.billing()[0])
    site.run()
    assert site.states(schema.chase) == ["ended"]
    assert site.anomalies()["answer-missing"] == "resolved"


def test_a_payer_that_recognises_a_number_gets_the_same_file(site: Site) -> None:
    """Same name, same bytes: the payer can tell that it comes twice."""
    delivery = evolve(site.entries["P1"].delivery, resend_same_number=True)
    site.change("P1", delivery=delivery, playbook=Playbook(remedies=DEFAULT[:6]))
    site.deposit(ONE_LOT)
    site.run()
    payer = Payer(site, "P1", {})
    live(site, payer, 5)
    files = {
        (name, content)
        for name, content in payer.side.taken
        if not name.startswith("desk-")
    }
    assert len(files) == 1
    assert len(payer.billing()) > 1


def test_above_an_amount_a_second_person_agrees_first(late: Site) -> None:
    """Nothing is sent again before, and the amount and reason are shown."""
    book = Playbook(remedies=DEFAULT, approve_above=1000)
    late.change("P1", playbook=book)
    payer = Payer(
        late,
        "P1",
        {Ask.STATUS: lambda _: Status.UNKNOWN, Ask.ENROLMENT: lambda _: Enrolled.YES},
    )
    live(late, payer, 6)
    assert len(payer.billing()) == 1
    assert late.states(schema.chase) == ["approval"]
    (waiting,) = late.rows(schema.remedy, schema.remedy.c.state == "approval")
    assert "15.00" in waiting.words
    say(late, waiting.id, agreed=True)
    late.run()
    late.run()
    assert len(payer.billing()) == 2
    assert late.anomalies()["remedy-approval"] == "resolved"


def test_a_desk_is_believed_for_its_own_lots_alone(late: Site) -> None:
    """What another payer's outbox says of a question changes nothing."""
    for _ in range(4):
        late.at += DAY / 4
        late.run()
    (asked,) = [
        read_question(content)
        for name, content in late.payer("P1").files().items()
        if name.startswith("desk-")
    ]
    forged = DeskAnswer(
        question=asked.id, ask=asked.ask, lot=asked.lot, sender="S1", said="refused"
    )
    late.payer("P2").answer(forged.name, forged.to_bytes())
    late.run()
    assert {row.account for row in late.rows(schema.lot)} != {"rejected"}
    assert late.anomalies()["return-foreign"] == "open"


def out(site: Site) -> Payer:
    """Let a payer be silent while answers for many clients become late."""
    chased(site)
    payer = Payer(site, "P1", {Ask.STATUS: lambda _: Status.RECEIVED})
    site.deposit(ONE_LOT, client="first")
    site.run()
    payer.pay(payer.billing()[0])  # it was heard once
    site.run()
    site.at += 1.5 * DAY
    for number, client in enumerate(("alpha", "beta", "gamma"), 3):
        sender = f"TOY S{number}".encode()
        site.deposit(ONE_LOT.replace(b"TOY S1", sender), client=client)
    site.run()
    site.at += DAY / 6
    site.run()
    assert site.anomalies()["payer-silent"] == "open"
    return payer


def test_a_payer_that_is_out_is_not_chased(site: Site) -> None:
    """Many wait and nothing comes: one incident, no chase; all goes on when it is back."""
    payer = out(site)
    assert payer.side.files().keys() == set(payer.billing())  # nobody asked
    site.at += DAY
    site.run()
    assert "missing" not in site.states(schema.expectation)
    for name in payer.billing()[1:]:
        payer.pay(name)
    site.run()
    assert site.anomalies()["payer-silent"] == "resolved"
    site.at += 5 * DAY
    site.run()
    assert set(site.states(schema.chase)) == {"ended"}


def file_of(site: Site, lots: int, above: int | None = None) -> None:
    """Send one file of some lots to a payer that takes a number twice."""
    site.change(
        "P1",
        delivery=evolve(site.entries["P1"].delivery, resend_same_number=True),
        playbook=Playbook(
            remedies=(DEFAULT[0], DEFAULT[5]._replace(most=3), DEFAULT[-1]),
            approve_above=above,
        ),
    )
    lines = [f"LOT {n:03} P1\nINV {n} 1000\n".encode() for n in range(1, lots + 1)]
    site.deposit(b"TOY S1\n" + b"".join(lines))
    site.run()


def waiting(site: Site) -> list[Any]:
    return site.rows(schema.remedy, schema.remedy.c.state == "approval")


def say(site: Site, remedy: str, *, agreed: bool, by: str = "") -> None:
    by = by or site.staff("lea")
    site.gateway.database.write(
        "say", lambda tx: approvals.decide(tx, remedy, by=by, agreed=agreed)
    )


def test_a_file_goes_again_once_for_all_its_lots(site: Site) -> None:
    """However many of its lots are late, a payer gets it as often as one lot may."""
    file_of(site, 8)
    live(site, Payer(site, "P1", {}), 30)
    assert len(site.payer("P1").taken) == 1 + 3
    assert set(site.states(schema.chase)) == {"given-up"}
    tried = Counter((row.lot_id, row.kind) for row in site.rows(schema.remedy))
    assert {n for (_, kind), n in tried.items() if kind == "resend"} == {3}


def test_one_approval_stands_for_a_file(site: Site) -> None:
    """The amount is the whole file's, and one second person is asked for all of it."""
    file_of(site, 3, above=2000)
    payer = Payer(site, "P1", {})
    live(site, payer, 6)
    (asked,) = waiting(site)
    assert "30.00" in asked.words
    assert len(payer.billing()) == 1
    say(site, asked.id, agreed=True)
    site.run()
    site.run()
    assert len(payer.billing()) == 2
    assert not waiting(site)
    waits = {row.next_at for row in site.rows(schema.chase)}
    assert max(waits) > site.at + 1.5 * DAY  # the playbook's two working days


def test_what_is_refused_for_one_lot_is_refused_for_its_file(site: Site) -> None:
    """No other lot of the file has it sent again; a person gets them all."""
    file_of(site, 3, above=2000)
    payer = Payer(site, "P1", {})
    live(site, payer, 6)
    (asked,) = waiting(site)
    say(site, asked.id, agreed=False)
    live(site, payer, 20)
    assert len(payer.billing()) == 1
    assert not waiting(site)
    assert set(site.states(schema.chase)) == {"given-up"}


@pytest.mark.parametrize("which", ["same", "another"])
def test_a_request_that_nobody_answers_is_withdrawn(site: Site, which: str) -> None:
    """After a week: nothing was sent, no lot of the file asks again, a person may."""
    file_of(site, 3, above=2000)
    payer = Payer(site, "P1", {})
    live(site, payer, 6)
    (asked,) = waiting(site)
    site.at = asked.at + 7 * DAY
    site.run("watch")
    assert [row.id for row in waiting(site)] == [asked.id], "a week is waited"
    site.at += 1
    site.run("watch")
    (case,) = site.rows(schema.anomaly, schema.anomaly.c.kind == "remedy-approval")
    assert case.state == "resolved"
    assert case.resolution == approvals.UNANSWERED
    (row,) = site.rows(schema.remedy, schema.remedy.c.id == asked.id)
    assert (row.state, row.words) == ("failed", approvals.UNANSWERED)
    said = {row.kind: row.subject for row in site.rows(schema.event)}
    assert said["remedy.unanswered"] == asked.lot_id
    assert said["anomaly.unanswered"] == case.id
    live(site, payer, 20)
    assert len(payer.billing()) == 1
    assert not waiting(site)
    assert set(site.states(schema.chase)) == {"given-up"}
    lots = [row.id for row in site.rows(schema.lot)]
    lot = next(each for each in lots if (each == asked.lot_id) == (which == "same"))
    site.gateway.database.write("again", lambda tx: approvals.again(tx, lot, by="lea"))
    live(site, payer, 6)
    (anew,) = waiting(site)
    assert anew.lot_id == lot


def test_a_silent_payer_that_leaves_stops_nothing(site: Site) -> None:
    """What it owes becomes missing, and a person gets its lots."""
    out(site)
    site.at += DAY
    site.leave("P1")
    site.run()
    site.at += 6 * DAY
    site.run()
    assert site.anomalies()["payer-silent"] == "resolved"
    assert "given-up" in site.states(schema.chase)


def test_a_silence_that_a_person_closes_lets_chases_go_on(site: Site) -> None:
    """No chase waits for an incident that nobody has open."""
    out(site)
    assert "paused" in site.states(schema.chase)
    site.gateway.database.write(
        "settle",
        lambda tx: anomalies.settle(
            tx, kind="payer-silent", subject="payer-P1", reason="by hand"
        ),
    )
    site.run("watch")
    assert "paused" not in site.states(schema.chase)


def again(site: Site) -> None:
    lot = site.rows(schema.lot)[0].id
    site.gateway.database.write("again", lambda tx: approvals.again(tx, lot, by="lea"))


def send_anew(site: Site) -> None:
    lot = site.rows(schema.lot)[0].id
    site.gateway.database.write(
        "replay", lambda tx: replay.lot(tx, lot, by="lea", resend=True)
    )


@ON_SQLITE
def test_only_what_a_person_has_is_chased_anew(late: Site) -> None:
    """Not what is chased already, nor what is answered; what is missing stays so."""
    payer = Payer(late, "P1", {})
    live(late, payer, 2)
    with pytest.raises(approvals.NotAnew, match="chased already"):
        again(late)
    live(late, payer, 40)
    again(late)
    late.run("watch")
    assert late.anomalies()["answer-missing"] == "open"
    payer.pay(payer.billing()[0])
    late.run()
    assert late.anomalies()["answer-missing"] == "resolved"
    with pytest.raises(approvals.NotAnew, match="nothing is owed"):
        again(late)


@ON_SQLITE
def test_what_was_withdrawn_is_not_missing(late: Site) -> None:
    """A person that has a lot takes it back: nothing is owed, and nothing is shown."""
    live(late, Payer(late, "P1", {}), 40)
    late.change("P1", flows=("other",))
    send_anew(late)
    late.run()
    lot = late.rows(schema.lot)[0].id
    late.gateway.database.write(
        "withdraw", lambda tx: replay.withdraw_lot(tx, lot, by="lea", why="old")
    )
    late.run()
    assert late.anomalies()["answer-missing"] == "resolved"
    assert late.states(schema.chase) == ["ended"]


@ON_SQLITE
def test_what_is_sent_again_by_a_person_is_chased_again(late: Site) -> None:
    """The second sending is owed an answer as the first was."""
    payer = Payer(late, "P1", {})
    live(late, payer, 40)
    payer.side.lost |= set(payer.billing())  # as the person knows
    send_anew(late)
    late.run("route", "gather", "compose", "dispatch")
    tried = len(late.rows(schema.remedy))
    live(late, payer, 2)
    assert late.states(schema.chase) == ["open"]
    assert (
        late.rows(schema.chase)[0].dispatch_id == late.rows(schema.lot)[0].dispatch_id
    )
    live(late, payer, 40)
    assert len(late.rows(schema.remedy)) > tried
    assert late.states(schema.chase) == ["given-up"]


def test_an_approval_is_asked_no_more_once_the_answer_came(late: Site) -> None:
    """What needed a second person is settled without one; no question is left over."""
    late.change("P1", playbook=Playbook(remedies=DEFAULT, approve_above=1000))
    payer = Payer(
        late,
        "P1",
        {Ask.STATUS: lambda _: Status.UNKNOWN, Ask.ENROLMENT: lambda _: Enrolled.YES},
    )
    live(late, payer, 6)
    assert late.anomalies()["remedy-approval"] == "open"
    payer.pay(payer.billing()[0])
    late.run()
    late.run()
    assert late.anomalies()["remedy-approval"] == "resolved"


@ON_SQLITE
def test_after_a_merger_the_successor_is_chased(site: Site) -> None:
    """The chase stands with the payer and the file that the lot went to last."""
    chased(site)
    site.deposit(ONE_LOT)
    site.run()
    old = Payer(site, "P1", {Ask.STATUS: lambda _: Status.UNKNOWN})
    over = datetime.fromtimestamp(site.at - 30 * DAY, UTC).date()
    site.change("P1", codes=(CodeEntry("P1", None, over, "P2"),))
    live(site, old, 30)
    (chase,) = site.rows(schema.chase)
    assert chase.payer_id == "payer-P2"
    assert "unknown" not in chase.known  # it was the old one that said so
    assert chase.dispatch_id == site.rows(schema.lot)[0].dispatch_id


@ON_SQLITE
def test_a_payer_that_cannot_be_reached_ends_with_a_person(late: Site) -> None:
    """What cannot be done is tried a few times, and counts then; nobody waits for ever."""
    payer = Payer(late, "P1", {})
    late.payer("P1").faults = [PayerUnavailable("gone")] * 1000
    live(late, payer, 40)
    assert late.states(schema.chase) == ["given-up"]
    assert late.anomalies()["answer-missing"] == "open"
    (case,) = late.rows(schema.anomaly, schema.anomaly.c.kind == "answer-missing")
    assert "look into the payer's outbox at once (" in case.words
    assert " times)" in case.words
    assert len(late.rows(schema.remedy)) < 60


@ON_SQLITE
def test_an_enrolment_that_never_opens_comes_to_a_person(late: Site) -> None:
    """After two months nobody is asked any more, and somebody sees it."""
    start = late.at

    def once(_: Question) -> str | None:
        return Enrolled.REQUESTED if late.at < start + 6 * DAY else None

    payer = Payer(
        late, "P1", {Ask.STATUS: lambda _: Status.UNKNOWN, Ask.ENROLMENT: once}
    )
    live(late, payer, 50)
    assert late.states(schema.chase) == ["open"]
    live(late, payer, 25)
    assert late.states(schema.chase) == ["given-up"]
    assert late.anomalies()["answer-missing"] == "open"
    asked = payer.heard.count(Ask.ENROLMENT)
    live(late, payer, 20)
    assert payer.heard.count(Ask.ENROLMENT) == asked


def waits_anew(late: Site) -> str:
    """Have a lot that a person had chased anew by lea, until a second one is asked."""
    late.change("P1", playbook=Playbook(remedies=DEFAULT, approve_above=1000))
    payer = Payer(late, "P1", {})
    live(late, payer, 40)
    again(late)
    payer.says = {
        Ask.STATUS: lambda _: Status.UNKNOWN,
        Ask.ENROLMENT: lambda _: Enrolled.YES,
    }
    live(late, payer, 6)
    (row,) = waiting(late)
    return str(row.id)


@ON_SQLITE
def test_who_asks_is_no_second_person(late: Site) -> None:
    """Who had the lot chased anew may not agree, but may refuse; another may agree."""
    remedy = waits_anew(late)
    late.staff("lea")
    with pytest.raises(approvals.NoSecondPerson, match="another person"):
        say(late, remedy, agreed=True, by="lea")
    say(late, remedy, agreed=True, by=late.staff("max"))
    (row,) = late.rows(schema.remedy, schema.remedy.c.id == remedy)
    assert (row.state, row.approved_by) == ("planned", "max")


@ON_SQLITE
def test_a_second_person_is_an_open_account_that_may_work(late: Site) -> None:
    """No free name, none that was closed, none that only looks; and no word is taken."""
    remedy = waits_anew(late)
    late.staff("old")
    late.gateway.database.write("close", lambda tx: staff.disable(tx, "old", by="lea"))
    refused = {
        "somebody": "octway staff add",
        "old": "disabled",
        late.staff("eve", "auditor"): "auditor.*operator",
    }
    for name, words in refused.items():
        for agreed in (True, False):
            with pytest.raises(approvals.NoSecondPerson, match=words):
                say(late, remedy, agreed=agreed, by=name)
    assert [row.id for row in waiting(late)] == [remedy]

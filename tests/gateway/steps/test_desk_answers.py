"""A desk is believed for what it was asked, when it was asked, and for nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from attrs import evolve

from config.directory_records import DESK_ANSWERS, CodeEntry, DeskEntry, Playbook
from config.playbook_files import DEFAULT
from gateway.journal import enrolments, replay, schema
from gateway.journal.enrolments import Stated
from protocols.desk import Ask, Enrolled, Question, read_question
from routing.chase import Status
from routing.enrolment import EnrolmentState
from tests.gateway.steps.site import LEASE, Site
from tests.gateway.steps.test_chase import DAY, ONE_LOT, Payer, chased, live

UNKNOWN = {
    Ask.STATUS: lambda _: Status.UNKNOWN,
    Ask.ENROLMENT: lambda _: Enrolled.YES,
}


def questions(site: Site, code: str = "P1") -> list[Question]:
    """Read the questions at a payer's desk, oldest first."""
    return [
        read_question(content)
        for name, content in site.payer(code).files().items()
        if name.startswith("desk-")
    ]


def status_asked(site: Site) -> Question:
    """Let the chase go on until the desk is asked how the lot stands."""
    while not (found := [each for each in questions(site) if each.ask is Ask.STATUS]):
        site.at += DAY / 4
        site.run()
    return found[0]


def answers(
    site: Site, question: Question, said: str, *, code: str = "P1", **changes: str
) -> None:
    """Answer a question, or say something else."""
    values = {
        "question": question.id,
        "ask": question.ask,
        "lot": question.lot,
        "sender": question.sender,
        "said": said,
        **changes,
    }
    if said == Status.UNKNOWN:
        site.payer(code).lost.add(question.file)
    content = json.dumps({"octway": "desk-answer", "simulated": True, **values})
    name = f"{len(site.rows(schema.payer_return))}.json"
    site.payer(code).answer(name, content.encode())


def billing(site: Site, code: str = "P1") -> int:
    """Count the billing files that a payer got."""
    taken = site.payer(code).taken
    return len([name for name, _ in taken if not name.startswith("desk-")])


def sent_twice(site: Site) -> Payer:
    """Let a desk say truly that it has no such lot, until it was sent again."""
    payer = Payer(site, "P1", UNKNOWN)
    while billing(site) < 2:
        live(site, payer, 1)
    payer.says = {}
    return payer


@pytest.fixture
def late(site: Site) -> Site:
    """A lot that was sent, and whose answers are late."""
    chased(site)
    site.deposit(ONE_LOT)
    site.run()
    return site


def test_an_unknown_that_is_said_again_sends_no_further_file(late: Site) -> None:
    """The desk repeats in other words what was true before the second file."""
    payer = sent_twice(late)
    (first, *_) = [each for each in questions(late) if each.ask is Ask.STATUS]
    for words in ("a reminder", "another reminder"):
        answers(late, first, "unknown", words=words)
        live(late, payer, 3)
    assert billing(late) == 2


def test_an_unknown_that_is_read_again_sends_no_further_file(late: Site) -> None:
    """Support has the return with the desk's word matched again."""
    payer = sent_twice(late)
    word = late.rows(schema.payer_return)[0].id
    late.gateway.database.write(
        "replay", lambda tx: replay.payer_return(tx, word, by="lea")
    )
    live(late, payer, 6)
    assert billing(late) == 2


def test_two_late_answers_send_one_file(late: Site) -> None:
    """Both questions were asked before the second file went."""
    late.change("P1", desk=DeskEntry(answers=("status",)))
    for _ in range(8):
        late.at += DAY / 2
        late.run()
    first, second, *_ = questions(late)
    answers(late, first, "unknown")
    late.run()
    late.run()
    assert billing(late) == 2
    late.at += 3600
    answers(late, second, "unknown")
    late.run()
    late.at += 3 * DAY
    late.run()
    late.run()
    assert billing(late) == 2


@pytest.mark.parametrize("place", range(3))
def test_a_word_that_a_crash_has_heard_twice_sends_one_file(
    late: Site, place: int
) -> None:
    """The lot goes again before the next program hears the same word."""
    late.change("P1", desk=DeskEntry(answers=("status",)))
    answers(late, status_asked(late), "unknown")
    late.run("collect")
    assert late.dies(lambda: late.run("match"), place)
    late.at += 30
    late.run("chase", "route", "gather", "compose", "dispatch")
    late.at += 4 * LEASE
    late.run("match")
    for _ in range(6):
        late.at += DAY / 2
        late.run()
    assert billing(late) == 2


def test_the_old_payers_word_is_none_of_the_new_ones(late: Site) -> None:
    """A lot that followed a merger is not sent again because the old code lacks it."""
    desk = DeskEntry(answers=DESK_ANSWERS)
    late.change("P2", desk=desk, playbook=Playbook(remedies=DEFAULT))
    long_ago = datetime.fromtimestamp(late.at - 30 * DAY, UTC).date()
    old = Payer(late, "P1", UNKNOWN)
    late.change("P1", codes=(CodeEntry("P1", None, long_ago, "P2"),))
    live(late, old, 4)
    assert billing(late, "P2") == 1
    question = status_asked(late)
    answers(late, question, "unknown", words="again")
    answers(late, question, "refused", words="we are no more")
    late.run()
    live(late, Payer(late, "P2", {Ask.ENROLMENT: lambda _: Enrolled.YES}), 5)
    assert billing(late, "P2") == 1
    assert late.states(schema.chase) == ["open"]
    assert {row.account for row in late.rows(schema.lot)} != {"rejected"}
    late.check()


@pytest.mark.parametrize(
    "changes",
    [
        {"lot": "S1/002"},
        {"lot": "S1/nope"},
        {"sender": "S2"},
        {"ask": "enrolment"},
    ],
    ids=["another-lot", "no-lot", "another-sender", "another-question"],
)
def test_an_answer_to_what_was_not_asked_changes_nothing(
    site: Site, changes: dict[str, str]
) -> None:
    """Not the lot asked about, nor the one that is named; a person is told."""
    chased(site)
    site.deposit(b"TOY S1\nLOT 001 P1\nINV 1 1000\nLOT 002 P1\nINV 2 7000\n")
    site.run()
    status_asked(site)
    question = next(each for each in questions(site) if each.lot == "S1/001")
    known = [row.known for row in site.rows(schema.chase)]
    answers(site, question, "refused", **changes)
    site.run("collect", "match")
    assert [row.known for row in site.rows(schema.chase)] == known
    assert not site.rows(schema.enrolment)
    assert "rejected" not in {row.account for row in site.rows(schema.lot)}
    (told,) = site.rows(schema.anomaly, schema.anomaly.c.kind == "return-foreign")
    (returned,) = site.rows(schema.payer_return)
    assert returned.id in told.words
    assert returned.remote_name not in told.words  # it may name a patient
    site.check()


def test_what_is_no_question_has_no_answer(late: Site) -> None:
    """The id of a remedy that sent the lot again is not one of a question."""
    payer = sent_twice(late)
    (question, *_) = questions(late)
    (resend,) = late.rows(schema.remedy, schema.remedy.c.kind == "resend")
    answers(late, evolve(question, id=resend.id, ask=Ask.STATUS), "unknown")
    live(late, payer, 3)
    assert billing(late) == 2
    assert late.anomalies()["return-foreign"] == "open"


@pytest.fixture
def roomy(engine: str) -> Iterator[Site]:
    """A site with an endpoint to which a payer can move."""
    made = Site(engine, payers=("P1", "P2", "P3"))
    try:
        chased(made)
        made.deposit(ONE_LOT)
        made.run()
        yield made
        made.check()
    finally:
        made.close()


@pytest.mark.parametrize("said", ["answered", "refused"])
@pytest.mark.parametrize("code", ["P1", "P3"])
def test_a_payer_that_moved_is_believed(roomy: Site, code: str, said: str) -> None:
    """Where it was asked, and where the directory says that it is today."""
    question = status_asked(roomy)
    if code == "P1":
        answers(roomy, question, said)
        roomy.run("collect")
    roomy.change("P1", endpoint="e-P3")
    if code == "P3":
        answers(roomy, question, said, code="P3")
    roomy.run()
    assert "return-foreign" not in roomy.anomalies()
    known = json.loads(roomy.rows(schema.chase)[0].known)
    assert known["status"] == said
    assert (roomy.rows(schema.lot)[0].account == "rejected") == (said == "refused")


@pytest.mark.parametrize(
    "content",
    [
        b'"x": ' + b"[" * 30_000,
        b'"question": "\\ud800", "ask": "status", "lot": "", "sender": "", '
        b'"said": "unknown"}',
        b'"question": "\\u0000", "ask": "status", "lot": "", "sender": "", '
        b'"said": "unknown"}',
        b'"question": [1], "ask": {}, "lot": 5, "sender": null, "said": []}',
    ],
    ids=["deep", "half-a-character", "nul", "types"],
)
def test_a_crafted_file_is_kept_and_stops_nothing(late: Site, content: bytes) -> None:
    """A person is told, and what comes after it is read."""
    question = status_asked(late)
    late.payer("P1").answer("a.json", b'{"octway": "desk-answer", ' + content)
    answers(late, question, "received")
    late.run()
    assert sorted(late.states(schema.payer_return)) == ["matched", "unreadable"]
    assert late.anomalies()["return-unreadable"] == "open"


@pytest.mark.parametrize("said", ["refused", "unknown", "DUPONT Jeanne"])
def test_a_payers_free_text_stays_in_its_file(late: Site, said: str) -> None:
    """No event, anomaly or answer tells what a desk wrote about a patient."""
    question = status_asked(late)
    answers(late, question, said, words="Mme DUPONT Jeanne")
    answers(late, question, "refused", lot="DUPONT", words="Mme DUPONT Jeanne")
    late.run()
    told = (schema.event, schema.anomaly, schema.answer, schema.remedy)
    assert "DUPONT" not in str([late.rows(table) for table in told])


def test_an_old_word_on_an_enrolment_does_not_undo_a_newer_one(late: Site) -> None:
    """Refused first, then known: who reads the refusal again learns nothing from it."""
    first, second = enrolment_asked_twice(late)
    answers(late, first, Enrolled.REFUSED)
    late.run()
    refusal = late.rows(schema.payer_return)[-1].id
    answers(late, second, Enrolled.YES)
    late.run()
    assert late.states(schema.enrolment) == ["open"]
    late.gateway.database.write(
        "replay", lambda tx: replay.payer_return(tx, refusal, by="lea")
    )
    answers(late, first, Enrolled.REFUSED, words="a reminder")
    late.run()
    assert late.states(schema.enrolment) == ["open"]


@pytest.mark.parametrize("newer", [Enrolled.YES, Enrolled.REFUSED])
def test_words_on_an_enrolment_may_come_in_any_order(
    late: Site, newer: Enrolled
) -> None:
    """What was so when it was asked last counts, whichever answer comes first."""
    older = {Enrolled.YES: Enrolled.REFUSED, Enrolled.REFUSED: Enrolled.YES}[newer]
    first, second = enrolment_asked_twice(late)
    answers(late, second, newer)
    late.run("collect", "match")
    answers(late, first, older)
    late.run("collect", "match")
    stands = {Enrolled.YES: "open", Enrolled.REFUSED: "absent"}[newer]
    assert late.states(schema.enrolment) == [stands]


def test_a_desk_may_say_yes_to_what_it_had_put_off(late: Site) -> None:
    """It answers one question twice, and the second time it has registered the sender."""
    first, _ = enrolment_asked_twice(late)
    answers(late, first, Enrolled.REQUESTED)
    late.run()
    answers(late, first, Enrolled.YES)
    late.run()
    assert late.states(schema.enrolment) == ["open"]


@pytest.mark.parametrize("stated", [EnrolmentState.OPEN, EnrolmentState.REQUESTED])
def test_what_staff_said_since_the_question_counts(
    late: Site, stated: EnrolmentState
) -> None:
    """An answer to an older question does not undo it; only a yes is good news still."""
    first, second = enrolment_asked_twice(late)
    late.at += 60
    said = Stated(late.networks["toy"], "S1", "payer-P1", "billing", stated)
    late.gateway.database.write(
        "say", lambda tx: enrolments.state_all(tx, [said], source="staff")
    )
    answers(late, second, Enrolled.REFUSED)
    late.run("collect", "match")
    assert late.states(schema.enrolment) == [stated]
    answers(late, first, Enrolled.YES)
    late.run("collect", "match")
    assert late.states(schema.enrolment) == ["open"]


def enrolment_asked_twice(site: Site) -> tuple[Question, Question]:
    """Let the chase ask its payer for an enrolment, and again when nothing is said."""
    site.change("P1", playbook=Playbook(remedies=(*DEFAULT[2:5], DEFAULT[-1])))
    answers(site, status_asked(site), "unknown")
    site.run()
    while True:
        site.at += DAY / 2
        site.run()
        asked = [each for each in questions(site) if each.ask is Ask.ENROLMENT]
        if len(asked) > 1:
            first, second = sorted(asked, key=lambda each: each.id)
            return first, second


def test_a_refused_enrolment_is_not_asked_for_again_at_once(late: Site) -> None:
    """However quickly, and often, a desk refuses: the playbook's wait is waited."""
    late.change("P1", playbook=Playbook(remedies=(*DEFAULT[2:5], DEFAULT[-1])))
    answers(late, status_asked(late), "unknown")
    late.run()
    (asked,) = [each for each in questions(late) if each.ask is Ask.ENROLMENT]
    for words in ("no", "no, as we said", "no again"):
        late.at += 3600
        answers(late, asked, Enrolled.REFUSED, words=words)
        late.run()
    assert [each.ask for each in questions(late)].count(Ask.ENROLMENT) == 1
    late.at += 3 * DAY
    late.run()
    assert [each.ask for each in questions(late)].count(Ask.ENROLMENT) == 2


def test_an_answer_to_an_old_question_does_not_hasten_the_next_sending(
    site: Site,
) -> None:
    """Asked before the file went again: what it brings is awaited all the same."""
    site.change(
        "P1",
        desk=DeskEntry(answers=("status",)),
        delivery=evolve(site.entries["P1"].delivery, resend_same_number=True),
        playbook=Playbook(
            remedies=(DEFAULT[2]._replace(most=1), DEFAULT[5], DEFAULT[-1])
        ),
    )
    site.deposit(ONE_LOT)
    site.run()
    question = status_asked(site)
    while billing(site) < 2:
        site.at += DAY / 4
        site.run()
    site.at += 600
    answers(site, question, "unknown")
    site.run()
    site.run()
    assert billing(site) == 2

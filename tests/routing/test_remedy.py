"""What is done about a missing answer is safe, bounded, and helps."""

from __future__ import annotations

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from config.directory_records import (
    DESK_ANSWERS,
    REMEDIES,
    DeskEntry,
    Playbook,
    RemedyEntry,
    Within,
)
from config.playbook_files import DEFAULT
from routing.chase import Known, Status
from routing.enrolment import EnrolmentState
from routing.remedy import (
    SENDS_AGAIN,
    WORDS,
    Next,
    Remedy,
    Standing,
    helps_still,
    next_remedy,
)

BOOK = Playbook(remedies=DEFAULT)
DESK = DeskEntry(answers=DESK_ANSWERS)
SENT = 1000.0


def standing(**known: object) -> Standing:
    return Standing(**{"since": SENT, "desk": DESK, **known})  # type: ignore[arg-type]


def chased(
    stands: Standing, *tells: tuple[Remedy, Status], start: Known | None = None
) -> list[str]:
    """Follow a chase until a person has it; `tells` is what the desk says when asked."""
    known, at, tried = start or Known(), SENT + 1, list[str]()
    told = dict(tells)
    for _ in range(100):
        found = next_remedy(BOOK, known, stands)
        if found.remedy is None or found.remedy is Remedy.PERSON:
            break
        tried.append(found.remedy)
        at += 1
        known = known.after(found.remedy, at)
        if found.remedy in told:
            known = known.told(told[found.remedy], at + 0.5)
        if found.remedy in SENDS_AGAIN:
            stands = evolve(stands, since=at)
    return tried


def test_the_playbooks_words_are_the_remedies() -> None:
    """Every remedy that a file may name is one that is known here, with words."""
    assert set(REMEDIES) == {each.value for each in Remedy} == set(WORDS)


def test_a_file_that_was_lost_is_sent_again_on_the_payers_word() -> None:
    """The payer says that it does not have it, and knows the sender: it goes again."""
    known = Known(enrolled=True)
    tried = chased(standing(), (Remedy.ASK_STATUS, Status.UNKNOWN), start=known)
    assert tried[:4] == ["look-again", "match-again", "ask-status", "resend"]
    assert tried[4:6] == ["ask-status", "resend"]  # it is asked anew before each


def test_nothing_is_sent_again_without_proof() -> None:
    """A payer without a desk that pays what comes twice is never sent anything again."""
    assert chased(standing(desk=DeskEntry())) == ["look-again", "match-again"]
    tried = chased(standing(), (Remedy.ASK_STATUS, Status.RECEIVED))
    assert not SENDS_AGAIN & set(tried)


def test_a_payer_that_recognises_a_number_gets_it_again() -> None:
    """Without a desk, the same file under the same number is the way."""
    tried = chased(standing(desk=DeskEntry(), recognises=True))
    assert tried == ["look-again", "match-again", *["resend"] * 10]


def test_a_return_that_was_lost_is_asked_for() -> None:
    """The payer says that it has answered: it is asked for the return, and nothing sent."""
    tried = chased(standing(recognises=True), (Remedy.ASK_STATUS, Status.ANSWERED))
    assert tried[:4] == ["look-again", "match-again", "ask-status", "ask-return"]
    assert "resend" not in tried


def test_money_is_only_complained_about() -> None:
    """Its claims are decided: nothing that is sent, asked or looked at brings it."""
    money = standing(only_money=True, recognises=True, merged=True, code_over=True)
    start = Known(status=Status.UNKNOWN, status_at=SENT + 1, enrolled=False)
    assert set(chased(money, start=start)) == {"complain"}
    assert chased(evolve(money, desk=DeskEntry()), start=start) == []
    assert not any(helps_still(each, start, money) for each in SENDS_AGAIN)


def test_a_merged_payer_is_followed() -> None:
    """What the old payer does not have goes to its successor, not to the old one again."""
    merged = standing(merged=True, code_over=True)
    tried = chased(merged, (Remedy.ASK_STATUS, Status.UNKNOWN))
    assert tried[2:4] == ["ask-status", "follow-merger"]
    assert "resend" not in tried
    assert "ask-enrolment" not in tried


def test_an_unknown_sender_is_enrolled_before_anything_is_sent_again() -> None:
    """While the payer enrols the sender the lot waits."""
    unknown = standing()
    tried = chased(unknown, (Remedy.ASK_STATUS, Status.UNKNOWN))
    assert tried[2:4] == ["ask-status", "ask-enrolment"]
    requested = standing(enrolment=EnrolmentState.REQUESTED)
    assert next_remedy(BOOK, Known(), requested).remedy is None


def test_large_amounts_need_a_second_person() -> None:
    """Above the playbook's amount what would be sent again waits; questions do not."""
    book = evolve(BOOK, approve_above=10_000)
    known = Known(status=Status.UNKNOWN, status_at=SENT + 1, enrolled=True)
    known = known.after("look-again", SENT).after("match-again", SENT)

    def found(cents: int) -> Next:
        return next_remedy(book, known, standing(asked=cents))

    assert (found(10_000).remedy, found(10_000).approval) == (Remedy.RESEND, False)
    assert (found(10_001).remedy, found(10_001).approval) == (Remedy.RESEND, True)
    denied = known.refused("resend")
    assert next_remedy(book, denied, standing(asked=10_001)).remedy != Remedy.RESEND


entries = st.lists(
    st.builds(
        RemedyEntry,
        do=st.sampled_from(REMEDIES),
        most=st.integers(1, 3),
        wait=st.just(Within(1, 0.0)),
    ),
    max_size=8,
)
standings = st.builds(
    Standing,
    since=st.just(SENT),
    asked=st.integers(0, 10**6),
    acknowledged=st.booleans(),
    merged=st.booleans(),
    code_over=st.booleans(),
    recognises=st.booleans(),
    under_way=st.booleans(),
    desk=st.sets(st.sampled_from(DESK_ANSWERS)).map(
        lambda each: DeskEntry(answers=tuple(each))
    ),
    enrolment=st.none() | st.sampled_from(EnrolmentState),
)
statuses = st.sampled_from(Status)
when = st.sampled_from([0.0, SENT - 1, SENT + 1])


@given(entries, standings, statuses, when)
def test_no_playbook_can_have_a_claim_paid_twice(
    book: list[RemedyEntry], stands: Standing, status: Status, told_at: float
) -> None:
    """Whatever a file says, what sends a claim again has its proof."""
    known = Known(status=status, status_at=told_at)
    found = next_remedy(Playbook(remedies=tuple(book)), known, stands)
    if found.remedy in SENDS_AGAIN:
        absent = status is Status.UNKNOWN and told_at >= SENT
        gone = stands.merged and stands.code_over
        assert absent or gone or stands.recognises
        assert not stands.under_way
        if found.remedy is Remedy.FOLLOW_MERGER:
            assert absent or gone
            assert not stands.acknowledged


@given(standings, statuses)
def test_every_chase_ends_with_a_person(stands: Standing, status: Status) -> None:
    """Nothing is tried for ever, whatever the payer says when it is asked."""
    tried = chased(stands, (Remedy.ASK_STATUS, status))
    most = {entry.do: entry.most for entry in DEFAULT}
    assert all(tried.count(each) <= most[each] for each in tried)

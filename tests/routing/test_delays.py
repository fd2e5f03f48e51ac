"""What is unusual for a payer: its own ways, its network's, or its contract."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from attrs import evolve

from config.directory_records import (
    CalendarEntry,
    CodeEntry,
    Delivery,
    DirectoryData,
    Gather,
    PayerEntry,
    Retry,
)
from routing.delays import Counted, Delays, Key
from routing.directory import Directory
from routing.errors import NoRoute

FIRST = date(2026, 6, 1)  # a Monday
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC).timestamp()
KEY = Key("p", "billing", "payment")
DAY = 86_400.0


def payer(id: str, network: str = "sesam") -> PayerEntry:
    return PayerEntry(
        id=id,
        name=id,
        network=network,
        country="FR",
        time_zone="UTC",
        codes=(CodeEntry(id, None, None, None),),
        endpoint=None,
        flows=(),
        enrolment=False,
        rules={},
        gather=Gather(max_lots=1, max_claims=1, max_size=1, wait=0.0),
        delivery=Delivery(
            windows=(),
            concurrency=1,
            retry=Retry(first=1.0, factor=1.0, max=1.0, give_up_after=1.0),
            resend_same_number=False,
        ),
        expects=(),
        calendar=CalendarEntry(),
    )


def directory(*more: PayerEntry) -> Directory:
    return Directory(
        DirectoryData(payers=(payer("p"), *more), endpoints=(), tables={}, sources={})
    )


def sendings(
    days: int,
    took: int,
    *,
    claims: int = 30,
    answered: int = 20,
    payer: str = "p",
    first: date = FIRST,
    chased: int = 0,
) -> Iterator[Counted]:
    """Claims sent on working days; of each day so many are answered after `took` days."""
    day = first
    for _ in range(days):
        while day.weekday() > 4:
            day += timedelta(days=1)
        its = (payer, "billing", "payment", day.isoformat())
        yield Counted(*its, -1, 0, claims)
        yield Counted(*its, took, chased, answered)
        day += timedelta(days=1)


def usual(delays: Delays, *, due: float, key: Key = KEY) -> float | None:
    found = delays.usual_at(key, sent_at=NOW, due_at=NOW + due * DAY)
    return None if found is None else (found - NOW) / DAY


def test_a_payer_that_is_known_well_is_late_by_its_own_ways() -> None:
    """Ten days by contract, but a week is its rule: a working day more is unusual."""
    delays = Delays(sendings(60, 7), directory(), NOW)
    found = delays.learned(KEY)
    assert found is not None
    assert (found.own, found.unusual, found.proven) == (True, 6, True)
    assert usual(delays, due=20) == pytest.approx(8.6, abs=0.1)  # over one weekend
    assert usual(delays, due=3) == usual(delays, due=20)


def test_a_payer_seen_a_little_may_be_later_than_its_contract_never_earlier() -> None:
    """Ten days of answers suggest a delay, and prove none."""
    delays = Delays(sendings(10, 7), directory(), NOW)
    found = delays.learned(KEY)
    assert found is not None
    assert not found.proven
    assert usual(delays, due=20) == 20
    assert usual(delays, due=3) == pytest.approx(8.6, abs=0.1)


def test_a_payer_that_is_new_goes_by_its_network() -> None:
    """Its neighbours' ways may postpone what is late, for the same flow and kind."""
    known = directory(payer("other"), payer("far", "ramq"))
    delays = Delays(sendings(60, 7, payer="other"), known, NOW)
    found = delays.learned(KEY)
    assert found is not None
    assert not found.own
    assert usual(delays, due=3) == pytest.approx(8.6, abs=0.1)
    assert usual(delays, due=20) == 20
    assert usual(delays, due=3, key=Key("far", "billing", "payment")) is None
    assert usual(delays, due=3, key=Key("p", "billing", "arl")) is None


def test_few_own_answers_weigh_what_they_are() -> None:
    """Two days of own answers are nearly half of what counts; the network the rest."""
    own = list(sendings(2, 14, answered=5000, claims=5000))
    others = list(sendings(60, 7, payer="other"))
    delays = Delays([*own, *others], directory(payer("other")), NOW)
    found = delays.learned(KEY)
    assert found is not None
    assert found.curve.within(5) == pytest.approx(10 / 50, abs=0.05)


def test_nothing_is_learned_of_what_was_sent_yesterday() -> None:
    """Quick answers alone are no proof that the slow ones will not come."""
    recent = date(2026, 11, 9)
    delays = Delays(sendings(10, 2, first=recent), directory(), NOW)
    found = delays.learned(KEY)
    assert found is None or not found.proven
    only_today = [Counted("p", "billing", "payment", "2026-11-24", -1, 0, 900)]
    assert Delays(only_today, directory(), NOW).seen() == []


def test_answers_after_a_remedy_do_not_make_a_payer_slow() -> None:
    """A third of its claims is only answered once it was chased, a month later."""
    rows = list(sendings(60, 3))
    rows += [
        row._replace(after=35, chased=1, claims=10) for row in rows if row.after == 3
    ]
    found = Delays(rows, directory(), NOW).learned(KEY)
    assert found is not None
    assert found.unusual <= 4


def test_words_say_what_is_usual_and_where_this_one_is() -> None:
    """A person reads the delay of the payer, and that of the case."""
    delays = Delays(sendings(60, 4), directory(), NOW)
    said = delays.words(KEY, sent_on=date(2026, 11, 16), today=date(2026, 11, 24))
    assert said is not None
    assert said.startswith("95 % of its answers came within ")
    assert said.endswith(" working days; this one is at 6")


def test_a_payer_that_has_left_teaches_nothing() -> None:
    """Its rows stay, and nobody goes by them."""
    gone = directory(evolve(payer("q")))
    delays = Delays(sendings(60, 4, payer="gone"), gone, NOW)
    assert delays.seen() == []
    with pytest.raises(NoRoute):
        delays.usual_at(Key("gone", "", ""), sent_at=NOW, due_at=NOW)


def test_a_change_is_told_once_it_is_beyond_chance() -> None:
    """Two weeks at twice the delay are said; the same as ever is not."""
    before = list(sendings(100, 3))
    lately = list(sendings(12, 10, first=date(2026, 11, 2)))
    rows = [row for row in before if row.sent_on < "2026-11-02"]
    steady = Delays(before, directory(), NOW)
    slower = Delays([*rows, *lately], directory(), NOW).drift(KEY)
    assert steady.drift(KEY) is None
    assert slower is not None
    assert slower.words.startswith("slower for two weeks: 0 % of its claims")
    assert Delays([], directory(), NOW).drift(KEY) is None

"""Who a code means on a day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from config.directory_records import (
    CalendarEntry,
    CodeEntry,
    Delivery,
    DirectoryData,
    EndpointEntry,
    Gather,
    PayerEntry,
    Retry,
)
from routing.directory import Directory
from routing.errors import NoRoute

TODAY = date(2026, 11, 30)
START = date(2000, 1, 1)


def payer(id: str, *codes: CodeEntry, endpoint: str | None = "here") -> PayerEntry:
    return PayerEntry(
        id=id,
        name=id,
        network="sesam",
        country="FR",
        time_zone="Europe/Paris",
        codes=codes,
        endpoint=endpoint,
        flows=("billing",),
        enrolment=False,
        rules={},
        gather=Gather(50, 5000, 5_000_000, 0.0),
        delivery=Delivery(
            windows=(),
            concurrency=1,
            retry=Retry(30, 2, 3600, 86_400),
            resend_same_number=False,
        ),
        expects=(),
        calendar=CalendarEntry(country="FR"),
    )


def directory(*payers: PayerEntry) -> Directory:
    here = EndpointEntry(id="here", channel="sftp", simulated=True, settings={})
    return Directory(
        DirectoryData(
            payers=payers,
            endpoints=(here,),
            tables={"sesam": {"t": ({"a": "1"},)}},
            sources={each.id: str(each) for each in payers},
        )
    )


def cause(found: pytest.ExceptionInfo[NoRoute]) -> str:
    return found.value.cause


def test_a_code_leads_to_its_payer() -> None:
    """The plain case: one code, one payer, always."""
    found = directory(payer("a", CodeEntry("01001", None, None, None)))
    route = found.lookup("sesam", "01001", TODAY)
    assert (route.payer.id, route.code, route.through) == ("a", "01001", ("01001",))


def test_an_unknown_code_names_what_is_alike() -> None:
    """The message holds the code and the codes of the same scheme that exist."""
    found = directory(
        payer("a", CodeEntry("01001", None, None, None)),
        payer("b", CodeEntry("02001", None, None, None)),
    )
    with pytest.raises(NoRoute, match=r"code '01009'; the directory has: 01001;") as e:
        found.lookup("sesam", "01009", TODAY)
    assert cause(e) == "unknown-payer"
    with pytest.raises(NoRoute, match="no payer of other"):
        found.lookup("other", "01001", TODAY)


def test_a_code_outside_its_days_names_them() -> None:
    """Closed without a successor: the message holds code, day and what exists."""
    entry = CodeEntry("01001", date(2001, 1, 1), date(2019, 12, 31), None)
    found = directory(payer("a", entry))
    assert found.lookup("sesam", "01001", date(2019, 12, 31)).payer.id == "a"
    for day in (date(2000, 12, 31), date(2020, 1, 1)):
        with pytest.raises(
            NoRoute, match=rf"on {day}; it is of: a from 2001-01-01 until 2019-12-31"
        ) as e:
            found.lookup("sesam", "01001", day)
        assert cause(e) == "payer-closed"


def test_a_code_that_changed_hands_means_who_has_it_that_day() -> None:
    """Two payers had the code, one after the other."""
    found = directory(
        payer("old", CodeEntry("01001", None, date(2019, 12, 31), "01002")),
        payer("new", CodeEntry("01001", date(2022, 1, 1), None, None)),
        payer("heir", CodeEntry("01002", None, None, None)),
    )
    days = (date(2019, 1, 1), date(2021, 1, 1), date(2022, 1, 1))
    owners = [found.lookup("sesam", "01001", day).payer.id for day in days]
    assert owners == ["old", "heir", "new"]


@given(length=st.integers(0, 15), day=st.integers(0, 8000), data=st.data())
def test_mergers_of_mergers_lead_to_the_payer_of_the_day(
    length: int, day: int, data: st.DataObject
) -> None:
    """However many funds merged, each day has the one payer that is alive."""
    ends = sorted(
        data.draw(
            st.lists(
                st.integers(0, 8000), min_size=length, max_size=length, unique=True
            )
        )
    )
    payers = [
        payer(
            f"p{place}",
            CodeEntry(f"{place:05}", None, START + timedelta(end), f"{place + 1:05}"),
        )
        for place, end in enumerate(ends)
    ]
    payers.append(payer(f"p{length}", CodeEntry(f"{length:05}", None, None, None)))
    alive = next((place for place, end in enumerate(ends) if day <= end), length)
    route = directory(*payers).lookup("sesam", "00000", START + timedelta(day))
    assert route.payer.id == f"p{alive}"
    assert route.through == tuple(f"{place:05}" for place in range(alive + 1))


def test_a_chain_that_never_ends_is_refused() -> None:
    """Data that slipped past the loader cannot hang a step."""
    ended = date(2019, 12, 31)
    found = directory(
        payer("a", CodeEntry("1", None, ended, "2"), CodeEntry("2", None, ended, "1"))
    )
    with pytest.raises(NoRoute, match="more than 16 successors") as e:
        found.lookup("sesam", "1", TODAY)
    assert cause(e) == "payer-closed"


def test_a_route_takes_the_first_code_that_works() -> None:
    """Weaker codes are tried in order; the error is that of the best one."""
    found = directory(
        payer("a", CodeEntry("01001", None, None, None)),
        payer("b", CodeEntry("01002", None, None, None), endpoint=None),
    )
    route = found.route("sesam", ["01009", "01002", "01001"], TODAY)
    assert route.payer.id == "a"
    with pytest.raises(NoRoute, match="01009") as e:
        found.route("sesam", ["01009", "01002"], TODAY)
    assert cause(e) == "unknown-payer"
    with pytest.raises(NoRoute, match="payer 'b' has no endpoint") as e:
        found.route("sesam", ["01002"], TODAY)
    assert cause(e) == "no-endpoint"
    with pytest.raises(NoRoute, match="no destination") as e:
        found.route("sesam", [], TODAY)
    assert cause(e) == "no-destination"


def test_payers_endpoints_tables_and_codes_by_name() -> None:
    """What the console lists can be looked up, and an unknown name says what is."""
    a = payer("a", CodeEntry("01001", None, None, None))
    found = directory(a, evolve(payer("b"), endpoint="gone"))
    assert found.payer("a") == a
    assert found.payers()[0] == a
    assert found.calendar("a").works(date(2026, 11, 30))
    assert found.endpoint_of(a).channel == "sftp"
    assert found.table("sesam", "t") == ({"a": "1"},)
    assert found.table("sesam", "x") == ()
    assert set(found.tables("sesam")) == {"t"}
    assert found.code_of(a, TODAY) == "01001"
    with pytest.raises(NoRoute, match="it has: a, b"):
        found.payer("c")
    with pytest.raises(NoRoute, match="no endpoint 'gone'; it has: here"):
        found.endpoint_of(found.payer("b"))
    with pytest.raises(NoRoute, match="no code that is valid"):
        found.code_of(found.payer("b"), TODAY)


def test_payers_that_work_on_the_same_days_share_what_is_counted_of_them() -> None:
    """A national table brings a thousand funds; their days are counted once."""
    closed = evolve(payer("c"), calendar=CalendarEntry(country="FR", weekend=(4, 5, 6)))
    abroad = evolve(payer("d"), time_zone="Europe/Brussels")
    found = directory(payer("a"), payer("b"), closed, abroad)
    assert found.calendar("a") is found.calendar("b")
    assert len({found.calendar(each) for each in "abcd"}) == 3

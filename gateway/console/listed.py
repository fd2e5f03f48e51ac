"""Lists of deposits, lots, answers owed, dispatches and returns, one screen at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from attrs import frozen

from gateway.api import cursors
from gateway.api.routes import Answer
from gateway.console.pages import Page, get
from gateway.console.places import place
from gateway.console.visit import Visit
from gateway.console.voice import Spoken
from gateway.journal import lists, today
from gateway.journal.lists import Period
from routing.lifecycle import (
    DepositState,
    DispatchState,
    ExpectationState,
    LotState,
    ReturnState,
)

SCREEN: Final = 50
_TODAY: Final = "today"
_WAITING: Final = "waiting"
_DAY: Final = timedelta(days=1)
Row = Any


@frozen(kw_only=True)
class Listing:
    """One kind of list: what may be filtered by, and where each row is left at."""

    name: str
    title: str
    filters: Sequence[str]
    states: Sequence[str]
    key: Callable[[Row], tuple[Any, ...]]
    shape: tuple[type, ...] = (float, str)


DEPOSITS: Final = Listing(
    name="deposits",
    title="Deposits",
    filters=("client", "state", "since", "until"),
    states=tuple(DepositState),
    key=lambda row: (row.received_at, row.id),
)
LOTS: Final = Listing(
    name="lots",
    title="Lots",
    filters=("payer", "client", "sender", "state", "since", "until"),
    states=tuple(LotState),
    key=lambda row: (row.created_at, row.id),
)
DISPATCHES: Final = Listing(
    name="dispatches",
    title="Dispatches",
    filters=("payer", "state", "since", "until"),
    states=(_WAITING, *DispatchState),
    key=lambda row: (row.created_at, row.id),
)
RETURNS: Final = Listing(
    name="returns",
    title="Returns",
    filters=("payer", "state", "since", "until"),
    states=tuple(ReturnState),
    key=lambda row: (row.collected_at, row.id),
)
OWED: Final = Listing(
    name="owed",
    title="Answers owed",
    filters=("payer", "client", "state", "kind", "until"),
    states=tuple(lists.OWED),
    key=lambda row: (row.due_at, row.lot_id, row.kind, row.dispatch_id),
    shape=(float, str, str, str),
)
_ALSO: Final = ("deposit", "dispatch", "cause")
"""What links narrow a list of lots to, and no field of its form does."""


def pages() -> list[Page]:
    """List the pages of it."""
    return [
        get("/deposits", deposits),
        get("/lots", lots),
        get("/owed", owed),
        get("/dispatches", dispatches),
        get("/returns", returns),
    ]


async def deposits(visit: Visit) -> Answer:
    """List what clients sent."""
    rows = await visit.ask(
        lists.deposits,
        limit=SCREEN + 1,
        after=_after(visit, DEPOSITS),
        period=_period(visit),
        client=_given(visit, "client"),
        state=_given(visit, "state"),
    )
    return _page(visit, DEPOSITS, rows)


async def lots(visit: Visit) -> Answer:
    """List lots."""
    rows = await visit.ask(
        lists.lots,
        limit=SCREEN + 1,
        after=_after(visit, LOTS),
        period=_period(visit),
        client=_given(visit, "client"),
        payer=_given(visit, "payer"),
        sender=_given(visit, "sender"),
        state=_given(visit, "state"),
        cause=_given(visit, "cause"),
        deposit=_given(visit, "deposit"),
        dispatch=_given(visit, "dispatch"),
    )
    return _page(visit, LOTS, rows)


async def dispatches(visit: Visit) -> Answer:
    """List what was made for payers."""
    state = _given(visit, "state")
    states: Sequence[str] | None = None if state is None else (state,)
    rows = await visit.ask(
        lists.dispatches,
        limit=SCREEN + 1,
        after=_after(visit, DISPATCHES),
        period=_period(visit),
        payer=_given(visit, "payer"),
        states=lists.WAITING if state == _WAITING else states,
    )
    return _page(visit, DISPATCHES, rows)


async def returns(visit: Visit) -> Answer:
    """List what payers sent."""
    rows = await visit.ask(
        lists.returns,
        limit=SCREEN + 1,
        after=_after(visit, RETURNS),
        period=_period(visit),
        payer=_given(visit, "payer"),
        state=_given(visit, "state"),
    )
    return _page(visit, RETURNS, rows)


async def owed(visit: Visit) -> Answer:
    """List answers that are owed, those overdue for longest first."""
    state = visit.query.get("state")
    rows = await visit.ask(
        lists.owed,
        limit=SCREEN + 1,
        after=_after(visit, OWED),
        payer=_given(visit, "payer"),
        client=_given(visit, "client"),
        state=state if state in lists.OWED else ExpectationState.LATE,
        kind=_given(visit, "kind"),
        before=_period(visit).until,
    )
    return _page(visit, OWED, rows)


def _page(visit: Visit, of: Listing, rows: Sequence[Row]) -> Answer:
    query = visit.query
    wanted = {name: query.get(name) for name in of.filters}
    if of is OWED and wanted["state"] not in lists.OWED:
        wanted["state"] = ExpectationState.LATE
    also = query.kept(*_ALSO) if of is LOTS else {}
    following = ""
    if len(rows) > SCREEN:
        following = cursors.write(of.name, of.key(rows[SCREEN - 1]))
    return visit.page(
        f"list_{of.name}.html",
        of=of,
        rows=rows[:SCREEN],
        wanted=wanted,
        also=also,
        kept=query.kept(*of.filters) | also,
        following=following,
        begun=bool(query.get("after")),
        payers=visit.premises.house.directory().payers(),
        place=place,
        size=Spoken(visit).size,
    )


def _given(visit: Visit, name: str) -> str | None:
    return visit.query.get(name) or None


def _after(visit: Visit, of: Listing) -> Any:
    return cursors.read(of.name, visit.query.get("after"), of.shape)


def _period(visit: Visit) -> Period:
    """Read from which day to which; a day that is none leaves nothing out."""
    since, until = (_day(visit, name) for name in ("since", "until"))
    return Period(
        None if since is None else _begins(visit, since),
        None if until is None else _begins(visit, until + _DAY),
    )


def _day(visit: Visit, name: str) -> date | None:
    text = visit.query.get(name)
    zone = visit.premises.zone
    if text == _TODAY:
        return datetime.fromtimestamp(today.midnight(visit.now, zone), zone).date()
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1 < found.year < date.max.year else None


def _begins(visit: Visit, day: date) -> float:
    zone = visit.premises.zone
    return datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()

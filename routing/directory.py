"""Who a code means on a day, and how that payer is reached.

Lookups are dictionary look-ups, so a lot of a large deposit costs no more than
the first.  The decision that surprises: a code of a closed or merged fund is
not an error; its successors are followed, by the dates in the directory, to the
payer of today, and the route says through which codes it came.

Every payer has a twin in the sandbox of each test client, made when it is asked for by
a name of the sandbox (`routing.sandbox`): from there only twins are found, and never
from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from config.directory_records import (
    CalendarEntry,
    CodeEntry,
    DirectoryData,
    EndpointEntry,
    PayerEntry,
    Rows,
)
from config.sandbox_file import sandbox
from routing import sandbox_twin
from routing.calendar import WorkCalendar
from routing.envelope import AnswerKind, Level
from routing.errors import NoRoute
from routing.expectation import AnswerOrder
from routing.sandbox import Scoped, base, read

_LONGEST_CHAIN = 16  # mergers of mergers of mergers; a circle is refused at loading


class Route(NamedTuple):
    """A payer, its code of the day, and the codes that led there, asked one first.

    `through` has one code more for each merger; two or more mean a successor.
    """

    payer: PayerEntry
    code: str
    through: tuple[str, ...]


class _Holder(NamedTuple):
    payer: PayerEntry
    entry: CodeEntry


def _calendars(payers: Iterable[PayerEntry]) -> dict[str, WorkCalendar]:
    """Return each payer's calendar; payers that work on the same days share one."""
    made: dict[tuple[CalendarEntry, str], WorkCalendar] = {}
    found: dict[str, WorkCalendar] = {}
    for payer in payers:
        days = payer.calendar, payer.time_zone
        if days not in made:
            made[days] = WorkCalendar(*days)
        found[payer.id] = made[days]
    return found


class Directory:
    """One version of the payer directory, ready for look-ups; never changes."""

    def __init__(self, data: DirectoryData) -> None:
        self.data = data
        self.version = data.version
        self._payers = {payer.id: payer for payer in data.payers}
        self._endpoints = {endpoint.id: endpoint for endpoint in data.endpoints}
        self._calendars = _calendars(data.payers)
        self._orders = {
            network: AnswerOrder(
                [AnswerKind(kind, Level(level), by_bank) for kind, level, by_bank in of]
            )
            for network, of in data.kinds.items()
        }
        self._twins: dict[str, PayerEntry] = {}  # made when first asked for
        self._codes: dict[tuple[str, str], list[_Holder]] = {}
        for payer in data.payers:
            for entry in payer.codes:
                holders = self._codes.setdefault((payer.network, entry.code), [])
                holders.append(_Holder(payer, entry))

    def payers(self) -> tuple[PayerEntry, ...]:
        """Return every payer, in the order of their files."""
        return self.data.payers

    def payer(self, id: str) -> PayerEntry:
        """Return a payer by its id, or raise `NoRoute` (`unknown-payer`)."""
        if (scoped := read(id)) is not None:
            if id not in self._twins:
                real = self.payer(scoped.base)
                self._twins[id] = sandbox_twin.twin(
                    real,
                    scoped.client,
                    sandbox(),
                    by_bank=self.answers_of(real.network).money(),
                )
            return self._twins[id]
        try:
            return self._payers[id]
        except KeyError:
            known = ", ".join(sorted(self._payers)) or "none"
            raise NoRoute(
                "unknown-payer", f"the directory has no payer {id!r}; it has: {known}"
            ) from None

    def calendar(self, id: str) -> WorkCalendar:
        """Return the calendar of a payer by the payer's id."""
        payer = self.payer(id)
        if read(id) is not None:
            return WorkCalendar(payer.calendar, payer.time_zone)
        return self._calendars[payer.id]

    def answers_of(self, network: str) -> AnswerOrder:
        """Return the answers that a network's payers give, in their order."""
        return self._orders.get(base(network), AnswerOrder())

    def endpoint(self, id: str) -> EndpointEntry:
        """Return an endpoint by its id, or raise `NoRoute` (`no-endpoint`)."""
        if read(id) is not None:
            return sandbox_twin.endpoint(self.payer(id).id)
        try:
            return self._endpoints[id]
        except KeyError:
            known = ", ".join(sorted(self._endpoints)) or "none"
            raise NoRoute(
                "no-endpoint", f"the directory has no endpoint {id!r}; it has: {known}"
            ) from None

    def endpoint_of(self, payer: PayerEntry) -> EndpointEntry:
        """Return how a payer is reached, or raise `NoRoute` (`no-endpoint`)."""
        if payer.endpoint is None:
            raise NoRoute(
                "no-endpoint",
                f"payer {payer.id!r} has no endpoint; give it one in its file",
            )
        return self.endpoint(payer.endpoint)

    def table(self, network: str, name: str) -> Rows:
        """Return the rows of a network's table; none where there is no such table."""
        return self.data.tables.get(base(network), {}).get(name, ())

    def tables(self, network: str) -> Mapping[str, Sequence[Mapping[str, str]]]:
        """Return every table of a network, by name."""
        return self.data.tables.get(base(network), {})

    def code_of(self, payer: PayerEntry, on: date) -> str:
        """Return the first code that is the payer's on that day.

        Raises `NoRoute` (`payer-closed`) when it has none.
        """
        for entry in payer.codes:
            if entry.covers(on):
                return entry.code
        raise NoRoute(
            "payer-closed", f"payer {payer.id!r} has no code that is valid on {on}"
        )

    def lookup(self, network: str, code: str, on: date) -> Route:
        """Return the payer that answers for a code on a day.

        Raises `NoRoute`: `unknown-payer` for a code that nobody ever had,
        `payer-closed` for one that is over, or not begun, without a successor.
        """
        if (scoped := read(network)) is not None:
            found = self.lookup(scoped.base, code, on)
            payer = self.payer(Scoped(scoped.client, found.payer.id).name)
            return found._replace(payer=payer)
        through = [code]
        while len(through) <= _LONGEST_CHAIN:
            holders = self._codes.get((network, through[-1]))
            if holders is None:
                raise NoRoute("unknown-payer", self._unknown(network, through[-1]))
            for payer, entry in holders:
                if entry.covers(on):
                    return Route(payer, entry.code, tuple(through))
            heir = _heir(holders, on)
            if heir is None:
                raise NoRoute("payer-closed", _closed(network, through, holders, on))
            through.append(heir)
        raise NoRoute(
            "payer-closed",
            f"code {code!r} of {network} has more than {_LONGEST_CHAIN} successors: "
            f"{' -> '.join(through)}; name the last one as its successor",
        )

    def route(self, network: str, codes: Iterable[str], on: date) -> Route:
        """Return the payer for the first of the codes that leads to one with an endpoint.

        Raises `NoRoute` with the cause of the first code, the best one;
        `no-destination` when there is no code at all.
        """
        refused: NoRoute | None = None
        for code in codes:
            try:
                found = self.lookup(network, code, on)
                self.endpoint_of(found.payer)
            except NoRoute as error:
                refused = refused or error
            else:
                return found
        raise refused or NoRoute(
            "no-destination",
            f"the lot names no destination that a rule or table of {network} knows",
        )

    def _unknown(self, network: str, code: str) -> str:
        close = sorted(
            known
            for of, known in self._codes
            if of == network and known[:2] == code[:2]
        )
        near = ", ".join(close[:8]) or "none alike"
        return (
            f"no payer of {network} has code {code!r}; the directory has: {near}; "
            "add the code, or a payer with it"
        )


def _heir(holders: Sequence[_Holder], on: date) -> str | None:
    """Return the successor named by the entry that ended last before a day."""
    ended = [
        entry
        for _, entry in holders
        if entry.valid_until is not None and entry.valid_until < on
    ]
    if not ended:
        return None
    return max(ended, key=lambda entry: entry.valid_until or date.min).successor


def _closed(
    network: str, through: Sequence[str], holders: Sequence[_Holder], on: date
) -> str:
    spans = "; ".join(
        f"{payer.id} from {entry.valid_from or 'ever'} until {entry.valid_until or 'now'}"
        for payer, entry in holders
    )
    return (
        f"code {' -> '.join(through)} of {network} is nobody's on {on}; it is of: "
        f"{spans}; name its successor in the directory"
    )

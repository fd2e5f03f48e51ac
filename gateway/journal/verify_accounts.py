"""Proves the accounts from the stored files: what was asked, what was answered, where it led.

Nothing that the steps wrote down is believed.  Deposits and returns are read again
and compared with their rows; then each claim's account is derived anew from the
answers that it was tied to, and compared with where it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection, func, select

from gateway.journal import schema, verify_deposits, verify_returns
from gateway.journal.prepared import Prepared, given
from gateway.journal.verify import Progress, Verdict, consistent
from gateway.storage.payloads import Payloads
from protocols.interface import Network
from routing.derivation import REPLAYED, Anew, Derived, Word, derive
from routing.envelope import Level, Outcome
from routing.ledger import ANSWERED, Account
from routing.lifecycle import DepositState, LotState
from routing.matching import Rule

_AT_ONCE: Final = 200
_MOST: Final = 10_000  # breaks that are told; nobody reads more
_BY_KEY: Final = frozenset(
    {
        Rule.EXACT,
        Rule.WEAKER_KEY,
        Rule.SENDER,
        Rule.AMOUNT,
        Rule.MADE_ON,
        Rule.UNANSWERED,
        Rule.NEWEST,
    }
)

Dated = tuple[tuple[Any, ...], Word | Anew]


def accounts(
    connection: Connection,
    stored: Payloads,
    networks: Mapping[str, Network],
    progress: Progress,
) -> Verdict:
    """Read every deposit and return again, and derive where each claim must stand."""
    connection = consistent(connection)
    claims = connection.execute(
        select(func.count()).select_from(schema.claim)
    ).scalar_one()
    found = _all(connection, stored, networks, progress)
    breaks = tuple(islice(found, _MOST))
    notes = ("there may be more: it stopped here",) if len(breaks) == _MOST else ()
    return Verdict(check="accounts", checked=claims, breaks=breaks, notes=notes)


def _all(
    connection: Connection,
    stored: Payloads,
    networks: Mapping[str, Network],
    progress: Progress,
) -> Iterator[str]:
    total = verify_deposits.count(connection)
    tell = _teller("deposits read again", total, progress)
    yield from verify_deposits.breaks(connection, stored, networks, tell)
    total = verify_returns.count(connection)
    tell = _teller("returns read again", total, progress)
    yield from verify_returns.breaks(connection, stored, networks, tell)
    lots = select(func.count()).select_from(schema.lot)
    total = connection.execute(lots).scalar_one()
    yield from _accounts(connection, _teller("lots derived", total, progress))


def _teller(what: str, total: int, progress: Progress) -> Callable[[], None]:
    """Make what counts files, and tells now and then."""
    done = 0

    def tell() -> None:
        nonlocal done
        done += 1
        if done % _AT_ONCE == 0 or done == total:
            progress(what, done, total)

    return tell


def _accounts(connection: Connection, tell: Callable[[], None]) -> Iterator[str]:
    lot, deposit = schema.lot, schema.deposit
    rows = connection.execute(
        select(lot.c.id, lot.c.state, lot.c.account, lot.c.errors, lot.c.asked)
        .join(deposit, deposit.c.id == lot.c.deposit_id)
        .where(deposit.c.state == DepositState.SPLIT.value)
        .order_by(lot.c.id)
        .execution_options(yield_per=_AT_ONCE)
    )
    for row in rows:
        yield from _lot(connection, row)
        tell()


def _lot(connection: Connection, lot: Any) -> Iterator[str]:
    its = {"its_id": lot.id}
    whole, own = _words(_WORDS.rows(connection, its))
    replays = [row.at for row in _REPLAYS.rows(connection, its)]
    refused = lot.state == LotState.REFUSED and lot.errors > 0
    for claim in _CLAIMS.rows(connection, its):
        stands = Account(claim.account or lot.account)
        if refused and claim.account is None and stands is Account.REJECTED:
            continue  # by us, for its content, and no payer ever saw it
        possible = list(
            _derive(claim.asked, [*whole, *own.get(claim.seq, ())], replays)
        )
        if not any(_fits(claim, stands, each) for each in possible):
            yield from _broken(
                f"lot {lot.id}, claim {claim.seq}", claim, stands, possible[-1]
            )


def _words(rows: Sequence[Any]) -> tuple[list[Dated], dict[int, list[Dated]]]:
    """Part what was said of a lot as a whole from what was said of each claim.

    Each comes with its place in time: within one transaction answers that keys
    found counted before those that were approximated.
    """
    whole: list[Dated] = []
    own: dict[int, list[Dated]] = {}
    for row in rows:
        found = row.rule not in _BY_KEY
        place = (row.matched_at, 1, row.collected_at, row.return_id, found, row.seq)
        is_whole = row.level == Level.LOT
        word = Word(Outcome(row.outcome), row.asked, row.paid, is_whole)
        if is_whole:
            whole.append((place, word))
        else:
            own.setdefault(row.claim_seq, []).append((place, word))
    return whole, own


def _derive(
    asked: int, words: Sequence[Dated], replays: Sequence[float]
) -> Iterator[Derived]:
    """Derive with replays before, then after, what was said at the very same moment."""
    for side in (0, 2) if replays else (0,):
        dated: list[Dated] = [*words, *(((at, side), REPLAYED) for at in replays)]
        dated.sort(key=lambda each: each[0])
        yield derive(asked, (word for _, word in dated))


def _fits(claim: Any, stands: Account, derived: Derived) -> bool:
    return claim.paid == derived.paid and _stands_right(stands, derived)


def _stands_right(stands: Account, derived: Derived) -> bool:
    if derived.account is None:
        return stands not in ANSWERED
    return stands is derived.account


def _broken(name: str, claim: Any, stands: Account, derived: Derived) -> Iterator[str]:
    if not _stands_right(stands, derived):
        if derived.account is None:
            yield f"{name}: it stands in {stands}, and no answer put it there"
        else:
            yield (
                f"{name}: it stands in {stands}, and the answers that it was tied to "
                f"put it into {derived.account}"
            )
    if claim.paid != derived.paid:
        yield (
            f"{name}: {claim.paid} cents are booked as paid, the answers that it was "
            f"tied to pay {derived.paid}"
        )


_WORDS: Final = Prepared(
    select(
        schema.answer.c.return_id,
        schema.answer.c.seq,
        schema.answer.c.level,
        schema.answer.c.outcome,
        schema.answer.c.asked,
        schema.answer.c.paid,
        schema.answer.c.claim_seq,
        schema.answer.c.rule,
        schema.answer.c.matched_at,
        schema.payer_return.c.collected_at,
    )
    .join(schema.payer_return, schema.payer_return.c.id == schema.answer.c.return_id)
    .where(schema.answer.c.lot_id == given("its_id"))
)
_REPLAYS: Final = Prepared(
    select(schema.ledger_move.c.at)
    .where(
        schema.ledger_move.c.lot_id == given("its_id"),
        schema.ledger_move.c.cause.like("replayed by %"),
    )
    .distinct()
)
_CLAIMS: Final = Prepared(
    select(
        schema.claim.c.seq,
        schema.claim.c.asked,
        schema.claim.c.paid,
        schema.claim.c.account,
    )
    .where(schema.claim.c.lot_id == given("its_id"))
    .order_by(schema.claim.c.seq)
)

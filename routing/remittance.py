"""Money that came, tied to the payments that were announced.

A reference need not be one payer's alone: two senders may have a sending of the same
number.  What an amount does not decide is left to a person.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

_LONGEST: Final = 40  # characters of a reference in a text
_SHORTEST: Final = 6
_ATOM: Final = re.compile(r"[^\W_]+|[^\w\s]|_")


class Arrived(NamedTuple):
    """Money that a file says came, in cents, on an ISO day.

    `place` is where the file says it, `keys` every reference that it may name, as
    `payment.reference_key` makes them; `words` is the reference as told, or "".
    """

    place: str
    keys: frozenset[str]
    cents: int
    day: str
    words: str = ""


class Announced(NamedTuple):
    """A payment that was announced; `open`: it has not come."""

    lot: str
    account: str
    reference: str
    key: str
    cents: int
    open: bool = True


class Ruling(StrEnum):
    """What is done with money that came."""

    PAID = "paid"
    DIFFERS = "differs"  # it pays what was announced, with another amount
    UNKNOWN = "unknown"  # nobody announced it
    PAID_BEFORE = "paid-before"
    TWICE = "twice"  # the reference comes again in the file, and no amount decides
    UNCLEAR = "unclear"  # several sendings have the reference, and no amount decides


WORDS: Final = {
    Ruling.PAID: "pays what was announced",
    Ruling.DIFFERS: "pays another amount than was announced",
    Ruling.UNKNOWN: "bears no reference that a payer announced",
    Ruling.PAID_BEFORE: "bears a reference that was paid before",
    Ruling.TWICE: "bears a reference that the file holds more than once, and not its amount",
    Ruling.UNCLEAR: "may be for several lots, and its amount does not say which",
}
"""Each ruling for people."""


class Ruled(NamedTuple):
    """Money that came, and the announced payments that it pays: all of one lot or more."""

    arrived: Arrived
    ruling: Ruling
    pays: tuple[Announced, ...] = ()


def keys_in(text: str) -> frozenset[str]:
    """Return every part of a text that may be a reference, as its key.

    Blanks count for nothing, since banks cut texts into lines; a reference begins and
    ends where a word does.
    """
    atoms = _ATOM.findall(text.upper())
    found = set()
    for first, atom in enumerate(atoms):
        if not atom[0].isalnum():
            continue
        run = ""
        for each in atoms[first:]:
            run += each
            if len(run) > _LONGEST:
                break
            if each[0].isalnum() and len(run) >= _SHORTEST:
                found.add(run)
    return frozenset(found)


def rule(arrived: Sequence[Arrived], announced: Iterable[Announced]) -> list[Ruled]:
    """Say what each of the arrivals pays, in their order; each payment is paid once."""
    known: dict[str, list[Announced]] = {}
    for payment in announced:
        known.setdefault(payment.key, []).append(payment)
    named = [_named(each.keys, known) for each in arrived]
    often = Counter(key for keys in named for key in keys)
    left = {key: [one for one in of if one.open] for key, of in known.items()}
    found = []
    for each, keys in zip(arrived, named, strict=True):
        once = all(often[key] == 1 for key in keys)
        ruled = _one(each, [left[key] for key in keys], once=once)
        for paid in ruled.pays:
            left[paid.key].remove(paid)
        found.append(ruled)
    return found


def shares(cents: int, pays: Sequence[Announced]) -> Iterator[tuple[Announced, int]]:
    """Divide money among the payments that it pays, in their order; the last takes the rest."""
    for each in pays[:-1]:
        share = min(cents, each.cents)
        cents -= share
        yield each, share
    yield pays[-1], cents


def _named(keys: frozenset[str], known: Mapping[str, object]) -> list[str]:
    """Keep the references that are known, and are no mere part of another one."""
    there = sorted(keys & known.keys())
    return [key for key in there if not any(_part_of(key, other) for other in there)]


def _part_of(key: str, other: str) -> bool:
    """Say whether a reference is a longer one's beginning, middle or end."""
    whole = rf"(?<![^\W_]){re.escape(key)}(?![^\W_])"
    return key != other and re.search(whole, other) is not None


def _one(
    arrived: Arrived, of_each: Sequence[Sequence[Announced]], *, once: bool
) -> Ruled:
    if not of_each:
        return Ruled(arrived, Ruling.UNKNOWN)
    everything = [each for of in of_each for each in of]
    if not everything:
        return Ruled(arrived, Ruling.PAID_BEFORE)
    one_lot_each = all(len({each.lot for each in of}) == 1 for of in of_each)
    fitting = {
        each
        for each in _payable(of_each)
        if sum(one.cents for one in each) == arrived.cents
    }
    if len({each[0].lot for each in fitting}) == 1:
        return Ruled(arrived, Ruling.PAID, max(fitting, key=len))
    if not once:
        return Ruled(arrived, Ruling.TWICE)
    if fitting or not one_lot_each or len(of_each) > 1:
        return Ruled(arrived, Ruling.UNCLEAR)
    return Ruled(arrived, Ruling.DIFFERS, tuple(everything))


def _payable(
    of_each: Sequence[Sequence[Announced]],
) -> Iterator[tuple[Announced, ...]]:
    """Yield what one transfer may pay: an account, a lot, or all references it names."""
    if len(of_each) > 1:
        yield tuple(each for of in of_each for each in of)
        return
    for of in of_each:
        for each in of:
            yield (each,)
            yield tuple(other for other in of if other.lot == each.lot)

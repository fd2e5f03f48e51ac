"""A lot on its way to a payer: whom it is meant for, and the file that is made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO, Final, NamedTuple

from attrs import field, frozen

from protocols.payer_finder import SearchStep
from protocols.tables import NO_TABLES, Tables


class LotPart(NamedTuple):
    """A lot to be put into a dispatch: its bytes in the deposit, and its facts."""

    open: Callable[[], BinaryIO]  # the lot's bytes only, from its first to its last
    sender: str
    number: str
    claims: int


@frozen(kw_only=True)
class Destined:
    """Whom a lot is meant for, and how that was found.

    `codes` are those of the payer, best first.  Where a table alone could tell and
    does not, there is none: then `cause` names why, `words` say what stands in the way
    and what to do, and `sought` is what was looked for.
    """

    codes: Sequence[str] = ()
    steps: Sequence[SearchStep] = ()
    cause: str = ""
    words: str = ""
    sought: str = ""


UNDECIDED: Final = "payer-undecided"
"""The cause of a lot for whose payer tables alone could tell, and do not."""


@frozen(kw_only=True)
class Composed:
    """A file made for a payer: its remote name and what it holds.

    `notes` say what in it differs from the lots, as they came and as it is now; they
    name no patient.
    """

    name: str
    size: int
    records: int
    lots: int
    claims: int
    notes: tuple[str, ...] = ()


@frozen(kw_only=True)
class Addressee:
    """The payer as a network's writer needs it.

    `code` is the directory's code of the payer in this network, `rules` the
    network's own settings for it, already checked by `Network.check_rules`;
    `tables` are the directory's tables of this network, by name.
    """

    payer: str
    code: str
    rules: Mapping[str, object] = field(factory=dict)
    tables: Tables = NO_TABLES


@frozen(kw_only=True)
class Emitter:
    """Who we are in this network: from `[network.<name>]` of octway.toml."""

    number: str
    kind: str
    name: str

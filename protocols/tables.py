"""A directory's tables, and a national table as a network reads it for them.

A network that says which tables it can import (`Network.importers`) is asked for
them by `octway payer import`; what is written and what is kept is decided there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from attrs import frozen

from routing.envelope import Problem

Tables = Mapping[str, Sequence[Mapping[str, str]]]
"""Tables of the directory by name: rows, by the names of their columns."""

NO_TABLES: Final[Tables] = MappingProxyType({})
"""Where no directory is at hand; a network falls back on what comes with it."""


class ImportedPayer(NamedTuple):
    """A payer that a table names: its code, and the text of a file for it.

    Its id in that file is the network's name and the code, `sesam-01751`, or `name`
    where a code is no name.
    """

    code: str
    text: str
    name: str = ""


@frozen(kw_only=True)
class Imported:
    """What a national table holds.

    `text` is the directory's own table of so many `rows`, without its remark; `noun`
    says what a row is.  In a problem `record` is a line and `position` a column.
    One problem that is an error refuses all of it, and then there are no rows; a table
    that holds nothing has none either.  `dated`: each row is asked for its days, so
    that a table may take effect on a day to come.
    """

    text: str
    rows: int
    payers: tuple[ImportedPayer, ...]
    version: str
    problems: tuple[Problem, ...]
    noun: str = "destination"
    dated: bool = False


Importer = Callable[[bytes], Imported]
"""Reads a national table; never raises for what it holds."""

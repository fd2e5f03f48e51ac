"""What payers' reject codes mean and what mends them: `causes/NETWORK.toml`.

The files come with the program.  A network without one has codes all the same;
they are told with the payer's own label.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from attrs import frozen

from config.errors import ConfigErrors, Mistake
from config.reader import Table, read_file

_SHIPPED = Path(__file__).parent / "causes"


@frozen(kw_only=True)
class Cause:
    """What a code means, and what mends it.

    A `consequence` is brought about by another code of the same answer; a
    `simulated` one is no real payer's.
    """

    words: str
    advice: str
    consequence: bool = False
    simulated: bool = False


@cache
def known_causes(network: str) -> Mapping[str, Cause]:
    """Return the causes of a network by code; none if it has no file."""
    file = _SHIPPED / f"{network}.toml"
    return read_causes(file) if file.is_file() else {}


def read_causes(file: Path) -> Mapping[str, Cause]:
    """Read a file of causes, or raise `ConfigErrors` with every mistake in it."""
    mistakes: list[Mistake] = []
    root = read_file(file, mistakes)
    found = {code: _read(root.table(code)) for code in root.data}
    if mistakes:
        raise ConfigErrors(mistakes)
    return found


def _read(table: Table) -> Cause:
    cause = Cause(
        words=table.get("words", str),
        advice=table.get("advice", str),
        consequence=table.get("consequence", bool, default=False),
        simulated=table.get("simulated", bool, default=False),
    )
    table.done()
    return cause

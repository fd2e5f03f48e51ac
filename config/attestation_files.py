"""Files of the payer directory that say how attestations are written: `attestations/`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from config.attestation_records import FACTS, LINE, AttestationSyntax, Parts
from config.card_data import CARD_DATA
from config.professions import professions
from config.reader import Table

_KNOWN: Final = ("", *CARD_DATA, *FACTS)


def read_attestation(table: Table, name: str) -> AttestationSyntax:
    """Read one file; what is wrong is noted in the table."""
    found = AttestationSyntax(
        name=name,
        words=table.get("words", str),
        simulated=table.get("simulated", bool, False),
        begins=table.get("begins", str),
        dates=table.get("dates", str, "%Y%m%d"),
        whole=_parts(table, (*_KNOWN, LINE)),
        line=_line(table),
        professions=_professions(table.table("professions")),
    )
    table.done()
    if not found.begins and table.data.get("begins") == "":
        table.wrong("begins", "is empty; wanted how a text of this syntax begins")
    if found.line is None and LINE in found.whole.tags.values():
        table.wrong("line", "is missing; wanted [line], as a tag stands for one")
    if found.line and found.whole.tags and LINE not in found.whole.tags.values():
        table.wrong("tags", f'has no tag for a line; wanted one such as PAY = "{LINE}"')
    return found


def _line(table: Table) -> Parts | None:
    line = table.table("line")
    if "line" not in table.data:
        return None
    found = _parts(line, _KNOWN)
    line.done()
    return found


def _parts(table: Table, known: Iterable[str]) -> Parts:
    tags = table.table("tags")
    held = dict(tags.rest())
    found = Parts(
        separator=table.get("separator", str),
        order=table.texts("order"),
        equals=table.get("equals", str, "=" if held else ""),
        tags=held,
    )
    if not found.separator and table.data.get("separator") == "":
        table.wrong("separator", "is empty; wanted what stands between the parts")
    if bool(found.order) is bool(held):
        table.wrong("order", "and `tags` exclude each other; wanted one of both")
    for key, values in (("order", found.order), ("tags", held.values())):
        for value in values:
            if value not in known or (key == "order" and value == LINE):
                listed = ", ".join(sorted(each for each in known if each))
                table.wrong(key, f"holds {value!r}; wanted some of {listed}")
    if held and found.separator and found.separator in found.equals:
        table.wrong("equals", "holds the separator; wanted another sign")
    return found


def _professions(table: Table) -> dict[str, str]:
    found = dict(table.rest())
    for key, value in found.items():
        if value not in professions():
            known = ", ".join(professions())
            table.wrong(key, f"is {value!r}; wanted one of {known}")
    return found

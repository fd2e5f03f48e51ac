"""What one payer's file cannot see: the directory as a whole."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date

from config.directory_records import CodeEntry, PayerEntry
from config.reader import Table

_Placed = tuple[Table, str, CodeEntry]  # the file, the key in it, the code


def check_whole(
    payers: Sequence[tuple[Table, PayerEntry]], endpoints: Collection[str]
) -> None:
    """Note what does not fit together in the files it stands in."""
    seen: dict[str, str] = {}
    for table, payer in payers:
        if payer.id in seen:
            table.wrong("payer.id", f"is {payer.id!r}, as of {seen[payer.id]!r} too")
        seen[payer.id] = payer.name
        if payer.endpoint is not None and payer.endpoint not in endpoints:
            known = ", ".join(sorted(endpoints)) or "none"
            table.wrong(
                "payer.endpoint",
                f"is {payer.endpoint!r}, which no file defines; known: {known}",
            )
    for network in {payer.network for _, payer in payers}:
        _check_codes(list(_codes(payers, network)))


def _codes(
    payers: Sequence[tuple[Table, PayerEntry]], network: str
) -> Iterator[_Placed]:
    for table, payer in payers:
        if payer.network == network:
            for number, code in enumerate(payer.codes):
                yield table, f"code[{number}]", code


def _check_codes(placed: Sequence[_Placed]) -> None:
    by_code: dict[str, list[CodeEntry]] = {}
    for table, key, code in placed:
        for other in by_code.setdefault(code.code, []):
            if _overlap(code, other):
                table.wrong(
                    f"{key}.code",
                    f"is {code.code!r}, already taken on some of its days; "
                    "wanted dates that do not overlap",
                )
        by_code[code.code].append(code)
    heirs = {
        code.code: code.successor for _, _, code in placed if code.successor is not None
    }
    for table, key, code in placed:
        if code.successor is None:
            continue
        if code.successor not in by_code:
            table.wrong(
                f"{key}.successor",
                f"is {code.successor!r}, which no payer of the network has",
            )
        elif _in_a_circle(code.code, heirs):
            table.wrong(
                f"{key}.successor",
                f"leads from {code.code!r} back to itself; wanted a chain that ends",
            )


def _overlap(one: CodeEntry, other: CodeEntry) -> bool:
    def first(code: CodeEntry) -> date:
        return code.valid_from or date.min

    def last(code: CodeEntry) -> date:
        return code.valid_until or date.max

    return first(one) <= last(other) and first(other) <= last(one)


def _in_a_circle(code: str, heirs: dict[str, str]) -> bool:
    at: str | None = code
    for _ in heirs:
        at = heirs.get(at) if at is not None else None
        if at == code:
            return True
    return False

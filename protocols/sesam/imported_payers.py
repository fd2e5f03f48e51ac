"""The national table of funds as the directory takes it over."""

from __future__ import annotations

import io
import json
from typing import Final

from protocols.sesam import national_csv
from protocols.sesam.importer import Fund, read_national, write_destinations
from protocols.sesam.routing import RECIPIENT_TYPES
from protocols.tables import Imported, ImportedPayer

_NAME_LENGTH: Final = 37  # of a fund's name in the header of a file


def import_funds(content: bytes) -> Imported:
    """Read the table of funds; each of them can be routed to, and not reached yet."""
    text, wrong = national_csv.decode(content)
    if wrong is not None:
        return Imported(text="", rows=0, payers=(), version="", problems=(wrong,))
    found = read_national(text)
    into = io.StringIO()
    write_destinations(found.destinations, into)
    return Imported(
        text=into.getvalue(),
        rows=len(found.destinations),
        payers=tuple(ImportedPayer(each.code, _text(each)) for each in found.funds),
        version=found.version,
        problems=found.problems,
    )


def _text(fund: Fund) -> str:
    regime, organism = fund.code[:2], fund.code[2:]
    name = fund.label or f"Fund {fund.code}"
    plain = name.encode("ascii", "replace").decode().upper()[:_NAME_LENGTH]
    rules = {
        "regime": regime,
        "organism": organism,
        "centre": fund.computer_centre or "000",
        "recipient_type": RECIPIENT_TYPES.get(regime, ""),
        "name": plain.replace("?", " ").strip(),
    }
    return _FILE.format(
        id=_quoted(f"sesam-{fund.code}"),
        name=_quoted(name),
        code=_quoted(fund.code),
        rules="".join(
            f"{key} = {_quoted(value)}\n" for key, value in rules.items() if value
        ),
    )


def _quoted(text: str) -> str:
    """Write a TOML string."""
    return json.dumps(text, ensure_ascii=False)


_FILE: Final = """\
# Made by `octway payer import`; yours from here on, never written again.

[payer]
id = {id}
name = {name}
network = "sesam"

[[code]]
code = {code}

[rules]
{rules}
[[expects]]
kind = "arl"
level = "lot"
within = "2 working days"

[[expects]]
kind = "payment"
level = "claim"
within = "10 working days"

# How it is reached: without this its lots are held.
# [endpoint]
# channel = "sftp"
# [endpoint.settings]
# host = "sftp.example"
# user = "octway"
# key_file = "keys/payer_ed25519"
# host_keys = ["ssh-ed25519 AAAA..."]
"""

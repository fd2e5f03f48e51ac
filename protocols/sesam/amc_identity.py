"""What an invoice tells of its complementary payer, for the decision who that is.

The number stands in record 2, or in 2M; an `M` at its end marks a mutual's older
number.  The fund is the insured person's.  The type of the convention and the
secondary criterion are read from the agreement's context (2P) only where it has that
shape, since its inside is not public.  Nothing of it names a patient.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from attrs import asdict, evolve

from protocols.records import load_layouts
from protocols.sesam.amc_decision import Identity, normal_number
from protocols.sesam.enriched import Records, kind_of

_MUTUAL: Final = "M"
_PATIENT: Final = "00"  # who is paid: the patient has paid, so nothing goes to a third
_CONTEXT: Final = re.compile(r"([A-Z]{2})(?: *([0-9?]{9}))?")
_SOME_DAY: Final = date.min  # an identity that is kept has no day of its own


def identity_of(invoice: Records) -> Identity:
    """Read the identity; the day is left open."""
    layouts = load_layouts("b2")
    first = layouts["2"].read(invoice[0])
    more = {
        kind: layouts[kind.decode()].read(record)
        for record in invoice[1:]
        if (kind := kind_of(record)) in {b"2M", b"2P"}
    }
    number = first["amc_no"].strip()
    mutual = ""
    if number.endswith(_MUTUAL):
        number, mutual = "", number.removesuffix(_MUTUAL).strip()
    elif not number.strip("0"):
        number = more.get(b"2M", {}).get("amc_no", "")
    context = _CONTEXT.fullmatch(more.get(b"2P", {}).get("amc_agreement_context", ""))
    return Identity(
        amc_number=number.lstrip("0"),
        mutual_number=mutual,
        regime=first["regime"],
        fund=first["fund"],
        centre=first["centre"],
        convention_type=context[1] if context else "",
        criterion=(context[2] or "") if context else "",
        agreement="H" if first["payee"] == _PATIENT else "T",
        day=_SOME_DAY,
    )


def amc_of(identity: Identity) -> str:
    """Return the number by which the payer is called: the AMC's, else the mutual's."""
    return normal_number(identity.amc_number) or identity.mutual_number


def on(identity: Identity, day: str) -> Identity:
    """Return an identity as it is asked about on an ISO day."""
    try:
        return evolve(identity, day=date.fromisoformat(day))
    except ValueError:
        return identity


def write(identities: Iterable[Identity]) -> str:
    """Write identities as a text to be kept with a lot."""
    told = [
        {name: value for name, value in asdict(each).items() if value and name != "day"}
        for each in identities
    ]
    return json.dumps(told, sort_keys=True, separators=(",", ":"))


def read(text: str) -> Sequence[Identity]:
    """Read what `write` wrote; none where there is nothing."""
    told: list[Mapping[str, str]] = json.loads(text) if text else []
    return [Identity(**each, day=_SOME_DAY) for each in told]

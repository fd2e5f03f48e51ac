"""Who pays the complementary part: what is asked, and the answer with every step.

`Identity` is what a card, an attestation or an invoice tells of a complementary
payer (AMC); whatever is not told stays empty.  `Decision` is what the directory's
tables make of it on a day, and why:

    decision = AmcRouting.of(tables).decide(identity)        # amc_routing
    decision.outcome      DECIDED, AMBIGUOUS or NONE
    decision.result       of DECIDED: the mode, the address of the complementary lot …
    decision.result.address.code    the payer's code in the directory, or no address
    decision.candidates   every convention that holds; of AMBIGUOUS all are shown
    decision.reason       of AMBIGUOUS and NONE: words for an anomaly
    decision.steps        which table, which row, why; `to_json` keeps them all

Nothing here names a patient: an AMC number, a fund and a convention do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any, Final, NamedTuple, Self

from attrs import asdict, frozen


class Outcome(StrEnum):
    """How a decision ended."""

    DECIDED = "decided"
    AMBIGUOUS = "ambiguous"
    NONE = "none"


class Mode(StrEnum):
    """Who handles the complementary part (first column of a convention).

    `UNIQUE`: the fund handles both parts, no complementary request is sent.
    `SEPARATE` and `CONVENTIONED`: a request of its own goes to the result's address.
    `MUTUAL` is deduced: a mutual that stands in for the fund, as `UNIQUE`.
    """

    UNIQUE = "I"
    SEPARATE = "S"
    CONVENTIONED = "C"
    MUTUAL = "M"


@frozen(kw_only=True)
class Identity:
    """A complementary identity; empty texts are not told.

    `amc_number` is the AMC's (padded or not), `mutual_number` the older one of eight
    characters, which the fund of `regime`, `fund` and `centre` gave.  `criterion` is
    the secondary criterion of an attestation; where it is empty the fund is it.
    `agreement` is T (third-party) or H (outside), `nature` one of the natures or
    specialties that tables list.
    """

    amc_number: str = ""
    mutual_number: str = ""
    regime: str = ""
    fund: str = ""
    centre: str = ""
    convention_type: str = ""
    criterion: str = ""
    agreement: str = ""
    nature: str = ""
    day: date


class Address(NamedTuple):
    """Where a complementary lot goes: as the tables write it."""

    routing_code: str
    host_id: str
    domain: str

    @property
    def code(self) -> str:
        """The payer's code in the directory: `OC/999/giesv.rss.fr`.

        However a table writes an address, one address has one code: capitals, a
        numeric host in three digits, the domain in small letters.
        """
        host = self.host_id.strip().upper()
        host = host.zfill(_HOST_WIDTH) if host.isdecimal() else host
        routing = self.routing_code.strip().upper()
        return f"{routing}/{host}/{self.domain.strip().lower()}"


_HOST_WIDTH: Final = 3


@frozen(kw_only=True)
class Result:
    """What a convention says: all that a complementary request needs.

    `operator` settles for the AMC and may be empty, `address` may be None (always so
    where the fund handles both parts).  `steering` is the STS code, `cancellation`
    and `rectification` are the rules of the convention as the table writes them.
    """

    mode: Mode
    operator: str
    address: Address | None
    steering: str
    attestation: str
    cancellation: str
    rectification: str

    @property
    def own_request(self) -> bool:
        """Whether the complementary part goes out as a request of its own."""
        return self.mode in (Mode.SEPARATE, Mode.CONVENTIONED)


@frozen(kw_only=True)
class Step:
    """One step: the table it looked into, the row it took (0: none) and why."""

    table: str
    row: int
    why: str


@frozen(kw_only=True)
class Candidate:
    """A convention that holds: its row, what it is made for and what it says."""

    row: int
    signatory: str
    signatory_name: str
    amc_number: str
    amc_name: str
    convention_type: str
    criterion: str
    agreement: str
    nature: str
    result: Result


@frozen(kw_only=True)
class Decision:
    """The answer for one identity.

    `amc_number` is the one that was found, in its normal form (no leading zeros),
    empty when none was; `signatories` are those that groupings led to.
    """

    outcome: Outcome
    amc_number: str
    signatories: tuple[str, ...]
    result: Result | None
    candidates: tuple[Candidate, ...]
    steps: tuple[Step, ...]
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return plain values: for the journal, the trace and `--json`."""
        found: dict[str, Any] = asdict(self)
        for result in (found["result"], *(c["result"] for c in found["candidates"])):
            if result is not None:
                address = result["address"]
                result["address"] = None if address is None else _plain(address)
        return found

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Self:
        """Make again what `to_json` returned."""
        return cls(
            outcome=Outcome(told["outcome"]),
            amc_number=told["amc_number"],
            signatories=tuple(told["signatories"]),
            result=_result(told["result"]),
            candidates=tuple(
                Candidate(**{**each, "result": _result(each["result"])})
                for each in told["candidates"]
            ),
            steps=tuple(Step(**each) for each in told["steps"]),
            reason=told["reason"],
        )


def normal_number(number: str) -> str:
    """Return an AMC's or signatory's number as it is compared: no leading zeros."""
    return "".join(number.split()).upper().lstrip("0")


def _plain(address: tuple[str, ...]) -> dict[str, str]:
    whole = Address(*address)
    return {**whole._asdict(), "code": whole.code}


def _result(told: Mapping[str, Any] | None) -> Result | None:
    if told is None:
        return None
    address = told["address"]
    return Result(
        **{
            **told,
            "mode": Mode(told["mode"]),
            "address": None
            if address is None
            else Address(*(address[name] for name in Address._fields)),
        }
    )

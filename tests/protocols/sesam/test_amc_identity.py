"""What an invoice tells of its complementary payer, wherever it stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from protocols.records import load_layouts
from protocols.sesam import amc_identity

B2 = load_layouts("b2")
FUND = {"regime": "01", "fund": "751", "centre": "0000", "payee": "15"}


def identity(
    number: str, more: Mapping[str, Mapping[str, str]] = {}, *, payee: str = "15"
) -> dict[str, object]:
    """Read an invoice with records 2M or 2P; what is told, by name."""
    first = B2["2"].write({**FUND, "payee": payee, "amc_no": number})
    others = [B2[kind].write(values) for kind, values in more.items()]
    found = amc_identity.identity_of([first, *others])
    return {name: getattr(found, name) for name in TOLD}


TOLD = ("amc_number", "mutual_number", "convention_type", "criterion", "agreement")


@pytest.mark.parametrize(
    ("number", "more", "told"),
    [
        ("0888888881", {}, ("888888881", "", "", "", "T")),
        ("12345678 M", {}, ("", "12345678", "", "", "T")),
        ("", {"2M": {"amc_no": "888888881"}}, ("888888881", "", "", "", "T")),
        (
            "0888888881",
            {"2P": {"amc_agreement_context": "OC01???????"}},
            ("888888881", "", "OC", "01???????", "T"),
        ),
        (
            "0888888881",
            {"2P": {"amc_agreement_context": "OC"}},
            ("888888881", "", "OC", "", "T"),
        ),
        (
            "0888888881",
            {"2P": {"amc_agreement_context": "SOMETHING ELSE"}},
            ("888888881", "", "", "", "T"),
        ),
    ],
    ids=["amc", "mutual", "in-2m", "type-and-criterion", "type", "no-such-shape"],
)
def test_a_payer_is_known_by_what_stands_there(
    number: str, more: dict[str, dict[str, str]], told: tuple[str, ...]
) -> None:
    """The number, a mutual's older one, and the agreement where it has that shape."""
    assert tuple(identity(number, more).values()) == told


def test_what_the_patient_has_paid_is_outside_third_party_payment() -> None:
    """Conventions may differ for it."""
    assert identity("1", payee="00")["agreement"] == "H"


def test_identities_are_kept_with_a_lot_and_come_back() -> None:
    """Whatever day they are asked about."""
    found = amc_identity.identity_of([B2["2"].write({**FUND, "amc_no": "888888881"})])
    (again,) = amc_identity.read(amc_identity.write([found]))
    assert again == found
    assert amc_identity.on(again, "2026-11-02").day == date(2026, 11, 2)
    assert amc_identity.on(again, "") == found

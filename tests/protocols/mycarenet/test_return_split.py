"""A return goes to its owner as it came, and never to another."""

from __future__ import annotations

import io

from protocols.mycarenet.return_dialects import SORTED
from protocols.mycarenet.return_writer import Verdict
from protocols.mycarenet.returns import recognise_return, split_return
from tests.protocols.mycarenet.return_files import (
    codes,
    hear,
    receipt,
    records_of,
    refused,
    settlement,
)
from tests.protocols.mycarenet.sendings import Bill, niss, sending

SENT = sending([Bill(number=1), Bill(number=2, patient=2), Bill(number=3, patient=3)])
SAID = {3: Verdict(("R502255",)), 6: Verdict(("R500444",))}


def _split(content: bytes, owners: dict[int, str]) -> dict[str, bytes]:
    format = recognise_return(content[:4096])
    assert format is not None
    return dict(split_return(io.BytesIO(content), format, owners))


def test_a_return_goes_to_its_owner_as_it_came() -> None:
    for content in (receipt(SENT), refused(SENT, SAID), settlement(SENT, SAID)):
        answers = hear(content).answers
        assert _split(content, dict.fromkeys(range(len(answers)), "a")) == {
            "a": content
        }


def test_what_belongs_to_nobody_goes_to_nobody() -> None:
    assert _split(refused(SENT, SAID), {}) == {}


def test_owners_get_their_own_invoices_only() -> None:
    """The totals go with the sending: they count what all of them billed."""
    for dialect in ("900", SORTED):
        content = settlement(SENT, SAID, dialect)
        parts = _split(content, {0: "a", 1: "b", len(hear(content).answers) - 1: "b"})

        assert list(parts) == ["a", "b"]
        assert niss(2).encode() not in parts["a"]
        assert niss(1).encode() not in parts["b"]
        assert niss(3).encode() not in b"".join(parts.values())
        assert [codes(each) for each in hear(parts["a"]).of_claims] == [["R502255"]]
        assert [codes(each) for each in hear(parts["b"]).of_claims] == [["R500444"]]
        kinds = [each[:2] for each in records_of(parts["b"])]
        assert kinds[-2:] == [b"91", b"92"]
        assert b"91" not in [each[:2] for each in records_of(parts["a"])]

"""What is said of a scanned document, and how it is named, packed and acknowledged."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
from pikepdf import Dictionary, Name, String

from protocols.sending import Addressee, Emitter, LotPart
from protocols.sesam import attachment_arl, pdf_child
from protocols.sesam.attachment_container import document_key, read_container
from protocols.sesam.attachments import SCOR
from protocols.sesam.payer_simulator import Caisse, Faults
from routing.envelope import Outcome
from tests.protocols.sesam.scans import scan

GOOD = scan()


def codes(content: bytes) -> list[str]:
    told = json.dumps(pdf_child.facts(content)).encode()
    return [each.code for each in SCOR.judge(told, size=len(content))]


def test_a_good_scan_is_taken() -> None:
    """PDF/A-1b of 200 dots per inch on A4 breaks no rule."""
    assert codes(GOOD) == []


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"level": ""}, "not-pdfa-1"),
        ({"dpi": 150}, "resolution"),
        ({"size": (298, 421)}, "too-small"),
        ({"grey": 255}, "too-white"),
        ({"grey": 5}, "too-black"),
        ({"grey": 128}, "no-contrast"),
        ({"version": "1.7"}, "version-too-new"),
        ({"password": "secret"}, "encrypted"),
        ({"font": True}, "fonts-missing"),
        ({"OpenAction": Dictionary(S=Name.JavaScript, JS=String("x"))}, "javascript"),
        ({"OpenAction": Dictionary(S=Name.Launch)}, "actions"),
        ({"Names": Dictionary(EmbeddedFiles=Dictionary())}, "embedded-files"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_breaks_a_rule_is_named(how: Mapping[str, Any], code: str) -> None:
    """Each rule has a code and words that say what to do."""
    assert code in codes(scan(**how))


@pytest.mark.parametrize(
    "content", [b"%PDF-1.4 a lie", GOOD[: len(GOOD) // 2]], ids=["lie", "cut"]
)
def test_what_is_no_whole_pdf_is_said_to_be_none(content: bytes) -> None:
    """A file that only begins as a PDF is refused in words."""
    assert codes(content) == ["unreadable"]


@pytest.mark.parametrize(
    ("name", "about"),
    [
        ("scor_991234567_012_000000123.pdf", ("991234567", "012", "000000123")),
        ("SCOR_0991234567_12_123_page-2.PDF", ("991234567", "012", "000000123")),
        ("scor_991234567_012.pdf", None),
        ("scan0001.pdf", None),
        ("scor_991234567_012_123.pdf.exe", None),
    ],
    ids=["plain", "unpadded", "no-invoice", "no-name", "other-ending"],
)
def test_a_name_says_which_invoice_a_document_belongs_to(
    name: str, about: tuple[str, str, str] | None
) -> None:
    """Numbers are compared as those of billing files are, however they are padded."""
    assert SCOR.about(name) == about


def packed() -> bytes:
    part = LotPart(lambda: io.BytesIO(GOOD), "991234567", "012/000000123", 0)
    into = io.BytesIO()
    SCOR.compose(
        [part],
        addressee=Addressee(payer="p", code="01995"),
        emitter=Emitter(number="1", kind="OT", name="Test"),
        number=7,
        day="2026-11-02",
        into=into,
    )
    return into.getvalue()


def test_the_same_documents_are_packed_in_the_same_bytes() -> None:
    """A container that is made again after a crash is the same, and says SIMULATED."""
    assert packed() == packed()
    assert b"SIMULATED" in packed()


def test_a_container_is_acknowledged_by_the_keys_of_its_documents() -> None:
    """The simulated fund says of each document that it has it, and tells no other."""
    (back,) = Caisse(faults=Faults()).respond(packed(), rng=Random(1), day="2026-11-02")
    reading = attachment_arl.AttachmentArl().read(io.BytesIO(back.content))
    (answer,) = reading.answers()
    container = read_container(packed())
    assert container is not None
    (document,) = container[1]
    assert answer.match_keys == (document_key(*document),)
    assert answer.outcome is Outcome.ACKNOWLEDGED
    assert reading.summary().errors == 0


def test_an_acknowledgement_that_is_cut_says_nothing() -> None:
    """It is recognised, read as an error, and answers for no document."""
    (back,) = Caisse(faults=Faults()).respond(packed(), rng=Random(1), day="2026-11-02")
    cut = back.content[:-9]
    assert attachment_arl.AttachmentArl().recognises(cut)
    reading = attachment_arl.AttachmentArl().read(io.BytesIO(cut))
    assert list(reading.answers()) == []
    assert reading.summary().errors == 1

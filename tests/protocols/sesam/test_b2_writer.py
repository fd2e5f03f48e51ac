"""The B2 writer: what it makes is read back as what went in."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.errors import UnknownFormat
from protocols.sending import Addressee, Composed, Emitter, LotPart
from protocols.sesam.network import SESAM
from protocols.sesam.sample_maker import NORMS
from tests.protocols.sesam.b2_files import RECORD, b2_file, read_all, records_of

RULES = {"regime": "02", "organism": "011", "centre": "045"}
EMITTER = Emitter(number="12345678", kind="OT", name="Octway de l'été")
LINE_ENDS = (b"", b"\n", b"\r", b"\r\n")


def _parts(data: bytes) -> list[LotPart]:
    lots, _ = read_all(data)
    return [
        LotPart(
            open=partial(io.BytesIO, data[lot.offset : lot.offset + lot.length]),
            sender=lot.sender,
            number=lot.number,
            claims=len(lot.claims),
        )
        for lot in lots
    ]


def _compose(
    parts: list[LotPart],
    *,
    rules: Mapping[str, object] = RULES,
    number: int = 42,
    code: str = "02011",
) -> tuple[bytes, Composed]:
    into = io.BytesIO()
    composed = SESAM.compose(
        parts,
        addressee=Addressee(payer="msa", code=code, rules=rules),
        emitter=EMITTER,
        number=number,
        day="2026-11-03",
        into=into,
    )
    return into.getvalue(), composed


@settings(max_examples=30, deadline=None)
@given(
    norm=st.sampled_from(NORMS),
    deposits=st.lists(st.sampled_from(LINE_ENDS), min_size=1, max_size=3),
    line_end=st.sampled_from(("none", "lf", "crlf")),
)
def test_lots_of_several_deposits_come_out_untouched(
    norm: str, deposits: list[bytes], line_end: str
) -> None:
    """Lots of different senders and line ends make one valid file, in order."""
    files = [
        b2_file(norm=norm, lots=2, seed=seed, line_end=end)
        for seed, end in enumerate(deposits)
    ]
    parts = [part for data in files for part in _parts(data)]

    made, composed = _compose(parts, rules={**RULES, "line_end": line_end})
    lots, summary = read_all(made)

    assert summary.problems == ()
    assert [lot.problems for lot in lots] == [()] * len(parts)
    sent = [
        claim for data in files for lot in read_all(data)[0] for claim in lot.claims
    ]
    got = [claim for lot in lots for claim in lot.claims]
    assert [each.match_key for each in got] == [each.match_key for each in sent]
    assert composed.size == len(made)
    assert composed.records == summary.records
    assert composed.lots == summary.lots == len(parts)
    assert composed.claims == summary.claims


def test_the_file_is_addressed_by_the_payers_rules() -> None:
    """Recipient, number, day and our own identity stand where the norm wants them."""
    made, composed = _compose(_parts(b2_file()))
    first, last = records_of(made)[0], records_of(made)[-1]

    assert first[:19] == b"000OT00000012345678"
    assert first[25:41] == b"MA00000002045011"
    assert first[47:67] == b"TR000042261103FR  B2"
    assert first[82:85] == b"128"
    assert first[91:].rstrip() == b"OCTWAY DE L'ETE"
    assert last[:19] == first[:19].replace(b"000OT", b"999OT")
    assert last[25:41] == first[25:41]
    assert last[49:63] == b"000042%08d" % composed.records
    assert composed.name == "B202011000042.2026-11-03.b2"


def test_the_same_arguments_give_the_same_bytes() -> None:
    """A file made again after a crash is the very same file."""
    parts = _parts(b2_file())

    assert _compose(parts) == _compose(parts)


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (1, b"000001"),
        (999_999, b"999999"),
        (1_000_000, b"000001"),
        (1_999_999, b"000001"),
    ],
)
def test_the_files_number_begins_again_after_six_digits(
    number: int, written: bytes
) -> None:
    """After 999999 comes 000001; zero is no number."""
    made, _ = _compose(_parts(b2_file()), number=number)

    assert made[49:55] == written


def test_the_remote_name_cannot_leave_its_folder() -> None:
    """A payer's code with a slash in it makes a plain file name all the same."""
    _, composed = _compose(_parts(b2_file()), code="../02")

    assert composed.name == "B2..-02000042.2026-11-03.b2"


def test_lots_of_two_norms_do_not_share_a_file() -> None:
    """One file has one norm; the error says which lots differ, before a byte is out."""
    parts = [*_parts(b2_file(norm="FR")), *_parts(b2_file(norm="CP"))]

    with pytest.raises(ValueError, match=r"one norm .* FR \(lot 001\), CP \(lot 001\)"):
        _compose(parts)
    with pytest.raises(ValueError, match="found no lot"):
        _compose([])


def test_what_is_no_lot_is_not_sent() -> None:
    """A part that does not begin with a record 1, or is cut, is refused."""
    data = b2_file(lots=1)
    part = _parts(data)[0]
    whole = data[RECORD:-RECORD]

    for content, words in (
        (data, "does not begin"),
        (whole[:-1], "not 128 characters"),
    ):
        bad = part._replace(open=partial(io.BytesIO, content))
        with pytest.raises(ValueError, match=words):
            _compose([bad])


def test_an_unknown_regime_needs_a_kind_of_recipient() -> None:
    """A regime that the norm's list does not hold must name its recipient's kind."""
    parts = _parts(b2_file())
    rules = {**RULES, "regime": "77"}

    with pytest.raises(ValueError, match="set recipient_type"):
        _compose(parts, rules=rules)
    made, _ = _compose(parts, rules={**rules, "recipient_type": "SM"})
    assert made[25:27] == b"SM"


def test_the_network_knows_its_own_files() -> None:
    """A B2 file is recognised with and without its start, in any encoding."""
    data = b2_file()

    for known in (
        data,
        data[RECORD:],
        b"\xef\xbb\xbf" + data,
        data.decode().encode("utf-16"),
        data.decode().encode("cp500"),
    ):
        assert SESAM.recognise(known[:4096]) == "sesam.b2"
    for unknown in (b"", b"PK\x03\x04", b"\x00" * 4096, b"hello"):
        assert SESAM.recognise(unknown) is None
    assert not SESAM.is_return("sesam.b2")
    with pytest.raises(UnknownFormat):
        SESAM.read(io.BytesIO(data), "sesam.noemie")


@pytest.mark.parametrize("norm", NORMS)
def test_every_record_is_shown_with_its_fields(norm: str) -> None:
    """`octway inspect` names every record and gives each field a title."""
    data = b2_file(norm=norm)

    shown = list(SESAM.show(io.BytesIO(data), "sesam.b2"))

    assert [each.record for each in shown] == list(range(1, len(data) // RECORD + 1))
    assert shown[0].title == "File start"
    assert shown[1].title == "Lot start"
    assert shown[-1].title == "File end"
    assert all(each.title and each.fields for each in shown)
    assert all(field.title for each in shown for field in each.fields)


def test_an_unknown_record_is_shown_as_it_stands() -> None:
    """A record that the norm does not know is not hidden from the person who looks."""
    data = b2_file()
    spoilt = data[: 3 * RECORD] + b"X" + data[3 * RECORD + 1 :]

    shown = list(SESAM.show(io.BytesIO(spoilt), "sesam.b2"))[3]

    assert (shown.kind, shown.title) == ("?", "Unknown record")
    assert shown.fields[0].value.startswith("X")


@pytest.mark.parametrize("norm", ["FR", "CP"])
def test_records_are_shown_as_deep_as_they_nest(norm: str) -> None:
    """A newcomer sees lots in the file, invoices in lots, lines in invoices."""
    data = b2_file(norm=norm) + b"what is this?".ljust(RECORD)

    shown = list(SESAM.show(io.BytesIO(data), "sesam.b2"))

    levels = {each.kind.removesuffix("-CP"): each.level for each in shown}
    assert levels["000"] == levels["999"] == 0
    assert levels["1"] == levels["6"] == 1
    assert levels["2"] == levels["5"] == 2
    assert levels["4"] == 3
    assert {levels[kind] for kind in levels if kind in {"3S", "4F", "4M"}} == {4}
    assert (shown[-1].kind, shown[-1].level) == ("?", 0)

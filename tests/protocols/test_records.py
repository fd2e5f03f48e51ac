"""The record engine: every layout of every format reads what it writes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.record_fields import Field, iso_date
from protocols.records import Layout, load_layouts

B2 = load_layouts("b2")
EFACT = load_layouts("efact")
_EFACT_LENGTHS = {"200": 67, "300": 160}  # every other record has 350


def _value(each: Field) -> st.SearchStrategy[str]:
    if each.const:
        return st.just(each.const)
    if each.is_date:
        return st.dates().map(lambda day: day.strftime("%y%m%d"))
    if each.kind == "N":
        return st.text("0123456789", min_size=each.length, max_size=each.length)
    first = st.characters(min_codepoint=0x21, max_codepoint=0x5F)
    rest = st.text(
        st.characters(min_codepoint=0x20, max_codepoint=0x5F), max_size=each.length - 1
    )
    return st.builds(lambda a, b: (a + b).rstrip(), first, rest)


@st.composite
def _records(draw: st.DrawFn) -> tuple[Layout, dict[str, str]]:
    layout = draw(st.sampled_from(list(B2.values())))
    return layout, {each.name: draw(_value(each)) for each in layout.fields}


@given(_records())
def test_what_is_written_is_read_back(sample: tuple[Layout, dict[str, str]]) -> None:
    """Any record of B2 written from values reads as the same values, faultless."""
    layout, values = sample

    record = layout.write(values)

    assert len(record) == layout.length
    assert layout.read(record) == values
    assert list(layout.check(record)) == []


@given(_records())
def test_every_field_shown_stands_where_it_says(
    sample: tuple[Layout, dict[str, str]],
) -> None:
    """What a person is shown is what stands at the position that is named."""
    layout, values = sample
    record = layout.write(values)

    for shown in layout.show(record):
        place = record[shown.position - 1 : shown.position - 1 + shown.length]
        assert place.decode("latin-1").rstrip() == shown.value
        assert shown.title


@pytest.mark.parametrize("kind", B2)
def test_a_layout_covers_its_record(kind: str) -> None:
    """Each B2 record has 128 characters, all of them in a field with a title."""
    layout = B2[kind]

    covered = [
        position
        for each in layout.fields
        for position in range(each.start, each.end + 1)
    ]

    assert covered == list(range(1, 129))
    assert all(each.title and each.name for each in layout.fields)


@given(_records(), st.binary(max_size=200))
def test_no_bytes_are_too_strange(
    sample: tuple[Layout, dict[str, str]], record: bytes
) -> None:
    """Reading, checking and showing never raise, whatever the bytes are."""
    layout, _ = sample

    assert set(layout.read(record)) == set(layout.by_name)
    assert all(code and message for _, code, message in layout.check(record))
    layout.show(record)


def test_numbers_are_filled_with_zeros_and_texts_with_blanks() -> None:
    """An amount of 12 cents and a short name are padded as B2 wants them."""
    record = B2["5"].write({"total_billed": 12, "blacklist_flag": "X"})

    assert record[57:65] == b"00000012"
    assert record[93:96] == b"X  "


def test_a_value_that_does_not_fit_names_its_field() -> None:
    """The error names record, field and width, and not the value."""
    with pytest.raises(ValueError, match=r"record 5: total_billed: .*width is 8"):
        B2["5"].write({"total_billed": 123_456_789})
    with pytest.raises(ValueError, match=r"record 5: total_billed: not only digits"):
        B2["5"].write({"total_billed": "12.5"})
    with pytest.raises(ValueError, match="has no field 'total'"):
        B2["5"].write({"total": 1})
    with pytest.raises(ValueError, match="ps_name: holds a character outside Latin-1"):
        B2["1"].write({"ps_name": "Ł"})


def test_each_fault_of_a_field_has_its_own_code() -> None:
    """Letters, blanks, wrong days, control characters and cuts are told apart."""
    good = B2["1"].write(
        {
            "ps_id": "123456782",
            "dest_organism": "751",
            "lot_no": "001",
            "ps_name": "CABINET DU LAC",
            "lot_created": "261102",
            "norm_code": "FR",
        }
    )

    def codes(record: bytes) -> dict[str, str]:
        return {field.name: code for field, code, _ in B2["1"].check(record)}

    assert codes(good) == {}
    assert codes(good[:19] + b"A01" + good[22:]) == {"lot_no": "digits"}
    assert codes(good[:19] + b"   " + good[22:]) == {"lot_no": "missing"}
    assert codes(good[:71] + b"261302" + good[77:]) == {"lot_created": "date"}
    assert codes(good[:71] + b"000000" + good[77:]) == {"lot_created": "missing"}
    assert codes(good[:29] + b"A\x00" + good[31:]) == {"ps_name": "control"}
    for written, told in (
        ("É".encode("cp850"), True),
        (b"\x92", True),
        (b"\x07", False),
    ):
        ((_, code, words),) = B2["1"].check(good[:30] + written + good[31:])
        assert code == "control"
        assert ("DOS or Windows code page" in words) is told
    assert codes(b"3" + good[1:]) == {"rec_type": "constant"}
    assert codes(good[:127]) == {"filler_95": "cut"}


def test_no_message_repeats_what_identifies_a_patient() -> None:
    """A wrong national number is reported by its place only."""
    nir = "2690549588X57"
    record = B2["2"].write({"insured_nir": nir, "insured_nir_key": 0})
    broken = record[:24] + b"X7" + record[26:]

    for _, _, message in B2["2"].check(broken):
        assert nir not in message
        assert "X7" not in message


@given(st.dates())
def test_dates_of_six_digits_keep_their_day(day: object) -> None:
    """YYMMDD is read as 1980-2079, and no other text is a date."""
    text = f"{day:%y%m%d}"

    assert iso_date(text)[2:] == f"{day:%y-%m-%d}" or iso_date(text) == ""


@pytest.mark.parametrize("text", ["", "26110", "2611022", "26110A", "260230", "000000"])
def test_what_is_no_date_reads_as_nothing(text: str) -> None:
    """Too short, too long, letters, 30 February and zeros are no dates."""
    assert iso_date(text) == ""


def test_codes_have_their_meaning() -> None:
    """A person sees what a code means, an amount with decimals, a day as ISO."""
    record = B2["2"].write({"payee": 15, "invoice_date": "261102"})
    shown = {each.name: each.meaning for each in B2["2"].show(record)}

    assert shown["payee"] == "the professional, for both parts"
    assert shown["invoice_date"] == "2026-11-02"
    total = B2["5"]["total_billed"]
    assert total.meaning("00012345") == "123.45"


@pytest.mark.parametrize("kind", EFACT)
def test_a_layout_of_efact_covers_its_record(kind: str) -> None:
    """Header segments of 67 and 160, records of 350: each position in one zone."""
    layout = EFACT[kind]

    covered = [
        position
        for each in layout.fields
        for position in range(each.start, each.end + 1)
    ]

    assert covered == list(range(1, _EFACT_LENGTHS.get(kind, 350) + 1))
    assert all(each.title and each.name and each.zone for each in layout.fields)


@given(st.integers(-(10**11) + 1, 10**11 - 1))
def test_a_signed_amount_keeps_its_sign(cents: int) -> None:
    """Cents are written sign first, filled with zeros, and read back the same."""
    record = EFACT["80"].write({"insurer_amount_a": cents})
    text = EFACT["80"].read(record)["insurer_amount_a"]

    assert len(text) == 12
    assert text[0] == ("-" if cents < 0 else "+")
    assert int(text) == cents
    assert list(EFACT["80"].check(record)) == []


def test_a_person_sees_what_signed_amounts_and_long_dates_mean() -> None:
    """A credit has its minus, a day of eight digits and a year of five are told."""
    assert EFACT["80"]["insurer_amount_a"].meaning("-00000001942") == "-19.42"
    assert EFACT["80"]["insurer_amount_a"].meaning("+00000000005") == "0.05"
    assert EFACT["50"]["first_date"].meaning("20261102") == "2026-11-02"
    assert EFACT["10"]["year"].meaning("02026") == "2026"
    assert EFACT["300"]["year_month"].meaning("202611") == "2026-11"
    for name, none in (("year", "12026"), ("month", "13"), ("created", "20260230")):
        assert EFACT["10"][name].meaning(none) == ""


def test_faults_of_signed_amounts_and_long_dates_have_their_code() -> None:
    """A missing sign, a letter among the digits and an impossible day are told."""
    good = EFACT["50"].write(
        {"first_date": "20261102", "last_date": "20261103", "insurer_amount": 512}
    )

    def codes(record: bytes) -> dict[str, str]:
        return {field.name: code for field, code, _ in EFACT["50"].check(record)}

    assert codes(good) == {}
    assert codes(good[:87] + b"000000000512" + good[99:]) == {"insurer_amount": "sign"}
    assert codes(good[:87] + b"+0000000A512" + good[99:]) == {
        "insurer_amount": "digits"
    }
    assert codes(good[:16] + b"20261132" + good[24:]) == {"first_date": "date"}
    assert codes(good[:16] + b"00000000" + good[24:]) == {"first_date": "missing"}
    with pytest.raises(ValueError, match=r"insurer_amount: a sign and digits"):
        EFACT["50"].write({"insurer_amount": "12"})

"""Random valid sendings are broken by one rule at a time: the checks name that rule."""

from __future__ import annotations

from random import Random
from typing import Final, NamedTuple

import pytest

from protocols.mycarenet import checks_rules, file_problems
from protocols.mycarenet.checks import MOST, Share
from routing.envelope import Severity
from tests.protocols.mycarenet import nurse_sendings as sendings
from tests.protocols.mycarenet.nurse_sendings import NURSE, Record, Values


class Break(NamedTuple):
    """One rule broken: its code, the record and field that must be named, and how."""

    code: str
    record: str
    field: str
    values: Values
    beside: frozenset[str] = frozenset()  # codes that cannot but come with it


def _break(
    code: str, record: str, field: str, /, *beside: str, **values: str | int
) -> Break:
    return Break(code, record, field, values, frozenset(beside))


READ: Final = "52"
PREVIOUS: Final[Values] = {
    "billing_type": 3,
    "previous_invoice": 5,
    "previous_sending": 5,
    "previous_mutuality": 134,
    "previous_year_month": 202610,
}
ALONE: Final[Values] = {  # no commitment, at a union that does not ask for one
    **sendings.NO_COMMITMENT,
    "affiliation_mutuality": "319",
    "destination_mutuality": "319",
}
BREAKS: Final = (
    _break("B100303", "10", "account_index", account_index=2),
    _break("B100313", "10", "iban_b", iban_b=sendings.iban("001000000001")),
    _break("B100314", "10", "iban_b", account_index=1, bic_b="GEBABEBB"),
    _break("B100315", "10", "bic_b", bic_b="GEBABEBB"),
    _break(
        "B100316", "10", "bic_b", account_index=1, iban_b=sendings.iban("001000000001")
    ),
    _break("B101303", "10", "billing_content", billing_content="060"),
    _break("B101810", "10", "profession", profession="000"),
    _break("B102710", "10", "enterprise_number", enterprise_number=0),
    _break("B102702", "10", "enterprise_number", enterprise_number="0400000087"),
    _break("B102711", "10", "enterprise_number", enterprise_number="0999999922"),
    _break("B103103", "10", "bic_a", bic_a="Belfius"),
    _break(
        *("B104303", "10", "bic_b"),
        account_index=1,
        bic_b="GEBA",
        iban_b=sendings.iban("001000000001"),
    ),
    _break("F200703", "20", "affiliation_mutuality", affiliation_mutuality="131"),
    _break("F200703", "20", "affiliation_mutuality", affiliation_mutuality="100"),
    _break("F200710", "20", "affiliation_mutuality", affiliation_mutuality="319"),
    _break("F200903", "20", "sex", sex=3),
    _break("F201003", "20", "invoice_type", invoice_type=2),
    _break("F201103", "20", "billing_type", billing_type=9),
    _break("B201404", "20", "billing_provider", billing_provider="1" + NURSE[1:]),
    _break("F201511", "20", "stay_establishment", stay_establishment=NURSE),
    _break("F200511", "20", "admission_date", admission_date="20261101"),
    _break(
        *("F200610", "20", "discharge_date"),
        invoice_type=1,
        admission_date="20261105",
        discharge_date="20261104",
    ),
    _break("F201703", "20", "treatment_cause", treatment_cause="0040"),
    _break(
        *("B201803", "20", "destination_mutuality"),
        destination_mutuality="734",
    ),
    *(
        Break(code, "20", name, {name: value})
        for code, name, value in (
            ("F202911", "previous_invoice", 5),
            ("F203411", "previous_sending", 5),
            ("F203711", "previous_mutuality", 134),
            ("F204113", "previous_year_month", 202610),
        )
    ),
    *(
        Break(code, "20", name, PREVIOUS | {name: ""})
        for code, name in (
            ("F202910", "previous_invoice"),
            ("F203410", "previous_sending"),
            ("F203710", "previous_mutuality"),
            ("F204112", "previous_year_month"),
        )
    ),
    Break(
        *("F204111", "20", "previous_year_month"),
        PREVIOUS | {"previous_year_month": 202612},
    ),
    Break("commitment-missing", "20", "payment_commitment", sendings.NO_COMMITMENT),
    _break("F204226", "20", "communicated", communicated="20261003"),
    _break("commitment-incomplete", "20", "insured_from", insured_from=""),
    _break("commitment-incomplete", "20", "communicated", communicated=""),
    *(
        Break(code, "20", name, {**ALONE, name: "20261102"})
        for code, name in (
            ("F205311", "insured_from"),
            ("F205411", "insured_until"),
            ("F205511", "communicated"),
        )
    ),
    _break("R500344", "50", "insurer_amount", norm=9),
    _break("R500344", "50", "patient_share", norm=9, insurer_amount=0, patient_share=1),
    _break("B500404", "50", "code", code="1425110"),
    _break("R500555", "50", "first_date", first_date="20261119"),
    _break("R500546", "50", "first_date", "R500525", first_date="20241031"),
    _break("R500525", "50", "first_date", first_date="20261031"),
    _break("R500525", "50", "last_date", last_date="20261201"),
    _break("B501103", "50", "account_used", account_used=2),
    _break("B501110", "50", "account_used", account_used=1),
    _break("B501504", "50", "provider", provider="1" + NURSE[1:]),
    _break("R501505", "50", "provider", provider=0),
    _break("R502212", "50", "units", units=-1),
    _break("R502712", "50", "patient_share", patient_share=-1),
    _break("R503012", "50", "supplement", supplement=-1),
    _break("R502011", "50", "prescription_date", prescription_date=""),
    _break("R502014", "50", "prescription_date", prescription_date="20261104"),
    _break("B502404", "50", "prescriber", prescriber="1" + NURSE[1:]),
    _break("R502405", "50", "prescriber", prescriber=0, prescriber_norm=0),
    _break("R502405", "50", "prescriber", prescriber=0, prescription_date=""),
    _break("R502603", "50", "prescriber_norm", prescriber_norm=7),
    _break("R502303", "50", "same_service", same_service="05"),
    _break("R504803", "50", "transplant", transplant=3),
    _break(
        *("B504904", "50", "care_assistant"),
        care_assistant="1" + NURSE[1:],
        provider_norm=2,
    ),
    _break("R504911", "50", "care_assistant", provider_norm=2),
    _break("R504912", "50", "care_assistant", care_assistant=sendings.OTHER_NURSE),
    _break("R504915", "50", "care_assistant", care_assistant=NURSE, provider_norm=2),
    _break("R500464", "50", "code", code="0424874"),
    _break("R520303", READ, "manual_reason", "R520310", manual_reason=7),
    _break(
        *("R520304", READ, "manual_reason"),
        input_type="4",
        read_date="",
        read_time="",
    ),
    _break("R520310", READ, "manual_reason", manual_reason=1),
    _break("R520903", READ, "input_type", input_type="B"),
    _break("R520904", READ, "input_type", input_type=""),
    _break("R521003", READ, "support_type", support_type="5"),
    _break("R521004", READ, "support_type", support_type=""),
    _break("R520604", READ, "read_date", read_date=""),
    _break("R520603", READ, "read_date", read_date="20261119"),
    _break("B521201", READ, "read_time", read_time="2460"),
    _break("R521204", READ, "read_time", read_time=""),
    _break("R521103", READ, "vignette_reason", support_type="7", vignette_reason=3),
    _break("R521104", READ, "vignette_reason", support_type="7"),
    _break("R521110", READ, "vignette_reason", vignette_reason=1),
    _break("R521604", READ, "support_serial", support_serial=""),
    _break("R521610", READ, "support_serial", support_serial="59123456789"),
    _break(
        "R521611", READ, "support_serial", support_type="2", support_serial="C123456789"
    ),
    _break("R521612", READ, "support_serial", support_type="4", support_serial="12"),
)
_ELSEWHERE: Final = {  # rules whose breaking takes more than one changed record
    "F201110": "test_lump_sums_are_rectified_only_by_their_own_types",
    "F201810": "test_faq_21_a_wrong_contact_in_zone_18_is_refused",
    "R500112": "test_faq_09_reading_of_the_identity_card",
    "R500453": "test_faq_28_repeated_visits_need_basic_acts_by_the_same_caregiver",
    "R500547": "test_care_is_not_billed_before_its_month",
    "B512801": "test_a_reserved_zone_of_a_tariff_record_holds_zeros",
}


def _sending(rng: Random) -> list[Record]:
    """Make a random valid sending: some invoices of some lines."""
    records = [sendings.first()]
    for number in range(1, rng.randrange(2, 5)):
        records += sendings.invoice(number, rng.randrange(1, 4))
    return [*records, sendings.last()]


@pytest.mark.parametrize("seed", range(5))
def test_nothing_is_found_in_a_valid_sending(seed: int) -> None:
    """However many invoices and lines it has, and wherever it is cut into blocks."""
    records = _sending(Random(seed))
    assert sendings.found(records) == []
    assert sendings.found(records, block=1) == []


@pytest.mark.parametrize(
    "broken", BREAKS, ids=lambda each: f"{each.code}-{each.record}-{each.field}"
)
def test_the_rule_that_was_broken_is_named(broken: Break) -> None:
    """Its code, and the one record and field that break it; nothing else is found."""
    rng = Random(broken.code + broken.field)
    records = _sending(rng)
    places = [at for at, each in enumerate(records) if each.kind == broken.record]
    at = rng.choice(places)
    records[at].fields.update(broken.values)
    found = sendings.found(records)
    assert {each.code for each in found} == {broken.code} | broken.beside
    (named,) = (each for each in found if each.code == broken.code)
    assert named.rows == [at]
    assert named.field == broken.field
    assert "wanted" in named.told or named.code in checks_rules.OWN_WORDS


def test_every_rule_of_the_table_is_broken_by_a_test() -> None:
    """A row that nobody breaks could be wrong without anybody seeing it."""
    tried = {(each.record, each.field, each.code) for each in BREAKS}
    untried = {
        rule.code
        for rule in checks_rules.rules()
        if (rule.record, rule.field, rule.code) not in tried
    }
    assert untried == set(_ELSEWHERE)


def test_lump_sums_are_rectified_only_by_their_own_types() -> None:
    """Content 030 and a type other than 1, 3 or 4 (F201110)."""
    records = sendings.sending()
    sendings.change(records, "10", billing_content="030")
    assert sendings.codes_of(records) == {"F201110"}


def test_care_is_not_billed_before_its_month() -> None:
    """Care is refused that lies more than a month after the month billed (R500547)."""
    records = sendings.sending()
    sendings.change(records, "10", month="09")
    assert sendings.codes_of(records) == {"R500547"}
    sendings.change(records, "10", month="10")
    assert sendings.codes_of(records) == set()


def test_a_reserved_zone_of_a_tariff_record_holds_zeros() -> None:
    """Blanks were refused there by two payers (B512801)."""
    records = [sendings.first(), *sendings.invoice(), sendings.last()]
    records.insert(3, Record("51", {"code": "0425110", "patient": sendings.PATIENT}))
    assert "B512801" not in sendings.codes_of(records)
    content = sendings.write(records)
    at = 227 + 3 * 350 + 137
    blank = content[:at] + b" " * 25 + content[at + 25 :]
    assert "B512801" in {each.code for each in sendings.checked(blank)}


def test_a_credit_note_is_negative_throughout() -> None:
    """An invoice whose total is negative has no positive line (F201140)."""
    records = sendings.sending()
    records[1].fields.update(PREVIOUS)
    sendings.change(records, "80", 0, insurer_amount_a=-1284)
    sendings.change(records, "50", 0, insurer_amount=-642, units=-1)
    (found,) = sendings.found(records)
    assert (found.code, found.rows) == ("F201140", [1])
    sendings.change(records, "50", 1, insurer_amount=-642, units=-1)
    assert sendings.found(records) == []


def test_no_message_tells_who_a_patient_is() -> None:
    """Fields that identify a patient are named, never shown."""
    for broken in BREAKS:
        records = sendings.sending()
        place = next(
            at for at, each in enumerate(records) if each.kind == broken.record
        )
        records[place].fields.update(broken.values)
        for each in sendings.found(records):
            told = each.told
            assert sendings.PATIENT[2:] not in told
            assert "59123456789" not in told


def test_whole_files_are_refused_for_errors_and_lines_are_warned_about() -> None:
    """A code B refuses the file; F and R refuse it only above 5 percent."""
    records = sendings.sending()
    sendings.change(records, "10", bic_a="Belfius")
    sendings.change(records, "50", transplant=3)
    severities = {each.code: each.severity for each in sendings.found(records)}
    assert severities == {"B103103": Severity.ERROR, "R504803": Severity.WARNING}


@pytest.mark.parametrize(
    ("wrong", "records", "percent", "refuses"),
    [
        (0, 6, 0.0, False),
        (1, 6, 16.67, True),
        (5, 100, 5.0, False),
        (3, 41, 7.32, True),
    ],
)
def test_the_share_of_errors_is_that_of_the_payer(
    wrong: int, records: int, percent: float, refuses: bool
) -> None:
    """Records in error of the records 10 to 90; more than 5 percent refuses all."""
    share = Share(wrong, records)
    assert MOST == 5.0
    assert (share.percent, share.refuses) == (percent, refuses)
    assert f"{wrong} of {records} records" in share.told()


def test_a_table_of_rules_with_a_mistake_is_refused_with_its_line() -> None:
    """A field, a code or a condition that is none is told before any file is read."""
    head = "record,field,rule,arguments,when,code,certain,wanted\n"
    for row, words in (
        ("50,nothing,present,,,501505,yes,x", "nothing"),
        ("50,provider,present,,,999999,yes,x", "999999"),
        ("50,provider,present,,sex?1,501505,yes,x", "is no condition"),
        ("50,provider,present,,20.nothing=1,501505,yes,x", "nothing"),
        ("50,provider,present,,,501505,perhaps,x", "yes or no"),
    ):
        with pytest.raises(ValueError, match=rf"rules.csv:2: .*{words}"):
            checks_rules.read_rules(head + row + "\n")


def test_every_code_that_may_be_told_is_listed_with_its_severity() -> None:
    """Documents and the console list the codes that these checks name."""
    listed = {each.code: each.severity for each in file_problems.listed()}
    assert {broken.code for broken in BREAKS} - set(listed) == set()
    assert listed["B103103"] is Severity.ERROR
    assert listed["R504803"] is Severity.WARNING
    assert listed["F200802"] is Severity.WARNING
    assert listed["error-share"] is Severity.ERROR
    assert listed["commitment-missing"] is Severity.WARNING

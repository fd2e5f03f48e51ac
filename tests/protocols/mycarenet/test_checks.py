"""Random valid sendings are broken by one rule at a time: the checks name that rule."""

from __future__ import annotations

from random import Random
from typing import Final

import pytest

from protocols.mycarenet import checks_rules, file_problems
from protocols.mycarenet.checks import MOST, Share
from routing.envelope import Severity
from tests.protocols.mycarenet import nurse_sendings as sendings
from tests.protocols.mycarenet.breaks import BREAKS, PREVIOUS, Break
from tests.protocols.mycarenet.nurse_sendings import Record

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

"""Rules of the Christian mutualities' FAQ on Refac that hold before a file is sent.

Each test bears the number that `docs/networks/mycarenet.md` gives the rule.
"""

from __future__ import annotations

import pytest

from config.cause_files import known_causes
from protocols.mycarenet import codes
from protocols.mycarenet.checks import Share
from protocols.mycarenet.tables import Tables
from tests.protocols.mycarenet import nurse_sendings as sendings

GROUP = sendings.provider("940001", "000")


def _with_contacts(records: list[sendings.Record], **row: str) -> set[str]:
    """Check a sending with one row of the directory's table of contacts."""
    values = {"valid_from": "", "valid_until": "", **row}
    tables = Tables.of({"contacts": [values]})
    found = sendings.checked(sendings.write(records), tables=tables)
    return {each.code for each in found}


def test_faq_02_a_contact_changes_on_a_day() -> None:
    """The contact that holds on the day the file was made is wanted, not an older one."""
    records = sendings.sending()
    old = {"third_party": sendings.NURSE, "contact": "120", "valid_until": "2026-09-30"}
    assert _with_contacts(records, **old) == set()
    now = {"third_party": sendings.NURSE, "contact": "120", "valid_from": "2026-10-01"}
    assert _with_contacts(records, **now) == {"F201810"}


def test_faq_03_who_bills_through_a_group_has_its_contact() -> None:
    """The contact is that of the third party of record 10, not of the caregiver."""
    records = sendings.sending()
    sendings.change(records, "10", third_party=GROUP, profession=0)
    own = {"third_party": sendings.NURSE, "contact": "120"}
    assert _with_contacts(records, **own) == set()
    assert _with_contacts(records, third_party=GROUP, contact="120") == {"F201810"}
    assert _with_contacts(records, third_party=GROUP, contact="134") == set()


@pytest.mark.parametrize(
    ("told", "stale"), [("20261004", False), ("20261003", True), ("20261102", False)]
)
def test_faq_04_a_payment_commitment_holds_for_thirty_days(
    told: str, stale: bool
) -> None:
    """Care of a later day is warned about: ask each month."""
    records = sendings.sending()
    sendings.change(records, "20", communicated=told)
    assert sendings.codes_of(records) == ({"F204226"} if stale else set())


def test_faq_05_the_commitment_stands_in_record_20() -> None:
    """Zones 42 to 45 and its days in 53 to 55, for nurses at these mutualities."""
    records = sendings.sending()
    records[1].fields.update(sendings.NO_COMMITMENT)
    (found,) = sendings.found(records)
    assert found.code == "commitment-missing"
    assert "801000" in found.told
    sendings.change(records, "20", payment_commitment="F" * 32, insured_from="20261101")
    assert sendings.codes_of(records) == {"commitment-incomplete"}
    sendings.change(records, "20", communicated="20261102")
    assert sendings.codes_of(records) == set()


def test_faq_08_a_missing_commitment_names_the_refusals_that_it_prevents() -> None:
    """F200742 and R500450 take the payer much work by hand."""
    records = sendings.sending()
    records[1].fields.update(sendings.NO_COMMITMENT)
    told = sendings.found(records)[0].told
    assert "F200742" in told
    assert "R500450" in told


def test_faq_09_reading_of_the_identity_card() -> None:
    """Since 1 October 2017, by the day of care, each nursing act has a record 52."""
    records = [sendings.first(), *sendings.invoice(1, 2), sendings.last()]
    del records[3]
    (found,) = sendings.found(records)
    assert (found.code, found.rows) == ("R500112", [2])
    before = {"first_date": "20170930", "last_date": "20170930"}
    records[2].fields.update(before)
    assert "R500112" not in sendings.codes_of(records)


def test_faq_21_a_wrong_contact_in_zone_18_is_refused() -> None:
    """In records 20 and 80; the message says what to put there."""
    records = sendings.sending()
    row = {"third_party": sendings.NURSE, "contact": "120", "valid_from": ""}
    tables = Tables.of({"contacts": [{**row, "valid_until": ""}]})
    (found,) = sendings.checked(sendings.write(records), tables=tables)
    assert (found.code, found.field) == ("F201810", "destination_mutuality")
    assert len(found.rows) == 2
    assert "point of contact" in found.told


def test_faq_26_more_than_five_percent_refuses_the_file() -> None:
    """As one blocking error does; the same number is used again."""
    assert not Share(5, 100).refuses
    assert Share(6, 100).refuses
    assert "same number" in Share(6, 100).told()
    assert codes.refuses("B")["en"] == "refuses the whole file"


def test_faq_28_repeated_visits_need_basic_acts_by_the_same_caregiver() -> None:
    """428035, 428050 and 428072: a third, fourth, fifth basic act of the day."""
    records = [sendings.first(), *sendings.invoice(1, 2), sendings.last()]
    for place in (4, 5):
        records[place].fields["code"] = "0428035"
    assert sendings.codes_of(records) == set()
    records[2].fields["provider"] = sendings.OTHER_NURSE
    (found,) = sendings.found(records)
    assert (found.code, found.rows) == ("R500453", [4])


def test_faq_29_500452_is_noted_and_refuses_nothing() -> None:
    """It comes with the informational verdict alone, and asks for nothing."""
    assert codes.severity_of("500452") == "E"
    assert "E" not in codes.REFUSING
    assert codes.OWN.find("500452").advice.startswith("nothing")


def test_faq_33_424874_follows_424896() -> None:
    """The one is billed only once the other was (R500464)."""
    records = sendings.sending()
    records[2].fields["code"] = records[3].fields["code"] = "0424874"
    (found,) = sendings.found(records)
    assert (found.code, found.rows) == ("R500464", [2])
    records[4].fields["code"] = records[5].fields["code"] = "0424896"
    assert sendings.codes_of(records) == set()


def test_faq_18_refusals_of_a_day_or_block_are_consequences() -> None:
    """500118 and 500119: nothing is wrong with the line; mend the one that caused it."""
    causes = known_causes("mycarenet")
    for code in ("500118", "500119"):
        assert causes[code].consequence
        assert "mend the" in codes.OWN.find(code).advice


@pytest.mark.parametrize(
    "code",
    [
        *("200742", "500118", "500119", "500403", "5004K6", "500444", "500445"),
        *("500450", "500464", "500545", "501942", "502255", "201810", "500453"),
    ],
)
def test_faq_codes_are_explained_in_three_languages(code: str) -> None:
    """Each code that the FAQ names has words and advice of our own."""
    found = codes.OWN.find(code)
    assert found.own
    assert found.advice
    assert all(found.label[language] for language in codes.LANGUAGES)

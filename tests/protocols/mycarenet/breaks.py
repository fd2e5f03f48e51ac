"""Every rule of the checks, broken once: what is changed, and what must be named."""

from __future__ import annotations

from typing import Final, NamedTuple

from tests.protocols.mycarenet import nurse_sendings as sendings
from tests.protocols.mycarenet.nurse_sendings import NURSE, Values


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

"""Makes lots of valid B2 records: invoices of offices and stays of establishments."""

from __future__ import annotations

import random
from datetime import date, timedelta

from attrs import frozen

from protocols.sesam.sample_lines import (
    DETAILS,
    detail,
    price,
    shared_price,
    stay_totals,
)
from protocols.sesam.sample_numbers import make_nir, with_luhn, yymmdd
from protocols.sesam.stamp import stamps

_LOT_NUMBERS = 999
_VERSION = "062022"
_SOFTWARE = "SPECIMEN"  # no software was approved under it


@frozen(kw_only=True)
class SenderFacts:
    """In whose name a file is made: kind (TP, TE …), number with key, name."""

    kind: str
    number: str
    name: str


@frozen(kw_only=True)
class FundFacts:
    """For whom a file is made; `recipient` overrides the number made of these."""

    regime: str = "01"
    fund: str = "751"
    centre: str = "0000"
    organism: str = "751"
    computer_centre: str = "036"
    recipient_type: str = "CT"
    recipient: str = ""

    @property
    def number(self) -> str:
        """The recipient's number (french.md 1.2)."""
        rule = f"000000{self.regime}{self.computer_centre}{self.organism}"
        return self.recipient or rule


@frozen(kw_only=True)
class AmcFacts:
    """The complementary payer of a file's invoices, by its number of ten digits.

    `alone`: it is asked for its part by a request (DRE), and no fund for anything; else
    the invoices are enriched, and may be split by a concentrator.
    """

    number: str
    alone: bool = False


@frozen(kw_only=True)
class FileFacts:
    """What a made file is: who sends it, to whom, when, how much is in it.

    With `amc` each invoice has a complementary part.
    """

    sender: SenderFacts
    fund: FundFacts
    lots: int
    invoices_per_lot: int
    day: str
    norm: str = "FR"
    file_number: int = 1
    first_lot: int = 1
    first_invoice: int = 1
    line_end: bytes = b""
    amc: AmcFacts | None = None


class LotMaker:
    """Makes the records of one lot and keeps its totals."""

    def __init__(self, rng: random.Random, facts: FileFacts, index: int) -> None:
        self._rng = rng
        self._facts = facts
        place = facts.first_lot - 1 + index
        self._number = place % _LOT_NUMBERS + 1
        file_day = date.fromisoformat(facts.day)
        self._day = file_day - timedelta(days=place // _LOT_NUMBERS)
        self._first = facts.first_invoice + index * facts.invoices_per_lot
        self._totals = dict.fromkeys(("billed", "amo", "amc", "acts", "twos"), 0)

    def make(self) -> list[bytes]:
        """Return the lot's records, from its start to its end."""
        facts = self._facts
        establishment = facts.norm == "CP"
        records = [
            stamps("b2")["1"].fill(
                ps_id=facts.sender.number,
                dest_organism=facts.fund.organism,
                lot_no=self._number,
                ps_name=facts.sender.name[:40],
                norm_version_used="B2",
                currency="U",
                lot_created=yymmdd(self._day),
                norm_code=facts.norm,
                norm_version=_VERSION,
            )
        ]
        for number in range(self._first, self._first + facts.invoices_per_lot):
            make = self._stay if establishment else self._invoice
            records += make(number % 1_000_000_000)
        records.append(
            stamps("b2")["6"].fill(
                ps_id=facts.sender.number,
                nb_invoices=facts.invoices_per_lot,
                nb_act_lines=self._totals["acts"],
                nb_type2_records=self._totals["twos"],
                nb_type5_records=facts.invoices_per_lot,
                total_billed=self._totals["billed"],
                total_amo=self._totals["amo"],
                total_amc=self._totals["amc"],
                lot_no=self._number,
                software_approval_no=_SOFTWARE,
            )
        )
        return records

    def _head(self, number: int) -> tuple[dict[str, str | int], dict[str, str | int]]:
        """Return the key of an invoice's records, and the rest of its start."""
        nir, key = make_nir(self._rng, self._day)
        fund = self._facts.fund
        shared: dict[str, str | int] = {
            "ps_id": self._facts.sender.number,
            "insured_nir": nir,
            "insured_nir_key": key,
            "invoice_no": number,
        }
        rest: dict[str, str | int] = {
            "operation_kind": 1,
            "regime": fund.regime,
            "fund": fund.fund,
            "centre": fund.centre,
            "rights_proof": 1,
            "insurance_kind": 10,
            "copay_waiver_code": "0",
            "birth_date": nir[1:5] + f"{self._rng.randrange(1, 29):02}",
            "birth_rank": 1,
        }
        return shared, rest

    def _invoice(self, number: int) -> list[bytes]:
        rng = self._rng
        shared, rest = self._head(number)
        rest |= _asks(self._facts.amc)
        day = yymmdd(self._day - timedelta(days=rng.randrange(20)))
        forms = stamps("b2")
        prescriber = with_luhn(f"75{rng.randrange(1_000_000):06}")
        records = [
            forms["2"].fill(
                **shared,
                **rest,
                invoice_date=yymmdd(self._day),
                prescriber_id=prescriber,
                prescription_date=day,
            )
        ]
        if rng.random() < 1 / 4:
            own, key = make_nir(rng, self._day)
            records.append(
                forms["2S"].fill(**shared, patient_nir=own, patient_nir_key=key)
            )
        self._totals["twos"] += len(records)
        lines = rng.randrange(1, 4)
        billed = amo = amc = 0
        for place in range(1, lines + 1):
            line = price(rng)
            if self._facts.amc is not None:
                line = shared_price(line)
            records.append(
                forms["4"].fill(
                    **shared,
                    sequence=place,
                    prior_agreement_code=0,
                    performer_id=self._facts.sender.number,
                    act_date=day,
                    act_code="ACT",
                    coefficient=100,
                    count=1,
                    place_code=0,
                    **line,
                )
            )
            billed += line["total_amount"]
            amo += line["amo_amount"]
            amc += line["amc_amount"]
            if rng.random() < 1 / 2:
                form = forms[DETAILS[self._facts.norm]]
                values = detail(self._facts.norm, line, day)
                records.append(form.fill(**shared, sequence=1, **values))
        records.append(
            forms["5"].fill(
                **shared,
                nb_type4=lines,
                total_billed=billed,
                total_amo=amo,
                total_patient_before_amc=billed - amo,
                total_amc=amc,
            )
        )
        self._add(lines, billed, amo, amc)
        return records

    def _stay(self, number: int) -> list[bytes]:
        rng = self._rng
        shared, rest = self._head(number)
        left = self._day - timedelta(days=rng.randrange(1, 20))
        came = left - timedelta(days=rng.randrange(4))
        day, until = yymmdd(came), yymmdd(left)
        forms = stamps("b2")
        records = [
            forms["2-CP"].fill(**shared, **rest, entry_date=day, exit_date=until),
            forms["2S-CP"].fill(**shared, sequence="01", payee=15),
        ]
        self._totals["twos"] += len(records)
        stays = [price(rng) for _ in range(rng.randrange(2))]
        for line in stays:
            records.append(
                forms["3"].fill(
                    **shared,
                    stay_from=day,
                    stay_to=until,
                    act_code="GHS",
                    coefficient=100,
                    **line,
                )
            )
            records.append(
                forms["3S"].fill(
                    **shared, sequence=1, prescriber_id=0, prescription_date=day
                )
            )
        fees = [price(rng) for _ in range(rng.randrange(1, 3))]
        for line in fees:
            records.append(
                forms["4-CP"].fill(
                    **shared,
                    act_date=day,
                    act_code="ACT",
                    coefficient=100,
                    count=1,
                    **line,
                )
            )
            records.append(
                forms["4M"].fill(
                    **shared, sequence=1, ccam_code="ZZZZ001", activity="1"
                )
            )
        totals = stay_totals(stays, fees)
        lines = 2 * (len(stays) + len(fees))
        records.append(forms["5-CP"].fill(**shared, nb_type3_and_4=lines, **totals))
        self._add(
            len(stays) + len(fees),
            totals["billed_hospital"] + totals["fees_billed"],
            totals["amo_hospital"] + totals["fees_amo"],
            totals["amc_hospital"] + totals["amc_fees"],
        )
        return records

    def _add(self, lines: int, billed: int, amo: int, amc: int) -> None:
        for name, value in zip(
            ("acts", "billed", "amo", "amc"), (lines, billed, amo, amc), strict=True
        ):
            self._totals[name] += value


def _asks(amc: AmcFacts | None) -> dict[str, str | int]:
    """Say in an invoice's start who is asked for what."""
    if amc is None:
        return {"payee": 15}
    number = amc.number.zfill(10)
    if amc.alone:
        return {"payee": 25, "invoice_kind": "D", "amc_no": number}
    return {"payee": 15, "amc_contract_type": 99, "amc_no": number}

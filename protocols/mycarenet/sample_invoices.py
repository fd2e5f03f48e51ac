"""Makes invoices such as nurses send: services, each with the identity read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from random import Random
from typing import Final

from attrs import define

from protocols.mycarenet.check_digits import codes_check
from protocols.mycarenet.sample_numbers import make_nihii, make_niss

SERVICES: Final = ((425014, 512), (425110, 689), (424255, 1093), (425272, 2178))
"""Codes of nursing at home, and amounts that are invented."""

_PHYSICIAN = "004"
_OWN_SHARE = 4  # in how many lines one has a share of the patient
_HOLDER = "110110"

Values = dict[str, str | int]
Record = tuple[str, Values]


@define
class Totals:
    """What invoices add up to."""

    asked: int = 0
    codes: int = 0
    records: int = 0

    @classmethod
    def of(cls, parts: Iterable[Totals]) -> Totals:
        """Add totals up."""
        whole = cls()
        for each in parts:
            whole.asked += each.asked
            whole.codes += each.codes
            whole.records += each.records
        return whole


class InvoiceMaker:
    """Invents invoices of one third-party payer for care given in one month."""

    def __init__(
        self, rng: Random, third_party: str, month: date, *, lines: int
    ) -> None:
        self._rng = rng
        self._third_party = third_party
        self._month = month
        self._lines = max(1, lines)

    def make(self, mutuality: str, number: int, totals: Totals) -> list[Record]:
        """Return an invoice's records, without order numbers; add it to `totals`."""
        rng = self._rng
        niss, sex = make_niss(rng, self._month)
        person: Values = {
            "affiliation_mutuality": mutuality,
            "patient": niss,
            "sex": sex,
        }
        frame = person | {
            "invoice_type": 3,
            "billing_provider": self._third_party,
            "destination_mutuality": mutuality,
            "invoice_number": number,
            "patient_flag": 1,
        }
        records: list[Record] = [("20", frame | _OPENING | self._commitment())]
        care: Values = {"prescriber": make_nihii(rng, "1", _PHYSICIAN)}
        asked = share = codes = 0
        for day in sorted(rng.choices(range(1, self._month.day + 1), k=self._lines)):
            code, amount = rng.choice(SERVICES)
            own = amount // 4 if rng.randrange(_OWN_SHARE) == 0 else 0
            service = self._service(day, code, niss)
            money: Values = {"insurer_amount": amount, "patient_share": own, "units": 1}
            care["last_date"] = care["prescription_date"] = service["first_date"]
            asked, share, codes = asked + amount, share + own, codes + 2 * code
            records += [
                ("50", _LINE | service | person | money | care),
                ("52", service | self._identity(day)),
            ]
        ending: Values = {"insurer_amount_a": asked, "patient_share": share}
        records.append(("80", frame | ending | {"invoice_check": codes_check(codes)}))
        totals.asked += asked
        totals.codes += codes
        totals.records += len(records)
        return records

    def _commitment(self) -> Values:
        """Return what an insurer would have told of the month, the day after it."""
        return {
            "payment_commitment": f"{self._rng.getrandbits(128):032X}{0:016}",
            "insured_from": f"{self._month.replace(day=1):%Y%m%d}",
            "insured_until": f"{self._month:%Y%m%d}",
            "communicated": f"{self._month + timedelta(days=1):%Y%m%d}",
        }

    def _service(self, day: int, code: int, niss: str) -> Values:
        """Return what the records of a service have in common."""
        return {
            "code": code,
            "first_date": f"{self._month.replace(day=day):%Y%m%d}",
            "patient": niss,
            "provider": self._third_party,
        }

    def _identity(self, day: int) -> Values:
        """Return how the identity card was read on the day of care."""
        return {
            "read_date": f"{self._month.replace(day=day):%Y%m%d}",
            "read_time": f"{self._rng.randrange(7, 20):02}{self._rng.randrange(60):02}",
            "input_type": "1",
            "support_type": "1",
            "support_serial": f"{self._rng.randrange(10**11, 10**12):015}",
        }


_OPENING: Values = {"holder_codes": _HOLDER}
_LINE: Values = {"prescriber_norm": 1, "base_value": "0" * 8}

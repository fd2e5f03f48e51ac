"""Invents numbers that are right in themselves and belong to nobody."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Final

from protocols.mycarenet.check_digits import iban_check, nihii_key, niss_key

NURSE: Final = "401"  # the competence at the end of a nurse's number
_AGE = 95 * 365  # days between the oldest patient and today
_MOST_SERIAL = 997
_SINCE_2000 = 2000


def make_niss(rng: Random, day: date) -> tuple[str, str]:
    """Invent a national number and the sex that it tells: 1 man, 2 woman."""
    born = day - timedelta(days=rng.randrange(30, _AGE))
    serial = rng.randrange(1, _MOST_SERIAL + 1)
    base = f"{born:%y%m%d}{serial:03}"
    key = niss_key(base, since_2000=born.year >= _SINCE_2000)
    return f"{base}{key:02}", "1" if serial % 2 else "2"


def make_nihii(rng: Random, kind: str, competence: str) -> str:
    """Invent a provider's number: kind of provider, serial, key, competence."""
    base = f"{kind}{rng.randrange(10_000, 99_999)}"
    return f"{base}{nihii_key(base):02}{competence}"


def make_iban(rng: Random) -> str:
    """Invent a Belgian account; both pairs of check digits are right."""
    account = rng.randrange(10**9, 10**10)
    national = f"{account}{account % 97 or 97:02}"
    return f"BE{iban_check('BE', national)}{national}"


def make_enterprise(rng: Random) -> str:
    """Invent an enterprise number."""
    base = rng.randrange(4_000_000, 7_999_999)
    return f"0{base:07}{97 - base % 97:02}"

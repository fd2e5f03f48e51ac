"""Invents numbers that are right in themselves and belong to nobody."""

from __future__ import annotations

import random
from datetime import date

from protocols.sesam.keys import nir_key

_AGE = 90  # years between the oldest patient and today


def make_nir(rng: random.Random, day: date) -> tuple[str, str]:
    """Invent a national number and its key; one in fifty is Corsican."""
    born = (day.year - rng.randrange(_AGE)) % 100
    corsican = rng.random() < 1 / 50
    place = rng.choice(("2A", "2B")) if corsican else f"{rng.randrange(1, 96):02}"
    nir = (
        f"{rng.choice('12')}{born:02}{rng.randrange(1, 13):02}{place}"
        f"{rng.randrange(1, 990):03}{rng.randrange(1, 1000):03}"
    )
    return nir, nir_key(nir)


def with_luhn(digits: str) -> str:
    """Return digits followed by their Luhn key."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value // 10 + value % 10
    return f"{digits}{-total % 10}"


def yymmdd(day: date) -> str:
    """Return a day as B2 writes it."""
    return day.strftime("%y%m%d")

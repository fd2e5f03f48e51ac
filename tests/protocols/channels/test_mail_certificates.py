"""Which certificate a mail is encrypted for: from a file, or looked up."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from attrs import define, field
from cryptography import x509

from protocols.channels.mail_certificates import (
    Certificates,
    NoCertificate,
    NoDirectory,
)
from tests.protocols.channels.mail_account import FUND, NOW, certificate

DAY = 86_400.0
AUTHORITY = certificate("authority")


@define
class Annuaire:
    """A directory as a test fills it; counts how often it is asked."""

    holds: Sequence[x509.Certificate] = ()
    asked: int = 0
    is_down: bool = False

    def find(self, address: str) -> Sequence[x509.Certificate]:
        self.asked += 1
        if self.is_down:
            raise NoDirectory("it is down")
        return self.holds


@define
class Clock:
    now: float = NOW

    def __call__(self) -> float:
        return self.now


def signed(serial: int, **more: object) -> x509.Certificate:
    return certificate(FUND, serial=serial, issuer="authority", **more)  # type: ignore[arg-type]


@define
class Site:
    annuaire: Annuaire = field(factory=Annuaire)
    clock: Clock = field(factory=Clock)

    def certificates(self, *bundle: x509.Certificate) -> Certificates:
        return Certificates(
            bundle=bundle,
            issuers=(AUTHORITY,),
            directory=self.annuaire,
            now=self.clock,
        )


def test_the_newest_valid_one_of_the_directory_counts() -> None:
    """Of up to ten the valid one with the highest serial, as the profile says."""
    site = Site()
    site.annuaire.holds = [
        signed(3),
        signed(8, days=(-9.0, -1.0)),
        signed(5),
        certificate("02990@990.02.rss.fr", serial=99, issuer="authority"),
    ]

    assert site.certificates().of(FUND).serial_number == 5


def test_one_that_the_authority_did_not_sign_is_not_believed() -> None:
    """Somebody on the way to the directory cannot have mails encrypted for himself."""
    site = Site()
    site.annuaire.holds = [certificate(FUND, serial=9, owner="somebody else")]

    with pytest.raises(NoCertificate, match="there is no certificate"):
        site.certificates().of(FUND)


def test_the_file_goes_before_the_directory() -> None:
    """What the operator has put there needs no look-up."""
    site = Site()

    assert site.certificates(certificate(FUND, serial=2)).of(FUND).serial_number == 2
    assert site.annuaire.asked == 0


def test_the_directory_is_asked_once_a_day_and_after_an_end() -> None:
    """A look-up holds for a day, and no longer than its certificate."""
    site = Site()
    site.annuaire.holds = [signed(3, days=(-1.0, 0.5))]
    found = site.certificates()
    assert [found.of(FUND).serial_number for _ in range(3)] == [3] * 3
    assert site.annuaire.asked == 1

    site.annuaire.holds = [signed(4)]
    site.clock.now += 0.6 * DAY
    assert found.of(FUND).serial_number == 4
    site.clock.now += 0.9 * DAY
    assert found.of(FUND).serial_number == 4
    assert site.annuaire.asked == 2
    site.clock.now += 0.2 * DAY
    assert found.of(FUND).serial_number == 4
    assert site.annuaire.asked == 3


def test_a_directory_that_is_down_is_no_loss_while_one_is_valid() -> None:
    """Yesterday's certificate serves on; only without any it must be tried again."""
    site = Site()
    site.annuaire.is_down = True
    found = site.certificates()
    with pytest.raises(NoDirectory, match="down"):
        found.of(FUND)

    site.annuaire.is_down, site.annuaire.holds = False, [signed(3)]
    assert found.of(FUND).serial_number == 3
    site.annuaire.is_down = True
    site.clock.now += 2 * DAY
    assert found.of(FUND).serial_number == 3


def test_a_fund_without_one_is_not_asked_for_at_every_mail() -> None:
    """A directory is not asked again within the minute for what it has not."""
    site = Site()
    found = site.certificates()
    for _ in range(5):
        with pytest.raises(NoCertificate):
            found.of(FUND)
    assert site.annuaire.asked == 1


def test_words_count_what_cannot_be_used() -> None:
    """`octway payer test` says how many payers have no valid certificate."""
    site = Site()
    words = site.certificates(
        certificate(FUND, days=(-9.0, -1.0)), certificate("02990@990.02.rss.fr")
    ).words()

    assert words.startswith("payers with a valid certificate: 1, the first ends on")
    assert "none that is valid now: 1" in words

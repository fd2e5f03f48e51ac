"""A vendor is told in plain words what its files do wrong, one by one and together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cache
from random import Random

import pytest
from attrs import evolve

from gateway.conformance import across
from gateway.conformance.files import Checked, check
from protocols.catalog import Catalog
from protocols.interface import Network
from protocols.simulation import Order, Simulation, Spoilt, Told


@cache
def networks() -> tuple[Network, ...]:
    return tuple(Catalog.installed().networks())


def simulation(network: str = "sesam") -> Simulation:
    (found,) = (each.simulation for each in networks() if each.name == network)
    assert found is not None
    return found


def bill(
    number: int = 1, *, claim: int = 1001, lot: int = 0, network: str = "sesam"
) -> bytes:
    """Make a valid file of one lot with one invoice."""
    made = simulation(network)
    code = made.profiles[0].code
    return made.bill(
        Random(number),
        Order(
            sender=made.sender(Random(1)),
            code=code,
            rules=made.rules(code),
            lots=1,
            claims=1,
            day="2026-11-18",
            file=number,
            first_lot=lot or number,
            first_claim=claim,
        ),
    )


def told(name: str, content: bytes) -> Checked:
    return check(name, content, networks())


def codes(checked: Checked) -> set[str]:
    return {each.code for each in checked.findings}


def between(*files: tuple[str, bytes]) -> set[tuple[str, str]]:
    """Return what is wrong between files: whose it is, and its code."""
    found = across.look([told(*each) for each in files])
    return {(each.file, each.code) for each in found}


@pytest.mark.parametrize("network", ["mycarenet", "sesam"])
def test_a_valid_file_has_no_error(network: str) -> None:
    """A sample passes without a word, its software's number included."""
    found = told("a.txt", bill(network=network))
    assert (found.errors, codes(found)) == (0, set())
    assert found.network is not None
    assert found.network.name == network


def test_a_file_that_does_not_name_its_software_is_told_so() -> None:
    """Nobody could tell whose files are wrong; a payer takes it all the same."""
    found = told("a.txt", bill(network="sesam").replace(b"SPECIMEN", b" " * 8))
    assert (found.errors, codes(found)) == (0, {"no-software"})


@pytest.mark.parametrize("network", ["mycarenet", "sesam"])
def test_what_a_payer_would_refuse_is_told(network: str) -> None:
    """With record, words and code, as `octway inspect` has it."""
    bad = simulation(network).spoil(
        bill(network=network), Spoilt.WRONG_TOTALS, Random(1)
    )
    found = told("a.txt", bad)
    errors = [each for each in found.findings if each.severity == "error"]
    assert found.errors >= len(errors) > 0
    assert all(each.record and each.what and each.code for each in errors)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda content: b"\xef\xbb\xbf" + content, "byte-order-mark"),
        (lambda content: content.decode("ascii").encode("utf-16"), "utf-16"),
        (lambda content: content.replace(b" ", "é".encode(), 1), "utf-8"),
        (
            lambda content: content[:128] + b"\r\n" + content[128:] + b"\n",
            "mixed-line-ends",
        ),
    ],
    ids=["bom", "utf-16", "utf-8", "line-ends"],
)
def test_how_a_file_is_written(change: Callable[[bytes], bytes], code: str) -> None:
    """Encoding and line ends are named for what they are, beside what follows of them."""
    assert code in codes(told("a.b2", change(bill())))


def test_accents_of_one_byte_are_no_fault_of_the_encoding() -> None:
    """ISO 8859-1 is what such files may have."""
    found = told("a.b2", bill().replace(b"  ", b"\xe9 ", 1))
    assert not codes(found) & {"utf-8", "utf-16", "byte-order-mark"}


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.b2", b"", "unknown-format"),
        ("a.b2", b"hello", "unknown-format"),
        ("a.b2.part", bill(), "working-name"),
    ],
    ids=["empty", "unknown", "working-name"],
)
def test_what_is_no_billing_file(name: str, content: bytes, code: str) -> None:
    """Neither is a file whose name says that it is not whole yet."""
    assert code in codes(told(name, content))


def test_a_payers_return_is_no_billing_file() -> None:
    """Who sends one back is told."""
    made = simulation()
    lot = Told(made.read_sent(bill()).lots[0])
    (part,) = made.answer("payment", [lot], number=1, day=date(2026, 11, 18))
    assert "a-return" in codes(told("a.b2", part.content))


def test_what_a_file_provokes_in_the_sandbox_is_said() -> None:
    """So that nobody is surprised by an amount that happens to end so."""
    chosen = told("a.b2", bill(claim=100_951)).chosen
    assert chosen["lot-refused"] == 1


def test_numbers_that_repeat() -> None:
    """A lot and an invoice of one sender are used once; the first file is named."""
    one, two = ("1.b2", bill(1, claim=7, lot=3)), ("2.b2", bill(2, claim=7, lot=3))
    assert between(one, two) == {("2.b2", "repeated-lot"), ("2.b2", "repeated-invoice")}


def test_belgian_sending_numbers_that_repeat() -> None:
    """Their payers take a number once a year."""
    one = ("1", bill(1, lot=3, network="mycarenet"))
    two = ("2", bill(2, lot=3, network="mycarenet"))
    assert ("2", "repeated-number") in between(one, two)


def test_the_same_content_under_two_names() -> None:
    """It is told once, and its numbers are no repeats."""
    assert between(("1.b2", bill()), ("copy.b2", bill())) == {
        ("copy.b2", "same-content")
    }


def test_file_numbers_that_do_not_count_on() -> None:
    """A gap, an earlier number and a repeat are told, with both names."""
    first, fifth = ("1.b2", bill(1, claim=1)), ("5.b2", bill(5, claim=5))
    assert between(first, fifth) == {("5.b2", "file-number-gap")}
    assert between(fifth, first) == {("1.b2", "file-number-order")}
    assert between(first, ("2.b2", bill(2, claim=2))) == set()


def test_files_of_two_programs() -> None:
    """One software at a time is checked, as far as files say which."""
    one, other = told("1.b2", bill(1)), told("2.b2", bill(2, claim=2))
    found = list(
        across.look([evolve(one, software="A1"), evolve(other, software="B2")])
    )
    assert [each.code for each in found] == ["other-software"]

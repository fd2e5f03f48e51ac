"""Money that came is tied to what was announced, and to nothing that it may not be."""

from __future__ import annotations

from datetime import date

import pytest

from routing.payment import check_rule, due_on, reference_key
from routing.remittance import Announced, Arrived, Ruling, keys_in, rule, shares

KEY = "713/202402/900"


def announced(
    cents: int,
    lot: str = "l1",
    account: str = "A",
    key: str = KEY,
    *,
    open: bool = True,
) -> Announced:
    return Announced(lot, account, f"{key}/", key, cents, open)


def came(cents: int, *keys: str) -> Arrived:
    return Arrived("line 1", frozenset(keys or {KEY}), cents, "2026-12-01")


def rulings(arrived: list[Arrived], *known: Announced) -> list[Ruling]:
    return [each.ruling for each in rule(arrived, known)]


def test_a_reference_is_compared_as_banks_leave_it() -> None:
    """Without blanks and without slashes at its ends."""
    assert reference_key(" 713/202402 /900/ ") == KEY
    assert reference_key("///") == ""


def test_a_payment_is_due_two_weeks_after_the_sending_unless_the_payer_says() -> None:
    sent = date(2026, 11, 26)
    assert due_on(sent, {}) == date(2026, 12, 10)
    assert due_on(sent, {"payment_days": 30}) == date(2026, 12, 26)
    assert list(check_rule({"payment_days": 30})) == list(check_rule({})) == []
    for wrong in (0, 366, "14", True):
        (words,) = check_rule({"payment_days": wrong})
        assert words == (
            f"payment_days: is {wrong!r}; wanted a number of days from 1 to 365"
        )


@pytest.mark.parametrize(
    "text",
    [
        "713/202402/900/",
        "ref:713/202402/900 merci",
        "+++713/2024 02/900+++",
        "/INV/713/202402/900/ 1234",
    ],
)
def test_a_reference_is_found_in_what_a_bank_says(text: str) -> None:
    assert KEY in keys_in(text)


@pytest.mark.parametrize("text", ["1713/202402/900/", "713/202402/9001", "", "13"])
def test_part_of_a_number_is_no_reference(text: str) -> None:
    assert KEY not in keys_in(text)


def test_a_long_text_costs_little() -> None:
    assert len(keys_in("1/" * 5000)) < 100


def test_an_amount_pays_an_account_or_all_of_them() -> None:
    """Both accounts of a sending bear one reference; one transfer or two may come."""
    both = announced(1000), announced(200, account="B")
    (whole,) = rule([came(1200)], both)
    assert (whole.ruling, whole.pays) == (Ruling.PAID, both)
    one, other = rule([came(200), came(1000)], both)
    assert (one.pays, other.pays) == ((both[1],), (both[0],))


def test_of_two_senders_with_one_reference_the_amount_decides() -> None:
    two = announced(1000), announced(700, lot="l2")
    (found,) = rule([came(700)], two)
    assert [each.lot for each in found.pays] == ["l2"]
    assert rulings([came(701)], *two) == [Ruling.UNCLEAR]
    same = announced(1000), announced(1000, lot="l2")
    assert rulings([came(1000)], *same) == [Ruling.UNCLEAR]


def test_another_amount_pays_where_nothing_else_can_be_meant() -> None:
    (found,) = rule([came(900)], [announced(1000)])
    assert (found.ruling, len(found.pays)) == (Ruling.DIFFERS, 1)
    both = [announced(1000), announced(200, account="B")]
    (less,) = rule([came(1100)], both)
    assert list(shares(1100, less.pays)) == [(both[0], 1000), (both[1], 100)]
    (more,) = rule([came(1300)], both)
    assert list(shares(1300, more.pays)) == [(both[0], 1000), (both[1], 300)]


def test_a_reference_that_comes_twice_pays_by_its_amount_only() -> None:
    known = announced(1000)
    assert rulings([came(1000), came(1000)], known) == ["paid", "paid-before"]
    assert rulings([came(900), came(800)], known) == ["twice", "twice"]
    assert rulings([came(900), came(1000)], known) == ["twice", "paid"]


def test_nothing_is_paid_twice_or_unknown() -> None:
    assert rulings([came(1000)], announced(1000, open=False)) == ["paid-before"]
    assert rulings([came(1000, "OTHER/1")], announced(1000)) == ["unknown"]
    assert rulings([came(1000)]) == ["unknown"]


def test_one_transfer_for_several_references_must_be_their_sum() -> None:
    keys = (KEY, "714/202402/900")
    two = announced(1000), announced(500, lot="l2", key=keys[1])
    (found,) = rule([came(1500, *keys)], two)
    assert (found.ruling, found.pays) == (Ruling.PAID, (two[0], two[1]))
    assert rulings([came(1400, *keys)], *two) == [Ruling.UNCLEAR]


def test_the_longer_of_two_references_is_meant() -> None:
    long = f"{KEY}/5"
    known = announced(1000), announced(700, lot="l2", key=long)
    (found,) = rule([came(700, KEY, long)], known)
    assert [each.lot for each in found.pays] == ["l2"]

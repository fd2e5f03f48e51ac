"""A number that a payer takes once only is used once only, by whatever program."""

from __future__ import annotations

import threading
from contextlib import closing

import pytest

from gateway.committing import Tx
from gateway.journal import lot_numbers, lots, replay, schema
from gateway.journal.lot_numbers import Noted
from routing.envelope import Outcome
from routing.lifecycle import LotEvent, LotState
from routing.number_use import NumberUse
from tests.gateway.steps.site import Site
from tests.gateway.steps.toy import Toy

FIRST = "LOT 007 P1 ref=A year=2026\nINV 1 1000\n"
SECOND = "LOT 007 P1 ref=B year=2026\nINV 2 2000\n"
NEXT_YEAR = "LOT 007 P1 ref=C year=2027\nINV 3 3000\n"


def bill(site: Site, lot: str, client: str = "alpha") -> None:
    site.deposit(f"TOY S1\n{lot}".encode(), client=client)
    site.run()


def say(site: Site, *lines: str) -> None:
    said = "".join(f"{line}\n" for line in ("TORETURN arl", *lines))
    site.payer("P1").answer(f"{site.at}.r", said.encode())
    site.run()
    site.run()  # what was held is routed again


def stand(site: Site) -> list[tuple[str, str]]:
    return [(row.state, row.cause) for row in site.rows(schema.lot)]


def test_a_second_lot_of_a_number_waits_and_goes_if_the_first_is_refused(
    site: Site,
) -> None:
    """Another program of the sender chose the number too: nothing is sent blindly."""
    bill(site, FIRST)
    bill(site, SECOND, client="beta")
    assert stand(site) == [("sent", ""), ("held", "number-waiting")]
    say(site, "lot S1/007/A rejected 0 S1")
    assert stand(site) == [("answered", ""), ("sent", "")]
    site.check()


def test_a_number_once_accepted_is_never_used_again(site: Site) -> None:
    """What waited is held for good, and its words say what to do."""
    bill(site, FIRST)
    bill(site, SECOND)
    say(site, "lot S1/007/A acknowledged 0 S1")
    assert stand(site)[1] == ("held", "number-used")
    (_, second) = site.rows(schema.lot)
    assert "number 007 of S1/P1/2026" in second.cause_words
    bill(site, NEXT_YEAR)  # another year is another register
    assert stand(site)[2] == ("sent", "")
    site.check()


def test_a_number_used_before_the_gateway_is_used(site: Site) -> None:
    """What was noted by hand counts as accepted."""

    def note(number: str) -> int:
        noted = [Noted("S1/P1/2026", number, "old program")]
        return site.gateway.database.write(
            "note", lambda tx: lot_numbers.note(tx, "toy", noted)
        )

    assert (note("007"), note("007"), note("008")) == (1, 0, 1)
    bill(site, FIRST)
    assert stand(site) == [("held", "number-used")]


def test_of_two_that_come_at_once_the_first_goes(site: Site) -> None:
    """Both are routed in one turn, or by two nodes: one of them waits."""
    site.deposit(f"TOY S1\n{FIRST}".encode())
    site.deposit(f"TOY S1\n{SECOND}".encode(), client="beta")
    site.run()
    assert sorted(state for state, _ in stand(site)) == ["held", "sent"]


def test_a_lot_that_never_left_frees_its_number(site: Site) -> None:
    """What was withdrawn before it was sent cannot be known to the payer."""
    site.deposit(f"TOY S1\n{FIRST}".encode())
    site.run("split", "route")
    (row,) = site.rows(schema.lot)
    assert row.state == "routed"
    site.gateway.database.write(
        "back", lambda tx: lots.move(tx, row, LotEvent.WITHDRAW, "a test")
    )
    bill(site, SECOND)
    assert stand(site)[1] == ("sent", "")


def test_a_register_tells_the_uses_of_each_number(site: Site) -> None:
    """What left counts, with what was said of it; what was refused here does not."""
    series = "S1/P1/2026"

    def uses() -> dict[str, list[NumberUse]]:
        return site.gateway.database.read(lot_numbers.uses_of_each, "toy", series)

    site.gateway.database.write(
        "note", lambda tx: lot_numbers.note(tx, "toy", [Noted(series, "003", "old")])
    )
    bill(site, FIRST)
    bill(site, SECOND)  # it waits, and uses nothing
    lot = site.rows(schema.lot)[0].id
    assert uses() == {"003": [NumberUse("")], "007": [NumberUse(lot)]}
    say(site, "lot S1/007/A acknowledged 0 S1")
    ((kind, outcome),) = uses()["007"][0].said
    assert (kind, outcome) == ("arl", Outcome.ACKNOWLEDGED)


def test_a_lot_that_is_withdrawn_lets_the_one_go_that_waits_for_its_number(
    site: Site,
) -> None:
    """Nobody has to load a directory for it."""
    site.deposit(f"TOY S1\n{FIRST}".encode())
    site.run("split", "route")
    site.deposit(f"TOY S1\n{SECOND}".encode(), client="beta")
    site.run("split", "route")
    assert stand(site) == [("routed", ""), ("held", "number-waiting")]
    (first, _) = site.rows(schema.lot)
    site.gateway.database.write(
        "back", lambda tx: replay.withdraw_lot(tx, first.id, by="lea", why="a test")
    )
    site.run("route")
    assert stand(site) == [("withdrawn", "withdrawn"), ("routed", "")]
    site.check()


@pytest.mark.parametrize("engine", ["postgresql"])
def test_two_nodes_that_route_a_number_at_once_let_one_lot_go(engine: str) -> None:
    """Also where the clock of one is behind, so that its lot seems to be the first."""
    with closing(Site(engine)) as site, closing(site.node("node-2")) as other:
        site.client("alpha")
        reading, routed = threading.Event(), threading.Event()

        def waits(tx: Tx) -> None:
            (lot,) = lots.by_state(tx, LotState.NEW, 1)
            lot_numbers.lock(tx, [lot])
            assert Toy().rule_number(lot_numbers.uses(tx.connection, lot)).may_go
            reading.set()
            assert not routed.wait(0.2)  # the other one has to wait for this
            values = {"payer_id": "payer-P1", "payer_code": "P1"}
            lots.move(tx, lot, LotEvent.ROUTE, "routed", **values)

        site.at += 1
        site.deposit(f"TOY S1\n{SECOND}".encode())
        site.run("split")
        site.at -= 1
        late = threading.Thread(target=other.database.write, args=("route", waits))
        late.start()
        assert reading.wait(10)
        site.deposit(f"TOY S1\n{FIRST}".encode())
        site.run("split", "route")
        routed.set()
        late.join()
        assert stand(site) == [("held", "number-waiting"), ("routed", "")]

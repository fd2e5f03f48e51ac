"""`octway match`: a person's word on what is likely."""

from __future__ import annotations

from typing import Any

import pytest

from protocols.sesam.payer_simulator import Caisse, Faults
from protocols.sesam.payer_simulator_decisions import Mix
from tests.gateway.cli.installation import Installation


@pytest.fixture
def proposed(installed: Installation) -> dict[str, Any]:
    """Give what is proposed where nothing is sure: the payer altered a number."""
    config = installed.config
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("sure_mark = 75", "sure_mark = 101"), "utf-8")
    pays = Mix(rejected=0.0, partly=0.0, deferred=0.0)
    installed.caisse = Caisse(faults=Faults(wrong_identifiers=1.0), mix=pays)
    installed.deposit("facture.b2", installed.billing_file(invoices=1))
    installed.work()
    installed.answer("payment")
    installed.work()
    (found,) = installed.octway("match", "list", "--json").facts["matches"]
    return dict(found)


def test_nothing_to_decide_is_said(installed: Installation) -> None:
    """An empty list is good news."""
    assert "no match waits" in installed.octway("match", "list").out


def test_a_person_looks_and_confirms(
    installed: Installation, proposed: dict[str, Any]
) -> None:
    """The list, one in full, the word: the claim is paid, and who said so is kept."""
    name = proposed["name"]
    assert (proposed["state"], proposed["claim"]) == ("open", 1)
    assert proposed["answer_asked_cents"] == proposed["claim_asked_cents"]
    assert name in installed.octway("match", "list").out
    shown = installed.octway("match", "show", name).out
    assert "of 100" in shown
    assert f"octway match confirm {name}" in shown

    stranger = installed.octway("match", "confirm", name, "--by", "somebody")
    assert stranger.status == 1
    assert "'somebody' is no staff account" in stranger.err
    installed.octway("staff", "add", "lea", "--role", "operator")
    done = installed.octway("match", "confirm", name, "--by", "lea")
    assert done.out == f"{name} is confirmed by lea\n"
    assert "no match waits" in installed.octway("match", "list").out
    traced = installed.octway("trace", proposed["lot"]).out
    assert "as lea confirmed" in traced
    again = installed.octway("match", "confirm", name, "--by", "lea")
    assert again.status == 1
    assert "meanwhile" in again.err


def test_a_person_refuses(installed: Installation, proposed: dict[str, Any]) -> None:
    """What was refused is off the list, and stays so when it is tried again."""
    installed.octway("staff", "add", "tester", "--role", "operator")
    said = installed.octway("match", "refuse", proposed["name"], "--json").facts
    assert (said["state"], said["decided_by"]) == ("refused", "tester")
    installed.time += 3601
    installed.work()
    assert installed.octway("match", "list", "--json").facts["matches"] == []


def test_an_unknown_match_is_refused(installed: Installation) -> None:
    """A wrong name exits 1 and says where names are."""
    for name in ("r1", "r1/x/d1/1", "r1/1/d1-1/1"):
        done = installed.octway("match", "show", name)
        assert (done.status, "octway match list" in done.err) == (1, True)

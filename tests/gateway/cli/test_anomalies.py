"""`octway anomaly`: the desk from a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gateway.cli.installation import Installation


@pytest.fixture
def anomaly(installed: Installation) -> str:
    """Give an anomaly: two lots that no payer is known for."""
    installed.deposit("facture.b2", installed.billing_file(fund="777", lots=2))
    installed.work()
    (found,) = installed.octway("anomaly", "list", "--json").facts["anomalies"]
    assert found["kind"] == "lot-held"
    assert found["seen"] == 2
    return str(found["id"])


def test_nothing_to_do_is_said(installed: Installation) -> None:
    """An empty desk is good news."""
    assert "nothing needs a person" in installed.octway("anomaly", "list").out


def test_what_is_to_be_done_about_held_lots_goes_by_their_cause(
    installed: Installation, anomaly: str
) -> None:
    """A missing payer is added; for a lot that came before no directory helps."""
    shown = installed.octway("anomaly", "show", anomaly)
    assert "add the code to a payer of the directory" in shown.out
    for name in ("first.b2", "second.b2"):  # of one lot number and other content
        installed.deposit(name, installed.billing_file())
        installed.work()
    held = installed.octway("anomaly", "list", "--kind", "lot-held", "--json").facts
    (twin,) = (each["id"] for each in held["anomalies"] if each["id"] != anomaly)
    advice = installed.octway("anomaly", "show", twin, "--json").facts["advice"]
    assert "its client must send it anew" in advice


def test_the_case_of_held_lots_is_closed_when_the_last_one_is_withdrawn(
    installed: Installation, anomaly: str
) -> None:
    """Nobody has to resolve what stands behind nothing any more."""

    def state() -> str:
        shown = installed.octway("anomaly", "show", anomaly, "--json").facts
        return str(shown["state"])

    lots = installed.octway("trace", "facture.b2", "--json").facts["lots"]
    for lot in lots:
        assert state() == "open"
        installed.octway("withdraw", lot["id"], "--why", "a test file")
    assert state() == "resolved"


def test_a_refused_belgian_lot_is_told_with_what_its_code_means(
    installed: Installation, tmp_path: Path
) -> None:
    """Support reads what is wrong and what mends it without looking the code up."""
    installed.add_union()
    file = tmp_path / "sample.920000"
    installed.octway("sample", str(file), "--code", "300")
    spoilt = bytearray(file.read_bytes())
    spoilt[227 + 349] ^= 1  # the last check digit of record 10
    installed.deposit("sample.920000", bytes(spoilt))
    installed.work()
    listed = installed.octway("anomaly", "list", "--kind", "lot-refused", "--json")
    (found,) = listed.facts["anomalies"]
    shown = installed.octway("anomaly", "show", found["id"]).out
    assert "means          B109902: " in shown
    assert "would mend it" in shown

    traced = installed.octway("trace", "sample.920000").out
    assert "What its payer's codes mean" in traced
    assert "own words" not in traced
    labels = tmp_path / "labels.csv"
    rows = "code;severity;label_fr;label_nl\n109902;B;Mots officiels;Officieel\n"
    labels.write_text(rows, encoding="utf-8")
    installed.octway("label", "import", "mycarenet", str(labels))
    traced = installed.octway("trace", "sample.920000").out
    assert "the payers' own words (fr): Mots officiels" in traced


def test_an_anomaly_goes_from_hand_to_hand(
    installed: Installation, anomaly: str
) -> None:
    """Assign, comment, resolve: each with a name, each shown, then off the list."""
    assert installed.octway("anomaly", "assign", anomaly, "lea").status == 0
    installed.octway("anomaly", "comment", anomaly, "asked", "the fund")
    shown = installed.octway("anomaly", "show", anomaly, "--json").facts
    assert (shown["state"], shown["assignee"]) == ("assigned", "lea")
    (comment,) = shown["comments"]
    assert (comment["by"], comment["words"]) == ("tester", "asked the fund")
    done = installed.octway(
        "anomaly", "resolve", anomaly, "the fund was added", "--by", "lea"
    )
    assert done.status == 0
    assert installed.octway("anomaly", "list", "--json").facts["anomalies"] == []
    (kept,) = installed.octway("anomaly", "list", "--all", "--json").facts["anomalies"]
    assert kept["resolution"] == "the fund was added"


def test_a_resolved_anomaly_cannot_be_resolved_again(
    installed: Installation, anomaly: str
) -> None:
    """What its life does not allow is refused with what it does allow."""
    installed.octway("anomaly", "resolve", anomaly, "done")
    again = installed.octway("anomaly", "resolve", anomaly, "done")
    assert again.status == 1
    assert "allowed: reopen" in again.err


def test_a_resolved_anomaly_is_opened_again_by_a_person(
    installed: Installation, anomaly: str
) -> None:
    """It cannot be assigned, and the refusal says how to open it; then it can."""
    installed.octway("anomaly", "resolve", anomaly, "done")
    refused = installed.octway("anomaly", "assign", anomaly, "lea")
    assert refused.status == 1
    assert f"octway anomaly reopen {anomaly}" in refused.err
    assert installed.octway("anomaly", "reopen", anomaly, "not", "that").status == 0
    assert installed.octway("anomaly", "assign", anomaly, "lea").status == 0
    shown = installed.octway("anomaly", "show", anomaly, "--json").facts
    assert (shown["state"], shown["resolution"]) == ("assigned", None)
    assert shown["comments"][0]["words"] == "not that"
    assert installed.octway("anomaly", "reopen", anomaly, "w").status == 1


def test_reach_is_shown(installed: Installation, anomaly: str) -> None:
    """How many claims, lots and clients, what amount, and which lots."""
    shown = installed.octway("anomaly", "show", anomaly, "--json").facts
    assert (shown["claims"], shown["reach"]) == (4, {"items": 2, "clients": 1})
    assert len(shown["items"]) == 2
    assert shown["facts"]["cents"] > 0
    words = installed.octway("anomaly", "show", anomaly).out
    assert "4 claims, 2 lots, 1 client" in words
    assert shown["items"][0]["id"] in words
    assert " 4 " in installed.octway("anomaly", "list").out


def test_the_list_can_be_narrowed(installed: Installation, anomaly: str) -> None:
    """By kind, payer and client."""
    for option, value, count in (
        ("--kind", "lot-held", 1),
        ("--kind", "answer-late", 0),
        ("--payer", "caisse-nord", 0),
        ("--client", "alpha", 1),
        ("--client", "beta", 0),
    ):
        listed = installed.octway("anomaly", "list", option, value, "--json")
        assert len(listed.facts["anomalies"]) == count


def test_an_unknown_anomaly_is_refused(installed: Installation) -> None:
    """A wrong id exits 1."""
    assert installed.octway("anomaly", "show", "a1").status == 1


def test_one_is_put_off_and_comes_back(installed: Installation, anomaly: str) -> None:
    """Until a moment where the person sits, or for a span; then it is open again."""
    said = installed.octway("anomaly", "snooze", anomaly, "--for", "2d", "--by", "lea")
    assert "is put off until" in said.out
    shown = installed.octway("anomaly", "show", anomaly, "--json").facts
    assert shown["state"] == "snoozed"
    assert "put off until" in installed.octway("anomaly", "show", anomaly).out
    installed.time += 2 * 86_400
    installed.work()
    shown = installed.octway("anomaly", "show", anomaly, "--json").facts
    assert (shown["state"], shown["snoozed_until"]) == ("open", None)
    for wrong in (["--for", "soon"], ["--until", "soon"], []):
        assert installed.octway("anomaly", "snooze", anomaly, *wrong).status == 2
    past = installed.octway("anomaly", "snooze", anomaly, "--until", "2001-01-01")
    assert past.status == 1


def test_many_are_worked_on_at_once(installed: Installation, anomaly: str) -> None:
    """Without --yes it is only said; with it done, and what is needed is asked for."""
    order = ("anomaly", "bulk", "withdraw", "--kind", "lot-held")
    said = installed.octway(*order)
    assert "2 things behind them, 4 claims; nothing is done yet" in said.out
    assert installed.octway(*order, "--yes").status == 2
    seen = said.out.rpartition("--seen ")[2].strip()
    as_seen = (*order, "--yes", "--why", "by mistake", "--json", "--seen")
    other = installed.octway(*as_seen, "another")
    assert (other.status, "changed meanwhile" in other.err) == (1, True)
    done = installed.octway(*as_seen, seen).facts
    assert (done["done"], done["count"], done["failed"]) == (True, 2, {})
    told = installed.octway("anomaly", "bulk", "replay", "--kind", "lot-held")
    assert told.status == 0
    given = installed.octway("anomaly", "bulk", "assign", "--to", "lea", "--yes")
    assert given.status == 0


def test_much_waits_for_a_second_person(installed: Installation, anomaly: str) -> None:
    """Above what the settings say nothing is done at once, from a terminal neither."""
    text = installed.config.read_text()
    installed.config.write_text(
        text.replace("second_person_above = 1000", "second_person_above = 3")
    )
    order = ("anomaly", "bulk", "withdraw", "--kind", "lot-held", "--why", "w")
    assert "a second person must agree" in installed.octway(*order).out
    said = installed.octway(*order, "--yes", "--json").facts
    assert said["second_person"]
    shown = installed.octway("anomaly", "show", said["anomaly"], "--json").facts
    assert (shown["kind"], shown["claims"]) == ("bulk-approval", 4)

    case = said["anomaly"]
    lot = shown["items"][0]["id"]
    for by_hand in (("withdraw", lot), ("replay", lot)):
        refused = installed.octway(*by_hand)
        assert (refused.status, f"waits in {case}" in refused.err) == (1, True)
    stranger = installed.octway("anomaly", "agree", case, "--by", "eve")
    assert "no staff account" in stranger.err
    installed.octway("staff", "add", "lea", "--role", "operator", stdin="long enough 7")
    agreed = installed.octway("anomaly", "agree", case, "--by", "lea", "--json").facts
    assert (agreed["done"], agreed["failed"]) == (2, {})
    again = installed.octway("anomaly", "refuse", case, "too late", "--by", "lea")
    assert (again.status, "waits for nobody" in again.err) == (1, True)

"""`octway trace`: where is my file?"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.gateway.cli.installation import Installation, Said, lines_with


def headline(said: Said) -> str:
    assert said.status == 0, said.err
    return said.out.splitlines()[0]


def test_a_file_that_was_just_received_is_safe(installed: Installation) -> None:
    """Before anything is read, the answer is that the file is here."""
    installed.deposit("facture.b2", installed.billing_file())
    said = installed.octway("trace", "facture.b2")
    assert headline(said) == "the file is received and safe; it has not been read yet"
    assert "a running node reads it next" in said.out


def test_the_whole_way_is_one_screen(installed: Installation) -> None:
    """From the deposit to the last payment: each stage has its own first sentence."""
    content = installed.billing_file(lots=2, invoices=3)
    installed.deposit("facture.b2", content)
    installed.work()
    sent = installed.octway("trace", "facture.b2")
    assert headline(sent).startswith("2 of 2 lots sent; 2 arl answers and 6 payment")
    assert lines_with(sent.out, "arl of each lot", "2", "open")
    installed.answer("arl", "payment")
    installed.work()
    paid = installed.octway("trace", "facture.b2")
    assert "nothing is owed any more" in headline(paid)
    assert len(lines_with(paid.out, "answered", "caisse-nord")) >= 2
    assert len(paid.out.splitlines()) < 60


def test_the_reference_in_a_payers_answer_finds_the_lot(
    installed: Installation, tmp_path: Path
) -> None:
    """A union's desk names a Belgian sending by its zone 204 and by nothing else."""
    file = tmp_path / "sample.920000"
    installed.octway("sample", str(file), "--code", "300")
    inspected = installed.octway("inspect", str(file), "--json", bare=True).facts
    stored = installed.deposit("sample.920000", file.read_bytes())
    installed.work()
    reference = inspected["keys"]["reference"]
    found = installed.octway("trace", reference, "--json").facts
    assert [lot["id"] for lot in found["lots"]] == [f"{stored.deposit}-1"]
    assert installed.octway("trace", reference[:-1]).status == 1


def test_everything_that_a_person_may_have_in_hand_finds_it(
    installed: Installation,
) -> None:
    """Id, name, hash, lot and invoice number, dispatch and return lead to the file."""
    content = installed.billing_file(number=4)
    stored = installed.deposit("facture.b2", content)
    installed.work()
    (answer, *_) = installed.answer("arl")
    installed.work()
    life = installed.octway("trace", stored.deposit, "--json").facts
    dispatch = life["dispatches"][0]
    digest = hashlib.sha256(content).hexdigest()
    for what in (
        "facture.b2",
        "/in/facture.b2",
        digest,
        digest[:8].upper(),
        f"{stored.deposit}-1",
        "041",
        "000000401",
        dispatch["id"],
        dispatch["filename"],
        answer,
    ):
        found = installed.octway("trace", what, "--json")
        assert found.status == 0, what
        lots = [lot["id"] for lot in found.facts["lots"]]
        assert lots == [f"{stored.deposit}-1"], what


def test_a_file_on_this_disk_is_found_by_its_content(
    installed: Installation, tmp_path: Path
) -> None:
    """A copy under another name is recognised."""
    content = installed.billing_file()
    stored = installed.deposit("facture.b2", content)
    copy = tmp_path / "copy-from-a-mail.txt"
    copy.write_bytes(content)
    found = installed.octway("trace", str(copy), "--json")
    assert found.facts["id"] == stored.deposit


def test_a_name_that_means_several_things_gives_a_list(
    installed: Installation,
) -> None:
    """Two deposits of one name are listed, each with what to type next."""
    ids = {
        installed.deposit("same.b2", installed.billing_file(number=n)).deposit
        for n in (1, 2)
    }
    said = installed.octway("trace", "same.b2", "--json")
    assert said.status == 0
    assert {each["id"] for each in said.facts["matches"]} == ids
    shown = installed.octway("trace", "same.b2").out
    assert all(lines_with(shown, each, "deposit", "received") for each in ids)


def test_an_invoice_is_chosen_from_the_list(installed: Installation) -> None:
    """The same invoice number of two senders: the list names each for a next trace."""
    other = type(installed.sender)(kind="TP", number="275968535", name="CABINET B")
    installed.deposit("a.b2", installed.billing_file())
    installed.deposit("b.b2", installed.billing_file(sender=other, lots=1))
    installed.work()
    matches = installed.octway("trace", "000000101", "--json").facts["matches"]
    assert {each["kind"] for each in matches} == {"claim"}
    assert {each["file"] for each in matches} == {"a.b2", "b.b2"}
    assert {each["state"] for each in matches} == {"dispatched"}
    shown = installed.octway("trace", "000000101").out
    assert lines_with(shown, "claim", "a.b2", "dispatched")
    chosen = f"{matches[0]['id']}/{matches[0]['seq']}"
    told = installed.octway("trace", chosen, "--json").facts
    assert told["claim"]["number"] == "000000101"


def test_an_invoice_tells_its_own_money(installed: Installation) -> None:
    """For an invoice the sentence is about that invoice."""
    installed.deposit("facture.b2", installed.billing_file())
    installed.work()
    installed.answer()
    installed.work()
    said = installed.octway("trace", "000000101", "--json").facts
    claim = said["claim"]
    assert said["headline"].startswith("invoice 000000101 is ")
    assert claim["account"] in {"paid", "partly-paid", "rejected"}
    assert "EUR" in said["headline"]


def test_a_held_lot_says_why_and_what_to_do(installed: Installation) -> None:
    """An unknown fund is told first, with what brings the lot on its way."""
    installed.deposit("facture.b2", installed.billing_file(fund="777"))
    installed.work()
    said = installed.octway("trace", "facture.b2")
    assert headline(said).startswith("lot 011 is held: no payer of sesam has code")
    assert "-> add the code to a payer of the directory" in said.out
    assert "held lots are routed again when a new directory is loaded" in said.out
    assert lines_with(said.out, "lot-held", "open")


def test_a_repeat_is_told_what_can_be_done(installed: Installation) -> None:
    """A lot that was sent cannot be withdrawn, and no directory lets its repeat go."""
    installed.deposit("first.b2", installed.billing_file())
    installed.work()
    installed.deposit("again.b2", installed.billing_file())
    installed.work()
    said = installed.octway("trace", "again.b2")
    assert headline(said).startswith("lot 011 is held: lot 011 of ")
    assert headline(said).endswith(
        "send a corrected lot with another lot number (the earlier one can be "
        "withdrawn only while it has not been sent)"
    )
    assert "a new directory is loaded" not in said.out
    assert "lots held as duplicates stay held until a person acts" in said.out


def test_a_file_that_nobody_can_read_says_so(installed: Installation) -> None:
    """A photograph instead of a bill: the client must be told."""
    installed.deposit("photo.jpg", b"\xff\xd8 no bill at all")
    installed.work()
    said = installed.octway("trace", "photo.jpg")
    assert headline(said).startswith("the file cannot be read: ")
    assert "-> tell its client" in said.out


def damaged(content: bytes) -> bytes:
    """Destroy the first and the last record of the second lot of two."""
    records = [content[at : at + 128] for at in range(0, len(content), 128)]
    starts = [at for at, each in enumerate(records) if each[:1] == b"1"]
    ends = [at for at, each in enumerate(records) if each[:1] == b"6"]
    for at in (starts[1], ends[1]):
        records[at] = b"?" * 128
    return b"".join(records)


def test_a_deposit_of_which_a_part_was_lost_says_so_first(
    installed: Installation,
) -> None:
    """What was read goes on; that a lot may be missing is said before that."""
    content = damaged(installed.billing_file(lots=2))
    stored = installed.deposit("facture.b2", content)
    installed.work()
    installed.answer()
    installed.work()
    anomalies = installed.octway("anomaly", "list", "--json").facts["anomalies"]
    (own,) = [each for each in anomalies if each["kind"] == "deposit-damaged"]
    for what in (stored.deposit, "facture.b2"):
        said = installed.octway("trace", what)
        first = "the deposit was damaged, and a lot may be missing from it: record "
        assert headline(said).startswith(first)
        assert "the lot is sent" in headline(said)
        assert headline(said).endswith(
            "nothing is owed any more for the lots that were read"
        )
        (todo,) = lines_with(said.out, "-> its client must send again what is missing")
        assert f"octway anomaly resolve {own['id']}" in todo
        assert lines_with(said.out, own["id"], "deposit-damaged", "open")
    told = installed.octway("trace", stored.deposit, "--json").facts
    assert [each for each in told["todo"] if own["id"] in each]
    assert own["id"] in [each["id"] for each in told["anomalies"]]

    installed.octway("anomaly", "resolve", own["id"], "the lot came again")
    after = installed.octway("trace", "facture.b2")
    assert headline(after).startswith("the lot is sent")
    assert "-> its client must send again" not in after.out
    assert lines_with(after.out, own["id"], "deposit-damaged", "resolved")


def test_another_deposit_damaged_alike_is_behind_the_same_case(
    installed: Installation,
) -> None:
    """One case for both files; each of them says what is to be done about it."""
    for _ in range(2):
        installed.deposit("facture.b2", damaged(installed.billing_file(lots=2)))
    installed.work("split")
    anomalies = installed.octway("anomaly", "list", "--json").facts["anomalies"]
    (own,) = [each for each in anomalies if each["kind"] == "deposit-damaged"]
    shown = installed.octway("anomaly", "show", own["id"], "--json").facts
    assert len(shown["items"]) == own["seen"] == 2
    for each in shown["items"]:
        said = installed.octway("trace", each["id"])
        assert lines_with(said.out, own["id"], "deposit-damaged", "open")


def test_a_refused_lot_beside_a_loss_shows_its_own_reason(
    installed: Installation,
) -> None:
    """What is wrong outside the lots is not told as the reason of a refused one."""
    content = bytearray(damaged(installed.billing_file(lots=2)))
    end = next(at for at in range(0, len(content), 128) if content[at] == ord("5"))
    content[end + 40] = ord("X")  # in a total of the lot that was read
    installed.deposit("facture.b2", bytes(content))
    installed.work()
    told = installed.octway("trace", "facture.b2", "--json").facts
    (reason,) = [each for each in told["headline"].split("; ") if "is refused" in each]
    own = [each for each in told["problems"] if each["lot"] == told["lots"][0]["id"]]
    assert reason.endswith(own[0]["message"].split("; ")[0])


def test_a_refused_lot_shows_its_place(installed: Installation) -> None:
    """What is wrong in the file is shown with record and position."""
    content = bytearray(installed.billing_file())
    content[128 * 3 + 60] = ord("X")
    installed.deposit("bad.b2", bytes(content))
    installed.work()
    said = installed.octway("trace", "bad.b2")
    assert headline(said).startswith("lot 011 is refused: record ")
    assert lines_with(said.out, "error: record", "position")


def test_a_payer_that_does_not_answer_shows_when_it_is_tried_again(
    installed: Installation,
) -> None:
    """The next attempt, and why the last one failed, are told."""
    installed.shut("caisse-nord")
    installed.deposit("facture.b2", installed.billing_file())
    installed.work("split", "route", "gather", "dispatch")
    said = installed.octway("trace", "facture.b2")
    assert "0 of 1" in said.out or "not left" in headline(said)
    assert lines_with(said.out, "is handed over to caisse-nord at 2026-11-18")


def test_late_answers_are_the_headline(installed: Installation) -> None:
    """Past the due date the first sentence says what is late, and since when."""
    installed.deposit("facture.b2", installed.billing_file())
    installed.work()
    installed.time += 20 * 86400
    installed.work("watch")
    said = installed.octway("trace", "facture.b2")
    assert "missing, owed since 2026-11-" in headline(said)
    assert lines_with(said.out, "answer-late")
    assert "-> caisse-nord: what is late is chased by itself" in said.out


def test_a_payer_that_owes_no_answer_is_said_to_owe_none(
    installed: Installation,
) -> None:
    """Without [[expects]] nothing was ever owed, which differs from all being paid."""
    file = installed.folder / "payers" / "caisse-nord.toml"
    before, _, rest = file.read_text(encoding="utf-8").partition("[[expects]]")
    _, _, after = rest.partition("[calendar]")
    file.write_text(f"{before}[calendar]{after}", encoding="utf-8")
    installed.deposit("facture.b2", installed.billing_file())
    installed.work()
    said = installed.octway("trace", "facture.b2")
    assert headline(said) == (
        "the lot is sent; no answer is expected of caisse-nord: none was named under "
        "[[expects]] in its directory file when the lot was sent"
    )
    installed.answer()
    installed.work()
    answered = installed.octway("trace", "facture.b2")
    assert "the lot is sent and answered" in headline(answered)
    assert "nothing is owed any more" in headline(answered)


def test_times_are_local_with_their_offset(installed: Installation) -> None:
    """A time is shown as the clock on the wall, with its distance from UTC."""
    installed.deposit("facture.b2", installed.billing_file())
    when = datetime.fromtimestamp(installed.time, UTC)
    said = installed.octway("trace", "facture.b2")
    assert f"2026-11-18 {when.hour + 1}:{when:%M:%S} +01:00" in said.out


@pytest.mark.parametrize("what", ["nothing.b2", "5f0c12a", "%", "'; --"])
def test_what_is_not_there_exits_1(installed: Installation, what: str) -> None:
    """Nothing found is told, with how things are compared; a pattern is no wildcard."""
    installed.deposit("facture.b2", installed.billing_file())
    said = installed.octway("trace", what)
    assert said.status == 1
    assert "compared whole" in said.err
    assert said.out == ""


def test_one_clients_files_can_be_asked_for(installed: Installation) -> None:
    """With --client only that client's things are found."""
    installed.octway("client", "add", "beta")
    stored = installed.deposit("same.b2", installed.billing_file(), client="beta")
    installed.deposit("same.b2", installed.billing_file(number=2))
    found = installed.octway("trace", "same.b2", "--client", "beta", "--json")
    assert found.facts["id"] == stored.deposit


def test_no_patient_is_ever_shown(installed: Installation) -> None:
    """Neither screen nor JSON holds a national number of the file."""
    content = installed.billing_file(lots=1, invoices=3)
    installed.deposit("facture.b2", content)
    installed.work()
    installed.answer()
    installed.work()
    records = [content[at : at + 128] for at in range(0, len(content), 128)]
    patients = {record[11:24].decode() for record in records if record[:1] == b"2"}
    for arguments in (["facture.b2"], ["facture.b2", "--json"], ["000000101"]):
        said = installed.octway("trace", *arguments)
        assert patients
        assert not any(patient in said.out for patient in patients)


def test_a_large_deposit_stays_one_screen(installed: Installation) -> None:
    """Forty lots: the first are listed, all are counted."""
    installed.deposit("large.b2", installed.billing_file(lots=40, invoices=1))
    installed.work()
    said = installed.octway("trace", "large.b2", "--json").facts
    assert said["lot_count"] == 40
    assert len(said["lots"]) == 25
    assert said["states"] == {"sent": 40}
    assert len(said["timeline"]) < 20
    assert "40 lots: sent" in installed.octway("trace", "large.b2").out


def test_an_anomaly_can_be_traced(installed: Installation) -> None:
    """The id of an anomaly shows it, and what to do about it."""
    installed.deposit("facture.b2", installed.billing_file(fund="777"))
    installed.work()
    listed = installed.octway("anomaly", "list", "--json").facts["anomalies"]
    said = installed.octway("trace", listed[0]["id"])
    assert said.status == 0
    assert lines_with(said.out, "what to do", "add the code")

"""`octway export`: a bundle that proves itself to somebody who has only our public key."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import select, update

from gateway.evidence import verify_evidence
from gateway.journal import schema, tree
from routing.lifecycle import HandbackEvent
from tests.gateway.cli.installation import Installation

DAY: Final = 86_400.0
PROGRAM: Final = Path(verify_evidence.__file__)


@pytest.fixture
def lived(installed: Installation) -> Installation:
    """Give an installation with a file that was answered and is under a root."""
    installed.deposit("facture.b2", installed.billing_file(lots=2))
    installed.work()
    installed.answer()
    installed.work()
    installed.time += DAY
    installed.work("seal")
    return installed


def export(installed: Installation, *arguments: str) -> Path:
    """Have a bundle written."""
    out = installed.folder / "bundle.zip"
    said = installed.octway(
        "export", *arguments, "--purpose", "a dispute", "--out", str(out)
    )
    assert said.status == 0, said.err
    return out


def checked(installed: Installation, bundle: Path) -> tuple[int, str]:
    """Check it as a stranger would: by a program of its own, with the key alone."""
    key = installed.folder / "receipts.pub"
    key.write_text(installed.octway("receipt", "key").out)
    done = subprocess.run(
        [sys.executable, "-I", str(PROGRAM), str(bundle), str(key)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def manifest(bundle: Path) -> Any:
    with zipfile.ZipFile(bundle) as archive:
        return json.loads(archive.read("manifest.json"))


def test_a_bundle_holds_the_life_and_is_checked_by_a_stranger(
    lived: Installation,
) -> None:
    """Bytes, receipts, chain, daily root and history, without a note that all is not."""
    bundle = export(lived, "facture.b2")
    status, said = checked(lived, bundle)
    assert (status, "note" in said, "all holds" in said) == (0, False, True), said
    kinds = {each.get("kind") for each in manifest(bundle)["files"]}
    assert kinds - {None} == {"deposit", "dispatch", "return", "handback"}
    with zipfile.ZipFile(bundle) as archive:
        program = archive.read("verify_evidence.py")
        told = [json.loads(line) for line in archive.read("events.jsonl").splitlines()]
    assert program == PROGRAM.read_bytes()
    assert {"deposit.received", "lot.sent", "return.ready"} <= {
        each["kind"] for each in told
    }


def test_it_is_nobody_elses_to_read_and_is_never_replaced(lived: Installation) -> None:
    """Mode 0600, no file is overwritten, and no half a file is left anywhere."""
    bundle = export(lived, "facture.b2")
    before = bundle.read_bytes()
    assert bundle.stat().st_mode & 0o777 == 0o600
    said = lived.octway(
        "export", "facture.b2", "--purpose", "again", "--out", str(bundle)
    )
    assert (said.status, "is there already" in said.err) == (2, True)
    assert bundle.read_bytes() == before
    assert not list(lived.folder.glob(".*.part"))


def test_the_history_says_who_took_what_and_why(lived: Installation) -> None:
    """Without a purpose there is no bundle; with one it stands in the trace."""
    for without in ([], ["--purpose", "....."]):
        refused = lived.octway("export", "facture.b2", *without)
        assert (refused.status, "--purpose" in refused.err) == (2, True)
    export(lived, "facture.b2", "--by", "lea")
    assert "written for lea: a dispute" in lived.octway("trace", "facture.b2").out


@pytest.mark.parametrize(
    "name", ["files/", "receipts/", "events.jsonl", "roots/", "manifest.json", "more"]
)
def test_a_bundle_that_was_changed_does_not_hold(
    lived: Installation, name: str
) -> None:
    """One character of any part, a part taken out, or one put in."""
    bundle = export(lived, "facture.b2")
    other = lived.folder / "changed.zip"
    with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(other, "w") as new:
        victim = next((each for each in old.namelist() if each.startswith(name)), "")
        for each in old.namelist():
            content = old.read(each)
            if each == victim:
                content = content.replace(b"1", b"2", 1)
            new.writestr(each, content)
        if name == "more":
            new.writestr("files/more", b"x")
    status, said = checked(lived, other)
    assert (status, "does not hold" in said) == (1, True)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((), "usage: "),
        (("bundle.zip",), "usage: "),
        (("bundle.zip", "no.pub"), "no.pub: no public key of receipts"),
        (("no.zip", "receipts.pub"), "no.zip: cannot be read"),
    ],
    ids=["nothing", "no-key", "not-there", "no-bundle"],
)
def test_a_file_that_cannot_be_read_is_named_and_nothing_is_said_to_hold(
    given: Sequence[str],
    words: str,
    installed: Installation,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Exit status 2 and how to call it, without a trace of Python's."""
    monkeypatch.chdir(installed.folder / "data/keys")
    assert verify_evidence.main(*given) == 2
    said = capsys.readouterr()
    assert words in said.err
    assert "usage: python verify_evidence.py" in said.err
    assert not said.out


def test_a_bundle_behind_another_file_does_not_hold(lived: Installation) -> None:
    """A reader that begins at the front would see other files than were checked."""
    bundle = export(lived, "facture.b2")
    other = lived.folder / "other.zip"
    with zipfile.ZipFile(other, "w") as front:
        front.writestr("manifest.json", b"{}")
    other.write_bytes(other.read_bytes() + bundle.read_bytes())
    status, said = checked(lived, other)
    assert (status, "before the first file" in said) == (1, True)


def test_an_event_that_was_changed_before_the_export_is_not_under_its_root(
    lived: Installation,
) -> None:
    """A signed manifest over a history that was rewritten does not make it true."""
    table = schema.event
    change = update(table).where(table.c.kind == "deposit.received").values(at=1.0)
    lived.house.database.write("t", lambda tx: tx.connection.execute(change) and None)
    status, said = checked(lived, export(lived, "facture.b2"))
    assert (status, "not under its root" in said) == (1, True)


def test_other_clients_claims_are_left_out_unless_asked_for(
    lived: Installation,
) -> None:
    """A dispatch that two clients share is proved by its hash; --with-others has it."""
    lived.octway("client", "add", "beta", "--name", "Cabinet Beta")
    files = {
        client: lived.billing_file(number=number)
        for number, client in ((3, "alpha"), (4, "beta"))
    }
    for client, content in files.items():
        lived.deposit(f"{client}.b2", content, client)
    lived.work()
    bundle = export(lived, "alpha.b2")
    (left,) = manifest(bundle)["left_out"]
    assert (left["kind"], "other clients" in left["why"]) == ("dispatch", True)
    assert checked(lived, bundle)[0] == 0
    bundle.unlink()
    whole = export(lived, "alpha.b2", "--with-others")
    assert manifest(whole)["left_out"] == []


def test_a_clients_period_is_one_bundle(lived: Installation) -> None:
    """All deposits of some days, and nothing of others."""
    lived.time += 3 * DAY
    lived.deposit("later.b2", lived.billing_file(number=5))
    lived.work()
    database, table = lived.house.database, schema.deposit
    first = database.read(
        lambda each: (
            each.execute(select(table.c.received_at).order_by(table.c.id))
            .scalars()
            .first()
        )
    )
    on = datetime.fromtimestamp(first or 0, UTC).date().isoformat()
    bundle = export(lived, "--client", "alpha", "--from", on, "--until", on)
    names = {
        each["filename"]
        for each in manifest(bundle)["files"]
        if each.get("kind") == "deposit"
    }
    assert names == {"facture.b2"}
    assert checked(lived, bundle)[0] == 0


def test_a_purged_file_is_proved_by_its_hash(lived: Installation) -> None:
    """After retention the bundle says when it went, and its receipts still hold."""
    database, table = lived.house.database, schema.handback
    names = database.read(lambda each: list(each.execute(select(table.c.id)).scalars()))
    for name in names:
        database.write("fetch", tree.move_handback, name, HandbackEvent.FETCH, "sftp")
    over = update(schema.anomaly).values(state="resolved")
    database.write("t", lambda tx: tx.connection.execute(over) and None)
    lived.time += 1000 * DAY
    facts = lived.octway("purge", "--json").facts
    assert facts["purged"]["deposit"]["files"] == 1, facts
    bundle = export(lived, "facture.b2")
    assert all("purged at" in each["why"] for each in manifest(bundle)["left_out"])
    assert len(manifest(bundle)["left_out"]) > 3
    status, said = checked(lived, bundle)
    assert (status, "all holds" in said) == (0, True)


def test_a_disk_that_is_full_leaves_no_half_bundle(
    lived: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the history does not say that anybody has it."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    out = lived.folder / "bundle.zip"
    said = lived.octway(
        "export", "facture.b2", "--purpose", "why not", "--out", str(out)
    )
    assert (said.status, out.exists()) == (2, False)
    assert not list(lived.folder.glob(".*.part"))
    assert "evidence about it" not in lived.octway("trace", "facture.b2").out


def test_a_program_killed_before_the_file_has_its_name_can_run_again(
    lived: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The history may know of a bundle that nobody got, never the other way round."""

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    out = lived.folder / "bundle.zip"
    with monkeypatch.context() as patched:
        patched.setattr("os.link", dies)
        said = lived.octway(
            "export", "facture.b2", "--purpose", "first", "--out", str(out)
        )
    assert (said.status, out.exists()) == (130, False)
    assert "for tester: first" in lived.octway("trace", "facture.b2").out
    assert checked(lived, export(lived, "facture.b2"))[0] == 0

"""`octway verify`, `receipt` and `key`: what can be proved, and by whom."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Executable, select, update

from config.settings import load
from gateway.cli import key_files
from gateway.committing import Tx
from gateway.intake.receipt_folder import ReceiptFolder
from gateway.journal import schema
from gateway.node_lock import lock_node
from tests.gateway.cli.installation import Installation


@pytest.fixture
def filled(installed: Installation) -> Installation:
    """Give an installation with a deposit that was sent and answered."""
    installed.deposit("facture.b2", installed.billing_file(lots=2))
    installed.work()
    installed.answer("arl")
    installed.work()
    return installed


def change(installed: Installation, *statements: Executable) -> None:
    """Change the journal behind its back."""

    def write(tx: Tx) -> None:
        for each in statements:
            tx.connection.execute(each)

    installed.house.database.write("test", write)


def broken(installed: Installation, check: str) -> list[str]:
    said = installed.octway("verify", "--json")
    assert said.status == 1
    assert not said.facts["ok"]
    breaks: list[str] = said.facts["checks"][check]["breaks"]
    return breaks


def test_all_holds_after_honest_work(filled: Installation) -> None:
    """Exit 0, and something was looked at in every check."""
    said = filled.octway("verify", "--json")
    assert said.status == 0
    checks = said.facts["checks"].items()
    assert all(each["checked"] for name, each in checks if name != "roots")


def test_what_reads_every_file_can_be_left_out(filled: Installation) -> None:
    """With --quick no stored file is read, so nothing is derived from them either."""
    quick = filled.octway("verify", "--quick", "--json").facts["checks"]
    assert quick.keys() == {"events", "ledger", "places", "receipts", "roots"}


def test_an_amount_that_no_deposit_asks_for_is_found(filled: Installation) -> None:
    """Rows and ledger agree on it; the stored deposit is asked, and named are lot and claim."""
    claim, lot, moved = schema.claim, schema.lot, schema.ledger_move
    first = lot.c.position == 1
    its = select(lot.c.id).where(first).scalar_subquery()
    change(
        filled,
        update(claim)
        .where(claim.c.lot_id == its, claim.c.seq == 1)
        .values(asked=claim.c.asked + 100),
        update(moved).where(moved.c.lot_id == its).values(amount=moved.c.amount + 100),
        update(lot)
        .where(first)
        .values(asked=lot.c.asked + 100, standing_asked=lot.c.standing_asked + 100),
    )
    said = filled.octway("verify", "--json").facts["checks"]
    assert said["ledger"]["broken"] == 0
    of_lot, of_claim = said["accounts"]["breaks"]
    assert "its row says asked" in of_lot
    assert "-1, claim 1: its row says asked" in of_claim


def test_a_changed_event_is_found(filled: Installation) -> None:
    """History cannot be rewritten unseen."""
    table = schema.event
    change(filled, update(table).where(table.c.kind == "lot.sent").values(facts="{}"))
    assert any("was changed" in each for each in broken(filled, "events"))


def test_a_claim_moved_without_a_move_is_found(filled: Installation) -> None:
    """Where a claim stands must be where its moves led."""
    table = schema.claim
    change(filled, update(table).where(table.c.seq == 1).values(account="paid"))
    found = broken(filled, "ledger")
    assert any("account paid" in each for each in found)
    assert any(each.startswith("lot ") for each in found)


def test_a_changed_byte_on_disk_is_found(filled: Installation) -> None:
    """One flipped bit in a stored file is named with its payload."""
    (segment,) = (filled.folder / "data/storage/segments").iterdir()
    content = bytearray(segment.read_bytes())
    content[10] ^= 1
    segment.write_bytes(content)
    (found,) = broken(filled, "files")
    assert "was changed or cut on disk" in found


def test_a_missing_file_is_found(filled: Installation) -> None:
    """Rows whose bytes are gone are named."""
    (segment,) = (filled.folder / "data/storage/segments").iterdir()
    segment.rename(segment.with_name("elsewhere"))
    said = filled.octway("verify", "--json").facts["checks"]
    assert "is missing on disk" in said["places"]["breaks"][0]
    assert "elsewhere" in said["places"]["notes"][0]
    assert said["files"]["broken"] >= 3


def test_a_stray_file_is_a_note_and_no_break(filled: Installation) -> None:
    """A crash may leave bytes that no row names; that is no damage."""
    (filled.folder / "data/storage/files/zz").mkdir()
    (filled.folder / "data/storage/files/zz/stray").write_bytes(b"x" * 9)
    said = filled.octway("verify")
    assert said.status == 0
    assert "files/zz/stray: 9 bytes that no row names" in said.out


def test_a_receipt_is_checked_with_the_public_key(
    installed: Installation, tmp_path: Path
) -> None:
    """Anyone with the public key can check it offline; one changed letter breaks it."""
    stored = installed.deposit("facture.b2", installed.billing_file())
    public = tmp_path / "receipts.pub"
    public.write_text(installed.octway("receipt", "key").out)
    receipt = tmp_path / "receipt.json"
    receipt.write_bytes(stored.receipt)
    verify = ("receipt", "verify", str(receipt), "--key", str(public))
    good = installed.octway(*verify, bare=True)
    assert good.status == 0
    assert stored.deposit in good.out
    receipt.write_bytes(stored.receipt.replace(b"facture", b"fracture"))
    assert installed.octway(*verify, bare=True).status == 1
    receipt.write_bytes(b"no receipt")
    assert installed.octway(*verify, bare=True).status == 1
    public.write_text("no key")
    assert installed.octway(*verify, bare=True).status == 2


def papers(filled: Installation, folder: Path) -> list[str]:
    """Write down all that is signed for the client, as it downloads it; give the names."""
    folder.mkdir()
    tree = ReceiptFolder(filled.house.database, "alpha", lambda: 0.0)
    for entry in tree.entries():
        download = tree.open(entry.name)
        assert download is not None
        download.read(0, entry.size).addCallback((folder / entry.name).write_bytes)
    return sorted(str(each) for each in folder.iterdir())


def test_all_that_a_client_downloads_is_checked_at_once(
    filled: Installation, tmp_path: Path
) -> None:
    """Receipts, reports beside them, the chain and a day's proof, with the key alone."""
    filled.time += 86_400
    filled.work("seal")
    public = tmp_path / "receipts.pub"
    public.write_text(filled.octway("receipt", "key").out)
    files = papers(filled, tmp_path / "receipts")
    verify = ("receipt", "verify", *files, "--key", str(public))
    good = filled.octway(*verify, bare=True)
    assert (good.status, good.err) == (0, "")
    for words in (
        "2 lots handed over to caisse-nord in",
        "answers in arl",
        "entry 1 of alpha, covers 2 receipts",
        "is under the root of 2026-11-18",
    ):
        assert words in good.out, good.out
    facts = filled.octway(*verify, "--json", bare=True).facts
    assert facts["valid"]
    assert {each["kind"] for each in facts["documents"]} == {
        "deposit",
        "dispatch",
        "answer",
        "chain",
        "inclusion",
    }


def test_what_does_not_hold_between_files_is_said(
    filled: Installation, tmp_path: Path
) -> None:
    """The file that does not fit is named, with what was expected, and the exit is 1."""
    filled.deposit("next.b2", filled.billing_file(number=2))
    filled.work("seal")
    files = papers(filled, tmp_path / "receipts")
    without = [each for each in files if not each.endswith("chain-2.json")]
    said = filled.octway("receipt", "verify", *without)
    assert said.status == 1
    assert "chain-3.json: entry 2 is missing between it and" in said.err
    assert "no entry that was given covers it" in said.out


def test_receipts_of_an_older_key_are_checked_with_it(
    filled: Installation, tmp_path: Path
) -> None:
    """The old public key is kept beside the new one; without it nothing old holds."""
    keys = filled.folder / "data" / "keys"
    files = papers(filled, tmp_path / "receipts")
    old = keys / "receipts.pub"
    other = Ed25519PrivateKey.generate()
    (keys / "receipts.key").write_bytes(key_files.pem_private(other))
    assert filled.octway("receipt", "verify", *files).status == 0
    assert filled.octway("verify", "--quick").status == 0
    old.rename(tmp_path / "elsewhere.pub")
    assert filled.octway("receipt", "verify", *files).status == 1
    found = broken(filled, "receipts")
    assert "whose public half is not beside the signing key" in found[0]
    again = ("receipt", "verify", *files, "--key", str(tmp_path / "elsewhere.pub"))
    assert filled.octway(*again).status == 0


def test_the_root_of_a_day_is_printed_as_published(filled: Installation) -> None:
    """The newest without a day; a day that has none is said to have none."""
    early = filled.octway("receipt", "root")
    assert (early.status, early.out) == (1, "")
    assert "no day has a root" in early.err
    filled.time += 2 * 86_400
    filled.work("seal")
    assert filled.octway("receipt", "root").facts["day"] == "2026-11-19"
    assert filled.octway("receipt", "root", "2026-11-18").facts["day"] == "2026-11-18"
    assert filled.octway("receipt", "root", "2026-11-20").status == 1
    assert filled.octway("receipt", "root", "today").status == 2


def test_a_receipt_taken_out_of_its_chain_is_found(filled: Installation) -> None:
    """`octway verify` walks the chains of receipts as well."""
    table = schema.receipt_entry
    change(filled, update(table).where(table.c.number == 2).values(number=9))
    found = broken(filled, "receipts")
    assert found[0] == "receipts of alpha, entry 9: entry 2 before it is missing"


def test_a_trace_shows_the_receipts_that_were_given(filled: Installation) -> None:
    """A deposit's trace names each receipt about it, and its place in the chain."""
    facts = filled.octway("trace", "facture.b2", "--json").facts
    kinds = [each["kind"] for each in facts["receipts"]]
    assert kinds == ["deposit", "dispatch", "answer"]
    said = filled.octway("trace", "facture.b2").out
    assert "Receipts given" in said
    sent = facts["receipts"][1]
    assert f"{sent['id']}  for dispatch {sent['about']}" in said
    assert filled.octway("trace", sent["id"], "--json").facts["id"] == sent["about"]


def test_rotating_the_key_keeps_every_file_readable(filled: Installation) -> None:
    """All keys are wrapped anew, the old one stays in the file, everything verifies."""
    rotated = filled.octway("key", "rotate", "--name", "k2", "--json")
    assert rotated.status == 0
    assert rotated.facts["added"] == "k2"
    assert rotated.facts["rewrapped"] >= 3
    assert filled.octway("verify").status == 0
    again = filled.octway("key", "rotate", "--only", "rewrap", "--json")
    assert again.facts == {"added": None, "rewrapped": 0}
    taken = filled.octway("key", "rotate", "--name", "k2")
    assert taken.status == 1
    assert "already" in taken.err


def test_a_running_node_is_not_left_behind_by_a_rotation(
    filled: Installation,
) -> None:
    """A node that does not know the new key could read nothing that was wrapped anew."""
    settings = load(filled.config, {})
    keys = settings.storage.key_file
    before = keys.read_bytes()
    with lock_node(settings):
        refused = filled.octway("key", "rotate")
        assert refused.status == 1
        assert "--only add" in refused.err
        assert keys.read_bytes() == before
        assert filled.octway("key", "rotate", "--only", "add").status == 0
    assert filled.octway("key", "rotate", "--name", "k3").status == 0


def test_a_key_can_be_added_first_and_used_later(filled: Installation) -> None:
    """The two halves run apart, so that running nodes can learn the key between."""
    added = filled.octway("key", "rotate", "--only", "add", "--json").facts
    assert added["rewrapped"] == 0
    assert filled.octway("verify").status == 0
    done = filled.octway("key", "rotate", "--only", "rewrap", "--json").facts
    assert done["rewrapped"] >= 3
    assert filled.octway("verify").status == 0

"""`octway backup` and `octway restore`: what was acknowledged is there after, or it is told."""

from __future__ import annotations

import errno
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest
from sqlalchemy import func, select, update

from gateway.backup import key_copies, manifest
from gateway.backup.manifest import Manifest
from gateway.backup.site_files import site_files
from gateway.backup.take import Backup
from gateway.errors import BackupFailed
from gateway.journal import backups, schema
from tests.engines import drop_database, empty_database, new_database, postgres
from tests.gateway.cli.installation import Installation, Said

LARGE = 30  # invoices: more than the segments of these tests take

Meanwhile = Callable[[], None]


@pytest.fixture
def to(tmp_path: Path) -> Path:
    """Where backups go."""
    return tmp_path / "backup"


@pytest.fixture
def safe(tmp_path: Path) -> Path:
    """Where keys are kept, apart from backups."""
    return tmp_path / "safe"


def lived(installed: Installation) -> set[str]:
    """Bring a file through, leave a large one on its way; return their deposits."""
    installed.durable = False
    text = installed.config.read_text()
    assert '"256k"' in text
    installed.config.write_text(text.replace('"256k"', '"4k"'))
    first = installed.deposit("facture.b2", installed.billing_file())
    installed.work()
    installed.answer()
    installed.work()
    large = installed.billing_file(number=2, invoices=LARGE)
    second = installed.deposit("grand.b2", large)
    installed.work()
    return {first.deposit, second.deposit}


def test_a_full_disk_is_told_and_leaves_the_moments_of_before(
    installed: Installation, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever had no room, the journal's copy or a file: no half moment stays."""
    lived(installed)
    taken(installed, to, lambda: None)
    before = manifest.moments(to)
    for error in (
        sqlite3.OperationalError("database or disk is full"),
        OSError(errno.ENOSPC, "No space left on device", str(to / "x")),
    ):
        copy = Mock(side_effect=error)
        monkeypatch.setattr("gateway.backup.journal_copy.copy", copy)
        with pytest.raises(BackupFailed, match=r"full|No space left") as told:
            taken(installed, to, lambda: None)
        assert str(to) in str(told.value)
        assert manifest.moments(to) == before
        assert {each.name for each in to.iterdir() if each.is_dir()} == {
            "storage",
            before[0].name,
        }


def taken(
    installed: Installation, to: Path, meanwhile: Meanwhile, keep: int = 1
) -> Manifest:
    """Take a backup during which something happens, whenever a file was copied."""
    house, programs = installed.house, postgres_programs(installed)
    task = Backup(
        settings=house.settings,
        database=house.database,
        payloads=house.payloads,
        site=site_files(house.settings),
        now=house.now,
        version="1",
        pg_dump=programs["pg_dump"],
        progress=lambda done, total: meanwhile(),
    )
    installed.time += 1
    return task.run(to, keep=keep)[1]


def postgres_programs(installed: Installation) -> dict[str, str]:
    """Name the programs that a journal of this engine needs."""
    if "sqlite" in installed.house.settings.database.url:
        return {"pg_dump": "no-pg-dump", "pg_restore": "no-pg-restore"}
    return {each: postgres().program(each) for each in ("pg_dump", "pg_restore")}


def restored(installed: Installation, to: Path, *more: str) -> Said:
    """Restore beside the old installation."""
    new = to.parent / "new"
    return installed.octway("restore", str(to), "--into", str(new), *more, bare=True)


def deposits(installed: Installation) -> set[str]:
    """Read which deposits a journal knows."""
    query = select(schema.deposit.c.id)
    return set(
        installed.house.database.read(lambda c: c.execute(query).scalars().all())
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def site(
    request: pytest.FixtureRequest, installed: Installation
) -> Iterator[Installation]:
    """Give an installation on each engine; on PostgreSQL with a new, empty journal."""
    if request.param == "sqlite":
        yield installed
        return
    url = new_database("postgresql")
    in_postgres(installed, url)
    installed.octway("client", "add", "alpha")
    yield installed
    installed.restart()
    drop_database(url)


def in_postgres(installed: Installation, url: str) -> None:
    """Have the settings name a database by a file, as one does with a password."""
    text = installed.config.read_text()
    line = 'url = "sqlite:///data/octway.db"'
    assert line in text
    file = installed.folder / "data" / "keys" / "database.url"
    file.write_text(url)
    file.chmod(0o600)
    installed.config.write_text(
        text.replace(line, 'url_file = "data/keys/database.url"')
    )


def test_all_that_was_acknowledged_comes_back(
    site: Installation, to: Path, safe: Path, tmp_path: Path
) -> None:
    """Deposits go on arriving meanwhile; the copy is whole, and its books balance."""
    before = lived(site)
    numbers = iter(range(3, 50))

    def arrives() -> None:
        number = next(numbers)
        site.deposit(f"{number}.b2", site.billing_file(number=number))

    made = taken(site, to, arrives)
    assert made.broken == []
    assert len(made.files) >= 2
    key_copies.copy(site_files(site.house.settings), safe)
    programs = postgres_programs(site)
    with empty_database("postgresql", tmp_path) as url:
        if made.engine == "postgresql":  # settings say by a file where; it is a secret
            lacking = restored(site, to)
            assert lacking.status == 2
            assert "database.url_file: cannot read" in lacking.err
            (safe / "data" / "keys" / "database.url").write_text(url)
        said = restored(
            site, to, "--keys", str(safe), "--pg-restore", programs["pg_restore"]
        )
        assert said.status == 0, said.err
        assert "Put these keys back" not in said.out
        new = Installation(to.parent / "new", said)
        verified = new.octway("verify", "--json")
        assert (verified.status, verified.facts["ok"]) == (0, True), verified.out
        assert deposits(new) == before  # and none of those that came after it began
        assert new.octway("check").status == 0
        assert "paid" in new.octway("trace", "facture.b2").out
        new.close()


def test_the_next_backup_copies_what_is_new(installed: Installation, to: Path) -> None:
    """Files of storage are shared by moments; each of them can be restored."""
    first = lived(installed)
    taken(installed, to, lambda: None, keep=2)
    marks = {each: each.stat().st_mtime_ns for each in (to / "storage").rglob("*.seg")}
    large = [each for each in (to / "storage/files").rglob("*") if each.is_file()]
    old = {each: each.stat().st_mtime_ns for each in large}
    installed.deposit("spaet.b2", installed.billing_file(number=3))
    made = taken(installed, to, lambda: None, keep=2)
    assert made.broken == []
    assert all(each.stat().st_mtime_ns == mark for each, mark in old.items())
    assert any(each.stat().st_mtime_ns != mark for each, mark in marks.items())
    older, newer = manifest.moments(to)
    listed = installed.octway("restore", str(to), "--list", "--json", bare=True).facts
    assert [each["moment"] for each in listed] == [older.name, newer.name]
    said = restored(installed, to, "--moment", older.name)
    assert said.status == 0, said.err
    new = to.parent / "new"
    shutil.copytree(installed.folder / "data/keys", new / "data/keys")
    there = Installation(new, said)
    assert deposits(there) == first
    assert there.octway("verify").status == 0
    there.close()


def test_a_backup_that_is_killed_leaves_the_one_before(
    installed: Installation, to: Path
) -> None:
    """It is nothing until it is whole; the next one goes on where it was."""
    lived(installed)
    taken(installed, to, lambda: None)
    installed.deposit("spaet.b2", installed.billing_file(number=3))

    def dies() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        taken(installed, to, dies)
    (whole,) = map(manifest.read, manifest.moments(to))
    (to / "20990101T000000000000Z").mkdir()  # as a kill would leave one
    made = taken(installed, to, lambda: None)
    assert made.payloads > whole.payloads
    folders = {each.name for each in to.iterdir() if each.is_dir()}
    assert folders == {"storage", manifest.moments(to)[-1].name}


def test_a_purge_meanwhile_has_the_moment_taken_anew(
    installed: Installation, to: Path
) -> None:
    """No backup names a file that is not in it, even one that went under its hands."""
    lived(installed)
    database = installed.house.database
    payload = schema.payload
    gone: list[str] = []

    def purge() -> None:
        if gone:
            return
        large = select(func.max(payload.c.place)).where(payload.c.place.like("files/%"))
        place = database.read(lambda c: c.execute(large).scalar_one())
        gone.append(place)
        here = update(payload).where(payload.c.place == place)
        values = {"purged_at": 1.0, "key_id": "", "wrapped_key": b"", "place": ""}
        database.write("purge", lambda tx: tx.connection.execute(here.values(values)))
        (installed.house.payloads.storage.folder / place).unlink()

    made = taken(installed, to, purge)
    assert made.broken == []
    names = {each.name for each in made.files}
    assert any(name.startswith("files/") for name in names)
    assert gone[0] not in names
    assert len(manifest.moments(to)) == 1


def test_what_is_broken_at_the_site_is_told(installed: Installation, to: Path) -> None:
    """A stored file that is gone or changed: the rest is taken, and exit 1 says what."""
    lived(installed)
    storage = installed.house.payloads.storage.folder
    one, other = sorted(each for each in storage.rglob("files/*/*"))
    one.unlink()
    other.write_bytes(b"changed" + other.read_bytes()[7:])
    said = installed.octway("backup", str(to))
    assert said.status == 1
    assert f"{one.relative_to(storage)}: is missing in storage" in said.err
    assert "was changed or cut on disk" in said.err
    (made,) = installed.octway("restore", str(to), "--list", "--json", bare=True).facts
    assert len(made["broken"]) == 2
    assert installed.house.database.read(backups.last_whole) == 0
    assert "2 breaks" in installed.octway("restore", str(to), "--list", bare=True).out


def test_keys_are_never_in_a_backup(
    installed: Installation, to: Path, safe: Path
) -> None:
    """They are named, loudly, and copied only to a folder that lies apart."""
    installed.deposit("facture.b2", installed.billing_file())
    elsewhere = to.parent / "mail.password"
    elsewhere.write_text("hush")
    (installed.folder / "notifications.toml").write_text(
        f'[mail]\nhost = "mail.example"\nfrom = "a@b.example"\nuser = "a"\n'
        f'password_file = "{elsewhere}"\n'
    )
    table = installed.folder / "payers/tables/sesam/destinations.csv"
    before = table.with_name("destinations.csv.before")  # an import leaves it
    before.write_bytes(table.read_bytes())
    said = installed.octway("backup", str(to))
    assert said.status == 0, said.err
    assert before.name not in said.out
    assert list(to.rglob(before.name))
    assert f"{elsewhere}   (copy it by hand)" in said.out
    assert "KEYS ARE NOT IN IT. Without storage.keys no stored file" in said.out
    for name in ("data/keys/storage.keys", "payers/keys/payer_ed25519"):
        assert name in said.out
        secret = (installed.folder / name).read_bytes()
        assert all(
            secret not in each.read_bytes() for each in to.rglob("*") if each.is_file()
        )
    inside = installed.octway("backup", str(to), "--keys", str(to / "keys"))
    assert (inside.status, "lie in one another" in inside.err) == (2, True)
    installed.time += 1
    apart = installed.octway("backup", str(to), "--keys", str(safe), "--by", "lea")
    assert "Keep that elsewhere" in apart.out
    copied = safe / "data/keys/storage.keys"
    assert (
        copied.read_bytes()
        == (installed.folder / "data/keys/storage.keys").read_bytes()
    )
    assert copied.stat().st_mode & 0o077 == 0
    assert installed.house.database.read(backups.last_whole) == installed.time


def test_a_restore_says_which_keys_it_lacks(installed: Installation, to: Path) -> None:
    """Without them it is all there, and noise; another key file is not taken for them."""
    installed.deposit("facture.b2", installed.billing_file())
    installed.octway("backup", str(to))
    said = restored(installed, to)
    assert said.status == 0, said.err
    assert "Put these keys back first" in said.out
    assert "data/keys/storage.keys" in said.out
    new = to.parent / "new"
    (new / "data/keys").mkdir()
    for name, words in (("k9", "lacks the key 'k1'"), ("k1", "'k1' is another one")):
        (new / "data/octway.db").unlink()
        (new / "data/keys/storage.keys").write_text(
            f'{{"active": "{name}", "keys": {{"{name}": "{"A" * 43}="}},'
            ' "search": "AAAA"}'
        )
        lacking = restored(installed, to, "--json").facts["lacking"]
        assert any(words in each for each in lacking)


def test_nothing_is_overwritten(installed: Installation, to: Path) -> None:
    """Neither a journal, nor settings that somebody prepared, nor a foreign folder."""
    installed.deposit("facture.b2", installed.billing_file())
    installed.octway("backup", str(to))
    (installed.folder / "notifications.toml").unlink()  # somebody took it away
    over = installed.octway(
        "restore", str(to), "--into", str(installed.folder), bare=True
    )
    assert over.status == 1
    assert "octway.db is there already, and nothing is overwritten" in over.err
    assert not (installed.folder / "notifications.toml").exists()
    new = to.parent / "new"
    new.mkdir()
    (new / "octway.toml").write_text('[storage]\nurl = "file:elsewhere"\n')
    said = restored(installed, to)
    assert "kept  octway.toml, as it was there already" in said.out
    assert list((new / "elsewhere" / "segments").iterdir())
    foreign = installed.octway("backup", str(installed.folder.parent))
    assert foreign.status == 2
    (to.parent / "full").mkdir()
    (to.parent / "full" / "letter.txt").write_text("mine")
    full = installed.octway("backup", str(to.parent / "full"))
    assert (full.status, "holds 'letter.txt'" in full.err) == (1, True)


def test_what_a_journal_left_behind_is_never_played_into_the_restored_one(
    installed: Installation, to: Path
) -> None:
    """A crash leaves a log beside the file: moved away alone, it would come back."""
    installed.octway("backup", str(to))
    left = to.parent / "new/data/octway.db-wal"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"writes of another life")
    said = restored(installed, to)
    assert said.status == 1
    assert f"{left} is there already" in said.err
    assert not left.with_name("octway.db").exists()


def test_a_damaged_backup_restores_nothing_wrong(
    installed: Installation, to: Path
) -> None:
    """A changed byte in storage or journal is named, and no journal is put in place."""
    installed.deposit("facture.b2", installed.billing_file())
    installed.octway("backup", str(to))
    (segment,) = (to / "storage").rglob("*.seg")
    content = segment.read_bytes()
    segment.write_bytes(b"x" + content[1:])
    said = restored(installed, to)
    assert said.status == 1
    assert f"{segment}: is not what the backup wrote there" in said.err
    assert not (to.parent / "new/data/octway.db").exists()
    segment.write_bytes(content)
    (moment,) = manifest.moments(to)
    journal = moment / "journal.db"
    journal.write_bytes(journal.read_bytes() + b"x")
    said = restored(installed, to)
    assert (said.status, str(journal) in said.err) == (1, True)
    assert not (to.parent / "new/data/octway.db").exists()


@pytest.mark.parametrize(
    ("schema", "status", "words"),
    [
        ("0018_attachments", 0, "1. octway migrate -c"),
        ("9999_later", 1, "does not know that: restore with that version or a later"),
    ],
    ids=["older", "newer"],
)
def test_a_moment_of_another_version_says_what_it_needs(
    installed: Installation, to: Path, schema: str, status: int, words: str
) -> None:
    """An older journal is migrated once it is back; a newer one is not begun with."""
    installed.octway("backup", str(to))
    (moment,) = manifest.moments(to)
    listed = moment / "manifest.json"
    content = json.loads(listed.read_text(encoding="utf-8"))
    listed.write_text(json.dumps({**content, "schema": schema}), encoding="utf-8")
    said = restored(installed, to)
    assert said.status == status
    assert words in said.out + said.err
    assert (to.parent / "new").exists() == (status == 0)


@pytest.mark.parametrize("kind", ["files", "site"])
def test_a_list_that_names_files_elsewhere_is_none(
    installed: Installation, to: Path, kind: str
) -> None:
    """Whoever can write to a backup cannot have a restore write where it should not."""
    installed.deposit("facture.b2", installed.billing_file())
    installed.octway("backup", str(to))
    (moment,) = manifest.moments(to)
    listed = moment / "manifest.json"
    content = json.loads(listed.read_text(encoding="utf-8"))
    content[kind][0]["name"] = "../../elsewhere.seg"
    listed.write_text(json.dumps(content), encoding="utf-8")
    said = restored(installed, to)
    assert said.status == 1
    assert f"{listed}: is no list of a backup" in said.err
    assert "move this one away so that backups go on" in said.err
    assert not (to.parent / "new").exists()


def test_two_backups_at_once_do_not_mix(installed: Installation, to: Path) -> None:
    """The second one is refused while the first is under way."""
    installed.deposit("facture.b2", installed.billing_file())

    def another() -> None:
        with pytest.raises(BackupFailed, match="under way"):
            taken(installed, to, lambda: None)

    assert taken(installed, to, another).broken == []


def test_a_program_of_postgres_that_is_not_there_is_named(
    installed: Installation, to: Path
) -> None:
    """Who has no pg_dump reads what to install, and how to name it."""
    url = new_database("postgresql")
    in_postgres(installed, url)
    said = installed.octway("backup", str(to), "--pg-dump", "no-such-program")
    assert said.status == 1
    assert "no-such-program cannot be run" in said.err
    assert manifest.moments(to) == []
    drop_database(url)

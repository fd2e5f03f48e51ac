"""`octway directory`: what the payer directory was, and the way back."""

from __future__ import annotations

from gateway.house import note_directory, read_directory
from tests.gateway.cli.installation import Installation


def test_a_version_is_listed_compared_pinned_and_let_go(
    installed: Installation,
) -> None:
    """A person sees what a change did, goes back, and follows the files again."""
    database, old = installed.house.database, installed.house.directory().data
    file = installed.folder / "payers" / "msa-est.toml"
    held = file.read_text(encoding="utf-8")
    same = installed.octway("directory", "diff", old.version[:8])
    assert same.out.strip() == "they say the same"
    file.write_text(held.replace("name = ", 'name = "Another name" # ', 1))
    ahead = installed.octway("directory", "diff", old.version[:8])
    assert "-> Another name\n1 difference: 1 changed" in ahead.out
    house = installed.house
    path = house.settings.directory.path
    new = read_directory(path, house.catalog, house.networks)
    installed.time += 60
    database.write("note", note_directory, new)

    listed = installed.octway("directory", "list", "--json").facts
    assert [each["version"] for each in listed["versions"]] == [
        new.version,
        old.version,
    ]
    told = installed.octway("directory", "diff", old.version[:8], new.version[:8])
    assert "-> Another name" in told.out
    assert "1 difference" in told.out

    assert (
        installed.octway("directory", "pin", old.version[:8], "it was wrong").status
        == 0
    )
    assert "is pinned by" in installed.octway("directory", "list").out
    assert installed.octway("directory", "follow", "mended").status == 0
    assert installed.octway("directory", "list", "--json").facts["pinned"] is None


def test_commands_work_with_the_version_that_is_pinned(
    installed: Installation,
) -> None:
    """As the nodes do; a payer that the files do not name any more is still known."""
    old = installed.house.directory().data.version
    (installed.folder / "payers" / "msa-est.toml").unlink()
    ask = ("remedy", "plan", "--payer", "msa-est")
    assert installed.octway(*ask).status != 0
    installed.octway("directory", "pin", old[:8], "a file went by mistake")
    assert installed.octway(*ask).status == 0


def test_a_version_is_named_by_six_characters_at_least(
    installed: Installation,
) -> None:
    """One that is too short is told so, even where only one begins so."""
    old = installed.house.directory().data.version
    said = installed.octway("directory", "diff", old[:4])
    assert said.status == 1
    assert f"'{old[:4]}' is too short; wanted 6 characters" in said.err


def test_a_version_that_never_was_is_refused(installed: Installation) -> None:
    """The words say how to find one that was."""
    said = installed.octway("directory", "pin", "0123456789", "why")
    assert said.status == 1
    assert "octway directory list" in said.err

"""`octway payer find`: the search that clients have, on the command line."""

from __future__ import annotations

from pathlib import Path

from tests.gateway.cards.photos import matrix, photo
from tests.gateway.cli.installation import Installation, lines_with


def test_payers_are_found_by_what_is_in_hand(installed: Installation) -> None:
    """Name, code, card; exit 1 where nobody fits, 2 where nothing is asked."""
    found = installed.octway("payer", "find", "--name", "nord caisse")
    assert lines_with(found.out, "caisse-nord", "Caisse Nord")
    assert "caisse-sud" not in found.out
    card = installed.octway(
        "payer", "find", "--regime", "01", "--fund", "990", "--json"
    ).facts
    assert [each["id"] for each in card["payers"]] == ["caisse-nord"]
    assert card["cards"][0]["codes"] == ["01990"]
    nobody = installed.octway("payer", "find", "--code", "99999")
    assert (nobody.status, "no payer" in nobody.err) == (1, True)
    assert installed.octway("payer", "find").status == 2
    assert installed.octway("payer", "find", "--regime", "01").status == 2
    assert installed.octway("payer", "find", "--profession", "wizard").status == 2


def test_a_photo_is_read_and_said_to_be_simulated(installed: Installation) -> None:
    """What the card says, then who pays by each of its lines; a bad photo is named."""
    file = installed.folder / "card.png"
    file.write_bytes(photo(matrix()))
    said = installed.octway("payer", "find", "--photo", str(file))
    assert lines_with(said.out, "syntax", "example (simulated)")
    assert lines_with(said.out, "valid until", "2026-12-31")
    file.write_bytes(b"no photo")
    bad = installed.octway("payer", "find", "--photo", str(file))
    assert bad.status == 1
    assert f"{file}: it is no image" in bad.err
    assert installed.octway("payer", "find", "--photo", str(Path("none"))).status == 1

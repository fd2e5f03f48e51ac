"""`octway label`: a payer's code in words, and the official list of them."""

from __future__ import annotations

from pathlib import Path

from tests.gateway.cli.installation import Installation

LIST = "code;severity;label_fr;label_nl\n500118;R;Refus\u00e9e;Geweigerd\n"


def test_a_code_is_told_without_an_installation(
    installed: Installation, tmp_path: Path
) -> None:
    """In the network's own words, or from its parts with exit 1."""
    said = installed.octway("label", "show", "r500118", "--json", bare=True).facts
    assert (said["code"], said["severity"]) == ("500118", "R")
    assert said["known"]
    unknown = installed.octway("label", "show", "999999", bare=True)
    assert unknown.status == 1
    assert "told from its parts alone" in unknown.out
    wrong = installed.octway("label", "show", "500118", "--network", "sesam", bare=True)
    assert wrong.status == 2
    assert "wanted one of mycarenet" in wrong.err


def test_words_of_an_official_list_win(installed: Installation) -> None:
    """Once it was taken over; a dry run takes nothing, a second list keeps the first."""
    file = installed.folder / "labels.csv"
    file.write_text(LIST, encoding="utf-8")
    place = installed.folder / "payers/tables/mycarenet/labels.csv"
    ask = ("label", "import", "mycarenet", str(file))
    dry = installed.octway(*ask, "--dry-run")
    assert "1 label would be written to tables/mycarenet/labels.csv" in dry.out
    assert not place.exists()
    assert installed.octway(*ask).status == 0
    said = installed.octway("label", "show", "500118", "--json").facts
    assert said["label"]["fr"] == "Refus\u00e9e"
    assert said["official"]
    file.write_text(LIST.replace("Refus\u00e9e", "Autre"), encoding="utf-8")
    again = installed.octway(*ask)
    assert "kept as tables/mycarenet/labels.csv.before" in again.out


def test_a_list_with_a_mistake_changes_nothing(installed: Installation) -> None:
    """The place is named, and nothing is written."""
    file = installed.folder / "labels.csv"
    file.write_text(LIST + "nonsense;R;a;b\n", encoding="utf-8")
    said = installed.octway("label", "import", "mycarenet", str(file))
    assert said.status == 2
    assert f"{file}:3: column 1 (code)" in said.err
    assert not (installed.folder / "payers/tables/mycarenet/labels.csv").exists()

"""A syntax of attestations is a file of the payer directory, checked as all others are."""

from __future__ import annotations

from pathlib import Path

from config.directory_files import from_json
from tests.config.folder import mistakes, put, read

MINE = """\
words = "ours"
begins = "X1"
separator = ";"
order = ["amc", "", "member"]
"""


def test_a_directory_has_the_example_and_its_own(folder: Path) -> None:
    """Its own may replace the example, and each version keeps what it was read with."""
    assert [each.name for each in read(folder).attestations] == ["example"]
    put(folder, "attestations/real.toml", MINE)
    data = read(folder)
    assert [(each.name, each.simulated) for each in data.attestations] == [
        ("example", True),
        ("real", False),
    ]
    assert from_json(data.to_json(), folder).attestations == data.attestations
    put(folder, "attestations/example.toml", MINE)
    assert [each.words for each in read(folder).attestations] == ["ours", "ours"]


def test_every_mistake_has_its_file_and_line(folder: Path) -> None:
    """Unknown data, parts named twice over, tags without a line, a wrong profession."""
    put(
        folder,
        "attestations/wrong.toml",
        'words = "w"\nbegins = ""\nseparator = ""\norder = ["amc", "shoe-size"]\n'
        'more = 1\n[tags]\nA = "line"\n[professions]\nOPT = "magician"\n',
    )
    found = mistakes(folder)
    assert all(each.startswith("attestations/wrong.toml:") for each in found)
    told = "\n".join(found)
    for words in (
        "begins: is empty",
        "separator: is empty",
        "`tags` exclude each other",
        "'shoe-size'",
        "more: ",
        "line: is missing",
        "'magician'",
    ):
        assert words in told, words


def test_professions_of_a_payer_are_known_ones(folder: Path) -> None:
    """Software filters by them, so a mistyped one is a mistake."""
    text = '[payer]\nid = "b"\nname = "B"\nnetwork = "sesam"\nendpoint = "shared"\n'
    code = '[[code]]\ncode = "01002"\n'
    put(folder, "b.toml", f'{text}professions = ["optician"]\n{code}')
    assert read(folder).payers[1].professions == ("optician",)
    put(folder, "b.toml", f'{text}professions = ["wizard"]\n{code}')
    (mistake,) = mistakes(folder)
    assert mistake.startswith("b.toml:6: payer.professions: holds 'wizard'")

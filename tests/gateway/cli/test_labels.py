"""`octway label`: what a code means, and the official list in the directory."""

from __future__ import annotations

from importlib.metadata import EntryPoint, EntryPoints, entry_points
from pathlib import Path

import pytest

from gateway.committing import Tx
from gateway.journal import anomalies
from protocols import catalog
from tests.gateway.cli.installation import Installation

TABLE = Path("payers/tables/mycarenet/labels.csv")
LIST = "code;severity;label_fr;label_nl\n500118;R;Refusé à cause d'un autre;Geweigerd\n"


@pytest.fixture
def belgian(monkeypatch: pytest.MonkeyPatch, installed: Installation) -> Installation:
    """Give an installation that knows the Belgian network."""
    name = "protocols.mycarenet.network:MYCARENET"
    own = EntryPoint("mycarenet", name, "octway.networks")

    there = [*entry_points(group=own.group), *entry_points(group="octway.channels")]
    found = EntryPoints([*(each for each in there if each.name != own.name), own])
    monkeypatch.setattr(catalog, "entry_points", lambda: found)
    return installed


def test_a_code_is_told_without_an_installation(belgian: Installation) -> None:
    """In three languages, with what it refuses and what mends it."""
    said = belgian.octway("label", "show", "r500118", bare=True)
    assert said.status == 0
    assert "refuses the line" in said.out
    assert "refus dû à un autre soin" in said.out
    unknown = belgian.octway("label", "show", "501797", bare=True)
    assert unknown.status == 1, "told from its parts alone"
    assert "zone 17 of record 50" in unknown.out


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1252"])
def test_an_official_list_wins_over_our_words(
    belgian: Installation, encoding: str
) -> None:
    """However a spreadsheet saved it; the table before is kept beside it."""
    file = belgian.folder / "list.csv"
    file.write_bytes(LIST.encode(encoding))
    take = ("label", "import", "mycarenet", str(file), "--json")
    assert belgian.octway(*take, "--dry-run").facts["written"] is False
    assert not (belgian.folder / TABLE).exists()
    assert belgian.octway(*take).facts == {
        "written": True,
        "labels": 1,
        "without_own_words": 0,
    }
    shown = belgian.octway("label", "show", "500118", "--json").facts
    assert shown["label"]["fr"] == "Refusé à cause d'un autre"
    assert shown["official"] is True
    assert belgian.octway("check").status == 0


def test_a_list_with_a_mistake_changes_nothing(belgian: Installation) -> None:
    """Every mistake is told with row and column, and the table stays."""
    file = belgian.folder / "list.csv"
    file.write_text(LIST, "utf-8")
    assert belgian.octway("label", "import", "mycarenet", str(file)).status == 0
    before = (belgian.folder / TABLE).read_bytes()
    file.write_text(LIST + "500119;Z;a;b\n5;R;a;b\n", "utf-8")
    refused = belgian.octway("label", "import", "mycarenet", str(file))
    assert refused.status == 2
    assert f"{file}:3: column 2 (severity)" in refused.err
    assert f"{file}:4: column 1 (code)" in refused.err
    assert (belgian.folder / TABLE).read_bytes() == before


def test_an_anomaly_is_told_in_the_payers_own_words_too(
    belgian: Installation,
) -> None:
    """Where the directory has the list; ours are not lost, and stand alone without it."""
    union = belgian.folder / "payers/union-100.toml"
    union.write_text(
        '[payer]\nid = "union-100"\nname = "MC"\nnetwork = "mycarenet"\n'
        'country = "BE"\ntime_zone = "Europe/Brussels"\n\n'
        '[[code]]\ncode = "100"\n',
        "utf-8",
    )

    def reject(tx: Tx) -> str:
        return anomalies.raise_(
            tx,
            belgian.house.entropy,
            kind="claims-rejected",
            severity=anomalies.WARNING,
            subject="union-100:R500118",
            payer="union-100",
            words="union-100 rejects claims with R500118: ours",
            facts={"code": "R500118"},
        )

    name = belgian.house.database.write("test", reject)
    assert belgian.octway("anomaly", "show", name, "--json").facts["official"] == {}
    (belgian.folder / TABLE).parent.mkdir(parents=True)
    (belgian.folder / TABLE).write_text(LIST, "utf-8")
    shown = belgian.octway("anomaly", "show", name)
    assert "official, fr" in shown.out
    assert "Refusé à cause d'un autre" in shown.out
    assert "ours" in shown.out
    facts = belgian.octway("anomaly", "show", name, "--json").facts
    assert facts["official"]["nl"] == "Geweigerd"

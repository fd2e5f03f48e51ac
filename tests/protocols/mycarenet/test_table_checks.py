"""A wrong cell of a directory's table is told before the table takes effect."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from config.errors import ConfigErrors
from gateway.house import read_directory
from protocols.catalog import Catalog
from protocols.mycarenet import mutualities
from protocols.mycarenet.network import MYCARENET
from protocols.mycarenet.table_checks import check
from tests.protocols.mycarenet.nurse_sendings import NURSE

CONTACT = {"third_party": NURSE, "contact": "134", "valid_from": "2026-10-01"}
MUTUALITY = {"first": "501", "last": "509", "union": "500", "role": "mutuality"}
LABEL = {"code": "500118", "severity": "R", "label_fr": "Refusé", "label_nl": ""}


@pytest.mark.parametrize(
    ("name", "row"),
    [("contacts", CONTACT), ("mutualities", MUTUALITY), ("labels", LABEL)],
)
def test_a_right_table_passes(name: str, row: dict[str, str]) -> None:
    """Columns that need not be there may be left out."""
    assert list(check(name, [row])) == []
    assert list(check(name, [])) == []


@pytest.mark.parametrize(
    ("name", "row", "column"),
    [
        ("contacts", CONTACT | {"contact": "PUC"}, "contact"),
        ("contacts", CONTACT | {"third_party": "41000100401"}, "third_party"),
        ("contacts", CONTACT | {"valid_from": "2026-02-30"}, "valid_from"),
        ("contacts", CONTACT | {"valid_until": "2026-09-30"}, "valid_until"),
        ("contacts", CONTACT | {"correct": "perhaps"}, "correct"),
        ("mutualities", MUTUALITY | {"first": "x"}, "first"),
        ("mutualities", MUTUALITY | {"union": "501"}, "union"),
        ("mutualities", MUTUALITY | {"role": "fund"}, "role"),
        ("labels", LABEL | {"code": "5001"}, "code"),
    ],
)
def test_a_wrong_cell_is_told_by_row_and_column(
    name: str, row: dict[str, str], column: str
) -> None:
    """With what stands there, and what was wanted."""
    good = {"contacts": CONTACT, "mutualities": MUTUALITY, "labels": LABEL}[name]
    ((place, where, words),) = MYCARENET.check_table(name, [good, row])
    assert (place, where) == (1, column)
    assert words


def test_a_table_without_a_column_is_told_once() -> None:
    """And a table that the network does not know is not judged."""
    assert [words for _, _, words in check("contacts", [{"contact": "134"}])] == [
        "has no column third_party"
    ]
    assert list(check("something", [{"any": "thing"}])) == []


def test_the_table_that_comes_with_the_program_passes() -> None:
    """It is judged by the same rules."""
    assert list(check(mutualities.TABLE, mutualities.shipped_rows())) == []


def test_the_directory_is_not_loaded_with_a_wrong_table(tmp_path: Path) -> None:
    """File and line are named, remarks and the header counted."""
    table = tmp_path / "tables" / "mycarenet" / "mutualities.csv"
    table.parent.mkdir(parents=True)
    table.write_text("# a remark\nfirst;union;role\n501;500;mutuality\nx;500;union\n")
    own = EntryPoint("mycarenet", "protocols.mycarenet.network:MYCARENET", "networks")
    catalog = Catalog(networks=[own], channels=[])
    with pytest.raises(ConfigErrors) as raised:
        read_directory(tmp_path, catalog, {"mycarenet": MYCARENET})
    told = [str(each) for each in raised.value.mistakes]
    assert any("mutualities.csv:4" in each and "first" in each for each in told), told

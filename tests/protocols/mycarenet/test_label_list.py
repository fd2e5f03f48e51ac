"""An official list of labels is taken over whole, or refused with every place."""

from __future__ import annotations

import io

import pytest

from protocols.mycarenet.label_list import Label, read_labels, write_labels

LIST = "code;severity;label_fr;label_nl\n500118;R;Refusée;Geweigerd\nB109902;;Clé;Sleutel\n"


def test_a_list_is_read_and_written_sorted() -> None:
    """A letter before the code is its severity."""
    read = read_labels(LIST)
    assert read.faults == ()
    assert read.labels == (
        Label("500118", "R", "Refusée", "Geweigerd"),
        Label("109902", "B", "Clé", "Sleutel"),
    )
    into = io.StringIO()
    write_labels(read.labels, into)
    assert into.getvalue().splitlines() == [
        "code;severity;label_fr;label_nl",
        "109902;B;Clé;Sleutel",
        "500118;R;Refusée;Geweigerd",
    ]
    assert sorted(read_labels(into.getvalue()).labels) == sorted(read.labels)


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_columns_stand_in_any_order_beside_others(delimiter: str) -> None:
    """A newer Dutch text wins; quoted texts may hold what divides columns."""
    lines = [
        ["# made by hand"],
        ["record", "label_nl_newer", "code", "label_nl", "label_fr", "Severity"],
        ["50", '"nieuw; en, meer"', "5004k6", "oud", "texte", "r"],
        ["50", "", "500403", "oud", "", ""],
    ]
    read = read_labels("\r\n".join(delimiter.join(line) for line in lines))
    assert read.faults == ()
    assert read.labels == (
        Label("5004K6", "R", "texte", "nieuw; en, meer"),
        Label("500403", "", "", "oud"),
    )


def test_a_list_without_a_header_has_its_four_columns() -> None:
    """In the order that is asked for."""
    assert read_labels("500118;R;Refusée;Geweigerd\n").labels[0].label_nl == "Geweigerd"


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("", 0, 0, "holds no label"),
        ("a;b\n1;2\n", 1, 0, "is no header row and has 2 columns"),
        ("code;severity;label_fr\n", 1, 0, "no column label_nl"),
        (LIST + "5001;R;a;b\n", 4, 1, "'5001' is no code"),
        (LIST + "500119;X;a;b\n", 4, 2, "'X' is no severity"),
        (LIST + "500119;R;;\n", 4, 3, "so is the Dutch label"),
        (LIST + "500119;R;a\n", 4, 0, "the row has 3 columns"),
        (LIST + "500118;R;a;b\n", 4, 1, "stands in line 2 with other words"),
        (LIST + f"500119;R;{'x' * 1001};b\n", 4, 3, "1001 characters"),
        (LIST + '500119;R;"never closed;b\n', 4, 0, "is no CSV from here on"),
    ],
)
def test_every_fault_has_its_row_and_column(
    text: str, line: int, column: int, words: str
) -> None:
    """The person who made the table finds the cell at once."""
    (fault,) = read_labels(text).faults
    assert (fault.line, fault.column) == (line, column)
    assert words in fault.message

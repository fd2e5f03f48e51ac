"""`octway inspect`: what is this file, and what is wrong with it?"""

from __future__ import annotations

import io
import json
import os
from importlib.metadata import EntryPoint
from pathlib import Path
from random import Random

import pytest

from gateway.cli.main import main
from gateway.cli.terminal import Terminal
from protocols.catalog import Catalog
from protocols.sesam.payer_simulator import Faults, respond
from protocols.sesam.sample_maker import make_file, make_sender
from tests.gateway.cli.installation import Said
from tests.gateway.house import START
from tests.protocols.mycarenet.efact_files import put, sending

DAY = "2026-11-02"
KEYS = [
    "format",
    "network",
    "direction",
    "valid",
    "records",
    "claims",
    "keys",
    "totals",
    "problems",
]


def inspect(*arguments: str, colour: bool = False) -> Said:
    out, err = io.StringIO(), io.StringIO()
    screen = Terminal(
        out=out,
        err=err,
        stdin=io.StringIO(),
        environ={},
        now=lambda: START,
        entropy=os.urandom,
        user="tester",
        colour=colour,
    )
    status = main(["inspect", *arguments], screen)
    return Said(status, out.getvalue(), err.getvalue())


@pytest.fixture
def bill() -> bytes:
    """Give a valid billing file of two lots."""
    rng = Random(5)
    return make_file(rng, sender=make_sender(rng), lots=2, invoices_per_lot=3, day=DAY)


@pytest.fixture
def file(bill: bytes, tmp_path: Path) -> Path:
    """Give that file on disk."""
    made = tmp_path / "facture.b2"
    made.write_bytes(bill)
    return made


def test_a_valid_bill_in_json_has_the_promised_shape(file: Path, bill: bytes) -> None:
    """Every member that programs rely on, and exit 0."""
    said = inspect("--json", str(file))
    assert said.status == 0
    facts = said.facts
    assert list(facts) == KEYS
    assert facts["format"] == "sesam.b2"
    assert (facts["network"], facts["direction"]) == ("sesam", "out")
    assert facts["valid"] is True
    assert facts["records"] == len(bill) // 128
    assert facts["claims"] == 6
    assert facts["problems"] == []


def test_a_bill_that_a_payer_would_refuse_exits_1(file: Path, bill: bytes) -> None:
    """The problem names record, position and field, all counted from 1."""
    spoilt = bytearray(bill)
    spoilt[128 * 3 + 60] = ord("X")
    file.write_bytes(spoilt)
    said = inspect("--json", str(file))
    assert said.status == 1
    assert said.facts["valid"] is False
    problem = said.facts["problems"][0]
    assert list(problem) == ["record", "position", "field", "severity", "message"]
    assert problem["record"] == 4
    assert problem["severity"] == "error"


def test_a_bill_is_readable_to_a_newcomer(file: Path) -> None:
    """A sentence, who and how much, then records with positions and meanings."""
    said = inspect(str(file))
    assert said.status == 0
    first, second, third = said.out.splitlines()[:3]
    assert "a French billing file" in first
    assert "2 lots, 6 invoices" in second
    assert third == "valid: nothing wrong was found"
    assert "to (recipient number)" in said.out
    assert "EUR" in said.out
    assert "#1 000 File start" in said.out
    assert "48-49  Kind of exchange" in said.out
    assert "records more; all of them: --all" in said.out
    assert "\033" not in said.out


def test_records_can_be_limited_or_all_be_shown(file: Path, bill: bytes) -> None:
    """--records N shows N, 0 none; --all every one."""
    total = len(bill) // 128
    for arguments, count in (
        (["--records", "3"], 3),
        (["--records", "0"], 0),
        (["--all"], total),
    ):
        shown = inspect(*arguments, str(file)).out
        assert (
            sum(line.lstrip().startswith("#") for line in shown.splitlines()) == count
        )


def test_records_stand_in_what_holds_them(file: Path) -> None:
    """Lot in file, invoice in lot, line in invoice: the indentation tells."""
    shown = inspect("--all", str(file)).out.splitlines()
    tree = [
        (len(line) - len(line.lstrip()), line.split()[1])
        for line in shown
        if line.lstrip().startswith("#")
    ]
    assert tree[:3] == [(0, "000"), (2, "1"), (4, "2")]
    assert {indent for indent, kind in tree if kind == "4"} == {6}
    assert tree[-2:] == [(2, "6"), (0, "999")]


def test_a_problem_stands_above_its_caret(file: Path, bill: bytes) -> None:
    """The place that is wrong is pointed at, under the record's own text."""
    spoilt = bytearray(bill)
    spoilt[128 * 1 + 71 : 128 * 1 + 77] = b"991399"  # the day the lot was made
    file.write_bytes(spoilt)
    said = inspect("--records", "0", str(file))
    assert said.status == 1
    lines = said.out.splitlines()
    at = next(i for i, line in enumerate(lines) if line.lstrip().startswith("^"))
    caret = lines[at].index("^")
    assert lines[at - 1][caret : caret + 6] == "991399"
    assert "position 72" in lines[at - 2]


@pytest.mark.parametrize("kind", ["arl", "payment"])
def test_returns_are_recognised(kind: str, bill: bytes, tmp_path: Path) -> None:
    """What a payer sends back is named, with direction and answers."""
    made = respond(bill, rng=Random(3), faults=Faults(), day=DAY, number=1)
    returned = next(each for each in made if each.kind == kind)
    file = tmp_path / returned.name
    file.write_bytes(returned.content)
    facts = inspect("--json", str(file)).facts
    assert list(facts) == KEYS
    assert facts["direction"] == "return"
    assert facts["valid"] is True
    shown = inspect(str(file))
    assert shown.status == 0
    assert f"kind {kind}" in shown.out


def test_an_unknown_file_exits_1(tmp_path: Path) -> None:
    """`format` is null, every other member is there, and people get a hint."""
    file = tmp_path / "archive"
    file.write_bytes(b"PK\x03\x04 something else")
    said = inspect("--json", str(file))
    assert said.status == 1
    assert list(said.facts) == KEYS
    assert said.facts["format"] is None
    assert "a ZIP archive; unpack it first" in inspect(str(file)).out


def test_several_files_give_one_object_a_line(file: Path, tmp_path: Path) -> None:
    """The exit status is that of the worst."""
    other = tmp_path / "other"
    other.write_bytes(b"hello")
    said = inspect("--json", str(file), str(other), str(file))
    assert said.status == 1
    objects = [json.loads(line) for line in said.out.splitlines()]
    assert [each["format"] for each in objects] == ["sesam.b2", None, "sesam.b2"]
    assert [each["file"] for each in objects] == [str(file), str(other), str(file)]


def test_what_cannot_be_read_exits_2(file: Path, tmp_path: Path) -> None:
    """Missing, a folder: each in one line; readable files are shown all the same."""
    said = inspect("--json", str(tmp_path / "none"), str(tmp_path), str(file))
    assert said.status == 2
    lines = said.err.splitlines()
    assert len(lines) == 2
    assert "No such file" in lines[0]
    assert "is a folder" in lines[1]
    assert said.facts["format"] == "sesam.b2"


def test_an_empty_file_is_an_unknown_one(tmp_path: Path) -> None:
    """It has its object like any file, so that each line has its file; exit 1."""
    empty = tmp_path / "empty"
    empty.touch()
    said = inspect("--json", str(empty))
    assert (said.status, said.err) == (1, "")
    assert list(said.facts) == KEYS
    assert said.facts["format"] is None
    shown = inspect(str(empty))
    assert shown.status == 1
    assert "is empty" in shown.out


@pytest.mark.parametrize(
    "before", [b"\r\n", b"\n\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n"]
)
def test_what_stands_before_a_bill_hides_none_of_it(
    before: bytes, file: Path, bill: bytes
) -> None:
    """Empty lines are passed over; a byte order mark is told as what is wrong."""
    file.write_bytes(before + bill)
    facts = inspect("--json", str(file)).facts
    assert facts["format"] == "sesam.b2"
    assert (facts["records"], facts["claims"]) == (len(bill) // 128, 6)
    assert facts["valid"] is not before.startswith(b"\xef")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "cp500"])
def test_a_bill_in_another_encoding_is_told(
    encoding: str, file: Path, bill: bytes
) -> None:
    """It is known for what it is, and how to mend it is said."""
    file.write_bytes(bill.decode("ascii").encode(encoding))
    said = inspect("--json", str(file))
    assert said.status == 1
    assert said.facts["format"] == "sesam.b2"
    assert "export it again" in said.facts["problems"][0]["message"]


def test_a_bill_cut_anywhere_is_told_and_never_crashes(file: Path, bill: bytes) -> None:
    """A file that was cut in transit is judged invalid wherever the cut is."""
    for cut in (1, 64, 127, 128, 129, 700, len(bill) - 128, len(bill) - 1):
        file.write_bytes(bill[:cut])
        for arguments in ([str(file)], ["--json", str(file)]):
            said = inspect(*arguments)
            assert said.status == 1, cut
            assert said.err == ""


def test_colours_are_for_terminals(file: Path) -> None:
    """Only where colour is on are there escape codes."""
    assert "\033[" in inspect(str(file), colour=True).out


@pytest.fixture
def belgian(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command meet the Belgian network, installed or not."""
    network = EntryPoint(
        "mycarenet", "protocols.mycarenet.network:MYCARENET", "octway.networks"
    )
    catalog = Catalog(networks=[network], channels=[])
    monkeypatch.setattr(Catalog, "installed", lambda: catalog)


@pytest.mark.usefixtures("belgian")
def test_a_belgian_sending_is_described(tmp_path: Path) -> None:
    """Its records without the header, its keys and totals; zones by their numbers."""
    made = tmp_path / "facture.efact"
    made.write_bytes(sending())

    facts = inspect("--json", str(made)).facts
    shown = inspect("--all", str(made))

    assert facts["format"] == "mycarenet.920000"
    assert (facts["network"], facts["direction"]) == ("mycarenet", "out")
    assert (facts["valid"], facts["problems"]) == (True, [])
    assert (facts["records"], facts["claims"]) == (17, 2)
    assert facts["keys"]["reference"] == "20261102000417"
    assert facts["keys"]["mutualities"] == "304 319"
    assert set(facts["totals"]) == {"asked", "patient", "supplement"}
    assert shown.status == 0
    assert "Sender's own reference of the message (zone 204)" in shown.out


@pytest.mark.usefixtures("belgian")
def test_a_belgian_sending_that_a_union_would_refuse_exits_1(tmp_path: Path) -> None:
    """The place is named by record, position, field and zone."""
    made = tmp_path / "facture.efact"
    made.write_bytes(put(sending(), 7, "supplement", "+000000001"))

    said = inspect("--json", str(made))

    assert said.status == 1
    (problem,) = (each for each in said.facts["problems"] if each["record"])
    assert (problem["record"], problem["position"]) == (7, 165)
    assert problem["field"] == "supplement"
    assert "zone 30, 31" in problem["message"]

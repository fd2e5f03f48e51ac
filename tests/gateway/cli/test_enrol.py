"""`octway enrol`: who is known where, from a terminal and from files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gateway.cli.installation import Installation, lines_with


@pytest.fixture
def strict(installed: Installation) -> Installation:
    """Give an installation whose caisse-nord must know its senders."""
    file = installed.folder / "payers" / "caisse-nord.toml"
    text = file.read_text(encoding="utf-8")
    kept = "\n".join(
        line for line in text.splitlines() if not line.startswith("enrolment")
    )
    file.write_text(
        kept.replace("[payer]", "[payer]\nenrolment = true", 1), encoding="utf-8"
    )
    return installed


def test_a_held_lot_goes_once_the_enrolment_is_set_open(strict: Installation) -> None:
    """The list says who acts and how many lots wait; trace says it too; `open` frees them."""
    strict.deposit("a.b2", strict.billing_file(lots=2))
    strict.work("split", "route")
    number = strict.sender.number
    listed = strict.octway("enrol", "list", "--json").facts["enrolments"]
    assert [(each["sender"], each["state"], each["lots_held"]) for each in listed] == [
        (number.lstrip("0"), "absent", 2)
    ]
    assert lines_with(strict.octway("enrol", "list").out, "caisse-nord", "gateway")
    traced = strict.octway("trace", "a.b2").out
    assert "must be asked to register the sender" in traced
    assert "lots held for an enrolment go when it opens" in traced

    asked = strict.octway("enrol", "ask", f"00{number}", "caisse-nord")
    assert "the payer was asked and must answer" in asked.out
    assert "2 held lots wait" in asked.out
    strict.work("route")
    said = strict.octway("enrol", "set", number, "caisse-nord", "open")
    assert "2 held lots go now" in said.out
    strict.work("route")
    states = strict.octway("trace", "a.b2", "--json").facts["states"]
    assert states == {"routed": 2}


def test_a_long_list_is_cut_and_says_how_to_see_the_rest(
    strict: Installation, tmp_path: Path
) -> None:
    """A hundred at once unless more are wanted; the export has them all."""
    file = tmp_path / "in.csv"
    rows = (f"{100 + each};caisse-nord;billing;open;" for each in range(5))
    text = "\n".join(["sender;payer;flow;state;words", *rows, ""])
    file.write_text(text, encoding="utf-8")
    strict.octway("enrol", "import", str(file))
    listed = strict.octway("enrol", "list", "--most", "3")
    assert "and 2 more of 5; to see them: --most 5" in listed.out
    facts = strict.octway("enrol", "list", "--most", "3", "--json").facts
    assert (len(facts["enrolments"]), facts["count"]) == (3, 5)
    assert "more of" not in strict.octway("enrol", "list").out


def test_what_is_exported_can_be_imported(strict: Installation, tmp_path: Path) -> None:
    """Every state comes back as it was, words included, and twice does no harm."""
    file = tmp_path / "in.csv"
    file.write_text(
        "sender;payer;flow;state;words\n"
        "# of the spring letter\n"
        "000111111111;caisse-nord;billing;open;\n"
        '222222222;caisse-nord;billing;suspended;"paper; lost"\n'
        "333333333;caisse-sud;;to-sign\n",
        encoding="utf-8",
    )
    assert strict.octway("enrol", "import", str(file), "--json").facts == {
        "read": 3,
        "changed": 3,
    }
    out = tmp_path / "out.csv"
    assert strict.octway("enrol", "export", str(out)).status == 0
    before = strict.octway("enrol", "export").out
    assert out.read_text(encoding="utf-8") == before
    assert '222222222;caisse-nord;billing;suspended;"paper; lost"' in before
    assert "111111111;caisse-nord;billing;open;\n" in before
    again = strict.octway("enrol", "import", str(out), "--json").facts
    assert again == {"read": 3, "changed": 0}
    assert strict.octway("enrol", "export").out == before


def test_one_wrong_line_and_nothing_is_taken(
    strict: Installation, tmp_path: Path
) -> None:
    """Every mistake is told with its line, and no enrolment is written."""
    file = tmp_path / "bad.csv"
    file.write_text(
        "111111111;caisse-nord;billing;open\n"
        "222222222;nobody;billing;open\n"
        "000;caisse-nord;billing;open\n"
        "333333333;caisse-nord;statement;opened\n"
        "0111111111;caisse-nord;billing;closed\n"
        "444444444;caisse-nord\n",
        encoding="utf-8",
    )
    said = strict.octway("enrol", "import", str(file))
    assert said.status == 2
    places = [line.split(": ")[1:3] for line in said.err.splitlines()]
    assert [(place.rsplit(":")[-1], key) for place, key in places] == [
        ("2", "payer"),
        ("3", "sender"),
        ("4", "state"),
        ("4", "flow"),
        ("5", "sender"),
        ("6", "has 2 columns; wanted sender;payer;flow;state;words"),
    ]
    assert strict.octway("enrol", "list").out == "no enrolment is noted that fits\n"


def test_a_mistyped_enrolment_is_refused(strict: Installation) -> None:
    """Payer, flow, sender and state are checked before anything is written."""
    for line, words in (
        ("1 nobody open", "no payer 'nobody'"),
        ("1 caisse-nord statement open", "FLOW is 'statement'"),
        ("1-2 caisse-nord open", "SENDER is '1-2'"),
        ("1 caisse-nord opened", "invalid choice: 'opened'"),
    ):
        said = strict.octway("enrol", "set", *line.split())
        assert said.status != 0
        assert words in said.err


def test_a_table_from_a_spreadsheet_is_read(
    strict: Installation, tmp_path: Path
) -> None:
    """Windows-1252, and columns in another order, named by the first row."""
    file = tmp_path / "excel.csv"
    file.write_bytes(
        "State;Words;Payer;Sender\r\n"
        "open;Accordé à Orléans;caisse-nord;111111111\r\n".encode("cp1252")
    )
    said = strict.octway("enrol", "import", str(file), "--json")
    assert said.facts == {"read": 1, "changed": 1}
    assert "111111111;caisse-nord;billing;open;Accordé à Orléans" in (
        strict.octway("enrol", "export").out
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"sender;payer;state\n1;caisse-nord;\x81\n", "bad.csv:2: holds a byte 0x81"),
        ("sender;payer;state\n".encode("utf-16"), "bad.csv:1: holds zero bytes"),
        (b"sender;fund;state\n", "bad.csv:1: fund: is no column of ours"),
        (b"sender;fund;state\n", "bad.csv:1: payer: is missing among the columns"),
        (b'1;caisse-nord;;open;"' + b"x" * 200_000, "bad.csv:1: is no CSV"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_in_words(
    strict: Installation, tmp_path: Path, content: bytes, told: str
) -> None:
    """File and line are named, and there is no traceback."""
    file = tmp_path / "bad.csv"
    file.write_bytes(content)
    said = strict.octway("enrol", "import", str(file))
    assert said.status == 2
    assert told in said.err


def test_a_number_that_no_file_can_hold_is_no_sender(strict: Installation) -> None:
    """Letters and too many digits are refused where the network has neither."""
    for number in ("abc", "123456789012"):
        said = strict.octway("enrol", "set", number, "caisse-nord", "open")
        assert said.status == 2
        assert "is no sender's number in network sesam" in said.err


def test_choices_are_named_as_they_are_typed(strict: Installation) -> None:
    """No name of a program's own stands in the message."""
    said = strict.octway("enrol", "list", "--state", "foo")
    assert said.status == 2
    assert "'foo'; wanted one of absent, " in said.err
    assert "EnrolmentState" not in said.err


def test_a_dash_exports_to_where_facts_are_printed(
    strict: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for other programs, and no file called `-` comes to be."""
    monkeypatch.chdir(tmp_path)
    strict.octway("enrol", "set", "111111111", "caisse-nord", "open")
    said = strict.octway("enrol", "export", "-")
    assert "111111111;caisse-nord;billing;open;\n" in said.out
    assert not list(tmp_path.glob("-"))

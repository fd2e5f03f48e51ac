"""`octway sample`: a developer has a file to try an upload with in a minute."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest

from config.sandbox_file import PAID, Outcome, sandbox
from protocols.catalog import Catalog
from protocols.sesam.network import SESAM
from tests.gateway.cli.installation import Installation


def test_a_sample_goes_the_whole_way(installed: Installation, tmp_path: Path) -> None:
    """It is valid, is routed to the payer that was named, and is paid."""
    file = tmp_path / "sample.b2"
    said = installed.octway("sample", str(file), "--payer", "caisse-nord")
    assert said.status == 0, said.err
    assert "everything in it is invented" in said.out
    assert b"SPECIMEN" in file.read_bytes()
    assert installed.octway("inspect", str(file), bare=True).status == 0
    installed.deposit("sample.b2", file.read_bytes())
    installed.work()
    installed.answer()
    installed.work()
    told = installed.octway("trace", "sample.b2", "--json").facts
    assert {each["payer"] for each in told["lots"]} == {"caisse-nord"}
    assert told["states"] == {"answered": 1}


def test_a_sample_document_is_taken(installed: Installation, tmp_path: Path) -> None:
    """It is for the invoice that its name says, breaks no rule, and goes behind it."""
    billing = installed.billing_file()
    installed.deposit("facture.b2", billing)
    installed.work()
    lot = next(iter(SESAM.read(BytesIO(billing), "sesam.b2").lots()))
    name = f"scor_{lot.sender}_{lot.number}_{lot.claims[0].number}.pdf"
    file = tmp_path / name
    said = installed.octway("sample", str(file), "--document", "--json", bare=True)
    assert said.status == 0, said.err
    seed = str(said.facts["seed"])
    again = tmp_path / "again" / name
    again.parent.mkdir()
    installed.octway("sample", str(again), "--document", "--seed", seed, bare=True)
    assert again.read_bytes() == file.read_bytes()

    installed.answer()
    installed.work()
    installed.deposit(name, file.read_bytes())
    installed.work()
    found = installed.octway("trace", name, "--json").facts
    assert found["problems"] == []
    assert {each["state"] for each in found["lots"]} == {"sent"}


@pytest.mark.parametrize(
    ("name", "more", "words"),
    [
        ("prescription.pdf", [], "scor_SENDER_LOT_INVOICE.pdf"),
        ("scor_991234567_1_1.pdf", ["--network", "mycarenet"], "takes no supporting"),
    ],
    ids=["name", "network"],
)
def test_a_document_that_would_belong_to_nothing_is_not_made(
    installed: Installation, tmp_path: Path, name: str, more: list[str], words: str
) -> None:
    """Its name must say the invoice, as it must when it is uploaded."""
    file = tmp_path / name
    said = installed.octway("sample", str(file), "--document", *more, bare=True)
    assert said.status == 2
    assert words in said.err
    assert not file.exists()


def test_without_a_directory_a_code_is_enough(
    installed: Installation, tmp_path: Path
) -> None:
    """Each is another one, unless the seed is said; nothing is ever replaced."""
    files = [tmp_path / name for name in ("a", "b", "c")]
    ask = ("--code", "01751", "--lots", "2", "--claims", "5")
    first = installed.octway("sample", str(files[0]), *ask, "--json", bare=True)
    assert first.status == 0, first.err
    seed = str(first.facts["seed"])
    installed.octway("sample", str(files[1]), *ask, bare=True)
    installed.octway("sample", str(files[2]), *ask, "--seed", seed, bare=True)
    a, b, c = (each.read_bytes() for each in files)
    assert a != b
    assert a == c
    again = installed.octway("sample", str(files[0]), *ask, bare=True)
    assert again.status == 2
    assert "is there already and is never replaced" in again.err
    assert files[0].read_bytes() == a


def test_what_would_not_be_valid_is_not_written(
    installed: Installation, tmp_path: Path
) -> None:
    """A code in a wrong form, a sender whose number cannot be one."""
    file = tmp_path / "sample.b2"
    for wrong in (["--code", "1751"], ["--code", "01751", "--sender", "X1"]):
        said = installed.octway("sample", str(file), *wrong, bare=True)
        assert said.status == 2, wrong
        assert not file.exists()


def test_a_code_tells_its_network(installed: Installation, tmp_path: Path) -> None:
    """Nobody has to name the network whose payers alone have such codes."""
    for code, network in (("01751", "sesam"), ("300", "mycarenet")):
        file = str(tmp_path / code)
        said = installed.octway("sample", file, "--code", code, "--json", bare=True)
        assert said.facts["network"] == network, said.err
    wrong = installed.octway("sample", str(tmp_path / "x"), "--code", "1x", bare=True)
    assert wrong.status == 2
    assert "in mycarenet it is '1x'; wanted" in wrong.err
    assert "in sesam it is '1x'; wanted five digits" in wrong.err


def test_a_question_on_insurability_can_be_tried(
    installed: Installation, tmp_path: Path
) -> None:
    """A Belgian 801000 in its simulated form, that the gateway itself finds right."""
    file = tmp_path / "sample.801000"
    made = installed.octway(
        *("sample", str(file), "--code", "300", "--flow", "insurability"), bare=True
    )
    assert made.status == 0, made.err
    told = installed.octway("inspect", str(file), "--json", bare=True).facts
    assert (told["format"], told["valid"]) == ("mycarenet.801000", True)
    none = installed.octway(
        *("sample", str(tmp_path / "x"), "--code", "300", "--flow", "nothing"),
        bare=True,
    )
    assert none.status == 2
    assert "wanted billing or insurability" in none.err


@pytest.mark.parametrize("code", ["01751", "300"])
@pytest.mark.parametrize("outcome", [PAID, *sandbox().outcomes], ids=lambda it: it.name)
def test_an_outcome_of_the_sandbox_is_provoked(
    installed: Installation, tmp_path: Path, outcome: Outcome, code: str
) -> None:
    """By the table that the payers of the sandbox go by, and by nothing else."""
    file = tmp_path / "sample"
    asked = ("sample", str(file), "--code", code, "--outcome", outcome.name, "--json")
    said = installed.octway(*asked, "--seed", "7", bare=True)
    assert said.status == 0, said.err
    network = Catalog.installed().network(said.facts["network"])
    form = network.recognise(file.read_bytes())
    assert form is not None
    (lot,) = network.read(BytesIO(file.read_bytes()), form).lots()
    (claim,) = lot.claims
    assert sandbox().outcome(claim.number, claim.asked) == outcome
    assert said.facts["outcome"] == outcome.name


def test_an_outcome_is_of_one_invoice(installed: Installation, tmp_path: Path) -> None:
    """Others beside it might choose for the whole lot; questions choose nothing."""
    ask = ("sample", str(tmp_path / "x"), "--code", "300", "--outcome", "late")
    many = installed.octway(*ask, "--claims", "2", bare=True)
    assert many.status == 2
    assert "one lot of one invoice" in many.err
    question = installed.octway(*ask, "--flow", "insurability", bare=True)
    assert question.status == 2
    assert "chooses the outcome late" in question.err
    assert not (tmp_path / "x").exists()

"""What is signed for a client can be checked by anyone, and nothing can be changed unseen.

Each promise is held by `octway receipt verify` and by the program in `docs/` alike.
"""

from __future__ import annotations

import io
import json
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as some

from gateway.intake import merkle, receipt_check, receipts
from gateway.intake.receipts import ReceiptSigner
from tests.engines import new_folder
from tests.gateway.intake import receipt_papers
from tests.gateway.intake.receipt_papers import KEY, SIGNER, papers

PROGRAM: Final = Path(__file__).parents[3] / "docs" / "verify_receipts.py"
PAPERS: Final = papers()
ENTRIES: Final = sorted(name for name in PAPERS if name.startswith("chain"))
Checker = Callable[[Mapping[str, bytes]], str]


def by_command(documents: Mapping[str, bytes]) -> str:
    """Check as `octway receipt verify` does; say what does not hold."""
    checked = receipt_check.check(documents.items(), [KEY.public_key()])
    return "\n".join(checked.breaks)


class ByProgram:
    """Checks as a vendor does who copied the program of `docs/`."""

    def __init__(self) -> None:
        self.folder = new_folder("octway-papers-")
        self.key = self.folder / "receipts.pub"
        self.key.write_bytes(
            KEY.public_key().public_bytes(
                serialization.Encoding.PEM,
                serialization.PublicFormat.SubjectPublicKeyInfo,
            )
        )

    def write(self, documents: Mapping[str, bytes]) -> list[str]:
        """Write files; return the program's arguments."""
        for name, content in documents.items():
            (self.folder / name).write_bytes(content)
        return [str(self.key), *(str(self.folder / name) for name in documents)]

    def __call__(self, documents: Mapping[str, bytes]) -> str:
        status, words = by_itself(*self.write(documents))
        assert status == int("something does not hold" in words)
        return words if status else ""


def by_itself(*arguments: str) -> tuple[int, str]:
    """Run the program here; return its exit status, and what it prints."""
    out = io.StringIO()
    with redirect_stdout(out), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [str(PROGRAM), *arguments])
        with pytest.raises(SystemExit) as left:
            runpy.run_path(str(PROGRAM), run_name="__main__")
    return int(left.value.code or 0), out.getvalue()


PROGRAM_RUN: Final = ByProgram()
CHECKERS: Final[Mapping[str, Checker]] = {"command": by_command, "program": PROGRAM_RUN}


@pytest.fixture(params=CHECKERS)
def breaks(request: pytest.FixtureRequest) -> Checker:
    """Give one of the two that check."""
    return CHECKERS[request.param]


def members(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every single value in a document."""
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, each in items:
            yield from members(each, (*path, key))
    else:
        yield path


PLACES: Final = [
    (name, place)
    for name, content in PAPERS.items()
    for place in members(json.loads(content))
]


def changed(content: bytes, place: tuple[Any, ...]) -> bytes:
    """Change one value of a document, and leave the rest."""
    document = json.loads(content)
    holder = document
    for key in place[:-1]:
        holder = holder[key]
    value = holder[place[-1]]
    if isinstance(value, int):
        holder[place[-1]] = value + 1
    elif isinstance(value, str):
        # Of a base64 text the first character: all of its bits count.
        holder[place[-1]] = ("B" if value[:1] == "A" else "A") + value[1:]
    else:
        holder[place[-1]] = "something"
    return json.dumps(document).encode()


def test_what_a_client_was_given_holds(breaks: Checker) -> None:
    """Two days of deposits, a dispatch and an answer: chained, and under their roots."""
    assert breaks(PAPERS) == ""


def test_a_part_of_it_holds_too(breaks: Checker) -> None:
    """One receipt, one entry, or one day's proof can be checked alone."""
    for name, content in PAPERS.items():
        assert breaks({name: content}) == "", name


@pytest.mark.parametrize("how", CHECKERS)
@given(place=some.sampled_from(PLACES))
def test_any_change_of_any_value_is_found(
    how: str, place: tuple[str, tuple[Any, ...]]
) -> None:
    """Whichever value of whichever document was changed, the document is named."""
    name, where = place
    found = CHECKERS[how]({**PAPERS, name: changed(PAPERS[name], where)})
    assert name in found


@given(data=some.data())
def test_any_other_byte_is_found_or_says_the_same(data: some.DataObject) -> None:
    """A byte that was flipped is found, unless the JSON still says the same."""
    name = data.draw(some.sampled_from(sorted(PAPERS)))
    content = bytearray(PAPERS[name])
    at = data.draw(some.integers(0, len(content) - 1))
    content[at] ^= data.draw(some.integers(1, 255))
    if by_command({**PAPERS, name: bytes(content)}) == "":
        assert json.loads(bytes(content)) == json.loads(PAPERS[name])


def test_a_member_that_stands_twice_is_refused() -> None:
    """Two programs would read two things in it, and one of them was never signed."""
    twice = PAPERS["d1.json"].replace(b'"size": 100', b'"size": 1, "size": 100')
    assert "d1.json" in by_command({"d1.json": twice})


@pytest.mark.parametrize("gone", ENTRIES[1:-1])
def test_an_entry_that_was_taken_out_is_missed(breaks: Checker, gone: str) -> None:
    """Between two entries that are there, the missing one is named, or the next one."""
    rest = {name: each for name, each in PAPERS.items() if name != gone}
    following = f"chain-{int(gone[6]) + 1}"
    found = breaks(rest)
    assert following in found
    assert "missing" in found


def test_all_that_are_missing_are_named() -> None:
    """A gap is told by its numbers, so one knows what to fetch."""
    rest = {name: PAPERS[name] for name in ("chain-1.json", "chain-5.json")}
    assert "entries 2 to 4 are missing" in by_command(rest)


@pytest.mark.parametrize("number", range(1, 6))
def test_an_entry_made_anew_is_found(breaks: Checker, number: int) -> None:
    """Even who has the key cannot change what was chained: what builds on it differs."""
    previous = receipts.read(PAPERS[f"chain-{number}.json"]).body["previous"]
    forged = receipt_papers.entry(number, previous, [receipt_papers.deposit(9)])
    assert breaks({**PAPERS, f"chain-{number}.json": forged})
    beside = breaks({**PAPERS, "forged.json": forged})
    assert "forged.json" in beside or f"chain-{number}" in beside


def test_entries_in_another_order_do_not_hold(breaks: Checker) -> None:
    """Receipts keep the order in which they were given."""
    head = receipts.read(PAPERS["chain-1.json"]).sha256
    third = receipt_papers.entry(2, head, [PAPERS["d3.json"]])
    second = receipt_papers.entry(3, receipts.read(third).sha256, [PAPERS["d2.json"]])
    assert breaks({**PAPERS, "chain-2.json": third, "chain-3.json": second})


def test_a_receipt_that_was_made_anew_is_found(breaks: Checker) -> None:
    """A receipt signed later, of other content, is not the one that was chained."""
    body = {**receipts.read(PAPERS["dispatch-1.json"]).body, "filename": "other"}
    assert "dispatch-1" in breaks({**PAPERS, "dispatch-1.json": SIGNER.seal(body)})


def test_a_chain_that_is_not_under_the_root_is_found(breaks: Checker) -> None:
    """The proof of a day leads from the client's own entry to the published root."""
    body = dict(receipts.read(PAPERS["root-2026-11-19.json"]).body)
    forgeries: list[dict[str, Any]] = [
        {"entry": "c" * 64},
        {"path": []},
        {"day": "2026-11-20"},
    ]
    for wrong in forgeries:
        forged = SIGNER.seal({**body, **wrong})
        assert "root-2026-11-19.json" in breaks({"root-2026-11-19.json": forged})


def test_two_roots_of_one_day_are_found() -> None:
    """Whoever shows one root to a client and another to the world is found out."""
    sha256 = receipts.read(PAPERS["chain-3.json"]).sha256
    other, _ = receipt_papers.proof("2026-11-18", "d" * 64, 3, sha256)
    assert "another root of 2026-11-18" in by_command({**PAPERS, "other.json": other})


def test_a_root_that_builds_on_another_is_found() -> None:
    """Roots of days that follow one another are a chain as well."""
    sha256 = receipts.read(PAPERS["chain-5.json"]).sha256
    other, _ = receipt_papers.proof("2026-11-19", "d" * 64, 5, sha256)
    found = by_command({**PAPERS, "root-2026-11-19.json": other})
    assert "the root of 2026-11-19 builds on dddd" in found


def test_another_key_signs_nothing(breaks: Checker) -> None:
    """A document of the same form, signed by somebody else, does not hold."""
    other = ReceiptSigner(Ed25519PrivateKey.from_private_bytes(b"o" * 32))
    body = receipts.read(PAPERS["answer-1.json"]).body
    assert "answer-1.json" in breaks({"answer-1.json": other.seal(body)})


def test_a_receipt_beside_the_chain_is_told() -> None:
    """A receipt that no entry covers yet holds, and that is said."""
    late = {**PAPERS, "d9.json": receipt_papers.deposit(9)}
    checked = receipt_check.check(late.items(), [KEY.public_key()])
    assert not checked.breaks
    assert list(checked.notes) == ["d9.json: no entry that was given covers it"]


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'{"receipt":1}'])
def test_what_is_no_receipt_is_said_to_be_none(breaks: Checker, content: bytes) -> None:
    """Another file among the receipts is named, and the others are checked."""
    assert "x.json" in breaks({"x.json": content, **PAPERS})


@pytest.mark.parametrize("kind", ["evidence", "letter"])
def test_what_is_signed_and_no_receipt_does_not_pass_as_one(
    breaks: Checker, kind: str
) -> None:
    """The manifest of a bundle is signed with the same key, and says nothing of a deposit."""
    body = {"receipt": "octway/1", "kind": kind, "id": "e1", "deposit": "d1"}
    assert "x.json" in breaks({"x.json": SIGNER.seal(body), **PAPERS})


def test_a_root_of_events_holds_and_is_no_receipt() -> None:
    """It is published beside receipts."""
    body = {"receipt": "octway/1", "kind": "events", "id": "e1", "root": "0" * 64}
    given_ = {"e.json": SIGNER.seal(body)}
    assert by_command(given_) == ""
    assert CHECKERS["program"](given_) == ""


def test_a_receipt_beside_the_chain_of_another_client_is_told() -> None:
    """Nothing covers it there, and the reader would not see that."""
    body = receipts.read(PAPERS["dispatch-1.json"]).body
    mixed = {**PAPERS, "x.json": SIGNER.seal({**body, "client": "beta"})}
    checked = receipt_check.check(mixed.items(), [KEY.public_key()])
    assert "x.json: is beta's, and the chain given is alpha's" in checked.notes


def test_nesting_without_an_end_is_said(breaks: Checker) -> None:
    """In words, as every file that is none of ours."""
    deep = b'{"receipt":"octway/1","x":' + b"[" * 100_000
    assert "x.json" in breaks({"x.json": deep, **PAPERS})


def test_a_program_with_nothing_to_check_says_how_it_is_used() -> None:
    """No file, reports alone, a key that is none: never "all holds"."""
    key = str(PROGRAM_RUN.key)
    for arguments in ([], [key], [key, "a.report.json"], ["nowhere.pub", "a.json"]):
        status, words = by_itself(*arguments)
        assert status == 2
        assert words.startswith("usage: ")
    for arguments in ([key, "nowhere.json"], [str(PROGRAM), "a.json"]):
        status, words = by_itself(*arguments)
        assert status == 1
        assert words.startswith(f"{arguments[-1]}: ")


def test_the_program_can_be_read_in_a_minute() -> None:
    """Sixty lines, the docstring among them: a vendor reads it before trusting it."""
    assert len(PROGRAM.read_text(encoding="utf-8").splitlines()) <= 60


@given(count=some.integers(1, 40))
def test_every_leaf_has_its_way_to_the_root(count: int) -> None:
    """Whatever the number of chains, each proof leads to the root, and to no other."""
    leaves = [f"{each:064x}" for each in range(count)]
    root, paths = merkle.tree(leaves)
    assert [merkle.root_of(*each) for each in zip(leaves, paths, strict=True)] == (
        [root] * count
    )
    assert merkle.root_of("f" * 64, paths[0]) != root


def test_the_tree_is_that_of_rfc_6962() -> None:
    """A leaf of nothing hashes as published; 7 leaves are split at the power of two."""
    nothing = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert merkle.tree([""])[0] == nothing
    leaves = [f"{each:064x}" for each in range(7)]
    left, _ = merkle.tree(leaves[:4])
    right, _ = merkle.tree(leaves[4:])
    whole, paths = merkle.tree(leaves)
    assert paths[0][-1] == ("right", right)
    assert paths[6][-1] == ("left", left)
    assert merkle.root_of(leaves[6], paths[6]) == whole


def test_the_program_runs_by_itself() -> None:
    """As a vendor runs it: a Python of its own, nothing of the gateway."""
    given_ = PROGRAM_RUN.write(PAPERS)
    run = [sys.executable, "-I", str(PROGRAM), *given_]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "'deposit': 3" in done.stdout
    assert done.stdout.endswith("all holds\n")

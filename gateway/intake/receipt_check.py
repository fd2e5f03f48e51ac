"""Checks signed documents against the public key and one another; needs nothing else.

What is checked is what was given: each signature, each link between entries of one
chain, each receipt that an entry names, each way from an entry to a day's root.  An
entry that is not there is a break where it stands between two that are: nothing proves
what it said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Final, NamedTuple

from attrs import frozen
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.intake import merkle, receipts
from gateway.intake.receipt_documents import (
    CHAIN,
    CHECKED,
    EVIDENCE,
    INCLUSION,
    RECEIPTS,
    ROOT,
)
from gateway.intake.receipts import Signed

GENESIS: Final = "0" * 64
"""What the first entry of a chain builds on, and the first root."""


class Given(NamedTuple):
    """A document under the name that it was given with."""

    name: str
    signed: Signed

    @property
    def body(self) -> Mapping[str, Any]:
        """What it says."""
        return self.signed.body


@frozen(kw_only=True)
class Checked:
    """What came out: the documents whose own signature holds, and all that does not."""

    valid: Sequence[Given]
    breaks: Sequence[str]
    notes: Sequence[str]


def check(
    documents: Iterable[tuple[str, bytes]], keys: Sequence[Ed25519PublicKey]
) -> Checked:
    """Check documents by name; breaks begin with the name of the document."""
    valid: list[Given] = []
    breaks: list[str] = []
    notes: list[str] = []
    for name, content in documents:
        try:
            signed = receipts.read(content)
            _signature(signed, keys)
            _kind(signed)
            if signed.kind == INCLUSION:
                _signature(receipts.taken_apart(signed.body["root"]), keys, "its root ")
        except ValueError as error:
            breaks.append(f"{name}: {error}")
        else:
            valid.append(Given(name, signed))
    chains = _by_client(valid)
    for entries in chains.values():
        breaks += _links(entries)
    for finding, is_break in _covered(valid, chains):
        (breaks if is_break else notes).append(finding)
    breaks += _roots(valid, chains)
    return Checked(valid=valid, breaks=breaks, notes=notes)


def _signature(
    signed: Signed, keys: Sequence[Ed25519PublicKey], which: str = ""
) -> None:
    named = {receipts.key_id(key): key for key in keys}
    key = named.get(signed.key)
    if key is None:
        raise ValueError(
            f"{which}does not hold: it names the key {signed.key!r}, and was checked "
            f"with {', '.join(named)}"
        )
    if not signed.is_signed_by(key):
        raise ValueError(
            f"{which}does not hold: it was changed, or not signed with the key "
            f"{signed.key} that it names"
        )


def _kind(signed: Signed) -> None:
    if signed.kind == EVIDENCE:
        raise ValueError(
            "is the manifest of a bundle of evidence and no receipt; check the bundle with "
            "the verify_evidence.py that lies beside it"
        )
    if signed.kind not in CHECKED:
        raise ValueError(
            f"is of the kind {signed.kind!r}, which this program does not know; wanted "
            f"one of {', '.join(sorted(CHECKED))}"
        )


def _by_client(valid: Iterable[Given]) -> dict[str, list[Given]]:
    """Sort the entries of each client's chain; the same one twice is one."""
    found: dict[str, dict[tuple[int, str], Given]] = {}
    for each in valid:
        if each.signed.kind == CHAIN:
            key = (each.body["number"], each.signed.sha256)
            found.setdefault(each.body["client"], {}).setdefault(key, each)
    return {
        client: [entries[key] for key in sorted(entries)]
        for client, entries in found.items()
    }


def _links(entries: Sequence[Given]) -> Iterator[str]:
    first = entries[0]
    if first.body["number"] == 1 and first.body["previous"] != GENESIS:
        yield f"{first.name}: is entry 1, and says that one stands before it"
    for before, after in pairwise(entries):
        one, other = before.body["number"], after.body["number"]
        if one == other:
            yield (
                f"{after.name}: is another entry {other} of the same chain than "
                f"{before.name}: the chain was made twice"
            )
        elif other > one + 1:
            missing = (
                f"entry {one + 1} is"
                if other == one + 2
                else (f"entries {one + 1} to {other - 1} are")
            )
            yield (
                f"{after.name}: {missing} missing between it and {before.name}; give "
                "them too, or nothing proves what stood there"
            )
        elif after.body["previous"] != before.signed.sha256:
            yield (
                f"{after.name}: builds on {after.body['previous']}, and {before.name}, "
                f"the entry before it, is {before.signed.sha256}"
            )


def _covered(
    valid: Iterable[Given], chains: Mapping[str, Sequence[Given]]
) -> Iterator[tuple[str, bool]]:
    """Compare receipts with the entries that name them: words, and whether it breaks."""
    places: dict[tuple[str, str], tuple[Given, str]] = {}
    for client, entries in chains.items():
        for entry in entries:
            for each in entry.body["receipts"]:
                place = places.setdefault((client, each["id"]), (entry, each["sha256"]))
                if place[0] is not entry:
                    yield f"{entry.name}: covers {each['id']} again", True
    for each in valid:
        client = each.body.get("client", "")
        if each.signed.kind not in RECEIPTS or not chains:
            continue
        if client not in chains:
            others = ", ".join(chains)
            yield (
                f"{each.name}: is {client}'s, and the chain given is {others}'s",
                False,
            )
            continue
        name = each.body.get("id") or each.body["deposit"]
        found = places.get((client, name))
        if found is None:
            yield f"{each.name}: no entry that was given covers it", False
        elif found[1] != each.signed.sha256:
            yield (
                (
                    f"{each.name}: is {each.signed.sha256}, and {found[0].name} covers "
                    f"{name} as {found[1]}"
                ),
                True,
            )


def _roots(
    valid: Iterable[Given], chains: Mapping[str, Sequence[Given]]
) -> Iterator[str]:
    """Compare roots of one day, their chain, and walk from each proof to its root."""
    roots: dict[str, Given] = {}
    for each in valid:
        if each.signed.kind == INCLUSION:
            root = Given(each.name, receipts.taken_apart(each.body["root"]))
            yield from _inclusion(each, root, chains)
        elif each.signed.kind == ROOT:
            root = each
        else:
            continue
        other = roots.setdefault(root.body["day"], root)
        if other.signed.sha256 != root.signed.sha256:
            yield f"{root.name}: has another root of {root.body['day']} than {other.name}"
    days = [roots[day] for day in sorted(roots)]
    for before, after in pairwise(days):
        one, other_day = (
            date.fromisoformat(each.body["day"]) for each in (before, after)
        )
        builds_on = after.body["previous"]
        if other_day - one == timedelta(days=1) and builds_on != before.signed.sha256:
            yield (
                f"{after.name}: the root of {other_day} builds on {builds_on}, and that "
                f"of {one} is {before.signed.sha256}"
            )


def _inclusion(
    proof: Given, root: Given, chains: Mapping[str, Sequence[Given]]
) -> Iterator[str]:
    body = proof.body
    if body["day"] != root.body["day"]:
        yield f"{proof.name}: is of {body['day']}, and its root of {root.body['day']}"
    path = [(step["side"], step["sha256"]) for step in body["path"]]
    try:
        found = merkle.root_of(body["entry"], path)
    except ValueError as error:
        found = str(error)
    if found != root.body["root"]:
        yield (
            f"{proof.name}: its path leads to {found}, and the root of {body['day']} is "
            f"{root.body['root']}"
        )
    for entry in chains.get(body["client"], ()):
        if entry.body["number"] != body["number"]:
            continue
        if entry.signed.sha256 != body["entry"]:
            yield (
                f"{proof.name}: entry {body['number']} under the root is "
                f"{body['entry']}, and {entry.name} is {entry.signed.sha256}"
            )

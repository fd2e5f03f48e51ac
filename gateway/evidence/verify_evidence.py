"""Check a bundle of evidence with the public key alone: no gateway, no network.

    python verify_evidence.py BUNDLE.zip receipts.pub

Needs Python 3.9 and `pip install cryptography`.  Take receipts.pub from where you
trust it, not from the bundle; name several where keys were changed.  Exit status 0:
the manifest is signed and names every file of the bundle by its right hash, every
signed document holds, receipts are in the chain of their client and its entries lead
to the signed root of a day, and every event is under a signed root of the history.
1: something does not hold.  2: nothing was checked, as a file cannot be read.
"""

import base64
import hashlib
import json
import sys
import zipfile
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_pem_public_key

REFUSED = (InvalidSignature, ValueError, KeyError, TypeError, AttributeError)
USAGE = "usage: python verify_evidence.py BUNDLE.zip receipts.pub [MORE.pub ...]\n"
Said = dict[str, Any]
Entries = dict[tuple[str, int], tuple[Said, str]]
wrong: list[str] = []
notes: list[str] = []


def once(pairs: list[tuple[str, Any]]) -> Said:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a member stands twice")
    return dict(pairs)


def opened(document: Said, keys: dict[str, Any]) -> tuple[Said, str]:
    """Check a document's own signature; return what it says, and its hash."""
    said = {name: value for name, value in document.items() if name != "signature"}
    signed = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    signature = document["signature"]
    if signature["algorithm"] != "Ed25519":
        raise ValueError("it names another algorithm")
    value = base64.b64decode(signature["value"], validate=True)
    keys[signature["key"]].verify(value, signed.encode())
    return said, hashlib.sha256(signed.encode()).hexdigest()


def read(bundle: zipfile.ZipFile, name: str) -> Said:
    found: Said = json.loads(bundle.read(name), object_pairs_hook=once)
    return found


def root_of(leaf: str, path: list[Said]) -> str:
    found = hashlib.sha256(b"\0" + bytes.fromhex(leaf)).digest()
    for step in path:
        other = bytes.fromhex(step["sha256"])
        pair = other + found if step["side"] == "left" else found + other
        found = hashlib.sha256(b"\1" + pair).digest()
    return found.hex()


def files(bundle: zipfile.ZipFile, manifest: Said) -> None:
    """Compare every file with what the manifest says of it."""
    if min(each.header_offset for each in bundle.infolist()) != 0:
        wrong.append("something lies before the first file; a bundle begins with it")
    names = [each for each in bundle.namelist() if each != "manifest.json"]
    listed = {each["name"]: each for each in manifest["files"]}
    if sorted(names) != sorted(listed):
        odd = sorted(set(names) ^ set(listed)) or ["one of them twice"]
        wrong.append(
            "bundle and manifest do not hold the same files: " + ", ".join(odd)
        )
    for name in sorted(set(names) & set(listed)):
        found, size = hashlib.sha256(), 0
        with bundle.open(name) as stream:
            for block in iter(lambda: stream.read(1 << 20), b""):
                found.update(block)
                size += len(block)
        if (found.hexdigest(), size) != (listed[name]["sha256"], listed[name]["size"]):
            wrong.append(f"{name}: is not the file that the manifest names")


def proved(proofs: list[tuple[str, Said]], entries: Entries, keys: Said) -> set[Any]:
    """Return the places of entries that lead to the root of a day."""
    under: set[Any] = set()
    for name, said in proofs:
        root = opened(said["root"], keys)[0]
        head = entries.get((said["client"], said["number"]))
        leads = root_of(said["entry"], said["path"]) == root["root"]
        if not leads or said["day"] != root["day"]:
            wrong.append(f"{name}: its path does not lead to the root of the day")
        elif head is not None and head[1] != said["entry"]:
            wrong.append(f"{name}: another entry {said['number']} is under the root")
        number = said["number"]
        while (said["client"], number) in entries:
            under.add((said["client"], number))
            number -= 1
    return under


def receipts(bundle: zipfile.ZipFile, keys: dict[str, Any], manifest: Said) -> int:
    """Check receipts, the chain over them, and its way to the roots of days."""
    entries: Entries = {}
    given: list[tuple[str, Said, str]] = []
    proofs: list[tuple[str, Said]] = []
    for name in bundle.namelist():
        if not name.startswith("receipts/"):
            continue
        said, digest = opened(read(bundle, name), keys)
        if said.get("kind") == "chain":
            entries[said["client"], said["number"]] = (said, digest)
        elif said.get("kind") == "inclusion":
            proofs.append((name, said))
        else:
            given.append((name, said, digest))
    for (client, number), (said, _) in entries.items():
        before = entries.get((client, number - 1))
        if before is not None and before[1] != said["previous"]:
            wrong.append(f"{client}: entry {number} does not build on the one before")
    under = proved(proofs, entries, keys)
    hashes = {each["sha256"] for each in manifest["files"]}
    hashes |= {each["sha256"] for each in manifest["left_out"]}
    for name, said, digest in given:
        where = [
            place
            for place, (entry, _) in entries.items()
            if any(each["sha256"] == digest for each in entry["receipts"])
        ]
        if not where:
            wrong.append(f"{name}: no entry of the chain covers it")
        elif where[0] not in under:
            notes.append(
                f"{name}: in the chain, which is not under the root of a day yet"
            )
        if said["sha256"] not in hashes:
            notes.append(f"{name}: the file that it is about is not in the bundle")
    return len(given)


def events(bundle: zipfile.ZipFile, keys: dict[str, Any]) -> int:
    """Check that each event is under a signed root of the history."""
    roots = {
        name: opened(read(bundle, name), keys)[0]
        for name in bundle.namelist()
        if name.startswith("roots/")
    }
    count = 0
    with bundle.open("events.jsonl") as stream:
        for line in stream:
            event = json.loads(line, object_pairs_hook=once)
            parts = [event["previous"], event["chain"], event["seq"], repr(event["at"])]
            parts += [event["kind"], event["subject"], event["facts"]]
            digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
            root = roots[event["root"]]
            inside = root["after"] < event["seq"] <= root["until"]
            same = root["chain"] == event["chain"]
            if root_of(digest, event["path"]) != root["root"] or not (inside and same):
                wrong.append(
                    f"event {event['seq']} of {event['chain']}: not under its root"
                )
            count += 1
    return count


def main(bundle_file: str = "", *key_files: str) -> int:
    if not key_files:
        sys.stderr.write(USAGE)
        return 2
    keys: dict[str, Any] = {}
    for key_file in key_files:
        try:
            with open(key_file, "rb") as file:
                key: Any = load_pem_public_key(file.read())
            keys[hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]] = key
        except (OSError, ValueError, AttributeError) as why:
            sys.stderr.write(f"{key_file}: no public key of receipts ({why})\n{USAGE}")
            return 2
    counts = [0, 0]
    try:
        with zipfile.ZipFile(bundle_file) as bundle:
            manifest = opened(read(bundle, "manifest.json"), keys)[0]
            files(bundle, manifest)
            counts = [receipts(bundle, keys, manifest), events(bundle, keys)]
    except OSError as why:
        sys.stderr.write(f"{bundle_file}: cannot be read ({why})\n{USAGE}")
        return 2
    except (*REFUSED, zipfile.BadZipFile) as why:
        wrong.append(
            f"{bundle_file}: not ours, not of these keys, or changed ({why!r})"
        )
    for line in [f"note: {each}" for each in notes] + wrong:
        sys.stdout.write(line + "\n")
    verdict = "something does not hold" if wrong else "all holds"
    sys.stdout.write(f"{counts[0]} receipts, {counts[1]} events: {verdict}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

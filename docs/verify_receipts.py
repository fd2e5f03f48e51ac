"""Check receipts of Octway with its public key alone: no gateway, no network.

    python verify_receipts.py receipts.pub receipts/*.json

Needs Python 3.9 and `pip install cryptography`; give it what one client got.  Reports
are not signed and are left out.  Exit status 0: every signature holds, the entries of
the chain follow one another without a hole, each receipt is as its entry says, and
each proof leads from the chain to the root of its day; 2: nothing was given to check.
"""

import base64
import hashlib
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_pem_public_key

REFUSED = (InvalidSignature, ValueError, KeyError, TypeError, AttributeError)
REFUSED += (OSError, RecursionError)
USAGE = "usage: verify_receipts.py receipts.pub FILE...\n"
wrong, entries, covered, given, proofs, clients = [], {}, {}, {}, [], set()


def once(pairs):
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a member stands twice")
    return dict(pairs)


def opened(document, key):
    """Check a document's own signature; return what it says, and its hash."""
    said = {name: value for name, value in document.items() if name != "signature"}
    signed = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    signature = document["signature"]
    key.verify(base64.b64decode(signature["value"], validate=True), signed.encode())
    its_id = hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]
    if signature["algorithm"] != "Ed25519" or signature["key"] != its_id:
        raise ValueError("it names another key or algorithm")
    return said, hashlib.sha256(signed.encode()).hexdigest()


def take(name, document, key):
    said, digest = opened(document, key)
    kind = said.get("kind", "deposit")
    if kind == "chain":
        entry = (said["previous"], digest)
        if entries.setdefault(said["number"], entry) != entry:
            wrong.append(f"{name}: another entry {said['number']} of the chain")
        covered.update((each["id"], each["sha256"]) for each in said["receipts"])
    elif kind == "inclusion":
        proofs.append((name, said, opened(said["root"], key)[0]))
    elif kind in ("deposit", "dispatch", "answer"):
        given[said.get("id") or said["deposit"]] = digest
    elif kind not in ("root", "events"):
        raise ValueError(f"its kind is {kind}, which is no receipt")
    clients.update([said["client"]] if "client" in said else [])


def root_of(entry, path):
    found = hashlib.sha256(b"\0" + bytes.fromhex(entry)).digest()
    for step in path:
        other = bytes.fromhex(step["sha256"])
        pair = other + found if step["side"] == "left" else found + other
        found = hashlib.sha256(b"\1" + pair).digest()
    return found.hex()


def compare():
    if len(clients) > 1:
        wrong.append("they are of several clients: " + ", ".join(sorted(clients)))
    for number in sorted(entries)[1:]:
        if entries.get(number - 1, ("", "missing"))[1] != entries[number][0]:
            wrong.append(f"chain-{number}: the entry before it is another, or missing")
    for receipt, digest in given.items():
        if covered.get(receipt, digest) != digest:
            wrong.append(f"{receipt}: its entry in the chain says otherwise")
    for name, said, root in proofs:
        leads_to = (said["day"], root_of(said["entry"], said["path"]))
        if leads_to != (root["day"], root["root"]):
            wrong.append(f"{name}: its path does not lead to the root of the day")
        if entries.get(said["number"], ("", said["entry"]))[1] != said["entry"]:
            wrong.append(f"{name}: another entry {said['number']} is under the root")


def main(key_file="", *files):
    files = [each for each in files if not each.endswith(".report.json")]
    try:
        with open(key_file, "rb") as file:
            key = load_pem_public_key(file.read())
    except (OSError, ValueError) as why:
        sys.stderr.write(f"{key_file}: no public key ({why})\n{USAGE}")
        return 2
    if not files:
        sys.stderr.write(USAGE)
        return 2
    for name in files:
        try:
            with open(name, encoding="utf-8") as file:
                take(name, json.load(file, object_pairs_hook=once), key)
        except REFUSED as why:
            wrong.append(f"{name}: no receipt of this key, or changed ({why!r})")
    compare()
    print(*wrong, sep="\n", end="\n" if wrong else "")
    verdict = "something does not hold" if wrong else "all holds"
    counts = f"{len(given)} receipts, {len(entries)} entries, {len(proofs)} proofs"
    print(f"{counts}: {verdict}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

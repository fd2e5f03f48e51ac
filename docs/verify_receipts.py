"""Check receipts of Octway offline: python verify_receipts.py receipts.pub FILE...

Needs Python 3.9, `pip install cryptography`.  Exits with 0: all holds; 1: something does not;
2: no file.  Left to `octway receipt verify`: doubled JSON members, mixed clients, other keys.
"""

import sys
from base64 import b64decode
from hashlib import sha256
from json import dumps, loads
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_public_key

KINDS = ("deposit", "dispatch", "answer", "chain", "inclusion", "root", "events")
seen, entries, known, wrong = dict.fromkeys(KINDS, 0), set(), {}, []
files = [name for name in sys.argv[2:] if not name.endswith(".report.json")]
if not files or not Path(sys.argv[1]).is_file():
    sys.exit(print("usage: verify_receipts.py receipts.pub FILE...") or 2)


def opened(document, key):  # its signature must hold; what it says, and its hash
    seal = document.pop("signature")
    signed = dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    key.verify(b64decode(seal["value"], validate=True), signed.encode())
    key_id = sha256(key.public_bytes_raw()).hexdigest()[:16]
    if (seal["algorithm"], seal["key"]) != ("Ed25519", key_id):
        raise ValueError("it names another key")
    return document, sha256(signed.encode()).hexdigest()


for name in files:
    try:
        key = load_pem_public_key(Path(sys.argv[1]).read_bytes())
        said, digest = opened(loads(Path(name).read_bytes()), key)
        seen[said.get("kind", "deposit")] += 1  # any other kind is no receipt
        things = [(said.get("id") or said["deposit"], digest)]  # what it vouches for
        if said.get("kind") == "chain":
            entries.add(said["number"])
            things += [(f"chain-{said['number'] - 1}", said["previous"])]
            things += [(each["id"], each["sha256"]) for each in said["receipts"]]
        elif said.get("kind") == "inclusion":
            things += [(f"chain-{said['number']}", said["entry"])]
            found = sha256(b"\0" + bytes.fromhex(said["entry"])).digest()
            for step in said["path"]:  # as in RFC 6962, from the leaf to the root
                other = bytes.fromhex(step["sha256"])
                pair = other + found if step["side"] == "left" else found + other
                found = sha256(b"\1" + pair).digest()
            root, where = opened(said["root"], key)[0], f"the root of {said['day']}"
            things += [(where, (root["day"], root["root"]))]
            things += [(where, (said["day"], found.hex()))]
        for what, it_is in things:
            if known.setdefault(what, (it_is, name))[0] != it_is:
                wrong.append(f"{name}: {what} is another than in {known[what][1]}")
    except Exception as why:
        wrong.append(f"{name}: no receipt of this key, or changed ({why!r})")
gaps = [number for number in sorted(entries)[1:] if number - 1 not in entries]
wrong += [f"chain-{number}: the entry before it is missing" for number in gaps]
print(*wrong, seen, "something does not hold" if wrong else "all holds", sep="\n")
sys.exit(1 if wrong else 0)

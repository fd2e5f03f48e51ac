"""What a person does about a lot that is not sent, by the cause of it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from protocols.interface import UNDECIDED

OF_CAUSE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "bad-content": "its client must correct it and send it as a new lot (a document: "
        "scan it anew, under the same name); the problems are below",
        "duplicate-lot": "if it is a correction, its client must send it anew with what the "
        "words say must differ; else withdraw it (octway withdraw LOT)",
        "duplicate-invoice": "its client must bill only what was not sent before; then "
        "withdraw this one (octway withdraw LOT)",
        "number-waiting": "its payer must decide on the earlier lot of that number first; "
        "then it goes on by itself, or is held for good",
        "number-used": "its client must send it under a new number (octway number list "
        "names the next free one); then withdraw this one (octway withdraw LOT)",
        "no-destination": "its client must name the payer in the file",
        UNDECIDED: "correct or import the tables of the complementary payers (octway payer "
        "import); with the next version of the directory it goes on by itself",
        "unknown-payer": "add the code to a payer of the directory (octway payer import "
        "FILE, or a [[code]] in its file); then it goes on by itself",
        "payer-closed": "name the code's successor in the directory; then it goes on by "
        "itself",
        "no-endpoint": "give the payer an [endpoint] in its file; then it goes on by itself",
        "attachment-waits": "nothing: it goes by itself once the payer has acknowledged its "
        "claim's lot",
        "wrong-flow": "add the flow to the payer's file if it takes it; then it goes on by "
        "itself",
        "not-enrolled": "once the payer knows its sender: octway enrol set SENDER PAYER "
        "open; then it goes on by itself",
    }
)

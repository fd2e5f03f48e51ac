"""What a person does about a kind of anomaly, or about what holds a lot: in two voices.

One names commands, for who sits at a terminal; the other what can be pressed, for who
sits before the console.  Each is said through the catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from sqlalchemy import Row

from protocols.sending import UNDECIDED


class Advice(NamedTuple):
    """One advice: `command` for the terminal and for messages, `desk` for the console."""

    command: str
    desk: str


# What to do about each kind of anomaly.
OF_KIND: Final[Mapping[str, Advice]] = MappingProxyType(
    {
        "deposit-unreadable": Advice(
            "look at the file's problems (octway trace), tell its client",
            "Look at what is wrong with the file and tell its client, who must send "
            "the right one. If the program was at fault, press “Do it again”.",
        ),
        "deposit-damaged": Advice(
            "look at the file's problems (octway trace); its client must send what is "
            "missing again",
            "Look at what is wrong with the file; its client must send again what is "
            "missing.",
        ),
        "claims-rejected": Advice(
            "the clients have their answers; what would mend the cause must be done "
            "where the claims are made",
            "The clients have the payer’s answers, and must correct the claims and "
            "bill them anew. Tell the vendor if many of its clients have the same.",
        ),
        "lot-refused": Advice(
            "its client has the reasons; a corrected lot must come",
            "Its client has the reasons, and must send a corrected lot.",
        ),
        "lot-held": Advice(
            "mend the cause (often the payer directory); held lots go on by "
            "themselves when a new directory is loaded",
            "Mend what holds the lots, often in the payer directory; they go on by "
            "themselves when a new directory is loaded.",
        ),
        "attachment-stranded": Advice(
            "see with its client whether the name gives the right sender, lot and "
            "invoice; it goes on by itself, or must go on paper",
            "See with its client whether the name gives the right sender, lot and "
            "invoice. It goes on by itself once its claim is acknowledged; else it "
            "must go on paper.",
        ),
        "dispatch-refused": Advice(
            "ask the payer why; then octway replay DISPATCH, or withdraw it",
            "Ask the payer why. Then press “Do it again”, or “Withdraw it”.",
        ),
        "dispatch-unclear": Advice(
            "ask the payer whether it has the file; if not: octway replay DISPATCH "
            "--resend",
            "Ask the payer whether it has the file. If it has, press “Delivered "
            "outside”; if it has not, “Send it again although the payer may have it”.",
        ),
        "dispatch-undelivered": Advice(
            "mend what the report says with the payer or the provider; then octway "
            "replay DISPATCH --resend",
            "Mend what the report says, with the payer or the mail provider. Then "
            "press “Send it again although the payer may have it”.",
        ),
        "payer-locked-out": Advice(
            "mend key, password or host key of its endpoint, then octway payer test "
            "PAYER",
            "Mend the key, password or host key of the endpoint, then press “Test the "
            "connection” on the payer’s page.",
        ),
        "payer-unreachable": Advice(
            "octway payer test PAYER; sending goes on by itself when it answers",
            "Press “Test the connection” on the payer’s page. Sending goes on by "
            "itself when it answers.",
        ),
        "return-stuck": Advice(
            "see with the payer: it is tried again at each turn, and others are taken "
            "meanwhile",
            "See with the payer: it is tried again at each turn, and other returns "
            "are taken meanwhile.",
        ),
        "return-unreadable": Advice(
            "ask the payer what it sent; then octway replay RETURN",
            "Ask the payer what it sent. Then press “Do it again”.",
        ),
        "return-damaged": Advice(
            "ask the payer to send it again, whole; what was read of it is booked, and "
            "is not booked twice when it comes again",
            "Ask the payer to send it again, whole. What was read of it is booked, and "
            "is not booked twice when it comes again.",
        ),
        "return-orphans": Advice(
            "the answers are kept and tried again by themselves",
            "The answers are kept and tried again by themselves; those that are "
            "likely a claim’s wait for your word.",
        ),
        "return-foreign": Advice(
            "if that payer does answer there, give it the endpoint, or its codes a "
            "successor, in the directory; else ask whose outbox it is what it sent",
            "If that payer does answer there, give it the endpoint in the directory, "
            "or its codes a successor. Else ask whose outbox it is what it sent.",
        ),
        "return-absurd": Advice(
            "ask the payer; if it was meant, confirm it: octway match list",
            "Ask the payer. If it was meant, confirm the match.",
        ),
        "return-gap": Advice(
            "ask the payer for the files with these numbers; a late one closes it by "
            "itself",
            "Ask the payer for the files with these numbers; a late one closes the "
            "case by itself.",
        ),
        "deposit-gap": Advice(
            "ask the client's software for the files with these numbers, or whether "
            "they ever were; a late one closes it by itself",
            "Ask the client’s software for the files with these numbers, or whether "
            "they ever were; a late one closes the case by itself.",
        ),
        "answer-late": Advice(
            "what is late is chased by itself (octway remedy plan); a late answer "
            "closes it",
            "What is late is chased by itself, and a late answer closes the case.",
        ),
        "answer-missing": Advice(
            "ask the payer; then octway remedy again LOT, or replay or withdraw it",
            "Ask the payer. Then press “Chase its answers anew”, “Send it again "
            "although the payer may have it”, or “Withdraw it”.",
        ),
        "answer-contradicts": Advice(
            "ask the payer which of its words holds; a settlement closes it",
            "Ask the payer which of its words counts; its settlement decides, and "
            "closes the case.",
        ),
        "payment-differs": Advice(
            "ask the payer what it paid less, or more, for; then resolve it",
            "Ask the payer what it paid less, or more, for; then resolve the case.",
        ),
        "payer-silent": Advice(
            "ask the payer whether it is out; its chases go on by themselves",
            "Ask the payer whether it is out; its chases go on by themselves.",
        ),
        "bulk-approval": Advice(
            "another person than who asked looks at it and says octway anomaly agree "
            "ID --by NAME, or refuse, or does so on the console's desk",
            "Look at what shall be done. Another person than the one who asked must "
            "agree, or refuse.",
        ),
        "notification-failed": Advice(
            "mend the address, or what takes its messages; then octway notify test "
            "NAME, octway notify retry --failed; a message that is taken closes it",
            "Mend the address, or what takes its messages, and have them sent again; "
            "a message that is taken closes the case.",
        ),
        "webhook-disabled": Advice(
            "tell its client (octway webhook list); once mended, the client puts it "
            "back in use, and all that waits is told",
            "Tell its client. Once it is mended, the client puts it back in use, and "
            "all that waits is told.",
        ),
        "remedy-approval": Advice(
            "octway remedy list --state approval; then approve or deny each",
            "Look at what would be sent again, and agree to it or refuse it.",
        ),
        "certificate-ends": Advice(
            "put its successor into the same file, then load the directory again "
            "(SIGHUP); octway payer test PAYER says which one counts",
            "Put its successor into the same file of the endpoint, and have the "
            "directory loaded again.",
        ),
        "storage-broken": Advice(
            "restore it from a backup; octway verify says what cannot be read",
            "Restore what is named from a backup.",
        ),
    }
)

# What to do about a lot that is held or refused, by the cause of it.
OF_CAUSE: Final[Mapping[str, Advice]] = MappingProxyType(
    {
        "bad-content": Advice(
            "its client must correct it and send it as a new lot (a document: scan it "
            "anew, under the same name); the problems are "
            "below",
            "Its client must correct it and send it as a new lot (a document: scan it anew, "
            "under the same name).",
        ),
        "duplicate-lot": Advice(
            "if it is a correction, its client must send it anew with what the words "
            "say must differ; else withdraw it (octway withdraw LOT)",
            "If it is a correction, its client must send it anew with what the words "
            "say must differ; else press “Withdraw it”.",
        ),
        "duplicate-invoice": Advice(
            "its client must bill only what was not sent before; then withdraw this "
            "one (octway withdraw LOT)",
            "Its client must bill only what was not sent before; then press “Withdraw "
            "it”.",
        ),
        "number-waiting": Advice(
            "its payer must decide on the earlier lot of that number first; then it "
            "goes on by itself, or is held for good",
            "Its payer must decide on the earlier lot first; then it goes on by "
            "itself, or is held for good.",
        ),
        "number-used": Advice(
            "its client must send it under a new number (octway number list names the "
            "next free one); then withdraw this one (octway withdraw LOT)",
            "Its client must send it under a new number; then press “Withdraw it”.",
        ),
        "no-destination": Advice(
            "its client must name the payer in the file",
            "Its client must name the payer in the file.",
        ),
        UNDECIDED: Advice(
            "correct or import the tables of the complementary payers (octway payer "
            "import); with the next version of the directory it goes on by itself",
            "Correct or import the tables of the complementary payers; then it goes "
            "on by itself.",
        ),
        "unknown-payer": Advice(
            "add the code to a payer of the directory (octway payer import FILE, or a "
            "[[code]] in its file); then it goes on by itself",
            "If the client mistyped the code: withdraw the lots and tell the client. "
            "Else have the operator add the code to a payer of the directory; then "
            "they go on by themselves.",
        ),
        "payer-closed": Advice(
            "name the code's successor in the directory; then it goes on by itself",
            "Name the code’s successor in the directory; then it goes on by itself.",
        ),
        "no-endpoint": Advice(
            "give the payer an [endpoint] in its file; then it goes on by itself",
            "Give the payer an endpoint in its file; then it goes on by itself.",
        ),
        "attachment-waits": Advice(
            "nothing: it goes by itself once the payer has acknowledged its claim's "
            "lot",
            "Nothing: it goes by itself once the payer has acknowledged the claim’s "
            "lot.",
        ),
        "wrong-flow": Advice(
            "add the flow to the payer's file if it takes it; then it goes on by "
            "itself",
            "Add the flow to the payer’s file if it takes it; then it goes on by "
            "itself.",
        ),
        "not-enrolled": Advice(
            "once the payer knows its sender: octway enrol set SENDER PAYER open; "
            "then it goes on by itself",
            "Once the payer knows its sender, open the enrolment; then it goes on by "
            "itself.",
        ),
    }
)

WRONG_FILE: Final = Advice(
    "tell its client, who must send the right file; if the program was at fault: "
    "octway replay {id}",
    "Tell its client, who must send the right file. If the program was at fault, press "
    "“Do it again” in its case.",
)
SEND_AGAIN: Final = Advice(
    "its client must send again what is missing, without the lots that went on (they "
    "would be held as duplicates); then octway anomaly resolve {id} WORDS",
    "Its client must send again what is missing, without the lots that went on (they "
    "would be held as duplicates). Then press “Resolve” in its case.",
)
APPROVE: Final = Advice(
    "decide as a second person: octway remedy approve {id}, or deny",
    "Decide as a second person: “Agree”, or “Refuse”, among the remedies.",
)
APPROVE_ALL: Final = Advice(
    "decide as a second person: octway remedy list --state approval",
    "Decide as a second person: “Agree”, or “Refuse”, among the remedies.",
)
ASK_THE_PAYER: Final = Advice(
    "ask the payer; then chase anew what it has not answered: octway remedy again {lot}",
    "Ask the payer. Then press “Chase its answers anew” in the case of the lot.",
)


def advice_of(row: Row[*tuple[Any, ...]]) -> Advice | None:
    """Return what to do about an anomaly; about held lots by what holds them."""
    cause = row.subject.partition(":")[0] if row.kind == "lot-held" else ""
    return OF_CAUSE.get(cause) or OF_KIND.get(row.kind)

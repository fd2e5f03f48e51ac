"""The one attestation that an image shows."""

from __future__ import annotations

from collections.abc import Sequence

from config.attestation_records import AttestationSyntax
from gateway.cards.decoding import UnreadableImage
from routing.attestation import Attestation, UnknownAttestation, read_attestation


def only_attestation(
    texts: Sequence[str], syntaxes: Sequence[AttestationSyntax]
) -> Attestation:
    """Read the one text of several that is an attestation's.

    Raises `UnknownAttestation` if none is, `UnreadableImage` if it cannot be told
    which one is meant.
    """
    read: list[Attestation] = []
    wrong: UnknownAttestation | None = None
    for text in texts:
        try:
            read.append(read_attestation(text, syntaxes))
        except UnknownAttestation as error:
            wrong = wrong or error
    if len(read) > 1:
        raise UnreadableImage(
            "several",
            f"it shows {len(read)} attestations; take the photo of one of them",
        )
    if not read:
        raise wrong or UnknownAttestation("the image holds no text")
    return read[0]

"""`POST /v1/payers/decode`: from the photo of an attestation to who pays.

The photo and what it says of a person are in memory for as long as the answer takes,
and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from gateway.api import shapes
from gateway.api.payer_shapes import card_read, shown
from gateway.api.problems import Refusal
from gateway.api.routes import Answer, Call
from gateway.cards.decoding import MOST_BYTES, UnreadableImage
from gateway.cards.reading import only_attestation
from gateway.intake.reception import RunInThread
from gateway.referential.versions import Version, Versions
from routing.attestation import AttestationLine, UnknownAttestation
from routing.payer_search import PayerSearch

Decode = Callable[[bytes], Sequence[str]]
"""Returns the texts of an image's Data Matrices, or raises `UnreadableImage`."""

AT_ONCE: Final = 2
"""Images that a node reads at a time; each has a process, and a thread that waits."""


class CardViews:
    """The handler; what it decodes with is given."""

    def __init__(
        self, versions: Versions, decode: Decode, run_in_thread: RunInThread
    ) -> None:
        self._versions = versions
        self._decode = decode
        self._run_in_thread = run_in_thread
        self._busy = 0

    async def decode(self, call: Call) -> Answer:
        """Read a photo, and find who pays."""
        if call.headers.get("content-type").lower().startswith("multipart/"):
            raise Refusal(
                "unsupported-media",
                "the image is wrapped in a multipart form; send it bare, as with "
                "`curl --data-binary @PHOTO.jpg`",
            )
        image = await _image(call)
        if self._busy >= AT_ONCE:
            raise Refusal(
                "too-many-images",
                f"{AT_ONCE} images are being read at this moment; send it again soon",
            )
        self._busy += 1
        try:
            body = await self._run_in_thread(lambda: self._read(image))
        finally:
            self._busy -= 1
        return Answer(body=shapes.to_bytes(body))

    def _read(self, image: bytes) -> dict[str, Any]:
        version = self._versions.current()
        try:
            found = only_attestation(
                self._decode(image), version.directory.data.attestations
            )
        except UnreadableImage as error:
            raise Refusal(
                "unreadable-image", str(error), facts={"reason": error.reason}
            ) from None
        except UnknownAttestation as error:
            raise Refusal("unknown-attestation", str(error)) from None
        return {
            "directory": version.name,
            "syntax": {
                "name": found.syntax.name,
                "simulated": found.syntax.simulated,
                "words": found.syntax.words,
            },
            "member": found.member or None,
            "valid_from": found.valid_from and found.valid_from.isoformat(),
            "valid_until": found.valid_until and found.valid_until.isoformat(),
            "lines": [self._line(each, version) for each in found.lines],
        }

    def _line(self, line: AttestationLine, version: Version) -> dict[str, Any]:
        today = self._versions.today()
        found = version.search(
            PayerSearch(card=line.card, profession=line.profession), today
        )
        return {
            "profession": line.profession or None,
            "written": line.written or None,
            "card": dict(line.card),
            "cards": [card_read(*each) for each in found.cards.items()],
            "payers": [shown(each, today) for each in found.payers],
        }


async def _image(call: Call) -> bytes:
    taken = bytearray()

    def take(data: bytes) -> None:
        taken.extend(data)
        if len(taken) > MOST_BYTES:
            raise _too_large()

    if (call.body.length or 0) > MOST_BYTES:
        raise _too_large()
    await call.body.each(take)
    return bytes(taken)


def _too_large() -> Refusal:
    return Refusal(
        "too-large", f"an image may have {MOST_BYTES:,} bytes at most; crop the photo"
    )

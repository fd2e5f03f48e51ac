"""What the HTTP API may refuse, as RFC 9457 problem details.

Every refusal has a stable `code`, and its `type` is `/problems/<code>` on this
very server, where the words below can be read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from gateway import errors
from gateway.errors import DoorError

CONTENT_TYPE: Final = "application/problem+json"


class Kind(NamedTuple):
    """One kind of problem: its status, its title, and what to do about it."""

    status: int
    title: str
    words: str


EVERYWHERE: Final = (
    "bad-request",
    "bad-parameter",
    "method-not-allowed",
    "too-large",
    "head-too-large",
    "internal",
)
"""Problems that any address may answer with."""

LOGGED_IN: Final = ("unauthorized", "storage-unavailable")
"""Problems that any address may answer with that needs a login."""

PROBLEM_CODES: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "bad-request": Kind(
            400,
            "That is no request of HTTP/1.1",
            "The request could not be read; the detail says which part of it, and "
            "what was expected. The connection is closed, as nobody can tell where "
            "the next request would begin.",
        ),
        "bad-parameter": Kind(
            400,
            "A parameter is wrong",
            "A parameter of the address or a header is unknown, missing or has a "
            "value that cannot be used; the detail names it and what was expected.",
        ),
        "bad-body": Kind(
            400,
            "The JSON body is wrong",
            "The body is no JSON object, or a member of it is unknown, missing or has "
            "a value that cannot be used; the detail names it and what was expected.",
        ),
        "bad-cursor": Kind(
            400,
            "The cursor is not one of ours",
            "Cursors are opaque: pass `next` or `cursor` of an earlier answer of the "
            "same list unchanged, or none to begin at the beginning.",
        ),
        "bad-filename": Kind(
            400,
            "The file name cannot be used",
            "Give the name under which the deposit shall be known, in "
            "Content-Disposition or as ?filename=; names that begin with a dot or "
            "end in .part, .filepart, .tmp or .partial stand for unfinished work.",
        ),
        "bad-upload": Kind(
            400,
            "The file did not come whole",
            "The body was empty or its bytes did not come in order; send it again.",
        ),
        "unauthorized": Kind(
            401,
            "Nobody is known by that",
            "Send `Authorization: Bearer TOKEN` with a token of an open account, or "
            "a client certificate that is registered with one.",
        ),
        "not-permitted": Kind(403, "That is not allowed", "The detail says why."),
        "not-found": Kind(
            404,
            "There is nothing here",
            "The address is wrong, or what it names is not yours.",
        ),
        "method-not-allowed": Kind(
            405,
            "That method means nothing here",
            "The Allow header lists the methods that do.",
        ),
        "already-there": Kind(409, "The name is taken", "Choose another name."),
        "too-many-webhooks": Kind(
            409,
            "There are as many endpoints as there may be",
            "Remove an endpoint, or have one be told more kinds.",
        ),
        "still-pending": Kind(
            409,
            "The delivery has not ended yet",
            "It is tried again by itself; only one that ended can be replayed.",
        ),
        "idempotency-key-in-use": Kind(
            409,
            "A request with this Idempotency-Key is still under way",
            "Wait for its answer, or try again a little later.",
        ),
        "purged": Kind(
            410,
            "The file was purged",
            "Its retention is over and its bytes are gone, on the day that the detail "
            "names; the deposit or return itself, its hash, its answers and its receipts "
            "stay and can be asked for.",
        ),
        "unknown-version": Kind(
            410,
            "The directory never was at that version",
            "What changed since then cannot be told. Take the whole set from "
            "/v1/payers/all.jsonl.gz, and ask what changed since its version from then "
            "on.",
        ),
        "too-large": Kind(
            413,
            "The body is larger than allowed",
            "Split the file, or ask for a higher limit for your account.",
        ),
        "unsupported-media": Kind(
            415,
            "The body is wrapped",
            "Send the file itself as the body, neither as a multipart form nor "
            "compressed: `curl --data-binary @FILE`.",
        ),
        "idempotency-mismatch": Kind(
            422,
            "This Idempotency-Key was used for another file",
            "Use a new key for a new file; the first file is safe as it was.",
        ),
        "unreadable-image": Kind(
            422,
            "No Data Matrix could be read in the image",
            "`reason` says why: no-image, too-many-pixels, broken-image, no-data-matrix, "
            "several, too-hard. Take the photo anew: the code alone, from straight "
            "above, sharp, as JPEG, PNG or WebP.",
        ),
        "unknown-attestation": Kind(
            422,
            "The Data Matrix is not written as any attestation that is known",
            "It was read, and its text is of no syntax in the payer directory, or breaks "
            "the rules of its own; the detail says which part. Type the data that are "
            "printed beside it, and ask for the payer by these.",
        ),
        "head-too-large": Kind(
            431,
            "The head of the request is too large",
            "Send fewer or shorter header lines, or a shorter address.",
        ),
        "rate-exceeded": Kind(
            429,
            "Too many bytes in a minute",
            "Wait as long as Retry-After says, then go on.",
        ),
        "too-many-uploads": Kind(
            429,
            "Too many uploads at once",
            "Wait for one of your uploads to end, then try again.",
        ),
        "too-many-images": Kind(
            429,
            "Other images are being read",
            "Wait as long as Retry-After says, then send it again.",
        ),
        "internal": Kind(
            500,
            "Something went wrong on our side",
            "It has been noted; whether anything was done can be asked, and a "
            "deposit can safely be sent again.",
        ),
        "no-synchronous-exchange": Kind(
            501,
            "No payer of this flow answers at once yet",
            "No payer of this directory offers a synchronous exchange for the flow; "
            "send a file instead.",
        ),
        "storage-unavailable": Kind(
            503,
            "Nothing can be stored now",
            "Nothing was accepted; send it again after the time in Retry-After.",
        ),
    }
)
"""Every problem that a client of the API may meet, by its stable code."""

_RETRY_AFTER: Final = {
    "rate-exceeded": b"60",  # the rate is measured over a minute
    "too-many-uploads": b"5",
    "too-many-images": b"1",
    "idempotency-key-in-use": b"2",
    "storage-unavailable": b"30",
}
_OF_ERROR: Final = {
    errors.NoSuchPath.code: "not-found",
    errors.DoorError.code: "bad-parameter",
}


class Refusal(Exception):
    """An answer of the API that is a problem; `facts` become members of it."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        facts: Mapping[str, Any] | None = None,
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.kind = PROBLEM_CODES[code]
        self.detail = detail
        self.facts = facts or {}
        self.headers = headers
        if code in _RETRY_AFTER:
            self.headers += ((b"Retry-After", _RETRY_AFTER[code]),)
        if code == "unauthorized":
            self.headers += ((b"WWW-Authenticate", b'Bearer realm="octway"'),)

    def body(self) -> bytes:
        """Return the problem as JSON."""
        members = {
            "type": f"/problems/{self.code}",
            "title": self.kind.title,
            "status": self.kind.status,
            "code": self.code,
            "detail": self.detail,
            **self.facts,
        }
        return (json.dumps(members, indent=2, ensure_ascii=False) + "\n").encode()


def refusal_of(error: Exception) -> Refusal | None:
    """Return the refusal that an error stands for; None for one nobody foresaw."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, DoorError):
        return Refusal(_OF_ERROR.get(error.code, error.code), str(error))
    return None

"""`POST /v1/deposits`: a body becomes a deposit while it comes in.

Nothing of a body that is cut off is kept: an HTTP client sends again from the
beginning, and the same content is the same deposit with the same receipt.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection

from gateway.api.problems import Refusal
from gateway.api.routes import Answer, Call, Heading
from gateway.errors import AlreadyThere, TooLarge
from gateway.intake.https_names import file_name, label_name, name_in_disposition
from gateway.intake.inbox import IN
from gateway.intake.interface import Client, Stored
from gateway.intake.reception import Reception
from gateway.intake.uploads import Incoming
from gateway.journal import deposits, tree

CHANNEL: Final = "https"
_MOST_KEY: Final = 255


class Uploads:
    """Takes deposits over HTTPS."""

    def __init__(self, *, reception: Reception) -> None:
        self._reception = reception
        self._keys_in_use: set[tuple[str, str]] = set()

    async def deposit(self, call: Call) -> Answer:
        """Handle one upload; answers with the receipt once it is durable."""
        _must_be_bare(call.headers)
        given = call.query.get("filename")
        if not given:
            given = name_in_disposition(call.headers.get("content-disposition", ""))
        name, label = file_name(given), label_name(call.query.get("label"))
        self._check_length(call.client, call.body.length, name)
        key = call.headers.get("idempotency-key", "")
        if not key:
            return await self._take(call, name, label, "")
        if len(key) > _MOST_KEY:
            raise Refusal(
                "bad-parameter",
                f"Idempotency-Key has {len(key)} characters; wanted {_MOST_KEY} at most",
            )
        with self._reserved(call.client.id, key):
            known = await self._known(call.client.id, key)
            if known is not None:
                return await self._again(call, known)
            return await self._take(call, name, label, key)

    async def _take(self, call: Call, name: str, label: str, key: str) -> Answer:
        folder = await self._folder(call.client.id, label) if label else IN
        upload = self._reception.begin(call.client, CHANNEL, f"{folder}/{name}")
        upload.idempotency_key = key
        try:
            stored = await self._stream(call, upload)
        finally:
            upload.discard()  # of a closed one nothing is left to discard
        return _created(stored)

    async def _stream(self, call: Call, upload: Incoming) -> Stored:
        await call.body.each(lambda data: upload.write(upload.size, data))
        if not upload.size:
            raise Refusal("bad-upload", "the body is empty; send the file as the body")
        return await upload.close()

    async def _again(self, call: Call, known: Any) -> Answer:
        """Compare a body with what its key stood for; nothing is stored."""
        digest = hashlib.sha256()
        await call.body.each(digest.update)
        if digest.hexdigest() != known.sha256:
            raise Refusal(
                "idempotency-mismatch",
                "this Idempotency-Key stands for another file, deposit "
                f"{known.deposit_id}; use a new key",
                facts={"deposit": known.deposit_id},
            )
        return _created(
            Stored(
                deposit=known.deposit_id, receipt=known.receipt, repeated=True, size=0
            )
        )

    async def _known(self, client: str, key: str) -> Any:
        reception = self._reception
        return await reception.run_in_thread(
            lambda: reception.database.read(deposits.by_idempotency_key, client, key)
        )

    async def _folder(self, client: str, label: str) -> str:
        """Make the label's folder where it is not there yet."""
        reception, path = self._reception, f"{IN}/{label}"

        def look(connection: Connection) -> Any:
            return tree.inbox_name(connection, client, path)

        there = await reception.run_in_thread(lambda: reception.database.read(look))
        if there is None:
            await reception.database.submit(
                "inbox.folder", tree.make_folder, client, path
            )
        elif there.deposit_id is not None:
            raise AlreadyThere(f"{path}: is a file; choose another label")
        return path

    def _check_length(self, client: Client, length: int | None, name: str) -> None:
        limit = client.max_file_size
        if limit and length is not None and length > limit:
            self._reception.refused(CHANNEL, "file-size")
            raise TooLarge(
                f"{name}: has {length} bytes, and {limit} is the most you may send in "
                "one file; split it, or ask for a higher limit"
            )

    @contextmanager
    def _reserved(self, client: str, key: str) -> Iterator[None]:
        if (client, key) in self._keys_in_use:
            raise Refusal(
                "idempotency-key-in-use",
                "another request with this Idempotency-Key is still under way",
            )
        self._keys_in_use.add((client, key))
        try:
            yield
        finally:
            self._keys_in_use.discard((client, key))


def _must_be_bare(headers: Heading) -> None:
    media = headers.get("content-type", "").lower()
    if media.startswith("multipart/"):
        raise Refusal(
            "unsupported-media",
            "the file is wrapped in a multipart form; send it bare, as with "
            "`curl --data-binary @FILE`",
        )
    coding = headers.get("content-encoding", "identity").lower()
    if coding != "identity":
        raise Refusal(
            "unsupported-media",
            f"the file is encoded as {coding}; send it as it is",
        )


def _created(stored: Stored) -> Answer:
    headers: tuple[tuple[bytes, bytes], ...] = (
        (b"Location", b"/v1/deposits/" + stored.deposit.encode()),
    )
    if stored.repeated:
        headers += ((b"Octway-Repeated", b"true"),)
    return Answer(status=201, body=stored.receipt, headers=headers)

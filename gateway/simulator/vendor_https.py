"""Simulated vendor software that comes over HTTPS, with Python's own client.

Every upload bears an Idempotency-Key, so a line that is lost is no reason to
wonder: the same request is made once more.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Collection, Iterator, Mapping
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from gateway.simulator.vendor_accounts import Account
from gateway.simulator.vendor_doors import DoorTrouble, Paper
from gateway.simulator.vendor_files import Bill

_TIMEOUT: Final = 30.0
_TRIES: Final = 2  # a kept connection may have been closed in the meantime
_OK, _CREATED, _NOT_FOUND = 200, 201, 404


class HttpsDoor:
    """One account at the HTTPS door; `new_key` makes Idempotency-Keys."""

    def __init__(
        self,
        *,
        account: Account,
        where: str,
        authority: Path,
        new_key: Callable[[], str],
    ) -> None:
        host, _, port = where.rpartition(":")
        self._connection = HTTPSConnection(
            host,
            int(port),
            timeout=_TIMEOUT,
            context=ssl.create_default_context(cafile=str(authority)),
        )
        self._token = account.token
        self._networks = account.networks
        self._new_key = new_key
        self._given: list[Paper] = []
        self._ids: dict[str, str] = {}
        self._cursor = ""

    def deposit(self, bill: Bill) -> None:
        """Post a file."""
        receipt = self._post(bill, self._new_key())
        self._given.append(Paper(json.loads(receipt)["deposit"], receipt))

    def deposit_again(self, bill: Bill, deposit: str) -> bytes:
        """Post the same file twice more, the second time under the same key."""
        key = self._new_key()
        first, second = self._post(bill, key), self._post(bill, key)
        if first != second:
            raise DoorTrouble(f"{bill.name}: one Idempotency-Key, and two receipts")
        return second

    def receipts(self, known: Collection[str]) -> Iterator[Paper]:
        """Give the receipts of what was posted since."""
        given, self._given = self._given, []
        return (paper for paper in given if paper.name not in known)

    def report(self, deposit: str) -> bytes | None:
        """Get a report."""
        path = f"/v1/deposits/{quote(deposit)}/report"
        status, body = self._ask("GET", path, wanted=(_OK, _NOT_FOUND))
        return body if status == _OK else None

    def returns(self) -> Iterator[Paper]:
        """Get every return that is listed."""
        for network in self._networks:
            for item in self._listed(network):
                path = f"/v1/returns/{quote(item['id'])}/content"
                self._ids[item["filename"]] = item["id"]
                content = self._ask("GET", path, wanted=(_OK,))[1]
                yield Paper(item["filename"], content)

    def acknowledge(self, name: str) -> None:
        """Acknowledge a return."""
        path = f"/v1/returns/{quote(self._ids.pop(name))}/ack"
        self._ask("POST", path, wanted=(_OK,), headers={"Content-Length": "0"})

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _listed(self, network: str) -> list[dict[str, Any]]:
        path = f"/v1/returns?network={network}"
        items: list[dict[str, Any]] = json.loads(
            self._ask("GET", path, wanted=(_OK,))[1]
        )["items"]
        return items

    def _post(self, bill: Bill, key: str) -> bytes:
        headers = {
            "Content-Type": "application/octet-stream",
            "Idempotency-Key": key,
        }
        path = f"/v1/deposits?filename={quote(bill.name)}"
        return self._ask(
            "POST", path, wanted=(_CREATED,), headers=headers, body=bill.content
        )[1]

    def _ask(
        self,
        method: str,
        path: str,
        *,
        wanted: Collection[int],
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> tuple[int, bytes]:
        sent = {"Authorization": f"Bearer {self._token}", **(headers or {})}
        what = f"{method} {path.partition('?')[0]}"
        for tries in range(1, _TRIES + 1):
            try:
                self._connection.request(method, path, body, sent)
                answer = self._connection.getresponse()
                content = answer.read()
            except (OSError, HTTPException) as error:
                self._connection.close()
                if tries == _TRIES:
                    raise DoorTrouble(f"cannot {what}: {error!r}") from error
                continue
            if answer.status not in wanted:
                raise DoorTrouble(f"{what}: answered {answer.status}: {content!r}")
            return answer.status, content
        raise AssertionError("a loop that always returns or raises")

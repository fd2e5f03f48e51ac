"""A lean HTTPS client for load: `PORT CONNECTIONS REQUESTS MODE TOKEN SEED`.

In a process of its own, so that it shares nothing with what is measured.  MODE
is `keep` (connections stay) or `new` (a whole TLS handshake for each request).
Every body is a billing file of 20 kB that was never sent before.  Prints the
seconds from the first request to the last answer.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
import time

from bench.files import FileMaker

_HEAD = (
    "POST /v1/deposits?filename={name} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    "Authorization: Bearer {token}\r\nContent-Type: application/octet-stream\r\n"
    "Content-Length: {length}\r\nConnection: {keep}\r\n\r\n"
)


class _Load:
    def __init__(self, port: int, *, keep: bool, requests: list[bytes]) -> None:
        self._port = port
        self._keep = keep
        self._requests = requests
        self._context = ssl.create_default_context()
        self._context.check_hostname = False
        self._context.verify_mode = ssl.CERT_NONE

    async def run(self, connections: int) -> float:
        began = time.perf_counter()
        await asyncio.gather(*(self._sender() for _ in range(connections)))
        return time.perf_counter() - began

    async def _sender(self) -> None:
        line = await self._connect() if self._keep else None
        while self._requests:
            request = self._requests.pop()
            reader, writer = line or await self._connect()
            writer.write(request)
            await _answer(reader)
            if line is None:
                writer.close()
        if line is not None:
            line[1].close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self._port, ssl=self._context)


async def _answer(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 201 " not in head[:16]:
        rest = await reader.read(500)
        raise SystemExit(f"refused: {head!r} {rest!r}")
    lower = head.lower()
    at = lower.index(b"content-length:") + len(b"content-length:")
    await reader.readexactly(int(lower[at : lower.index(b"\r\n", at)]))


def main(
    port: str, connections: str, count: str, mode: str, token: str, seed: str
) -> None:
    maker, requests = FileMaker(first=int(seed)), []
    keep = mode == "keep"
    for number in range(int(count)):
        body = maker.make()
        head = _HEAD.format(
            name=f"{seed}-{number}.b2",
            token=token,
            length=len(body),
            keep="keep-alive" if keep else "close",
        )
        requests.append(head.encode() + body)
    load = _Load(int(port), keep=keep, requests=requests)
    print(asyncio.run(load.run(int(connections))))


if __name__ == "__main__":
    main(*sys.argv[1:])

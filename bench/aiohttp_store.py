"""An aiohttp server that only stores bodies: `PORT FOLDER CERTIFICATE KEY`.

No fsync, no hash, no journal, no receipt: a name is drawn, the body written.
"""

from __future__ import annotations

import itertools
import ssl
import sys
from importlib import import_module
from pathlib import Path
from typing import Any


def main(port: str, folder: str, certificate: str, key: str) -> None:
    web: Any = import_module("aiohttp.web")
    store = Path(folder)
    numbers = itertools.count()

    async def take(request: Any) -> Any:
        body = await request.read()
        (store / f"{next(numbers)}").write_bytes(body)
        return web.Response(status=201, text="stored\n")

    application = web.Application(client_max_size=1 << 30)
    application.router.add_post("/v1/deposits", take)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    web.run_app(
        application,
        host="127.0.0.1",
        port=int(port),
        ssl_context=context,
        access_log=None,
        print=None,
        backlog=1024,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])

"""A SIMULATED MyCareNet as a program, with seven simulated unions behind it.

`python -m gateway.simulator.mycarenet --dir DIR` makes certificates and a licence in
DIR, prints one line of JSON with the settings of a `genasync` endpoint that reaches
it, and serves until its standard input ends.  Each line there is a JSON object of
`HubFaults` that hold from then on, answered by `{}` or `{"error": "…"}`.
"""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Final, TextIO

from gateway.simulator.mycarenet_certificates import Authority
from gateway.simulator.mycarenet_host import MyCareNetHost
from gateway.simulator.mycarenet_unions import Unions
from protocols.mycarenet.genasync_hub import Hub
from protocols.mycarenet.genasync_hub_faults import HubFaults
from protocols.mycarenet.payer_simulator import Faults

_USER: Final = "octway"
_NIHII: Final = "41234567001"  # invented, for whoever asks


def serve(
    read: Namespace, *, now: Callable[[], float], orders: TextIO, told: TextIO
) -> None:
    """Serve until the orders end; tell the settings first."""
    read.dir.mkdir(parents=True, exist_ok=True)
    rng = Random(read.seed)  # noqa: S311 - a simulation, repeatable by its seed
    authority = Authority(read.dir, now=now())
    client, password = authority.client(), f"{rng.getrandbits(64):016x}"
    password_file = read.dir / "licence.password"
    password_file.write_text(password, encoding="utf-8")
    unions = Unions(
        now=now, rng=rng, faults=Faults(), day=read.day, soonest=read.soonest
    )
    hub = Hub(
        now=now,
        rng=rng,
        arrived=unions.arrived,
        get_interval=read.get_interval,
        licences={_USER: password},
        trusts=authority.issued,
    )
    host = MyCareNetHost(
        hub=hub,
        server=authority.server(),
        client_ca=authority.certificate,
        port=read.port,
    )
    settings = {
        "url": host.url,
        "certificate_file": str(client.certificate),
        "key_file": str(client.key),
        "ca_file": str(authority.certificate),
        "nihii": _NIHII,
        "package": "Octway",
        "license_user": _USER,
        "license_password_file": str(password_file),
        "signer": "local-stand-in",
        "get_interval": f"{read.get_interval:g}s",
    }
    try:
        _say(told, {"settings": settings})
        for line in orders:
            _say(told, _dial(hub, line))
    finally:
        host.close()


def _dial(hub: Hub, line: str) -> dict[str, object]:
    try:
        order = json.loads(line)
        if "on" in order:
            order["on"] = tuple(order["on"])
        hub.dial(HubFaults(**order))
    except (ValueError, TypeError) as error:
        return {"error": str(error.args[0])}
    return {}


def _say(told: TextIO, what: dict[str, object]) -> None:
    told.write(json.dumps(what) + "\n")
    told.flush()


def read_arguments(arguments: Sequence[str]) -> Namespace:
    """Read the command line."""
    parser = ArgumentParser(prog="python -m gateway.simulator.mycarenet")
    parser.add_argument("--dir", type=Path, required=True, help="folder of its files")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--seed", type=int, default=1, help="of all that is by chance")
    parser.add_argument("--day", type=float, default=10.0, help="seconds of its days")
    parser.add_argument("--soonest", type=float, default=1.0, help="seconds to answer")
    parser.add_argument("--get-interval", type=float, default=2.0, help="seconds")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    clock = time.time  # noqa: TID251 - a program's own clock
    serve(read_arguments(sys.argv[1:]), now=clock, orders=sys.stdin, told=sys.stdout)

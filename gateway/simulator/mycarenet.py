"""A SIMULATED MyCareNet as a program, with seven simulated unions behind it.

`python -m gateway.simulator.mycarenet --dir DIR` makes certificates and a licence in
DIR, prints one line of JSON with the settings of a `genasync` endpoint that reaches
it, and serves until its standard input ends.  Each line there is a JSON object of
`HubFaults` that hold from then on, answered by `{}` or `{"error": "…"}`.  With
`--endpoint FILE` the same settings are written as a file of the payer directory.
"""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Final, TextIO

from gateway.simulator.mycarenet_unions import Unions
from protocols.mycarenet.genasync_hub import Hub
from protocols.mycarenet.genasync_hub_faults import HubFaults
from protocols.mycarenet.genasync_site import Site
from protocols.mycarenet.payer_simulator import Faults

_EXAMPLE: Final = """\
example, in a terminal that stays open (it ends with its standard input):
  python -m gateway.simulator.mycarenet --dir mycarenet \\
      --endpoint site/payers/endpoints/mycarenet.toml
"""


def serve(
    read: Namespace, *, now: Callable[[], float], orders: TextIO, told: TextIO
) -> None:
    """Serve until the orders end; tell the settings first."""
    rng = Random(read.seed)  # noqa: S311 - a simulation, repeatable by its seed
    unions = Unions(
        now=now, rng=rng, faults=Faults(), day=read.day, soonest=read.soonest
    )
    site = Site(
        read.dir,
        now=now,
        rng=rng,
        arrived=unions.arrived,
        get_interval=read.get_interval,
        port=read.port,
    )
    try:
        if read.endpoint is not None:
            _write_endpoint(read.endpoint, site.settings)
        _say(told, {"settings": dict(site.settings)})
        for line in orders:
            _say(told, _dial(site.hub, line))
    finally:
        site.close()


def _write_endpoint(file: Path, settings: Mapping[str, str]) -> None:
    """Write an endpoint of the payer directory that reaches this MyCareNet."""
    rows = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    head = ["# A SIMULATED MyCareNet on this machine; made anew at each start of it."]
    top = ['channel = "genasync"', "simulated = true", "", "[settings]"]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join([*head, *top, *rows, ""]), encoding="utf-8")


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
    parser = ArgumentParser(
        prog="python -m gateway.simulator.mycarenet",
        description="A SIMULATED MyCareNet with seven simulated unions behind it.",
        epilog=_EXAMPLE,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("--dir", type=Path, required=True, help="folder of its files")
    parser.add_argument(
        "--endpoint",
        type=Path,
        metavar="FILE",
        help="write the endpoint that reaches it, for the payer directory",
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--seed", type=int, default=1, help="of all that is by chance")
    parser.add_argument(
        "--day",
        type=float,
        default=10.0,
        help="how many seconds a working day of its unions lasts (10)",
    )
    parser.add_argument(
        "--soonest", type=float, default=1.0, help="seconds until the first answer (1)"
    )
    parser.add_argument(
        "--get-interval",
        type=float,
        default=2.0,
        help="seconds between two looks into the mailbox (2)",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    clock = time.time  # noqa: TID251 - a program's own clock
    serve(read_arguments(sys.argv[1:]), now=clock, orders=sys.stdin, told=sys.stdout)

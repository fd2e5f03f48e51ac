"""An installation as `octway init` makes it, with payers that are folders.

The real steps run where they are called, so a test drives a claim's whole way
and then asks the command line about it.  Only the clock is the test's.
"""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from prometheus_client import CollectorRegistry
from twisted.internet.defer import maybeDeferred

from config.settings import load
from gateway.channels import Channels
from gateway.cli.main import main
from gateway.cli.terminal import Terminal
from gateway.house import House, note_directory, open_house
from gateway.intake.interface import Client, Stored
from gateway.intake.receipts import read_signer
from gateway.intake.reception import Reception
from gateway.metrics import Metrics
from gateway.workshop import Steps, build_steps
from protocols.sesam.payer_simulator import Caisse, Faults
from protocols.sesam.sample_maker import FundFacts, SenderFacts, make_file, make_sender
from tests.gateway.house import START, Seen, result

DAY: Final = "2026-11-18"
PARIS: Final = ZoneInfo("Europe/Paris")
_PAYERS: Final = ("caisse-nord", "caisse-sud", "msa-est")


class Said(NamedTuple):
    """What a command said, and how it ended."""

    status: int
    out: str
    err: str

    @property
    def facts(self) -> Any:
        """The JSON that it printed."""
        return json.loads(self.out)


class Installation:
    """A folder (made by init, or `made` before), and the commands and steps that work on it."""

    def __init__(self, folder: Path, made: Said | None = None) -> None:
        self.folder = folder
        self.config = folder / "octway.toml"
        self.time = START
        self.durable = True  # False is quicker, where no test ends the machine
        self.rng = Random(7)
        self.made = made or self.octway("init", str(folder), bare=True)
        for name in _PAYERS:
            self._reach_by_folder(name)
        self.caisse = Caisse(faults=Faults())
        self.sender = make_sender(self.rng)
        self._house: House | None = None
        self._steps: Steps | None = None
        self._reception: Reception | None = None
        self._channels: Channels | None = None

    def octway(self, *arguments: str, bare: bool = False, stdin: str = "") -> Said:
        """Run a command; unless `bare`, with `-c` of this installation."""
        out, err = io.StringIO(), io.StringIO()
        terminal = Terminal(
            out=out,
            err=err,
            stdin=io.StringIO(stdin),
            environ={},
            now=lambda: self.time,
            entropy=os.urandom,
            user="tester",
            zone=PARIS,
        )
        given = list(arguments) if bare else [*arguments, "-c", str(self.config)]
        status = main(given, terminal)
        return Said(status, out.getvalue(), err.getvalue())

    @property
    def house(self) -> House:
        """The house behind the steps, opened when first asked for."""
        if self._house is None:
            self._house = open_house(
                load(self.config, {}),
                chain="node-1",
                now=lambda: self.time,
                entropy=self.rng.randbytes,
                call_from_thread=lambda call: call(),
                durable=self.durable,
            )
            directory = self._house.directory().data
            self._house.database.write(
                "directory", lambda tx: note_directory(tx, directory)
            )
        return self._house

    def deposit(self, name: str, content: bytes, client: str = "alpha") -> Stored:
        """Deposit a file as a client's software does over SFTP."""
        if self._reception is None:
            self._reception = Reception(
                database=self.house.database,
                payloads=self.house.payloads,
                signer=read_signer(self.house.settings.receipts.key_file),
                now=self.house.now,
                entropy=self.house.entropy,
                run_in_thread=maybeDeferred,
                least_free=0,
                observe=Seen(),
            )
        account = Client(
            id=client,
            name=client,
            max_file_size=0,
            max_open_uploads=0,
            max_bytes_per_second=0,
        )
        upload = self._reception.begin(account, "sftp", f"/in/{name}")
        upload.write(0, content)
        return result(upload.close())

    def billing_file(
        self,
        *,
        lots: int = 1,
        invoices: int = 2,
        fund: str = "990",
        number: int = 1,
        sender: SenderFacts | None = None,
    ) -> bytes:
        """Make a valid file; numbers of lots and invoices go on with `number`."""
        return make_file(
            self.rng,
            sender=sender or self.sender,
            lots=lots,
            invoices_per_lot=invoices,
            day=DAY,
            fund=FundFacts(fund=fund, organism=fund, computer_centre="000"),
            file_number=number,
            first_lot=number * 10 + 1,
            first_invoice=number * 100 + 1,
        )

    def add_union(self) -> None:
        """Put a Belgian union, which cannot be reached, into the directory."""
        (self.folder / "payers" / "union-300.toml").write_text(
            '[payer]\nid = "union-300"\nname = "Union 300"\nnetwork = "mycarenet"\n'
            'country = "BE"\ntime_zone = "Europe/Brussels"\n'
            '[[code]]\ncode = "300"\n',
            encoding="utf-8",
        )
        with self.config.open("a", encoding="utf-8") as settings:
            settings.write('\n[network.mycarenet]\nemitter_number = "41234567001"\n')

    def work(self, *names: str) -> None:
        """Run the steps (all, or those named) until none finds anything to do."""
        if self._steps is None:
            self._channels = Channels(
                catalog=self.house.catalog, directory=self.house.directory
            )
            metrics = Metrics(CollectorRegistry(), version="test")
            signer = read_signer(self.house.settings.receipts.key_file)
            self._steps = build_steps(self.house, self._channels, metrics, signer)
        wanted = [
            step for step in self._steps.in_order() if not names or step.name in names
        ]
        for _ in range(20):
            self.time += 1
            busy = [step.run_once() for step in wanted]
            if not any(busy):
                return

    def answer(self, *kinds: str, payer: str = "caisse-nord") -> list[str]:
        """Let a payer answer everything in its folder; return the names it gives."""
        given = []
        for file in sorted((self.folder / "remote" / payer / "in").iterdir()):
            for each in self.caisse.respond(file.read_bytes(), rng=self.rng, day=DAY):
                if not kinds or each.kind in kinds:
                    place = self.folder / "remote" / payer / "out" / each.name
                    place.write_bytes(each.content)
                    given.append(each.name)
        return given

    def shut(self, payer: str) -> None:
        """Make a payer unreachable: its folder is gone."""
        (self.folder / "remote" / payer / "in").rename(
            self.folder / "remote" / payer / "away"
        )

    def open(self, payer: str) -> None:
        """Make a payer reachable again."""
        (self.folder / "remote" / payer / "away").rename(
            self.folder / "remote" / payer / "in"
        )

    def close(self) -> None:
        """Let go of everything."""
        if self._channels is not None:
            self._channels.close()
        if self._house is not None:
            self._house.close()

    def restart(self) -> None:
        """End the program; what is used next is another one on the same journal."""
        self.close()
        self._house = self._steps = self._reception = self._channels = None

    def _reach_by_folder(self, name: str) -> None:
        remote = self.folder / "remote" / name
        for each in ("in", "out"):
            (remote / each).mkdir(parents=True, exist_ok=True)
        file = self.folder / "payers" / f"{name}.toml"
        text = file.read_text(encoding="utf-8")
        kept = re.split(r"\n# Nothing is sent|\n\[endpoint\]", text, maxsplit=1)[0]
        endpoint = (
            "\n[endpoint]\n"
            'channel = "folder"\n'
            "[endpoint.settings]\n"
            f'send_folder = "{remote / "in"}"\n'
            f'collect_folder = "{remote / "out"}"\n'
        )
        file.write_text(kept + endpoint, encoding="utf-8")


def lines_with(text: str, *words: str) -> Sequence[str]:
    """Return the lines that hold all of the words."""
    return [line for line in text.splitlines() if all(word in line for word in words)]

"""Two nodes split what two payers owe, and one of them is killed: each part goes once."""

from __future__ import annotations

import io
import random
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing

import pytest

from gateway.errors import LostRace, StorageUnavailable
from gateway.journal import schema
from gateway.steps.split import Split
from protocols.sesam.network import SESAM
from protocols.sesam.sample_maker import make_sender
from tests.gateway.steps.site import Crash, Fuse, Program, Site
from tests.gateway.steps.two_payers import FUND, FUND_CODE, day, opened
from tests.protocols.sesam.amc_files import CODE, enriched_file

FILES = 4


@pytest.fixture
def site(engine: str) -> Iterator[Site]:
    with closing(opened(engine)) as made:
        yield made


def invoices(contents: Iterable[bytes]) -> Counter[str]:
    """Count how often each invoice stands in files."""
    return Counter(
        claim.number
        for content in contents
        for lot in SESAM.read(io.BytesIO(content), "sesam.b2").lots()
        for claim in lot.claims
    )


def work(node: Program, gate: threading.Barrier, broken: list[BaseException]) -> None:
    """Do whatever there is to do, one turn of each step after the other."""
    gate.wait()
    idle = 0
    try:
        while idle < 3:
            idle += 1
            for step in node.steps.in_order():
                try:
                    idle = 0 if step.run_once() else idle
                except (LostRace, StorageUnavailable):
                    idle = 0
    except Crash:
        return
    except BaseException as error:
        broken.append(error)


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
@pytest.mark.parametrize("place", [None, 2], ids=["both live", "one is killed"])
def test_each_part_is_made_and_sent_once(
    site: Site, place: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever splits, routes, gathers or sends what, and wherever one of them ends."""
    monkeypatch.setattr(Split, "_most", 1)  # so that both have something to read
    contents = [
        enriched_file(
            seed=number + 1,
            day=day(site),
            fund=FUND,
            sender=make_sender(random.Random(number)),
            first_invoice=1 + 10 * number,
        )
        for number in range(FILES)
    ]
    for content in contents:
        site.deposit(content)
    broken: list[BaseException] = []
    with closing(site.node("node-2")) as other:
        other.storage.fuse = other.database._fuse = Fuse()
        other.storage.fuse.blow_at(place)
        gate = threading.Barrier(2)
        threads = [
            threading.Thread(target=work, args=(node, gate, broken))
            for node in (other, site.gateway)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not broken
    site.settle()

    site.check()
    assert site.states(schema.lot) == ["sent"] * (2 * FILES)
    for code in (FUND_CODE, CODE):
        side = site.payer(code)
        assert len(side.taken) == len(side.files())
        assert invoices(side.files().values()) == invoices(contents)

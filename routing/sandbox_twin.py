"""A payer's twin in the sandbox of a test client: alike, but for its place and its time.

It has the codes, formats and rules of the real payer.  Its endpoint is its own, so a lot
for it has no way to a real one.  It asks for no enrolment, takes files at any time, and
every delay is shortened.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from attrs import evolve

from config.directory_records import (
    DESK_ANSWERS,
    CalendarEntry,
    Deadline,
    Delivery,
    DeskEntry,
    EndpointEntry,
    Gather,
    PayerEntry,
    Retry,
    Within,
)
from config.sandbox_file import Sandbox
from routing.sandbox import Scoped

CHANNEL: Final = "sandbox"
_RETRY: Final = Retry(first=5.0, factor=1.0, max=5.0, give_up_after=3600.0)


def twin(
    payer: PayerEntry, client: str, sandbox: Sandbox, *, by_bank: Collection[str] = ()
) -> PayerEntry:
    """Return a payer as a test client meets it; each lot is a file of its own there.

    It owes nothing `by_bank`: no money moves in a sandbox.
    """
    name = Scoped(client, payer.id).name
    book = payer.playbook
    return evolve(
        payer,
        id=name,
        name=f"{payer.name} (sandbox)",
        network=Scoped(client, payer.network).name,
        endpoint=name,
        enrolment=False,
        gather=Gather(
            max_lots=1,
            max_claims=payer.gather.max_claims,
            max_size=payer.gather.max_size,
            wait=0.0,
        ),
        delivery=Delivery(
            windows=(),
            concurrency=payer.delivery.concurrency,
            retry=_RETRY,
            resend_same_number=payer.delivery.resend_same_number,
        ),
        expects=tuple(
            each._replace(
                within=promised(each.within, sandbox),
                grace=sandbox.shortened(each.grace),
            )
            for each in payer.expects
            if each.kind not in by_bank
        ),
        calendar=CalendarEntry(weekend=()),
        desk=DeskEntry(answers=DESK_ANSWERS),
        playbook=evolve(
            book,
            approve_above=None,
            remedies=tuple(
                each._replace(wait=sandbox.shortened(each.wait))
                for each in book.remedies
            ),
            patience=sandbox.shortened(book.patience),
        ),
    )


def endpoint(name: str) -> EndpointEntry:
    """Return where a twin is reached: inside of this program, and nowhere else."""
    return EndpointEntry(id=name, channel=CHANNEL, simulated=True, settings={})


def promised(within: Within | Deadline, sandbox: Sandbox) -> Within:
    """Return what a payer promises as the sandbox's clock has it."""
    if isinstance(within, Deadline):
        within = Within(within.days + 1, 0.0)
    return sandbox.shortened(within)

"""The collect step on our mailbox: mails go after the commit, whatever is in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.journal import schema
from gateway.steps.collect import Collect
from protocols.channels.interface import Channel
from tests.gateway.house import House
from tests.gateway.steps.test_collect_mycarenet import Crash, Ending
from tests.protocols.channels.mail_account import Fund, return_mail

NOEMIE = b"000CT a return"
SPAM = b"From: somebody@example\r\nContent-Type: text/html\r\n\r\n<b>win</b>"


class Site:
    """What outlives a crash: the house, and our account."""

    def __init__(self, folder: Path, house: House) -> None:
        self.house = house
        self.fund = Fund(folder)

    def collect(self, channel: Channel) -> bool:
        step = Collect(
            database=self.house.database,
            payloads=self.house.payloads,
            channel=lambda endpoint: channel,
            directory=lambda: pytest.fail("no directory is needed for one outbox"),
            entropy=self.house.entropy,
            now=self.house.now,
            worker="w1",
            lease=60.0,
        )
        return step.empty("mail", "sesam")

    def stored(self) -> list[bytes]:
        """Read every return that is journaled."""
        payload, returned = schema.payload, schema.payer_return
        query = select(payload).join(returned, returned.c.payload_id == payload.c.id)
        found = []
        for row in self.house.database.read(lambda each: each.execute(query).all()):
            with self.house.payloads.open_row(row) as stream:
                found.append(stream.read())
        return sorted(found)


@pytest.fixture
def site(tmp_path: Path, url: str) -> Iterator[Site]:
    made = Site(tmp_path, House(url))
    yield made
    made.house.close()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_around_the_removal_neither_loses_nor_doubles(
    site: Site, when: str
) -> None:
    """What was stored when the program ended is journaled once, and its mail goes."""
    account = site.fund.account
    account.put(return_mail(NOEMIE))
    channel = site.fund.open()
    ending = Ending(channel, before=when == "before", after=when == "after")
    with pytest.raises(Crash):
        site.collect(ending)
    assert site.stored() == [NOEMIE]

    site.house.clock.advance(61)
    site.collect(site.fund.open())
    assert site.stored() == [NOEMIE]
    assert account.mails == {}


def test_a_doubled_mail_is_one_return(site: Site) -> None:
    """The same return in two mails is journaled once, and both mails go."""
    for _ in range(2):
        site.fund.account.put(return_mail(NOEMIE, packed=True))

    assert site.collect(site.fund.open())
    assert site.stored() == [NOEMIE]
    assert site.fund.account.mails == {}


def test_what_is_no_return_is_kept_here_and_goes_there(site: Site) -> None:
    """A stranger's letter holds up nothing, fills nothing, and is not lost."""
    for mail in (SPAM, return_mail(NOEMIE)):
        site.fund.account.put(mail)

    site.collect(site.fund.open())
    kept, notice = site.stored()
    assert kept == NOEMIE
    assert notice.endswith(SPAM)
    assert site.fund.account.mails == {}

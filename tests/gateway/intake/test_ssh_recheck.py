"""A login that no longer holds ends its open connections within seconds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.intake.credentials import ssh_fingerprint
from gateway.journal import clients
from gateway.journal.clients import Login
from tests.gateway.house import House
from tests.gateway.intake.ssh_pair import Door
from tests.gateway.intake.ssh_test_keys import CLIENT_KEY


@pytest.fixture
def door() -> Iterator[Door]:
    """A door that listens."""
    made = Door()
    made.factory.doStart()
    yield made
    made.factory.doStop()


def test_a_revoked_key_ends_its_connections(door: Door) -> None:
    """With the reason, and those of a login that holds go on."""
    by_key = door.connect(key=CLIENT_KEY)
    by_password = door.connect(password=b"synthetic")
    door.credentials.keys.clear()
    door.clock.advance(3)
    by_key.pump()
    by_password.pump()
    assert by_key.client.said is not None
    assert "this login no longer holds" in by_key.client.said
    assert by_password.client.said is None
    door.credentials.passwords.clear()
    door.clock.advance(3)
    by_password.pump()
    assert by_password.client.said is not None
    assert door.counts.told["rejection revoked"] == 2


def test_nobody_is_put_out_while_the_journal_is_away(door: Door) -> None:
    """What cannot be asked is asked again."""
    pair = door.connect(key=CLIENT_KEY)
    door.credentials.keys.clear()
    door.credentials.away = True
    for _ in range(3):
        door.clock.advance(3)
    pair.pump()
    assert pair.client.said is None
    door.credentials.away = False
    door.clock.advance(3)
    pair.pump()
    assert pair.client.said is not None


def test_an_empty_door_asks_nothing(door: Door) -> None:
    """Where nobody is logged in the journal is left alone."""
    door.connect(login=False)
    for _ in range(4):
        door.clock.advance(3)
    assert door.credentials.asked == []


def test_the_journal_tells_which_logins_ended(url: str) -> None:
    """A revoked key, a password that was switched off, an account that was disabled."""
    house = House(url)
    blob = CLIENT_KEY.public().blob()
    mark = ssh_fingerprint(blob)
    for name in ("alpha", "beta"):
        house.client(name)
        house.database.write("pw", clients.set_password, name, "a hash")
    house.database.write(
        "key",
        lambda tx: clients.add_key(
            tx, "alpha", kind=clients.SSH, fingerprint=mark, public="", comment=""
        ),
    )
    key, secret = Login("alpha", mark), Login("alpha", "")
    other = Login("beta", "")
    asked = frozenset({key, secret, other})

    def ended() -> frozenset[Login]:
        return house.database.read(clients.ended, asked)

    assert ended() == frozenset()
    house.database.write("pw", clients.set_password, "alpha", None)
    assert ended() == {secret}
    house.database.write("key", clients.revoke_key, "alpha", mark)
    assert ended() == {secret, key}
    house.database.write("off", clients.disable, "beta")
    assert ended() == asked
    house.close()

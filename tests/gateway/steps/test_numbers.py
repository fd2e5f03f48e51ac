"""Numbers that clients and payers give their files: each is noted when it is read."""

from __future__ import annotations

from gateway.journal import schema
from tests.gateway.steps import toy
from tests.gateway.steps.site import Site


def send(site: Site, number: int) -> None:
    lot = toy.deposit(f"S1 {number}", f"{number:03} P1: {number}=100")
    site.deposit(lot)


def words(site: Site) -> dict[str, tuple[str, str]]:
    rows = site.rows(schema.anomaly)
    return {row.kind: (row.state, row.words) for row in rows}


def test_a_deposit_that_never_came_is_missed(site: Site) -> None:
    """The next file tells of it; the late file ends it.  Order of arrival is no matter."""
    for number in (1, 2, 4, 3, 5, 6, 7):
        send(site, number)
    site.run()
    assert words(site) == {}
    send(site, 9)
    site.run()
    state, said = words(site)["deposit-gap"]
    assert (state, "file 8 never came" in said) == ("open", True)
    assert site.rows(schema.anomaly)[0].client_id == "alpha"
    send(site, 8)
    site.run()
    assert words(site)["deposit-gap"][0] == "resolved"
    site.check()


def test_a_file_that_could_not_be_read_is_one_anomaly_not_two(site: Site) -> None:
    """Its number is the one that is missing, and support is told once."""
    for number in range(1, 8):
        send(site, number)
    site.deposit(b"\x00\x01 no billing file")
    send(site, 9)
    site.run()
    assert set(words(site)) == {"deposit-unreadable"}


def test_a_return_that_never_came_is_missed(site: Site) -> None:
    """A payer that counts its returns tells of a lost one; reading again does no harm."""
    side = site.payer("P1")
    for number in range(1, 8):
        side.answer(
            f"{number}", b"TORETURN arl %d\nlot S9/001 rejected 0 S9\n" % number
        )
        site.run()
    for _ in range(3):  # orphans are tried again, and are no repeats
        site.at += 3601
        site.run()
    assert "return-gap" not in words(site)
    assert len(site.rows(schema.sequence)) == 1
    side.answer("9", b"TORETURN arl 9\n")
    site.run()
    assert "file 8 never came" in words(site)["return-gap"][1]
    side.answer("8", b"TORETURN arl 8\n")
    site.run()
    assert words(site)["return-gap"][0] == "resolved"

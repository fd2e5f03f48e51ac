"""Packets come out as they went in, or not at all."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.intake.ssh_ciphers import (
    CIPHERS,
    MACS,
    MAX_PACKET_LENGTH,
    Opener,
    PacketRefused,
    PlainOpener,
    PlainSealer,
    Sealer,
    make_opener,
    make_sealer,
)

SUITES = [
    (cipher, mac)
    for cipher, mac in itertools.product(CIPHERS, MACS)
    if not CIPHERS[cipher].aead or mac == b"hmac-sha2-256"
]


def pair(cipher: bytes, mac: bytes, iv: bytes = b"\xff" * 16) -> tuple[Sealer, Opener]:
    kind = CIPHERS[cipher]
    key, start, mac_key = (
        b"k" * kind.key_size,
        iv[: kind.iv_size],
        b"m" * MACS[mac].size,
    )
    return (
        make_sealer(cipher=cipher, mac=mac, key=key, iv=start, mac_key=mac_key),
        make_opener(cipher=cipher, mac=mac, key=key, iv=start, mac_key=mac_key),
    )


@pytest.mark.parametrize(("cipher", "mac"), SUITES)
@settings(max_examples=25, deadline=None)
@given(
    payloads=st.lists(st.binary(min_size=1, max_size=600), max_size=5), cut=st.data()
)
def test_what_was_sealed_is_opened(
    cipher: bytes, mac: bytes, payloads: list[bytes], cut: st.DataObject
) -> None:
    """Whatever the pieces in which the bytes come, also across a counter's carry."""
    sealer, opener = pair(cipher, mac)
    wire = b"".join(sealer.seal(number, one) for number, one in enumerate(payloads))
    buffer, opened = bytearray(), list[bytes]()
    while wire:
        size = cut.draw(st.integers(1, len(wire)))
        buffer += wire[:size]
        wire = wire[size:]
        while (payload := opener.open(len(opened), buffer)) is not None:
            opened.append(bytes(payload))
    assert opened == payloads
    assert not buffer


@pytest.mark.parametrize(("cipher", "mac"), SUITES)
def test_an_altered_packet_is_refused(cipher: bytes, mac: bytes) -> None:
    """One bit anywhere, and nothing of the packet comes out."""
    sealed = pair(cipher, mac)[0].seal(7, b"a payload of some length")
    for place in range(4, len(sealed)):
        altered = bytearray(sealed)
        altered[place] ^= 1
        with pytest.raises(PacketRefused):
            pair(cipher, mac)[1].open(7, altered)


@pytest.mark.parametrize(("cipher", "mac"), SUITES)
def test_a_packet_counts_only_once(cipher: bytes, mac: bytes) -> None:
    """Sent again later, the same bytes are refused."""
    sealer, opener = pair(cipher, mac)
    sealed = sealer.seal(0, b"a payload of some length")
    assert opener.open(0, bytearray(sealed)) is not None
    with pytest.raises(PacketRefused):
        opener.open(1, bytearray(sealed))


@pytest.mark.parametrize(("cipher", "mac"), SUITES)
def test_padding_follows_the_rules(cipher: bytes, mac: bytes) -> None:
    """At least four bytes, and whole blocks of what is encrypted."""
    for size in range(1, 40):
        sealed = pair(cipher, mac)[0].seal(0, b"x" * size)
        if CIPHERS[cipher].aead or MACS[mac].etm:
            length = int.from_bytes(sealed[:4], "big")
            assert length % 16 == 0
            assert length >= 1 + size + 4
        else:
            assert (len(sealed) - MACS[mac].size) % 16 == 0


@pytest.mark.parametrize("length", [0, 1, 4, 15, 17, MAX_PACKET_LENGTH + 16, 1 << 31])
@pytest.mark.parametrize(
    "suite",
    [
        (b"aes128-gcm@openssh.com", b"hmac-sha2-256"),
        (b"aes128-ctr", b"hmac-sha2-256-etm@openssh.com"),
    ],
)
def test_an_impossible_length_is_refused_at_once(
    suite: tuple[bytes, bytes], length: int
) -> None:
    """Without waiting for as many bytes to come."""
    with pytest.raises(PacketRefused):
        pair(*suite)[1].open(0, bytearray(length.to_bytes(4, "big")))


def test_plain_packets_are_bounded_too() -> None:
    """Before the keys anybody may write."""
    buffer = bytearray(PlainSealer().seal(0, b"hello"))
    assert bytes(PlainOpener().open(0, buffer) or b"") == b"hello"
    for head in (b"\xff\xff\xff\xff", b"\0\0\0\x0c" + b"\xf0" + b"x" * 11):
        with pytest.raises(PacketRefused):
            PlainOpener().open(0, bytearray(head))

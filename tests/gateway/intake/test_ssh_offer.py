"""What is offered is strong, and what is agreed follows the client's preference."""

from __future__ import annotations

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from gateway.intake import ssh_offer
from gateway.intake.ssh_offer import (
    NothingInCommon,
    Offer,
    agree,
    answer,
    server_lists,
    server_offer,
    takes_aead,
)
from gateway.intake.ssh_wire import Malformed

SERVER = server_offer((b"ssh-ed25519",), first=True)
CLIENT = Offer(
    exchanges=(b"curve25519-sha256", b"ext-info-c", b"kex-strict-c-v00@openssh.com"),
    host_keys=(b"ssh-ed25519",),
    ciphers_in=(b"aes128-ctr",),
    ciphers_out=(b"aes256-gcm@openssh.com",),
    macs_in=(b"umac-64@openssh.com", b"hmac-sha2-256"),
    macs_out=(b"umac-64@openssh.com",),
    compressions_in=(b"zlib", b"none"),
    compressions_out=(b"none",),
    guess_follows=False,
)


def test_nothing_weak_is_offered() -> None:
    """No CBC, 3DES, MD5, SHA-1, DSA, and no compression before login."""
    packed = SERVER.pack(b"c" * 16)
    for weak in (b"cbc", b"3des", b"md5", b"sha1", b"ssh-rsa", b"ssh-dss", b"zlib"):
        assert weak not in packed


def test_the_clients_preference_decides() -> None:
    """The first name of the client that we know, in each direction by itself."""
    agreed = agree(CLIENT, SERVER)
    assert agreed.cipher_in == b"aes128-ctr"
    assert agreed.mac_in == b"hmac-sha2-256"
    assert agreed.cipher_out == b"aes256-gcm@openssh.com"


def test_a_cipher_that_authenticates_needs_no_mac() -> None:
    """A client whose MACs we lack can still use AES-GCM."""
    assert agree(CLIENT, SERVER).mac_out == b""


def test_the_markers_are_never_chosen() -> None:
    """RFC 8308 2.2: a marker that is taken for an algorithm ends the connection."""
    only = evolve(CLIENT, exchanges=(b"ext-info-s", b"kex-strict-s-v00@openssh.com"))
    with pytest.raises(NothingInCommon, match="key exchange"):
        agree(only, SERVER)


def test_strict_and_extensions_are_seen() -> None:
    """They stand among the exchanges."""
    assert (agree(CLIENT, SERVER).strict, agree(CLIENT, SERVER).ext_info) == (
        True,
        True,
    )
    plain = evolve(CLIENT, exchanges=(b"curve25519-sha256",))
    assert (agree(plain, SERVER).strict, agree(plain, SERVER).ext_info) == (
        False,
        False,
    )


@pytest.mark.parametrize(
    ("exchanges", "wrong"),
    [((b"curve25519-sha256",), True), (SERVER.exchanges, False)],
)
def test_a_wrong_guess_is_noticed(exchanges: tuple[bytes, ...], wrong: bool) -> None:
    """A packet sent ahead counts only if both sides prefer the same."""
    client = evolve(CLIENT, exchanges=exchanges, guess_follows=True)
    assert agree(client, SERVER).wrong_guess is wrong


def test_what_is_remembered_of_an_offer_is_what_it_says() -> None:
    """Whatever the cookie; another list, or another exchange, is read anew."""
    keys = (b"ssh-ed25519",)
    other = evolve(CLIENT, ciphers_in=(b"aes128-gcm@openssh.com",))
    for client in (CLIENT, other, CLIENT):
        for cookie in (b"c" * 16, b"d" * 16):
            found = answer(client.pack(cookie), keys, first=True, aead=False)
            assert found == agree(client, SERVER)
    with pytest.raises(NothingInCommon, match="host key"):
        answer(CLIENT.pack(b"c" * 16), (b"rsa-sha2-512",), first=True, aead=False)


def test_an_offer_without_end_is_not_remembered() -> None:
    """A caller who has not logged in may not fill our memory."""
    many = tuple(b"x%d" % number for number in range(2000))
    client = evolve(CLIENT, macs_in=(*many, b"hmac-sha2-256"))
    caches = (ssh_offer._answer, ssh_offer._takes_aead)
    before = [cache.cache_info().currsize for cache in caches]
    packed, keys = client.pack(b"c" * 16), (b"ssh-ed25519",)
    found = answer(packed, keys, first=True, aead=False)
    assert not takes_aead(packed)
    assert found.mac_in == b"hmac-sha2-256"
    assert [cache.cache_info().currsize for cache in caches] == before


def test_whoever_takes_aes_gcm_both_ways_is_seen() -> None:
    """In one direction alone it is no use: both are offered the same."""
    gcm = (b"aes128-ctr", b"aes128-gcm@openssh.com")
    both = evolve(CLIENT, ciphers_in=gcm, ciphers_out=gcm)
    assert takes_aead(both.pack(b"c" * 16))
    assert not takes_aead(CLIENT.pack(b"c" * 16))
    offer = server_offer((b"ssh-ed25519",), first=True, aead=True)
    assert agree(both, offer).cipher_in == b"aes128-gcm@openssh.com"


def test_the_offer_that_is_sent_is_packed_once() -> None:
    """And reads as what this server allows."""
    packed = server_lists((b"ssh-ed25519",), first=True, aead=False)
    assert Offer.parse(b"c" * 16 + packed) == SERVER


names = st.lists(
    st.text("abcz09@.-", min_size=1, max_size=8).map(str.encode), max_size=3
).map(tuple)


@given(lists=st.tuples(*[names] * 8), guess=st.booleans())
def test_an_offer_is_read_as_it_was_written(
    lists: tuple[tuple[bytes, ...], ...], guess: bool
) -> None:
    """Every list comes back, in its order."""
    offer = Offer(
        exchanges=lists[0],
        host_keys=lists[1],
        ciphers_in=lists[2],
        ciphers_out=lists[3],
        macs_in=lists[4],
        macs_out=lists[5],
        compressions_in=lists[6],
        compressions_out=lists[7],
        guess_follows=guess,
    )
    assert Offer.parse(offer.pack(b"c" * 16)) == offer


@given(data=st.binary(max_size=200))
def test_any_bytes_are_an_offer_or_malformed(data: bytes) -> None:
    """Nothing else is ever raised."""
    try:
        Offer.parse(data)
    except Malformed:
        return

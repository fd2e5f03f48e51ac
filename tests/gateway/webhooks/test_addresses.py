"""No endpoint leads inside, whatever its address looks like."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest

from gateway.webhooks.addresses import Addresses, AddressRefused, Target

PUBLIC = "93.184.216.34"


def resolving(*found: str) -> Any:
    def resolve(host: str, port: int, **options: Any) -> list[Any]:
        return [(2, 1, 6, "", (each, port)) for each in found]

    return resolve


@pytest.mark.parametrize(
    "url",
    [
        "http://vendor.example/hook",
        "ftp://vendor.example/hook",
        "https:///hook",
        "https://user:secret@vendor.example/hook",
        "https://vendor.example/hook#part",
        "https://vendor.example:99999/hook",
        "https://vendor.example/h ook",
        "https://vendor.example/hook\r\nX-Other: 1",
        "https://véndor.example/hook",
        "https://[::1/hook",
        "https://127.0.0.1/hook",
        "https://10.0.0.1/hook",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/hook",
        "https://[::ffff:127.0.0.1]/hook",
        "https://[fe80::1]/hook",
        "https://0.0.0.0/hook",
        "http://127.0.0.1/hook",
        "http://localhost/hook",
        "vendor.example/hook",
        f"https://vendor.example/{'x' * 2000}",
    ],
)
def test_an_address_that_can_never_be_called_is_refused_at_once(url: str) -> None:
    """Whoever registers it is told so, and what was wanted."""
    with pytest.raises(AddressRefused, match=r"wanted|leave|sent"):
        Addresses().target(url)


@pytest.mark.parametrize(
    "ip",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.9",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fec0::1",
        "192.88.99.1",
        "fd00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::1",
        "2001:0:53aa:64c:0:0:80ff:fffe",
    ],
)
def test_a_name_that_leads_inside_is_not_called(ip: str) -> None:
    """What counts is the address at the moment of the call, in all its disguises."""
    rules = Addresses(resolve=resolving(ip))
    target = rules.target("https://vendor.example/hook")
    with pytest.raises(AddressRefused, match="private, loopback or reserved"):
        rules.of(target)


def test_of_several_addresses_only_public_ones_are_called() -> None:
    """A name that leads outside and inside leads outside."""
    rules = Addresses(resolve=resolving("10.0.0.1", PUBLIC))
    found = rules.of(rules.target("https://vendor.example/hook?a=1"))
    assert [each[4] for each in found] == [(PUBLIC, 443)]


def test_settings_allow_networks_of_the_house() -> None:
    """An address inside an allowed network is called, its neighbours are not."""
    rules = Addresses(
        allowed=(ip_network("10.1.0.0/16"),), resolve=resolving("10.1.2.3", "10.2.2.3")
    )
    target = rules.target("https://10.1.9.9:8443")
    assert target == Target(True, "10.1.9.9", 8443, "/")
    assert [each[4][0] for each in rules.of(target)] == ["10.1.2.3"]
    with pytest.raises(AddressRefused):
        rules.target("https://10.2.9.9/")


def test_plain_http_is_for_loopback_only() -> None:
    """Where loopback is allowed it may be http; a name may not lead http elsewhere."""
    loopback = (ip_network("127.0.0.0/8"),)
    rules = Addresses(allowed=loopback, resolve=resolving(PUBLIC))
    target = rules.target("http://localhost:8000/hook")
    assert not target.secure
    with pytest.raises(AddressRefused):
        rules.of(target)
    with pytest.raises(AddressRefused, match="wanted https"):
        rules.target("http://vendor.example/hook")

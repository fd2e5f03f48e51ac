"""Certificates of funds looked up in a real LDAP server: OpenLDAP's, on loopback."""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from protocols.channels.mail_certificates import Certificates, NoDirectory
from protocols.channels.mail_directory import LdapDirectory
from tests.protocols.channels.mail_account import FUND, NOW, certificate
from tests.system.mail_server import free_port, listens

_PATH = "/usr/sbin:/usr/bin"
_MISSING = [
    each
    for each in ("slapd", "slapadd", "ldapsearch")
    if shutil.which(each, path=_PATH) is None
]
pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(bool(_MISSING), reason=f"not installed: {', '.join(_MISSING)}"),
]
BASE = "ou=AC-FACTURATION,o=sesam-vitale,c=fr"
_CONFIG = """
include /etc/ldap/schema/core.schema
pidfile {folder}/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
sizelimit 10
database mdb
suffix "c=fr"
directory {folder}/data
"""
_TREE = f"""
dn: c=fr
objectClass: country
c: fr

dn: o=sesam-vitale,c=fr
objectClass: organization
o: sesam-vitale

dn: {BASE}
objectClass: organizationalUnit
ou: AC-FACTURATION
"""


class Annuaire:
    """A directory server that holds certificates of funds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "data").mkdir()
        self._config = folder / "slapd.conf"
        self._config.write_text(_CONFIG.format(folder=folder))
        self._fill()
        port = free_port()
        self.url = f"ldap://127.0.0.1:{port}"
        self._process = subprocess.Popen(
            [_program("slapd"), "-d", "0", "-f", str(self._config), "-h", self.url],
            stdin=subprocess.DEVNULL,
        )
        assert listens(port)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(10)

    def _fill(self) -> None:
        held = [
            certificate(FUND, serial=serial, issuer="authority", days=days)
            for serial, days in (
                (3, (-30.0, 300.0)),
                (9, (-90.0, -1.0)),
                (7, (-1.0, 90.0)),
            )
        ]
        values = "\n".join(
            "userCertificate;binary:: "
            + base64.b64encode(each.public_bytes(Encoding.DER)).decode()
            for each in held
        )
        entry = (
            f"\ndn: cn={FUND},{BASE}\nobjectClass: device\n"
            f"objectClass: pkiUser\ncn: {FUND}\n{values}\n"
        )
        subprocess.run(
            [_program("slapadd"), "-f", str(self._config)],
            input=(_TREE + entry).encode(),
            check=True,
            capture_output=True,
        )


def _program(name: str) -> str:
    return str(shutil.which(name, path=_PATH))


@pytest.fixture(scope="module")
def annuaire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Annuaire]:
    made = Annuaire(tmp_path_factory.mktemp("annuaire"))
    yield made
    made.close()


def test_a_funds_certificate_is_found_in_the_directory(annuaire: Annuaire) -> None:
    """Every certificate of the address comes; the valid one with the highest serial counts."""
    directory = LdapDirectory(url=annuaire.url, base=BASE, seconds=5)
    assert {each.serial_number for each in directory.find(FUND)} == {3, 7, 9}

    found = Certificates(
        bundle=(),
        issuers=(certificate("authority"),),
        directory=directory,
        now=lambda: NOW,
    )
    assert found.of(FUND).serial_number == 7


def test_what_the_directory_has_not_is_no_error(annuaire: Annuaire) -> None:
    """An unknown fund, or an unknown place, simply has no certificate."""
    for base in (BASE, f"ou=NOWHERE,{BASE}"):
        directory = LdapDirectory(url=annuaire.url, base=base, seconds=5)
        assert directory.find("01234@234.01.rss.fr") == []


def test_a_directory_that_is_away_is_told() -> None:
    """It can be tried again; the words name it."""
    with pytest.raises(NoDirectory, match="ldap://127"):
        LdapDirectory(url="ldap://127.0.0.1:9", base=BASE, seconds=1).find(FUND)


def test_an_address_cannot_change_the_search() -> None:
    """Only plain addresses go into a filter."""
    with pytest.raises(NoDirectory, match="cannot be searched"):
        LdapDirectory(url="ldap://127.0.0.1:9", base=BASE, seconds=1).find("*)(cn=*")

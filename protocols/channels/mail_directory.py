"""Looks a fund's certificates up by LDAP, with OpenLDAP's program `ldapsearch`.

There is no LDAP library that is both maintained and installed without a compiler,
so the search is left to the program that every distribution has.  It writes what it
finds as files; nothing of the protocol or of LDIF is read here.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from attrs import frozen
from cryptography import x509

from protocols.channels.mail_certificates import NoDirectory

_ATTRIBUTE: Final = "userCertificate;binary"
_MOST: Final = 10  # objects, which is what the national directory gives
_PLAIN: Final = re.compile(r"[0-9A-Za-z.@_-]+")
_HARMLESS: Final = {0, 4, 32}  # found; more than it gives; nothing of that name


def has_ldapsearch() -> bool:
    """Say whether there is a program `ldapsearch`."""
    return shutil.which("ldapsearch") is not None


@frozen(kw_only=True)
class LdapDirectory:
    """A directory of certificates: `url` such as ldap://host:389, and where in it."""

    url: str
    base: str
    seconds: float

    def find(self, address: str) -> Sequence[x509.Certificate]:
        """Return the certificates of an address; raises `NoDirectory`.

        What is no certificate is left out.
        """
        with tempfile.TemporaryDirectory() as folder:
            self._search(address, folder)
            contents = [file.read_bytes() for file in sorted(Path(folder).iterdir())]
        found = []
        for content in contents:
            try:
                found.append(x509.load_der_x509_certificate(content))
            except ValueError:
                continue
        return found

    def _search(self, address: str, folder: str) -> None:
        if not _PLAIN.fullmatch(address):
            raise NoDirectory(f"{address!r} cannot be searched for in {self.url}")
        program = shutil.which("ldapsearch")
        if program is None:
            raise NoDirectory(
                "there is no program ldapsearch; wanted it installed (ldap-utils), or"
                " the payer's certificate in recipients_file"
            )
        seconds = max(1, round(self.seconds))
        try:
            done = subprocess.run(  # noqa: S603 - a fixed program, arguments checked
                [
                    *(program, "-x", "-LLL", "-tt", "-T", folder),
                    *("-H", self.url, "-b", self.base, "-z", str(_MOST)),
                    *("-l", str(seconds), "-o", f"nettimeout={seconds}"),
                    *(f"(cn={address})", _ATTRIBUTE),
                ],
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=self.seconds + 5,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NoDirectory(f"{self.url} did not answer in time") from error
        if done.returncode not in _HARMLESS:
            lines = done.stderr.decode("latin-1").splitlines() or ["no reason given"]
            raise NoDirectory(f"{self.url} did not answer: {lines[0][:200]}")

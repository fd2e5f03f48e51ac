"""The HTTPS door's certificate: what does not fit is refused, and changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from gateway.intake.https_tls import ServerTls
from tests.system.https_door import make_certificate

# Twisted's way of handing certificates to pyOpenSSL.
pytestmark = pytest.mark.filterwarnings("ignore:Passing pyOpenSSL:DeprecationWarning")


def serve(folder: Path) -> ServerTls:
    make_certificate("localhost", folder)
    return ServerTls(
        certificate=folder / "localhost.crt",
        key=folder / "localhost.key",
        client_ca=None,
    )


def test_files_that_do_not_fit_leave_the_old_in_force(tmp_path: Path) -> None:
    """A reload names both files and what was wanted; connections go on as before."""
    tls = serve(tmp_path)
    context = tls._context
    make_certificate("other", tmp_path)
    (tmp_path / "localhost.key").write_bytes((tmp_path / "other.key").read_bytes())
    with pytest.raises(ValueError, match=r"localhost\.crt and .*localhost\.key: .*own"):
        tls.reload()

    assert tls._context is context


def test_a_key_with_a_password_is_refused(tmp_path: Path) -> None:
    """Nobody is there to type it: the error says so, and nothing asks for it."""
    tls = serve(tmp_path)
    path = tmp_path / "localhost.key"
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    with pytest.raises(ValueError, match="without a password"):
        tls.reload()

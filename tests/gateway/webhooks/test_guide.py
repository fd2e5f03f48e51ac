"""What the guide for vendors says about signatures, run as it stands there."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gateway.webhooks import signature

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs" / "vendors.md").read_text(encoding="utf-8")
SECRET = b"0123456789abcdef" * 2
BODY = '{"id":"n1","data":{"words":"é"}}'.encode()
AT = 1_795_318_578.9


def block(language: str, holds: str) -> str:
    """Find a block of code in the guide."""
    (found,) = [
        each
        for each in re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)
        if holds in each
    ]
    return str(found)


def test_the_python_of_the_guide_verifies_what_we_send() -> None:
    """And refuses another body, another secret, an old call."""
    names: dict[str, Any] = {}
    exec(compile(block("python", "def verified"), "vendors.md", "exec"), names)
    verified = names["verified"]
    secret = signature.shown(SECRET)
    sent = signature.headers("n1", AT, BODY, [b"x" * 32, SECRET])

    assert verified(secret, sent, BODY, AT + 200)
    assert not verified(secret, sent, BODY + b" ", AT)
    assert not verified(signature.shown(b"y" * 32), sent, BODY, AT)
    assert not verified(secret, sent, BODY, AT + 400)
    assert not verified(secret, {**sent, "webhook-id": "n2"}, BODY, AT)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not here")
def test_the_shell_of_the_guide_makes_the_same_signature(tmp_path: Path) -> None:
    """For whoever looks at a call that was kept."""
    (tmp_path / "body.json").write_bytes(BODY)
    sent = signature.headers("n1", AT, BODY, [SECRET])
    done = subprocess.run(
        ["sh", "-c", block("sh", "openssl dgst")],
        cwd=tmp_path,
        env={
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "SECRET": signature.shown(SECRET),
            "ID": "n1",
            "TIMESTAMP": sent["webhook-timestamp"],
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"v1,{done.stdout.strip()}" == sent["webhook-signature"]


def test_the_example_of_the_specification_is_met() -> None:
    """Secret, id, time, body and signature as Standard Webhooks publishes them."""
    secret = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    sent = signature.headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330.0,
        b'{"test": 2432232314}',
        [base64.b64decode(secret)],
    )
    wanted = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert sent["webhook-signature"] == wanted

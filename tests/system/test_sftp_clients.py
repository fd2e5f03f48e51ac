"""Real clients against the real door, over loopback."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import paramiko
import pytest
from attrs import define

pytestmark = pytest.mark.system

ROOT = Path(__file__).resolve().parents[2]
CONTENT = bytes(range(256)) * 2000
LARGE = os.urandom(1 << 20) * 8
_PATIENCE = 60


@define(kw_only=True)
class Door:
    """The process, its files, and what it said it has taken."""

    folder: Path
    process: subprocess.Popen[str]
    output: IO[str]
    port: int

    def next_deposit(self) -> dict[str, object]:
        """Wait for the next deposit that the door tells of."""
        fact: dict[str, object] = json.loads(self.output.readline())
        return fact

    def file(self, name: str, content: bytes = CONTENT) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        return path

    def sftp(self, *commands: str, options: tuple[str, ...] = ()) -> str:
        """Run OpenSSH's client; gives what it wrote, fails when it fails."""
        batch = self.folder / "batch"
        batch.write_text("\n".join(commands) + "\n")
        arguments = ["sftp", "-q", *options, *self.options, "-b", str(batch)]
        return run([*arguments, "-P", str(self.port), "acme@127.0.0.1"])

    @property
    def options(self) -> tuple[str, ...]:
        return (
            *("-o", f"IdentityFile={self.folder}/client_key"),
            *("-o", "IdentitiesOnly=yes"),
            *("-o", "StrictHostKeyChecking=no"),
            *("-o", "UserKnownHostsFile=/dev/null"),
            *("-o", "LogLevel=ERROR"),
            *("-F", "none"),
        )

    def paramiko(self, **only: str) -> paramiko.Transport:
        """Connect with paramiko, with one algorithm of some kinds."""
        transport = paramiko.Transport(("127.0.0.1", self.port))
        for kind, name in only.items():
            setattr(transport.get_security_options(), kind, (name,))
        key = paramiko.Ed25519Key.from_private_key_file(f"{self.folder}/client_key")
        transport.connect(username="acme", pkey=key)
        return transport


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    need("ssh-keygen")
    folder = tmp_path_factory.mktemp("door")
    kinds = {"client_key": "ed25519", "ed": "ed25519", "rsa": "rsa", "ec": "ecdsa"}
    for name, kind in kinds.items():
        size = ["-b", "2048"] if kind == "rsa" else []
        run(["ssh-keygen", "-q", "-t", kind, *size, "-N", "", "-f", f"{folder}/{name}"])
    hosts = [f"{folder}/{name}" for name in ("ed", "rsa", "ec")]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.system.sftp_door_process"),
                *(f"{folder}/client_key.pub", *hosts),
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        output = process.stdout
        assert output is not None
        try:
            port = json.loads(output.readline())["port"]
            yield Door(folder=folder, process=process, output=output, port=port)
        finally:
            process.terminate()
            process.wait(_PATIENCE)
    written = (folder / "log").read_text()
    assert "Traceback" not in written, written


def test_openssh_works_with_its_defaults(door: Door) -> None:
    """List, upload, rename, look, download, free space."""
    need("sftp")
    door.file("a.b2")
    listed = door.sftp(
        "ls -l /",
        f"put {door.folder}/a.b2 /in/openssh.part",
        "rename /in/openssh.part /in/openssh.b2",
        "ls -l /in",
        "df /in",
        f"get /in/openssh.b2 {door.folder}/back",
    )
    assert door.next_deposit() == told("/in/openssh.b2", CONTENT)
    assert (door.folder / "back").read_bytes() == CONTENT
    assert "drwx------" in listed
    assert f" {len(CONTENT)} " in listed


ALGORITHMS = [
    "Ciphers=aes128-gcm@openssh.com",
    "Ciphers=aes256-gcm@openssh.com",
    "Ciphers=aes192-ctr",
    "Ciphers=aes256-ctr",
    "MACs=hmac-sha2-256",
    "MACs=hmac-sha2-512",
    "MACs=hmac-sha2-256-etm@openssh.com",
    "MACs=hmac-sha2-512-etm@openssh.com",
    "KexAlgorithms=curve25519-sha256",
    "KexAlgorithms=ecdh-sha2-nistp256",
    "KexAlgorithms=ecdh-sha2-nistp384",
    "KexAlgorithms=ecdh-sha2-nistp521",
    "KexAlgorithms=diffie-hellman-group14-sha256",
    "KexAlgorithms=diffie-hellman-group16-sha512",
    "KexAlgorithms=diffie-hellman-group-exchange-sha256",
    "HostKeyAlgorithms=ssh-ed25519",
    "HostKeyAlgorithms=rsa-sha2-256",
    "HostKeyAlgorithms=rsa-sha2-512",
    "HostKeyAlgorithms=ecdsa-sha2-nistp256",
]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_openssh_agrees_on_each_algorithm(door: Door, algorithm: str) -> None:
    """A small upload under each that we offer."""
    need("sftp")
    door.file("a.b2")
    put = f"put {door.folder}/a.b2 /in/{algorithm.replace('=', '-')}"
    ctr = ("-o", "Ciphers=aes128-ctr") if algorithm.startswith("MACs") else ()
    door.sftp(put, options=("-o", algorithm, *ctr))
    assert door.next_deposit()["sha256"] == digest(CONTENT)


@pytest.mark.parametrize("cipher", ["aes128-gcm@openssh.com", "aes128-ctr"])
def test_keys_change_in_the_middle_of_a_transfer(door: Door, cipher: str) -> None:
    """At the client's wish, both ways, and not a byte is lost."""
    need("sftp")
    door.file("large.b2", LARGE)
    door.sftp(
        f"put {door.folder}/large.b2 /in/large.b2",
        f"get /in/large.b2 {door.folder}/large.back",
        options=("-o", f"Ciphers={cipher}", "-o", "RekeyLimit=1M"),
    )
    assert door.next_deposit()["sha256"] == digest(LARGE)
    assert (door.folder / "large.back").read_bytes() == LARGE


def test_strict_key_exchange_is_agreed_with_openssh(door: Door) -> None:
    """The client says so itself."""
    need("ssh")
    said = run(
        [
            *("ssh", "-vvv", *door.options, "-o", "LogLevel=DEBUG3"),
            *("-p", str(door.port), "acme@127.0.0.1", "true"),
        ],
        status=1,
    )
    if "kex-strict-c" not in said:
        pytest.skip("this OpenSSH is older than strict key exchange")
    assert "will use strict KEX ordering" in said
    assert "This service is SFTP only" in said


def test_a_killed_client_leaves_no_deposit_and_can_resume(door: Door) -> None:
    """kill -9 in the middle of an upload, then `reput`."""
    need("sftp")
    door.file("cut.b2", LARGE)
    (door.folder / "batch").write_text(f"put {door.folder}/cut.b2 /in/cut.b2\n")
    command = ["sftp", "-q", *door.options, "-l", "20000", "-P", str(door.port)]
    with (
        subprocess.Popen(
            [*command, "-b", f"{door.folder}/batch", "acme@127.0.0.1"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as client,
        door.paramiko() as transport,
        session(transport) as sftp,
    ):
        while size_of(sftp, "/in/cut.b2") == 0:
            assert client.poll() is None
        os.killpg(client.pid, signal.SIGKILL)
        client.wait(_PATIENCE)
        partial = size_of(sftp, "/in/cut.b2")
    assert 0 < partial < len(LARGE)

    door.sftp(f"reput {door.folder}/cut.b2 /in/cut.b2")

    assert door.next_deposit() == told("/in/cut.b2", LARGE)


def test_lftp_works_with_its_defaults(door: Door) -> None:
    """Mirror a folder, upload, resume."""
    need("lftp")
    need("ssh")
    door.file("l.b2", LARGE)
    ssh = " ".join(("ssh -a -x", *door.options, f"-p {door.port}"))
    script = (
        f"set sftp:connect-program '{ssh}'; set net:max-retries 1;"
        "set cmd:fail-exit true; open sftp://acme:@127.0.0.1;"
        f"put {door.folder}/l.b2 -o /in/lftp.b2; ls /in;"
        f"mirror /out/sesam {door.folder}/mirror; quit"
    )
    run(["lftp", "--norc", "-c", script])
    assert door.next_deposit() == told("/in/lftp.b2", LARGE)
    assert len(list((door.folder / "mirror").iterdir())) == 251


def test_rclone_works_with_its_defaults(door: Door) -> None:
    """With several writes of one file at a time."""
    need("rclone")
    door.file("r.b2", LARGE)
    config = door.folder / "rclone.conf"
    config.write_text(
        "[door]\ntype = sftp\nhost = 127.0.0.1\n"
        f"port = {door.port}\nuser = acme\nkey_file = {door.folder}/client_key\n"
    )
    rclone = ("rclone", "--config", str(config), "--retries", "1")
    run([*rclone, "copyto", f"{door.folder}/r.b2", "door:/in/rclone.b2"])
    run([*rclone, "copy", "door:/out/sesam", f"{door.folder}/copied"])
    assert door.next_deposit() == told("/in/rclone.b2", LARGE)
    assert len(list((door.folder / "copied").iterdir())) == 251


def test_paramiko_works_pipelined(door: Door) -> None:
    """`put` pipelines its writes and checks the size at once after the close."""
    with door.paramiko() as transport, session(transport) as sftp:
        sftp.putfo(io.BytesIO(LARGE), "/in/paramiko.b2")
        assert door.next_deposit() == told("/in/paramiko.b2", LARGE)
        back = io.BytesIO()
        sftp.getfo("/in/paramiko.b2", back)
        assert back.getvalue() == LARGE
        assert len(sftp.listdir("/out/sesam")) == 251
        transport.renegotiate_keys()
        assert sftp.normalize("..") == "/"


@pytest.mark.parametrize(
    "only",
    [
        {"kex": "mlkem768x25519-sha256"},
        {"ciphers": "aes256-gcm@openssh.com"},
        {"ciphers": "aes192-ctr", "digests": "hmac-sha2-512-etm@openssh.com"},
        {"kex": "diffie-hellman-group16-sha512"},
        {"key_types": "rsa-sha2-512"},
    ],
)
def test_paramiko_agrees_on_each_algorithm(door: Door, only: dict[str, str]) -> None:
    """A third implementation of what OpenSSH may be too old for."""
    known = getattr(paramiko.Transport, "_preferred_kex", ())
    if "kex" in only and only["kex"] not in known:
        pytest.skip("this paramiko does not have it")
    with door.paramiko(**only) as transport, session(transport) as sftp:
        sftp.putfo(io.BytesIO(CONTENT), "/in/agreed.b2")
    assert door.next_deposit()["sha256"] == digest(CONTENT)


def test_a_wrong_password_is_refused_and_the_right_one_is_not(door: Door) -> None:
    """Where password login is on."""
    for password, right in (("wrong", False), ("synthetic", True)):
        with paramiko.Transport(("127.0.0.1", door.port)) as transport:
            try:
                transport.connect(username="acme", password=password)
            except paramiko.AuthenticationException:
                assert not right
            assert transport.is_authenticated() is right


def need(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed here")


def run(command: list[str], *, status: int = 0) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def session(transport: paramiko.Transport) -> paramiko.SFTPClient:
    sftp = paramiko.SFTPClient.from_transport(transport)
    assert sftp is not None
    return sftp


def size_of(sftp: paramiko.SFTPClient, path: str) -> int:
    """Give the size of what the door has of a file that is not open to us."""
    try:
        return sftp.stat(path).st_size or 0
    except FileNotFoundError:
        return 0


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def told(path: str, content: bytes) -> dict[str, object]:
    return {"path": path, "size": len(content), "sha256": digest(content)}

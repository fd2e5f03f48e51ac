"""An upgrade from the schema before this one, while clients go on sending.

The program of before is taken from the history of this repository.  What a service
manager does is done here: it holds the doors' sockets while the node is replaced, and is
told when the new one is ready.
"""

from __future__ import annotations

import http.client
import json
import signal
import socket
import sqlite3
import ssl
import subprocess
import tarfile
import threading
import tomllib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gateway.journal.schema import SCHEMA_VERSION
from tests.system.site import Site

pytestmark = pytest.mark.system
ROOT = Path(__file__).resolve().parents[2]
VERSIONS = "gateway/journal/migrations/versions"
PACKAGES = ("config", "routing", "protocols", "gateway")
_PATIENCE = 60


def git(*arguments: str) -> bytes:
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(f"the history is not here: {done.stderr.decode().strip()}")
    return done.stdout


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the program as it was before the newest revision of the schema came."""
    newest = f"{VERSIONS}/{SCHEMA_VERSION}.py"
    options = ("--first-parent", "-m", "--diff-filter=A", "--format=%H")
    came = git("log", *options, "--", newest).split()
    if not came:
        pytest.skip(f"{newest} is not in the history yet")
    folder = tmp_path_factory.mktemp("before")
    archive = folder / "program.tar"
    parent = f"{came[-1].decode()}^"
    archive.write_bytes(git("archive", parent, *PACKAGES, "pyproject.toml"))
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    as_installed(folder)
    return folder


def as_installed(folder: Path) -> None:
    """Write down which networks and channels that program brings, as pip would."""
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    info = folder / "octway.egg-info"
    info.mkdir()
    (info / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: octway\nVersion: 0\n")
    lines = []
    for group, entries in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {at}" for name, at in entries.items())]
    (info / "entry_points.txt").write_text("\n".join(lines))


class Sender(threading.Thread):
    """A client's software: sends files one after the other, each until it is taken."""

    def __init__(self, port: int, token: str) -> None:
        super().__init__(daemon=True)
        self.port, self.token = port, token
        self.acknowledged: list[str] = []
        self.refused: list[str] = []
        self.enough = threading.Event()
        self._sent = threading.Condition()

    def run(self) -> None:
        number = 0
        while not self.enough.is_set():
            number += 1
            while (found := self._send(b"file %d" % number)) is None:
                if self.enough.wait(0.05):
                    return
            with self._sent:
                self.acknowledged.append(found)
                self._sent.notify_all()

    def wait_for(self, count: int) -> None:
        with self._sent:
            there = self._sent.wait_for(
                lambda: len(self.acknowledged) >= count, _PATIENCE
            )
        assert there, (self.acknowledged, self.refused)

    def _send(self, content: bytes) -> str | None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        line = http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=_PATIENCE, context=context
        )
        try:
            with closing(line):
                line.request(
                    "POST",
                    "/v1/deposits?filename=a.b2",
                    content,
                    {"Authorization": f"Bearer {self.token}"},
                )
                answer = line.getresponse()
                body = answer.read()
        except ConnectionRefusedError:
            self.refused.append("refused")
            return None
        except (OSError, http.client.HTTPException):
            return None  # cut: what became of it is asked by sending it again
        if answer.status != 201:
            self.refused.append(f"{answer.status} {body.decode()}")
            return None
        return str(json.loads(body)["deposit"])


class Manager:
    """What a service manager holds and hears."""

    def __init__(self, folder: Path) -> None:
        self.https = socket.socket()
        self.https.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(str(folder / "notify"))
        self.notify.settimeout(_PATIENCE)

    def hear(self) -> str:
        return self.notify.recv(4096).decode().partition("\n")[0]

    def close(self) -> None:
        self.https.close()
        self.notify.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    made = Manager(tmp_path)
    yield made
    made.close()


def test_an_upgrade_loses_nothing(
    before: Path, manager: Manager, tmp_path: Path
) -> None:
    """All that was acknowledged, before, in between and after, is in the new journal."""
    site = Site(tmp_path / "site", before)
    token = str(site.facts("client", "add", "alpha", "--token")["token"])
    site.start()
    port = site.where["https"][1]
    sender = Sender(port, token)
    sender.start()
    sender.wait_for(3)

    assert site.stop() == 0
    manager.https.bind(("127.0.0.1", port))  # as systemd does from its start on
    manager.https.listen(128)
    sender.refused.clear()
    site.program = None
    changed = site.facts("migrate")
    assert changed["after"] == SCHEMA_VERSION != changed["before"]
    site.start(
        sockets={"https": manager.https}, NOTIFY_SOCKET=manager.notify.getsockname()
    )
    assert site.where["https"][1] == port
    assert manager.hear() == "READY=1"
    sender.wait_for(len(sender.acknowledged) + 3)
    sender.enough.set()
    sender.join(_PATIENCE)
    assert sender.refused == []  # since the socket is held nobody is turned away

    assert site.stop(signal.SIGTERM) == 0
    assert manager.hear() == "STOPPING=1"
    with socket.create_connection(("127.0.0.1", port), _PATIENCE):
        pass  # it is still there for the next node
    assert site.errors() == []
    verified = site.facts("verify")
    assert verified["ok"] is True, verified
    assert set(sender.acknowledged) <= deposits(site)


def deposits(site: Site) -> set[str]:
    file = site.folder / "data" / "octway.db"
    with closing(sqlite3.connect(file)) as journal:
        return {name for (name,) in journal.execute("SELECT id FROM deposit")}

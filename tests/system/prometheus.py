"""A real Prometheus, with the shipped settings and rules."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from tests.test_deploy import DEPLOY

_OFTEN = 60  # seconds


class Prometheus:
    """A server that scrapes every second; else as it is shipped."""

    def __init__(self, folder: Path, scraped: str) -> None:
        rules = DEPLOY / "prometheus" / "octway.rules.yml"
        shutil.copy(rules, folder / rules.name)
        shipped = (DEPLOY / "prometheus" / "prometheus.yml").read_text()
        assert "gateway:9464" in shipped
        (folder / "prometheus.yml").write_text(
            shipped.replace("gateway:9464", scraped).replace(": 15s", ": 1s")
        )
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        self._log = (folder / "log").open("w")
        self._process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={folder}/prometheus.yml",
                f"--storage.tsdb.path={folder}/data",
                f"--web.listen-address={self.address}",
            ],
            stderr=self._log,
            stdout=self._log,
        )

    def ask(self, path: str, **parameters: str) -> Any:
        """Ask its API."""
        query = urllib.parse.urlencode(parameters)
        url = f"http://{self.address}/api/v1/{path}?{query}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]

    @property
    def listens(self) -> bool:
        """Whether it answers yet."""
        try:
            self.ask("rules")
        except urllib.error.URLError:
            return False
        return True

    def rules(self) -> list[Any]:
        """List the rules of the groups that have been looked at, with their health."""
        return [
            rule
            for group in self.ask("rules")["groups"]
            for rule in group["rules"]
            if group["interval"] < _OFTEN
        ]

    def query(self, expression: str) -> list[Any]:
        found: list[Any] = self.ask("query", query=expression)["result"]
        return found

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)
        self._log.close()

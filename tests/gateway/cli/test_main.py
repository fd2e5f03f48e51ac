"""The program as a whole: help, exit statuses, errors, pipes."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.cli.main import COMMANDS, main
from gateway.cli.terminal import Terminal
from tests.gateway.house import START


def terminal(out: io.TextIOBase | None = None, **environ: str) -> Terminal:
    return Terminal(
        out=out or io.StringIO(),  # type: ignore[arg-type]
        err=io.StringIO(),
        stdin=io.StringIO(),
        environ=environ,
        now=lambda: START,
        entropy=os.urandom,
        user="tester",
    )


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """`octway --help` lists all there is, and exits 0."""
    assert main(["--help"]) == 0
    listed = capsys.readouterr().out
    assert all(re.search(rf"^  {name} ", listed, re.MULTILINE) for name in COMMANDS)


def test_help_waits_for_no_heavy_library() -> None:
    """Help is shown without loading database, network or number libraries."""
    code = (
        "import sys; from gateway.cli.main import main; main(['--help']);"
        "print([m for m in ('sqlalchemy','twisted','numpy','paramiko') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_explains_itself_with_an_example(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """`octway COMMAND --help` exits 0 and shows an example that can be typed."""
    assert main([command, "--help"]) == 0
    shown = capsys.readouterr().out
    assert re.search(rf"example:\n  octway {command}\b", shown)


@pytest.mark.parametrize(
    "arguments", [["clinet"], ["client"], ["client", "add"], ["trace"], ["demo", "-x"]]
)
def test_wrong_usage_exits_2_with_one_line(arguments: list[str]) -> None:
    """A command line that cannot be understood is told in one line on stderr."""
    screen = terminal()
    assert main(arguments, screen) == 2
    (line,) = screen.err.getvalue().splitlines()  # type: ignore[attr-defined]
    assert line.startswith("octway: ")


@pytest.mark.parametrize("words", ["client add", "payer list", "trace"])
def test_an_unknown_option_leads_to_the_help_of_what_was_typed(words: str) -> None:
    """And not to that of the family it belongs to, which does not list options."""
    said = terminal()
    assert main([*words.split(), "x", "--wrong"], said) == 2
    assert isinstance(said.err, io.StringIO)
    assert f"--wrong; see: octway {words} --help" in said.err.getvalue()


def test_a_mistyped_command_is_recognised() -> None:
    """`octway clinet` says that `client` may be meant."""
    screen = terminal()
    main(["clinet"], screen)
    assert "'client'" in screen.err.getvalue()  # type: ignore[attr-defined]


def test_missing_settings_are_named(tmp_path: Path) -> None:
    """Without settings a command says which file it looked for, and how to get one."""
    screen = terminal(OCTWAY_CONFIG=str(tmp_path / "none.toml"))
    assert main(["client", "list"], screen) == 2
    said = screen.err.getvalue()  # type: ignore[attr-defined]
    assert str(tmp_path / "none.toml") in said
    assert "octway init" in said


def test_a_mistake_in_the_settings_has_its_place(tmp_path: Path) -> None:
    """Errors have the form FILE:LINE: key: words, one a line, all at once."""
    file = tmp_path / "octway.toml"
    file.write_text('[sftp]\nlisten = "nowhere"\n[https]\nlissten = "x:1"\n')
    screen = terminal()
    assert main(["migrate", "-c", str(file)], screen) == 2
    lines = screen.err.getvalue().splitlines()  # type: ignore[attr-defined]
    assert lines[0].startswith(f"octway: {file}:2: sftp.listen: ")
    assert lines[1].startswith(f"octway: {file}:4: https.lissten: ")


class Closed(io.StringIO):
    """A pipe whose reader is gone."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_a_reader_that_has_enough_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """`octway … | head` ends quietly."""
    swallowed: list[Callable[[], None] | None] = []
    monkeypatch.setattr(
        "gateway.cli.main._swallow_output", lambda: swallowed.append(None)
    )
    screen = terminal(Closed())
    assert main(["--help"], screen) == 0
    assert swallowed == [None]
    assert screen.err.getvalue() == ""  # type: ignore[attr-defined]


def test_the_package_runs_as_a_module() -> None:
    """`python -m gateway` is the same program."""
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "version", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert '"version"' in done.stdout

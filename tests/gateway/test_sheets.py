"""What came from outside is never a formula in a sheet that we write."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import pytest

from gateway.cli import enrol_files
from gateway.cli.report_files import write_csv
from gateway.sheets import harmless, meant
from tests.gateway.cli.test_terminal import printing

_RUN = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", " =1", "\t=1"]


@pytest.mark.parametrize("text", _RUN, ids=ascii)
def test_a_text_that_a_sheet_would_run_is_quoted(text: str, tmp_path: Path) -> None:
    """In every report and every export of a command; read back it is what it was."""
    report = tmp_path / "report.csv"
    write_csv(str(report), ("words", "count"), [(text, -1)], printing())
    assert f"'{text}" in report.read_text(encoding="utf-8")
    assert ",-1" in report.read_text(encoding="utf-8"), "a number stays one"

    exported = io.StringIO()
    row = SimpleNamespace(sender="1", payer_id="p", flow="b2", state="open", words=text)
    enrol_files.write([row], exported)
    assert f";'{text}" in exported.getvalue().replace('"', "")
    assert meant(str(harmless(text))) == text


@pytest.mark.parametrize("text", ["", "'quoted'", "O'Brien", "'", "a=b"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    """Nothing is added to them, and nothing taken away."""
    assert meant(str(harmless(text))) == text
    assert meant(text) == text

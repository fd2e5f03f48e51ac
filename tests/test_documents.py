"""What is written for people agrees with the code."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from gateway import reference
from gateway.journal import anomalies
from gateway.journal.schema import SCHEMA_VERSION

ROOT = Path(__file__).parent.parent
PAGES = reference.pages()


@pytest.mark.parametrize("name", PAGES)
def test_reference_pages_are_what_the_code_says(name: str) -> None:
    """Every setting, command, metric, state, error code and cause is documented as it is."""
    assert (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8") == PAGES[
        name
    ], "run `make docs`"


def test_the_changelog_names_the_schema() -> None:
    """Who upgrades reads there which revision to expect of `octway migrate`."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"schema is at `{SCHEMA_VERSION}`" in changelog


def test_error_codes_are_unique() -> None:
    """Each error of the gateway has a code of its own."""
    codes = re.findall(
        r"^\| `([a-z-]+)` \| (?:yes|no) \|", PAGES["errors.md"], re.MULTILINE
    )
    assert len(codes) > 20
    assert sorted(codes) == sorted(set(codes))


def test_support_is_told_of_every_kind_of_anomaly() -> None:
    """Each kind has a row of its own in the table, with what to do."""
    support = (ROOT / "docs" / "support.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \|", support, re.MULTILINE)
    assert set(anomalies.KINDS) - set(rows) == set()


def test_links_between_documents_lead_somewhere() -> None:
    """Every relative link in the documents names a file that is there."""
    documents = [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *ROOT.glob("bench/*.md"),
    ]
    broken = [
        f"{document.relative_to(ROOT)}: {target}"
        for document in documents
        for target in re.findall(
            r"\]\(([^)#:]+?)(?:#[^)]*)?\)", document.read_text("utf-8")
        )
        if not (document.parent / target).exists()
    ]
    assert broken == []


def test_nothing_names_a_package_registry_or_this_machine() -> None:
    """No committed file holds a download address or a path of a developer's machine."""
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    names = listed.stdout.splitlines()
    wrong = re.compile(r"/" r"work/|files\.python" r"hosted|pypi\.o" r"rg/simple")
    found = [
        name
        for name in names
        if (ROOT / name).is_file()
        and wrong.search((ROOT / name).read_text(encoding="utf-8", errors="ignore"))
    ]
    assert found == []

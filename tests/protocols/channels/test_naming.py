"""Which remote names are files that we may take."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.channels.naming import WORKING_NAMES, checked_name, is_whole
from protocols.errors import TransferError


@pytest.mark.parametrize(
    "name", ["a.tmp", "A.TMP", "a.part", "a.partial", "a.filepart", ".a", "..", "a/b"]
)
def test_work_in_progress_is_not_taken(name: str) -> None:
    """What partners and transfer programs call unfinished files is left alone."""
    assert not is_whole(name, WORKING_NAMES)


@pytest.mark.parametrize("name", ["NOEMIE.2", "tmp", "a.tmp.b2", "payé", "a b"])
def test_ordinary_names_are_taken(name: str) -> None:
    """A name that only resembles a working name is a file like any other."""
    assert is_whole(name, WORKING_NAMES)


@pytest.mark.parametrize(
    "name", ["a\x9b2J", "a\x1b[2J", "a\u202eb2", "a\u2028b"], ids=ascii
)
def test_a_name_that_steers_a_terminal_is_none(name: str) -> None:
    """Controls of every kind, and marks that turn words around."""
    assert not is_whole(name, WORKING_NAMES)
    with pytest.raises(TransferError, match="control"):
        checked_name(name)


@given(st.text(max_size=30))
def test_no_name_that_passes_leaves_its_folder(name: str) -> None:
    """Whatever is let through is one name in one folder."""
    try:
        passed = checked_name(name)
    except TransferError:
        return
    assert passed == name
    assert "/" not in passed
    assert "\x00" not in passed
    assert passed.strip(".")

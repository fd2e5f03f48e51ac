"""Which names a channel may use at a payer, and which files there are whole.

Every partner and most transfer programs write under a working name first; such
files are not ours to take.  A name that could lead out of its folder is never
followed, whoever gave it.
"""

from __future__ import annotations

import fnmatch
import unicodedata
from collections.abc import Iterable

from protocols.errors import TransferError

_UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp"})  # control a terminal, or turn its words
WORKING_NAMES = ("*.tmp", "*.part", "*.partial", "*.filepart", ".*")


def checked_name(name: str) -> str:
    """Return a name that stays in its folder; raises `TransferError` else."""
    if not _is_plain(name):
        raise TransferError(
            f"file name {name!r} is no plain name; wanted one without slashes,"
            " characters that control or hide, or only dots: mend the network's naming rule"
        )
    return name


def is_whole(name: str, skip: Iterable[str]) -> bool:
    """Say whether a listed name is a finished file: plain, and in no skip pattern.

    Patterns are those of a shell and do not look at upper or lower case.
    """
    folded = name.casefold()
    return _is_plain(name) and not any(
        fnmatch.fnmatchcase(folded, pattern.casefold()) for pattern in skip
    )


def _is_plain(name: str) -> bool:
    return (
        bool(name.strip("."))
        and "/" not in name
        and "\\" not in name
        and not any(unicodedata.category(each) in _UNSEEN for each in name)
    )

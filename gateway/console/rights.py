"""What each role may do in the console."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Right(StrEnum):
    """One thing that a page may ask for."""

    SEE = "see"  # files, states, amounts; no patient
    WORK = "work"  # resolve, replay, withdraw, approve
    PATIENTS = "patients"  # see patients and bytes, for a purpose that is journaled
    MANAGE = "manage"  # accounts, clients, the directory
    AUDIT = "audit"  # read who did and saw what


_SEE: Final = frozenset({Right.SEE})
_WORK: Final = _SEE | {Right.WORK}
_SUPERVISE: Final = _WORK | {Right.PATIENTS}

RIGHTS: Final[Mapping[str, frozenset[Right]]] = MappingProxyType(
    {
        "viewer": _SEE,
        "operator": _WORK,
        "supervisor": _SUPERVISE,
        "admin": _SUPERVISE | {Right.MANAGE, Right.AUDIT},
        "auditor": _SEE | {Right.PATIENTS, Right.AUDIT},
    }
)
"""The rights of every role of `gateway.journal.staff.ROLES`."""

"""The life of a message to staff or a vendor, and how often it is tried."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from config.directory_records import Retry
from routing.transitions import Lifecycle


class NoticeState(StrEnum):
    """Where a message stands."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


class NoticeEvent(StrEnum):
    """What happens to a message."""

    SEND = "send"
    RETRY = "retry"  # not taken now; again later
    GIVE_UP = "give-up"
    REVIVE = "revive"  # a person has it tried again


NOTICE: Final = Lifecycle(
    name="notice",
    initial=NoticeState.WAITING,
    final=frozenset({NoticeState.SENT, NoticeState.FAILED}),
    revive=frozenset({NoticeEvent.REVIVE}),
    table={
        (NoticeState.WAITING, NoticeEvent.SEND): NoticeState.SENT,
        (NoticeState.WAITING, NoticeEvent.RETRY): NoticeState.WAITING,
        (NoticeState.WAITING, NoticeEvent.GIVE_UP): NoticeState.FAILED,
        (NoticeState.FAILED, NoticeEvent.REVIVE): NoticeState.WAITING,
    },
)

POLICY: Final = Retry(first=60.0, factor=2.0, max=3600.0, give_up_after=86_400.0)
"""A message that nobody takes is tried for a day; older news is no news."""

"""The rules in force: read at the start and at a reload, replaced as a whole."""

from __future__ import annotations

from collections.abc import Collection

from config.notification_files import Known, load_notifications
from config.notification_records import Notifications
from config.settings import Settings
from gateway.journal.anomalies import KINDS


class CurrentNotifications:
    """The rules in force; called for them, replaced as a whole."""

    def __init__(self, rules: Notifications | None = None) -> None:
        self._rules = rules or Notifications()

    def __call__(self) -> Notifications:
        """Return the rules in force."""
        return self._rules

    def replace(self, rules: Notifications) -> None:
        """Put other rules in force."""
        self._rules = rules


def read_notifications(
    settings: Settings, payers: Collection[str] | None = None
) -> Notifications:
    """Read the file that the settings name, or raise `ConfigErrors` with all mistakes.

    Without a file there are no rules.  `payers` are those that rules may name.
    """
    file = settings.notifications.path
    if file is None:
        return Notifications()
    return load_notifications(file, Known(kinds=KINDS, payers=payers))

"""The directory's tables of this network, as the checks need them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from attrs import frozen

from protocols.mycarenet import contacts, mutualities
from protocols.mycarenet.contacts import Contacts
from protocols.mycarenet.mutualities import Mutualities


@frozen(kw_only=True)
class Tables:
    """What is known of mutualities, and of each third-party payer's point of contact.

    Where a wrong contact is put right before it is sent, none is known here: there is
    nothing to refuse.
    """

    mutualities: Mutualities
    contacts: Contacts

    @classmethod
    def of(cls, rows: Mapping[str, Sequence[Mapping[str, str]]]) -> Tables:
        """Take the directory's tables; what is missing there comes with the program."""
        return cls(
            mutualities=mutualities.of_directory(rows),
            contacts=Contacts(rows.get(contacts.TABLE, ()), keep=contacts.is_refused),
        )


SHIPPED: Final = Tables.of({})
"""What comes with the program: mutualities to begin with, and no points of contact."""

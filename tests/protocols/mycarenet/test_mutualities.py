"""Which mutuality may be billed when, and who is whose point of contact."""

from __future__ import annotations

import pytest

from protocols.mycarenet.contacts import Contacts
from protocols.mycarenet.mutualities import COLUMNS, Mutualities, of_directory, shipped


@pytest.mark.parametrize(
    ("number", "destination", "day", "refused"),
    [
        ("134", "134", "20261103", False),
        ("131", "134", "20220331", False),  # merged, and tolerated for older care
        ("131", "134", "20220401", True),
        ("300", "300", "20261103", True),  # a union is no mutuality
        ("319", "300", "20261103", False),
        ("000", "500", "20261103", False),  # this union wants none
        ("000", "134", "20261103", True),
        ("734", "134", "20261103", True),
        ("x34", "134", "20261103", True),
    ],
)
def test_which_mutualities_are_refused(
    number: str, destination: str, day: str, refused: bool
) -> None:
    """By the day of care: a merger ends the numbers of those that merged."""
    assert shipped().refuses_affiliation(number, destination, day) is refused


def test_a_mutuality_and_a_destination_of_two_unions_contradict() -> None:
    """But for the unions to which that does not apply."""
    assert shipped().contradict("319", "134")
    assert not shipped().contradict("120", "134")
    assert not shipped().contradict("319", "500")
    assert not shipped().contradict("734", "134"), "told as unknown instead"


def test_the_directory_has_the_last_word() -> None:
    """Its table stands in the place of the one that comes with the program."""
    row = dict.fromkeys(COLUMNS, "")
    row |= {"first": "501", "last": "509", "union": "500", "role": "mutuality"}
    gone = row | {"valid_until": "2025-12-31", "successor": "517"}
    new = row | {"first": "517", "last": "517", "valid_from": "2026-01-01"}
    known = of_directory({"mutualities": [gone, new]})
    assert known.union_of("134") == ""
    assert known.successor_of("505", "2025-06-30") == "505"
    assert known.successor_of("505", "2026-06-30") == "517"
    assert of_directory({}) is shipped()


def test_successors_that_lead_in_a_circle_end() -> None:
    """A mistake in a table never keeps a file from being read."""
    row = dict.fromkeys(COLUMNS, "") | {"union": "500", "valid_until": "2025-12-31"}
    known = Mutualities(
        [
            row | {"first": "501", "last": "501", "successor": "502"},
            row | {"first": "502", "last": "502", "successor": "501"},
        ]
    )
    assert known.successor_of("501", "2026-06-30") in {"501", "502"}


def test_of_two_contacts_the_one_that_began_last_holds() -> None:
    """Numbers are compared without the zeros before them."""
    row = {"third_party": "41000184401", "valid_from": "", "valid_until": ""}
    contacts = Contacts(
        [row | {"contact": "120"}, row | {"contact": "134", "valid_from": "2026-10-01"}]
    )
    assert contacts.contact_of("041000184401", "2026-09-30") == "120"
    assert contacts.contact_of("041000184401", "2026-10-01") == "134"
    assert contacts.contact_of("042000184401", "2026-10-01") == ""

"""What a simulated payer's line can be told to do wrong."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, fields, frozen
from attrs.validators import ge, instance_of, optional


@frozen(kw_only=True)
class Faults:
    """Faults of one account, until others are dialled; none by default.

    `drop_after_bytes` counts the bytes of each file, written or read; the line
    is cut when a file would pass it.  `drop_before_rename` cuts once a file is
    wholly there under its temporary name, `drop_after_rename` once it has its
    final name: both before any answer.  `delay` is seconds before each answer.
    """

    refuse_login: bool = field(default=False, validator=instance_of(bool))
    drop_after_bytes: int | None = field(
        default=None, validator=optional((instance_of(int), ge(0)))
    )
    drop_before_rename: bool = field(default=False, validator=instance_of(bool))
    drop_after_rename: bool = field(default=False, validator=instance_of(bool))
    delay: float = field(default=0.0, validator=(instance_of((int, float)), ge(0)))
    disk_full: bool = field(default=False, validator=instance_of(bool))
    read_only: bool = field(default=False, validator=instance_of(bool))
    hide_outbox: bool = field(default=False, validator=instance_of(bool))


class BadFaults(ValueError):
    """Faults that no payer host knows, or a value that means nothing."""


def read_faults(given: object) -> Faults:
    """Read a mapping of faults by name; raises `BadFaults` with what is wrong."""
    if not isinstance(given, Mapping):
        raise BadFaults(f"faults are {given!r}; wanted an object")
    known = [each.name for each in fields(Faults)]
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise BadFaults(f"unknown faults {unknown}; wanted some of {known}")
    try:
        return Faults(**given)
    except TypeError as error:
        raise BadFaults(
            f"a fault has a value of the wrong kind: {error.args[0]}"
        ) from error

"""What the tables of the journal are made of: columns of a kind, named alike."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    Integer,
    MetaData,
    Sequence,
    Text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

ARRIVAL: Final = Sequence("arrival", metadata=metadata)
"""Numbers in the order of arrival, on PostgreSQL: see `gateway.journal.arrivals`."""

# SQLite counts up by itself only in a column of exactly this type.
SERIAL: Final = BigInteger().with_variant(Integer, "sqlite")


def states(column: str, values: type) -> CheckConstraint:
    """Allow the values of a StrEnum only."""
    listed = ", ".join(f"'{state.value}'" for state in values)  # type: ignore[attr-defined]
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def words(name: str, **options: object) -> Column[str]:
    """Make a text that is empty unless said."""
    return Column(name, Text, nullable=False, server_default="", **options)  # type: ignore[arg-type]


def count(name: str) -> Column[int]:
    """Make a number that is 0 unless said."""
    return Column(name, Integer, nullable=False, server_default="0")


def cents(name: str) -> Column[int]:
    """Make an amount in cents that is 0 unless said."""
    return Column(name, BigInteger, nullable=False, server_default="0")


def moment(name: str, *, nullable: bool = False) -> Column[float]:
    """Make a time in epoch seconds."""
    return Column(name, Double, nullable=nullable)

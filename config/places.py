"""URLs that name a place on disk, taken from the folder of the file they stand in."""

from __future__ import annotations

from pathlib import Path


def database_url(url: str, folder: Path) -> str:
    """Return the url with an absolute path; raise `ValueError` with what is wrong.

    The error never holds the url, which may hold a password.
    """
    if url.startswith("sqlite:///") and url != "sqlite:///":
        return f"sqlite:///{folder.absolute() / url.removeprefix('sqlite:///')}"
    if url.startswith("postgresql+psycopg://"):
        return url
    raise ValueError(
        "is of an unknown kind; wanted sqlite:///FILE or postgresql+psycopg://…"
    )


def storage_url(url: str, folder: Path) -> str:
    """Return the url with an absolute path; raise `ValueError` with what is wrong."""
    if url.startswith("s3://"):
        raise ValueError(
            "is an S3 bucket, which this version cannot use yet; wanted file:FOLDER"
        )
    place = url.removeprefix("file:").removeprefix("//")
    if not url.startswith("file:") or not place:
        raise ValueError(f"is {url!r}; wanted file:FOLDER")
    return f"file:{folder.absolute() / place}"

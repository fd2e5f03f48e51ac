"""File names that clients send, in all the ways that they write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.api.problems import Refusal
from gateway.intake.https_names import file_name, label_name, name_in_disposition


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("attachment; filename=a.b2", "a.b2"),
        ('attachment; filename="two words.b2"', "two words.b2"),
        (r'attachment; filename="a\"b.b2"', 'a"b.b2'),
        ('attachment; FILENAME="a;b.b2"; size=3', "a;b.b2"),
        ("attachment; filename*=UTF-8''d%C3%A9p%C3%B4t.b2", "dépôt.b2"),
        ("attachment; filename=x.b2; filename*=utf-8'fr'%C3%A9.b2", "é.b2"),
        ("attachment; filename*=iso-8859-1''%E9.b2", "é.b2"),
        ("attachment; filename=x.b2; filename*=UTF-16''nonsense", "x.b2"),
        ("filename=bare.b2", "bare.b2"),
        ("inline", None),
        ("", None),
    ],
)
def test_names_of_every_spelling_are_found(header: str, name: str | None) -> None:
    """Quoted, escaped and extended names (RFC 6266) give the same name."""
    assert name_in_disposition(header) == name


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("a.b2", "a.b2"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\a.b2", "a.b2"),
        ("C:\\export\\LOT.B2", "LOT.B2"),
        ("a\r\nb\x00.b2", "ab.b2"),
        ("e\u0301.b2", "\u00e9.b2"),
    ],
)
def test_only_the_last_part_of_a_path_counts(given_name: str, name: str) -> None:
    """No name leads out of the client's own folder."""
    assert file_name(given_name) == name


@pytest.mark.parametrize(
    "bad", [None, "", "..", "a/", ".hidden", "a.part", "a.TMP", "x" * 256, "\x07"]
)
def test_names_that_cannot_be_used_are_refused(bad: str | None) -> None:
    """A deposit never gets a name that the tree would not show."""
    with pytest.raises(Refusal) as caught:
        file_name(bad)
    assert caught.value.code == "bad-filename"


@pytest.mark.parametrize("bad", ["a/b", "..", "\\", "\x00"])
def test_labels_are_one_word(bad: str) -> None:
    """A label is one folder, never a path."""
    with pytest.raises(Refusal):
        label_name(bad)


@given(st.text(max_size=40))
def test_no_text_makes_a_path(text: str) -> None:
    """Whatever is sent, the name has no slash, no control and is not hidden."""
    try:
        name = file_name(text)
    except Refusal:
        return
    assert name == name.strip()
    assert not set(name) & set("/\\\x00\r\n")
    assert not name.startswith(".")
    assert file_name(name) == name


@given(st.text(max_size=40))
def test_no_header_breaks_the_reading(text: str) -> None:
    """Any header is read, or holds no name; none raises."""
    name = name_in_disposition(text)
    assert name is None or isinstance(name, str)

"""Heads of requests: the short way of reading them and twisted.web's are one."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.intake.https_head import Heading, read_head
from tests.gateway.api.door import Door
from tests.gateway.house import House


def head(*lines: bytes, first: bytes = b"GET /docs HTTP/1.1") -> bytes:
    return b"\r\n".join([first, *lines, b"", b""])


def test_a_plain_head_is_read_in_one_go() -> None:
    """Names in any case, blanks around values, and a body of a known length."""
    data = head(b"HOST:door", b"X-Empty:", b"content-LENGTH: \t12 ", b"accept: a:b")
    found = read_head(data + b"what follows")

    assert found is not None
    assert (found.method, found.uri) == (b"GET", b"/docs")
    assert (found.size, found.length) == (len(data), 12)
    assert found.heading.get("Accept") == "a:b"
    assert found.heading.get("x-empty", "none") == ""
    assert found.heading.get("Missing", "none") == "none"


@pytest.mark.parametrize(
    "data",
    [
        head(b"Host: door")[:-1],
        head(first=b"GET /docs HTTP/1.0"),
        head(first=b"GET  /docs HTTP/1.1"),
        head(first=b"GET /do cs HTTP/1.1"),
        head(first=b"get /docs HTTP/1.1"),
        b"\r\n" + head(b"Host: door"),
        head(b"Host: door", b" folded"),
        head(b"Host : door"),
        head(b": nobody"),
        head(b"no colon"),
        head(b"X: a\nY: b"),
        head(b"X: a\rY: b"),
        head(b"X: a\0b"),
        head(b"Content-Length: 3", b"Content-Length: 3"),
        head(b"Content-Length: 3, 3"),
        head(b"Content-Length: +3"),
        head(b"Content-Length:"),
        head(b"Content-Length: 3_0"),
        head(b"Content-Length: " + b"9" * 30),
        head(b"Transfer-Encoding: chunked"),
        head(b"Transfer-Encoding: chunked", b"Content-Length: 3"),
        head(*(b"X-%d: y" % number for number in range(65))),
        head(b"X: " + b"y" * 9000),
    ],
)
def test_any_other_head_is_left_to_twisted(data: bytes) -> None:
    """What could be read in two ways is read by one reader only."""
    assert read_head(data) is None


def test_a_connection_is_closed_when_any_line_says_so() -> None:
    """`close` counts in any case, among other options, and on any of its lines."""

    def closes(*values: bytes) -> bool:
        return Heading([(b"connection", value) for value in values]).closes

    assert closes(b"close")
    assert closes(b"Keep-Alive, Close")
    assert closes(b"close", b"keep-alive")
    assert not closes(b"keep-alive")
    assert not closes(b"disclose")
    assert not closes()


def test_bytes_that_are_no_utf_8_are_latin_1() -> None:
    """A header is a text whatever bytes it came in."""
    heading = Heading([(b"x", "é".encode()), (b"y", "é".encode("latin-1"))])

    assert (heading.get("x"), heading.get("y")) == ("é", "é")


LINES = [
    b"Host: door",
    b"Accept: */*",
    b"Authorization: Bearer x",
    b"Connection: close",
    b"Connection: keep-alive",
    b"Content-Length: 0",
    b"Content-Length: 3",
    b"Content-Length: -3",
    b"Content-Length: 3 3",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: identity",
    b"Expect: 100-continue",
    b"Cookie: a=b; c",
    b"Empty:",
    b"Sp ace: x",
    b" folded",
    b"Nul: \0",
    b"no colon",
    b"bare: \n x",
]
FIRSTS = [
    b"GET /docs HTTP/1.1",
    b"GET /nothing HTTP/1.1",
    b"GET /v1/deposits?limit=1 HTTP/1.1",
    b"POST /v1/deposits?filename=a HTTP/1.1",
    b"OPTIONS /v1/deposits HTTP/1.1",
    b"BREW /docs HTTP/1.1",
    b"GET /docs HTTP/1.0",
    b"GET /docs HTTP/2.0",
    b"GET /docs",
]


@given(
    heads=st.lists(
        st.tuples(st.sampled_from(FIRSTS), st.lists(st.sampled_from(LINES))),
        min_size=1,
        max_size=3,
    )
)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_both_ways_of_reading_give_the_same_answers(
    heads: list[tuple[bytes, list[bytes]]],
) -> None:
    """Requests sent at once are answered as when they trickle in byte by byte."""
    data = b"".join(head(*lines, first=first) + b"abc" for first, lines in heads)
    house = House()
    try:
        door = Door(house)
        at_once, trickling = door.line(), door.line()
        at_once.send(data)
        for place in range(len(data)):
            trickling.send(data[place : place + 1])
            if trickling.transport.disconnecting:
                break

        found = [line.transport.value() for line in (at_once, trickling)]
        went_on = b"HTTP/1.1 100 Continue\r\n\r\n"
        whole = [each.replace(went_on, b"") for each in found]
        assert whole[0] == whole[1]
        ends = [line.transport.disconnecting for line in (at_once, trickling)]
        assert ends[0] == ends[1]
    finally:
        house.close()

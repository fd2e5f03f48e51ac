"""A plot is a picture that also says in words what it shows."""

from __future__ import annotations

from datetime import date
from xml.etree.ElementTree import Element, fromstring

from hypothesis import example, given
from hypothesis import strategies as st

from gateway.plots import Point, line_plot

SVG = "{http://www.w3.org/2000/svg}"
NOTHING: list[dict[str, list[Point]]] = [{}, {"rate": []}]
VALUES = st.floats(min_value=-1e9, max_value=1e9)


def drawn(series: dict[str, list[Point]], *, percent: bool = False) -> Element:
    made = line_plot(
        series, title="Sans réponse", x_label="day", y_label="share", percent=percent
    )
    return fromstring(made)


def words(root: Element) -> list[str]:
    return [text.text or "" for text in root.iter(f"{SVG}text")]


def test_every_line_is_drawn_named_and_said_in_words() -> None:
    """A reader who sees no picture learns where each line begins and ends."""
    root = drawn(
        {"off": [(0, 0.3), (120, 0.3)], "on": [(0, 0.3), (120, 0.04)]}, percent=True
    )
    assert len(list(root.iter(f"{SVG}polyline"))) == 2
    assert {"Sans réponse", "day", "share", "off", "on", "20 %"} <= set(words(root))
    assert root.findtext(f"{SVG}title") == "Sans réponse"
    assert "on: from 30 % at 0 to 4 % at 120." in (root.findtext(f"{SVG}desc") or "")


def test_days_are_written_as_days() -> None:
    """An axis of days has whole days for ticks."""
    root = drawn({"rate": [(date(2026, 11, 2), 1.0), (date(2026, 11, 4), 2.0)]})
    ticks = [text for text in words(root) if text.startswith("2026-")]
    assert ticks == ["2026-11-02", "2026-11-03", "2026-11-04"]


def test_nothing_to_show_says_so() -> None:
    """No line, and a line without points, make a picture all the same."""
    for series in NOTHING:
        assert "nothing to show yet" in words(drawn(series))


@example([(0.0, 5e-324)])  # too near to zero to be told from it
@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=20))
def test_every_point_lies_in_the_picture(points: list[Point]) -> None:
    """Whatever the values, nothing is drawn outside of the axes."""
    root = drawn({"any": points})
    places = [
        tuple(map(float, pair.split(",")))
        for line in root.iter(f"{SVG}polyline")
        for pair in line.get("points", "").split()
    ] + [
        (float(dot.get("cx", "")), float(dot.get("cy", "")))
        for dot in root.iter(f"{SVG}circle")
    ]
    assert len(places) == len(points)
    assert all(72 <= x <= 836 and 52 <= y <= 416 for x, y in places)

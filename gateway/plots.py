"""Curves as SVG: for a report, a page or a terminal's `--plot`, and without a library.

The picture says in words what it shows (`title`, `desc`), and its lines differ by
dash as well as by colour, so that neither eyes nor a printer need colours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from math import ceil, floor, log10
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from attrs import frozen

Point = tuple[float | date, float]

_WIDTH: Final = 860.0
_HEIGHT: Final = 480.0
_LEFT: Final = 72.0
_RIGHT: Final = 24.0
_TOP: Final = 52.0
_BOTTOM: Final = 64.0
_LEGEND_LINE: Final = 20.0
_TICKS: Final = 6  # about as many on an axis
_SAME: Final = 1e-9  # of its size: nearer values are one value to a reader
_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
_STYLES: Final = (  # told apart by colour-blind eyes, and in black and white
    ("#0072b2", ""),
    ("#d55e00", "8 4"),
    ("#009e73", "2 3"),
    ("#cc79a7", "10 3 2 3"),
    ("#5b5b5b", "5 2"),
    ("#b58900", "1 2 6 2"),
)


def line_plot(
    series: Mapping[str, Sequence[Point]],
    *,
    title: str,
    x_label: str,
    y_label: str,
    percent: bool = False,
    described: str = "",
    prefix: str = "",
) -> bytes:
    """Draw named lines of (x, y) points, each in the order of its points.

    An x may be a day instead of a number, but then in every line.  With `percent`
    a y is a share, and 0.25 reads as 25 %.  Without a single point the picture says
    that there is nothing to show.  `described` says what is seen in another language
    than English; `prefix` tells its ids from those of other pictures on a page.
    """
    lines = {
        name: [(_number(x), float(y)) for x, y in points]
        for name, points in series.items()
    }
    every = [point for points in lines.values() for point in points]
    days = any(isinstance(x, date) for points in series.values() for x, _ in points)
    tell_x = _day_text if days else _plain
    tell_y = _percent if percent else _plain
    words = described or _described(lines, tell_x, tell_y)
    root = _root(title, words, len(lines), prefix)
    _text(root, title, _WIDTH / 2, 28, size=17, anchor="middle")
    if not every:
        _text(root, "nothing to show yet", _WIDTH / 2, _HEIGHT / 2, anchor="middle")
        return _written(root)
    x_axis = _axis((x for x, _ in every), _LEFT, _WIDTH - _RIGHT, whole=days)
    y_axis = _axis([0.0, *(y for _, y in every)], _HEIGHT - _BOTTOM, _TOP, whole=False)
    _draw_grid(root, x_axis, y_axis, tell_x, tell_y)
    _text(root, x_label, _WIDTH / 2, _HEIGHT - 20, anchor="middle")
    turned = f"rotate(-90 18 {_HEIGHT / 2:g})"
    _text(root, y_label, 18, _HEIGHT / 2, anchor="middle").set("transform", turned)
    for at, (name, points) in enumerate(lines.items()):
        _draw_line(root, at, name, points, x_axis, y_axis)
    return _written(root)


@frozen
class _Axis:
    """Where values lie in the picture, and which of them are written."""

    ticks: Sequence[float]
    begin: float  # of the picture
    end: float

    def place(self, value: float) -> float:
        low, high = self.ticks[0], self.ticks[-1]
        return self.begin + (value - low) / (high - low) * (self.end - self.begin)


def _axis(values: Iterable[float], begin: float, end: float, *, whole: bool) -> _Axis:
    """Choose round ticks that take in all values."""
    found = list(values)
    low, high = min(found), max(found)
    if high - low < max(abs(low), abs(high), 1.0) * _SAME:
        high = low + 1.0
    rough = (high - low) / _TICKS
    scale = 10.0 ** floor(log10(rough))
    step = next(each * scale for each in _STEPS if each * scale >= rough * 0.999)
    if whole:
        step = max(1.0, float(ceil(step)))
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return _Axis([at * step for at in range(first, last + 1)], begin, end)


def _draw_grid(
    root: Element,
    x_axis: _Axis,
    y_axis: _Axis,
    tell_x: Callable[[float], str],
    tell_y: Callable[[float], str],
) -> None:
    grid = SubElement(root, "g", {"stroke": "#d8d8d8", "stroke-width": "1"})
    words = SubElement(root, "g", {"fill": "#333333"})
    for tick in y_axis.ticks:
        y = y_axis.place(tick)
        _stroke(grid, x_axis.begin, y, x_axis.end, y)
        _text(words, tell_y(tick), x_axis.begin - 8, y + 4, size=12, anchor="end")
    for tick in x_axis.ticks:
        x = x_axis.place(tick)
        _stroke(grid, x, y_axis.begin, x, y_axis.begin + 5)
        _text(words, tell_x(tick), x, y_axis.begin + 20, size=12, anchor="middle")
    axes = SubElement(root, "g", {"stroke": "#333333", "stroke-width": "1.2"})
    _stroke(axes, x_axis.begin, y_axis.begin, x_axis.end, y_axis.begin)
    _stroke(axes, x_axis.begin, y_axis.begin, x_axis.begin, y_axis.end)


def _draw_line(
    root: Element,
    at: int,
    name: str,
    points: Sequence[tuple[float, float]],
    x_axis: _Axis,
    y_axis: _Axis,
) -> None:
    """Draw a line, or a dot for a single point, and its place in the legend."""
    colour, dash = _STYLES[at % len(_STYLES)]
    look = {"stroke": colour, "stroke-width": "2.2", "fill": "none"}
    if dash:
        look["stroke-dasharray"] = dash
    group = SubElement(root, "g")
    SubElement(group, "title").text = name
    placed = [(x_axis.place(x), y_axis.place(y)) for x, y in points]
    if len(placed) == 1:
        ((x, y),) = placed
        SubElement(
            group, "circle", {"cx": _at(x), "cy": _at(y), "r": "4", "fill": colour}
        )
    elif placed:
        drawn = " ".join(f"{_at(x)},{_at(y)}" for x, y in placed)
        SubElement(group, "polyline", {"points": drawn, **look})
    y = _HEIGHT + at * _LEGEND_LINE
    _stroke(group, _LEFT, y - 4, _LEFT + 36, y - 4, **look)
    _text(group, name, _LEFT + 46, y, size=13)


def _root(title: str, described: str, lines: int, prefix: str) -> Element:
    height = _HEIGHT + lines * _LEGEND_LINE
    root = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {_WIDTH:g} {height:g}",
            "width": f"{_WIDTH:g}",
            "height": f"{height:g}",
            "role": "img",
            "aria-labelledby": f"{prefix}title {prefix}desc",
            "font-family": "system-ui, sans-serif",
        },
    )
    SubElement(root, "title", {"id": f"{prefix}title"}).text = title
    SubElement(root, "desc", {"id": f"{prefix}desc"}).text = described
    SubElement(root, "rect", {"width": "100%", "height": "100%", "fill": "#ffffff"})
    return root


def _described(
    lines: Mapping[str, Sequence[tuple[float, float]]],
    tell_x: Callable[[float], str],
    tell_y: Callable[[float], str],
) -> str:
    """Say in words how each line goes."""
    found = []
    for name, points in lines.items():
        if not points:
            found.append(f"{name}: no points.")
            continue
        (x, y), (last_x, last_y) = points[0], points[-1]
        found.append(
            f"{name}: from {tell_y(y)} at {tell_x(x)} "
            f"to {tell_y(last_y)} at {tell_x(last_x)}."
        )
    return " ".join(found) or "There is nothing to show yet."


def _text(
    parent: Element, words: str, x: float, y: float, *, size: int = 14, anchor: str = ""
) -> Element:
    look = {"x": _at(x), "y": _at(y), "font-size": str(size)}
    if anchor:
        look["text-anchor"] = anchor
    made = SubElement(parent, "text", look)
    made.text = words
    return made


def _stroke(
    parent: Element, x1: float, y1: float, x2: float, y2: float, **look: str
) -> None:
    ends = {"x1": _at(x1), "y1": _at(y1), "x2": _at(x2), "y2": _at(y2)}
    SubElement(parent, "line", {**ends, **look})


def _written(root: Element) -> bytes:
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _number(x: float | date) -> float:
    return float(x.toordinal() if isinstance(x, date) else x)


def _day_text(x: float) -> str:
    return date.fromordinal(int(x)).isoformat()


def _plain(value: float) -> str:
    return f"{value:.6g}"


def _percent(value: float) -> str:
    return f"{value * 100:.4g} %"


def _at(value: float) -> str:
    return f"{value:.1f}"

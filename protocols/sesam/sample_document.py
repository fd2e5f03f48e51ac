"""SIMULATED supporting documents: an invented prescription as a scanner would save it."""

from __future__ import annotations

import io
from random import Random
from typing import Final

A5: Final = (420, 595)  # points
_DPI: Final = 200
_POINTS: Final = 72
_PAPER, _INK = 236, 24  # grey, as of a scan
_LINES: Final = 14
_WORDS: Final = ("SIMULATED PRESCRIPTION", "Everything in it is invented.")


def make_document(rng: Random, *, about: str) -> bytes:
    """Make a page of PDF/A-1 level B that says that it is simulated, and what it is about.

    The same arguments give the same bytes.  The libraries are loaded when the first
    one is made, since whoever makes none should not wait for them.
    """
    from pikepdf import Array, Dictionary, Name, ObjectStreamMode, Pdf, Stream  # noqa: PLC0415

    width, height, packed = _scanned(rng, about)
    with Pdf.new() as pdf:
        page = pdf.add_blank_page(page_size=A5)
        page.Contents = pdf.make_stream(b"q %d 0 0 %d 0 0 cm /Im0 Do Q" % A5)
        image = Stream(
            pdf,
            packed,
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=width,
            Height=height,
            ColorSpace=Name.DeviceGray,
            BitsPerComponent=8,
            Filter=Name.DCTDecode,
        )
        page.Resources = Dictionary(XObject=Dictionary(Im0=image))
        pdf.Root.OutputIntents = Array([])
        with pdf.open_metadata(set_pikepdf_as_editor=False) as metadata:
            metadata["pdfaid:part"] = "1"
            metadata["pdfaid:conformance"] = "B"
        made = io.BytesIO()
        pdf.save(
            made,
            force_version="1.4",
            object_stream_mode=ObjectStreamMode.disable,
            deterministic_id=True,
        )
        return made.getvalue()


def _scanned(rng: Random, about: str) -> tuple[int, int, bytes]:
    """Draw what the scanner saw: the words, and lines of a hand that nobody can read."""
    from PIL import Image, ImageDraw  # noqa: PLC0415

    width, height = (side * _DPI // _POINTS + 1 for side in A5)
    shown = Image.new("L", (width, height), _PAPER)
    pen = ImageDraw.Draw(shown)
    for line, words in enumerate((*_WORDS, about)):
        pen.text((90, 90 + 60 * line), words, fill=_INK, font_size=36)
    for line in range(_LINES):
        low = 340 + 80 * line
        points = [
            (x, low + rng.randint(-18, 18))
            for x in range(90, rng.randint(600, 1050), 9)
        ]
        pen.line(points, fill=_INK, width=4)
    packed = io.BytesIO()
    shown.save(packed, "JPEG", quality=60)
    return width, height, packed.getvalue()

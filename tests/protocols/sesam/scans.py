"""Invented scans as PDF: one page with one image, and what spoils it."""

from __future__ import annotations

import io
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, ObjectStreamMode, Pdf, Stream
from PIL import Image

A4 = (595, 842)


def scan(
    *,
    dpi: int = 200,
    size: tuple[int, int] = A4,
    level: str = "B",
    grey: int | None = None,
    **spoilt: Any,
) -> bytes:
    """Make a scan of black and white stripes, or of one grey.

    `spoilt` are entries of the document's root, or `font`, `password`, `version`.
    """
    password, version = spoilt.pop("password", None), spoilt.pop("version", "1.4")
    with Pdf.new() as pdf:
        page = pdf.add_blank_page(page_size=size)
        page.Contents = pdf.make_stream(b"q %d 0 0 %d 0 0 cm /Im0 Do Q" % size)
        resources = Dictionary(XObject=Dictionary(Im0=_image(pdf, dpi, size, grey)))
        if spoilt.pop("font", False):
            font = Dictionary(
                Type=Name.Font, Subtype=Name.TrueType, BaseFont=Name.Arial
            )
            resources.Font = Dictionary(F0=pdf.make_indirect(font))
        page.Resources = resources
        pdf.Root.OutputIntents = Array([])
        for name, value in spoilt.items():
            pdf.Root[f"/{name}"] = value
        if level:
            with pdf.open_metadata() as metadata:
                metadata["pdfaid:part"] = "1"
                metadata["pdfaid:conformance"] = level
        made = io.BytesIO()
        pdf.save(
            made,
            force_version="" if password else version,
            object_stream_mode=ObjectStreamMode.disable,
            encryption=pikepdf.Encryption(owner="", user=password)
            if password
            else False,
        )
        return made.getvalue()


def _image(pdf: Pdf, dpi: int, size: tuple[int, int], grey: int | None) -> Stream:
    width, height = (side * dpi // 72 + 1 for side in size)
    shown = Image.linear_gradient("L") if grey is None else Image.new("L", (8, 8), grey)
    packed = io.BytesIO()
    shown.resize((width, height)).save(packed, "JPEG")
    return Stream(
        pdf,
        packed.getvalue(),
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=width,
        Height=height,
        ColorSpace=Name.DeviceGray,
        BitsPerComponent=8,
        Filter=Name.DCTDecode,
    )

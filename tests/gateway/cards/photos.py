"""Photos of cards that nobody holds, made when a test asks for one."""

from __future__ import annotations

from io import BytesIO
from typing import Final

import zxingcpp
from PIL import Image

TEXT: Final = (
    "OCTWAY-EXAMPLE|AMC=0990000017|MEM=SPECIMEN|FROM=20260101|TO=20261231"
    "|PAY=OPT,SP,|PAY=PHA,OC,019900000"
)


def matrix(text: str = TEXT) -> Image.Image:
    """Draw a Data Matrix."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.DataMatrix)
    return Image.fromarray(zxingcpp.write_barcode_to_image(code, scale=4))


def photo(*codes: Image.Image, format: str = "PNG", turned: float = 0.0) -> bytes:
    """Lay codes side by side on a grey table, and take a photo of them."""
    table = Image.new("L", (400 * max(1, len(codes)), 400), 200)
    for place, code in enumerate(codes):
        table.paste(code, (400 * place + 60, 60))
    into = BytesIO()
    table.rotate(turned, fillcolor=200).save(into, format)
    return into.getvalue()

"""Looks into one PDF, in a process of its own: facts as JSON, no judgement.

Started by its file name with the most bytes of memory and the most seconds of work
that it may use; the PDF comes by standard input and is never written anywhere.  It
imports nothing of Octway, so that what a hostile file may reach is little: it sets
its limits before it reads a byte, opens no file, and its caller ends it.
"""

from __future__ import annotations

import io
import json
import math
import resource
import sys
from collections.abc import Iterator
from typing import Any

import pikepdf
from pikepdf import Name, PasswordError, Pdf, PdfError, PdfImage
from PIL import Image, ImageStat

UNLIMITED = 3  # as `protocols.attachments` has it; nothing of it is imported here
MOST_PAGES = 50  # that are looked into; more are only counted
MOST_PIXELS = 60_000_000  # of one image whose grey is looked at
ACTIONS = {
    "/Launch",
    "/URI",
    "/GoToR",
    "/SubmitForm",
    "/ImportData",
    "/Sound",
    "/Movie",
}
EMBEDDED = ("/FontFile", "/FontFile2", "/FontFile3")


def facts(content: bytes) -> dict[str, Any]:
    """Tell what a PDF is; `unreadable` says why if it cannot be opened."""
    try:
        with Pdf.open(io.BytesIO(content), attempt_recovery=False) as pdf:
            return _document(pdf) | {"page": _pages(pdf)}
    except PasswordError:
        return {"encrypted": True}
    except PdfError:
        return {"unreadable": "it is broken, or no PDF behind its first bytes"}


def _document(pdf: Pdf) -> dict[str, Any]:
    found: dict[str, Any] = {
        "encrypted": pdf.is_encrypted,
        "pages": len(pdf.pages),
        "version": float(pdf.pdf_version),
        "output_intent": Name.OutputIntents in pdf.Root,
        "embedded_files": bool(len(pdf.attachments)),
        "fonts_missing": 0,
    }
    found |= dict.fromkeys(
        ("javascript", "actions", "outside", "transparency", "lzw"), False
    )
    for each in pdf.objects:
        if isinstance(each, pikepdf.Stream | pikepdf.Dictionary):
            _object(each, found)
    return found | _metadata(pdf)


def _object(each: Any, found: dict[str, Any]) -> None:
    """Note what an object forbids; direct dictionaries in it are looked at too."""
    for held in (each, *_held(each)):
        action = str(held.get("/S", ""))
        found["javascript"] |= action == "/JavaScript" or "/JS" in held
        found["javascript"] |= "/JavaScript" in held
        found["actions"] |= action in ACTIONS
        found["embedded_files"] |= "/EF" in held or "/EmbeddedFiles" in held
        found["transparency"] |= action == "/Transparency"
        soft = held.get("/SMask")
        found["transparency"] |= soft is not None and str(soft) != "/None"
        if str(held.get("/Type", "")) == "/Font":
            found["fonts_missing"] += _lacks_font(held)
    if isinstance(each, pikepdf.Stream):
        found["outside"] |= "/F" in each
        filters = each.get("/Filter", "")
        names = (
            [str(name) for name in filters] if _is_array(filters) else [str(filters)]
        )
        found["lzw"] |= "/LZWDecode" in names


def _held(each: Any) -> Iterator[Any]:
    for key in each.keys():  # noqa: SIM118 - no mapping of Python's
        value = each[key]
        if isinstance(value, pikepdf.Dictionary) and not value.is_indirect:
            yield value


def _is_array(value: Any) -> bool:
    return isinstance(value, pikepdf.Array)


def _lacks_font(font: Any) -> bool:
    """Say whether a font of one byte codes, or a descendant, is not in the file."""
    if str(font.get("/Subtype", "")) in {"/Type0", "/Type3"}:
        return False  # made of others, or drawn in the file
    described = font.get("/FontDescriptor")
    return described is None or not any(name in described for name in EMBEDDED)


def _metadata(pdf: Pdf) -> dict[str, Any]:
    try:
        with pdf.open_metadata(
            set_pikepdf_as_editor=False, update_docinfo=False, strict=True
        ) as metadata:
            return {"pdfa": metadata.pdfa_status, "bad_metadata": False}
    except Exception:  # whatever a hostile file makes the parser say
        return {"pdfa": "", "bad_metadata": True}


def _pages(pdf: Pdf) -> list[dict[str, Any]]:
    return [_page(page) for page in list(pdf.pages)[:MOST_PAGES]]


def _page(page: pikepdf.Page) -> dict[str, Any]:
    left, low, right, high = (float(each) for each in page.mediabox)
    sides = sorted((abs(right - left), abs(high - low)))
    found: dict[str, Any] = {"short_side": sides[0], "long_side": sides[1]}
    largest: tuple[float, Any] | None = None
    images = page.get_images(recursive=False)
    for name, width, height in _placed(page):
        image = images.get(name)
        if image is None or width <= 0 or height <= 0:
            continue
        if largest is None or width * height > largest[0]:
            largest = width * height, image
            dots = int(image.Width) / width * 72, int(image.Height) / height * 72
            found["dpi"] = round(min(dots))
            found["pixels_short"] = min(int(image.Width), int(image.Height))
    return found | (_grey(largest[1]) if largest is not None else {})


def _placed(page: pikepdf.Page) -> Iterator[tuple[str, float, float]]:
    """Yield images as they are drawn: name, width and height in points."""
    matrix, kept = pikepdf.Matrix(), []
    for each in pikepdf.parse_content_stream(page, "q Q cm Do"):
        operands, what = each.operands, str(each.operator)
        if what == "q":
            kept.append(matrix)
        elif what == "Q" and kept:
            matrix = kept.pop()
        elif what == "cm":
            matrix = pikepdf.Matrix(*(float(each) for each in operands)) @ matrix
        elif what == "Do":
            width = math.hypot(matrix.a, matrix.b)
            yield str(operands[0]), width, math.hypot(matrix.c, matrix.d)


def _grey(image: Any) -> dict[str, Any]:
    """Tell an image's mean grey, 0 black to 255 white, and how far it spreads."""
    if int(image.Width) * int(image.Height) > MOST_PIXELS:
        return {}
    try:
        shown: Image.Image = PdfImage(image).as_pil_image()
        shown.draft("L", (800, 800))
        shown = shown.convert("L")
        shown.thumbnail((400, 400))
    except MemoryError:
        raise
    except Exception:  # a kind that cannot be decoded here: nothing is said of it
        return {}
    told = ImageStat.Stat(shown)
    return {"grey": round(told.mean[0]), "spread": round(told.stddev[0])}


def main() -> None:
    """Set the limits, read, and tell."""
    memory, seconds = (int(each) for each in sys.argv[1:3])
    limits = (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    )
    try:
        for kind, most in limits:
            resource.setrlimit(kind, (most, most))
    except (OSError, ValueError):
        sys.exit(UNLIMITED)
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    told = facts(sys.stdin.buffer.read())
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()

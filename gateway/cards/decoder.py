"""Reads the Data Matrices of an image on its standard input: a process of its own.

It is run by its path, in isolated mode, and imports nothing of Octway.  Before it looks
at a byte of the image it gives up what it does not need: memory and time beyond a limit,
writing files, and then opening any file or line at all.  Whatever an image makes of the
libraries that read it, all that can come of it is a wrong answer or none.

It says `ready` once it has done so, or what is in the way; then it answers with one JSON
object: `{"texts": [...]}` or `{"refused": CODE, "words": ...}`.
"""

from __future__ import annotations

import json
import resource
import sys
from io import BytesIO
from typing import Any, Final

MEMORY: Final = 1024 * 1024 * 1024
"""Bytes of address space: the libraries, and the largest image that is allowed."""
CPU_SECONDS: Final = 5
MOST_PIXELS: Final = 50_000_000
_LARGE: Final = 2_400  # pixels on the longer side that are enough for any card
_MOST_TEXTS: Final = 8
READY: Final = "ready"
_LIMITS: Final = (
    (resource.RLIMIT_AS, MEMORY),
    (resource.RLIMIT_CPU, CPU_SECONDS),
    (resource.RLIMIT_FSIZE, 0),
    (resource.RLIMIT_CORE, 0),  # an image that brings it down leaves no trace
    (resource.RLIMIT_NOFILE, 64),  # while libraries are loaded; none after that
)


def main() -> None:
    """Say that all is ready, or why not; then read the image, answer, end."""
    try:
        for kind, most in _LIMITS:
            _limit(kind, most)
        read(b"")  # loads the libraries, while files can still be opened
    except (ImportError, OSError, ValueError) as error:
        sys.stdout.write(f"{type(error).__name__}: {error}\n")
        return
    sys.stdout.write(READY + "\n")
    sys.stdout.flush()  # whatever an image does now, it is known that all was well
    image = sys.stdin.buffer.read()
    _limit(resource.RLIMIT_NOFILE, 0)
    sys.stdout.write(json.dumps(read(image)))
    sys.stdout.flush()


def _limit(kind: int, most: int) -> None:
    hard = resource.getrlimit(kind)[1]
    least = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (least, least))


def read(data: bytes) -> dict[str, Any]:
    """Return the answer for an image."""
    import zxingcpp  # noqa: PLC0415 - within the limits
    from PIL import (  # noqa: PLC0415
        Image,
        JpegImagePlugin,
        PngImagePlugin,
        WebPImagePlugin,
    )

    formats = [
        JpegImagePlugin.JpegImageFile.format,
        PngImagePlugin.PngImageFile.format,
        WebPImagePlugin.WebPImageFile.format,
    ]
    Image.MAX_IMAGE_PIXELS = None  # the limit is ours, and has words
    try:
        image = Image.open(BytesIO(data), formats=formats)
        width, height = image.size
        if width * height > MOST_PIXELS:
            return _refused(
                "too-many-pixels",
                f"it has {width} x {height} pixels; wanted {MOST_PIXELS:,} at most",
            )
    except (OSError, ValueError, SyntaxError):
        known = ", ".join(formats)
        return _refused("no-image", f"it is no image; wanted one of {known}")
    try:
        image.draft("L", (_LARGE, _LARGE))
        grey = image.convert("L")
    except (OSError, ValueError, SyntaxError):
        return _refused(
            "broken-image", "the image ends early or is broken; take it anew"
        )
    grey.thumbnail((_LARGE, _LARGE))
    found = zxingcpp.read_barcodes(
        grey,
        formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.DataMatrix),
        text_mode=zxingcpp.TextMode.Plain,
    )
    texts = list(dict.fromkeys(each.text for each in found if each.text))
    if not texts:
        return _refused(
            "no-data-matrix",
            "no Data Matrix can be read in it; take the photo from nearer, straight "
            "from above, sharp and without a shadow",
        )
    return {"texts": texts[:_MOST_TEXTS]}


def _refused(code: str, words: str) -> dict[str, Any]:
    return {"refused": code, "words": words}


if __name__ == "__main__":
    main()

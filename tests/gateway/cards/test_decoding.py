"""Photos are read in a process of their own, and no image harms anybody."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from gateway.cards import decoder
from gateway.cards.decoding import DecoderBroken, UnreadableImage, decode
from tests.gateway.cards.photos import TEXT, matrix, photo


def png_that_claims(width: int, height: int) -> bytes:
    """Write a PNG of some dozen bytes that says it is huge."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(each) - 4) + each + struct.pack(">I", zlib.crc32(each))
        for each in (head, b"IDAT" + zlib.compress(b"\0" * 100), b"IEND")
    )


def test_a_photo_is_read_by_the_real_process() -> None:
    """It comes back as text, though the code stands askew in a JPEG."""
    assert decode(photo(matrix(), format="JPEG", turned=17)) == [TEXT]


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (b"", "no-image"),
        (b"GIF89a" + bytes(100), "no-image"),
        (b"%PDF-1.7", "no-image"),
        (png_that_claims(100_000, 100_000), "too-many-pixels"),
        (png_that_claims(400, 400), "broken-image"),
        (photo(matrix())[:-200], "broken-image"),
        (photo(), "no-data-matrix"),
    ],
    ids=["empty", "other-format", "document", "bomb", "lie", "cut", "nothing"],
)
def test_what_cannot_be_read_says_why(image: bytes, reason: str) -> None:
    """One stable word for programs, a sentence for people."""
    answer = decoder.read(image)
    assert answer["refused"] == reason
    assert len(answer["words"]) > 20


def test_two_codes_in_one_photo_are_both_read() -> None:
    """Which of them is meant is for the syntax to say."""
    image = photo(matrix("first"), matrix("second"))
    assert sorted(decoder.read(image)["texts"]) == ["first", "second"]


@pytest.mark.parametrize(
    "program",
    [
        "import sys; sys.stdin.buffer.read(); sys.stdout.write('x' * 10_000_000)",
        "while True: pass",
        "import os; os.abort()",
        "print('[1, 2]')",
        "",
    ],
    ids=["floods", "hangs", "crashes", "talks-nonsense", "says-nothing"],
)
def test_a_process_that_an_image_took_over_is_ended(
    program: str, tmp_path: Path
) -> None:
    """Whatever it does, the answer is a refusal, soon and small."""
    file = tmp_path / "decoder.py"
    file.write_text(f"print('ready', flush=True)\n{program}")
    with pytest.raises(UnreadableImage) as caught:
        decode(bytes(1_000_000), program=file, seconds=0.3)
    assert caught.value.reason == "too-hard"


def test_a_process_that_cannot_work_is_not_blamed_on_the_image(tmp_path: Path) -> None:
    """Whoever runs the gateway is told what it lacks."""
    file = tmp_path / "decoder.py"
    text = Path(decoder.__file__).read_text(encoding="utf-8")
    file.write_text(text.replace("import zxingcpp", "import no_such_library"))
    with pytest.raises(DecoderBroken, match="no_such_library"):
        decode(photo(), program=file)


def test_an_image_that_brings_the_process_down_is_refused(tmp_path: Path) -> None:
    """Libraries that read images have had such faults."""
    file = tmp_path / "decoder.py"
    text = Path(decoder.__file__).read_text(encoding="utf-8")
    file.write_text(
        text.replace("json.dumps(read(image))", "sys.modules['os'].abort()")
    )
    with pytest.raises(UnreadableImage) as caught:
        decode(photo(), program=file)
    assert caught.value.reason == "too-hard"


def test_the_process_can_neither_write_nor_open_nor_take_more(tmp_path: Path) -> None:
    """What an image could make it do once it is read: nothing outside of itself."""
    file = tmp_path / "decoder.py"
    file.write_text(
        Path(decoder.__file__)
        .read_text(encoding="utf-8")
        .replace("    sys.stdout.write(json.dumps(read(image)))\n", _TRIES)
    )
    assert decode(photo(), program=file) == [
        *["OSError"] * 3,
        "MemoryError",
    ]


_TRIES = f"""\
    tries = (
        lambda: open("/etc/hostname"),
        lambda: open("/dev/shm/x", "w"),
        sys.modules["os"].pipe,
        lambda: bytearray({decoder.MEMORY}),
    )
    found = []
    for each in tries:
        try:
            each()
        except (OSError, MemoryError) as error:
            found.append("OSError" if isinstance(error, OSError) else "MemoryError")
    sys.stdout.write(json.dumps({{"texts": found}}))
"""

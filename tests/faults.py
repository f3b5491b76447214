"""Faults that collections of radiographs have, planted into sound ones."""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw


def empty(path: Path) -> None:
    path.write_bytes(b"")


def cut_short(path: Path) -> None:
    """Its head is whole."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])


def no_picture(path: Path) -> None:
    path.write_text("patient,age\n")


def coloured(path: Path) -> None:
    image = Image.open(path).convert("RGB")
    ImageDraw.Draw(image).rectangle((3, 3, 12, 12), fill=(200, 30, 30))
    image.save(path)


def transparent(path: Path) -> None:
    image = Image.open(path).convert("LA")
    image.putalpha(120)
    image.save(path)


def animated(path: Path) -> None:
    image = Image.open(path).convert("L")
    image.save(path, save_all=True, append_images=[image.rotate(180)])


def turned(path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    Image.open(path).convert("L").save(path, exif=exif)


def sixteen_bits(path: Path) -> None:
    Image.fromarray(np.asarray(Image.open(path).convert("L")).astype(np.uint16) * 257).save(path)


def tiny(path: Path) -> None:
    Image.open(path).convert("L").resize((8, 8)).save(path)


def bomb(path: Path) -> None:
    """A head that promises 3.6 thousand million pixels, and a few bytes."""
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b""))
    told = b"".join(struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + told)


def missing(path: Path) -> None:
    path.unlink()


def link_in_a_circle(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def of_one_grey(path: Path) -> None:
    Image.new("L", Image.open(path).size, 77).save(path)


BROKEN: Mapping[Callable[[Path], None], str] = {
    empty: "not readable", cut_short: "not readable", no_picture: "not readable", coloured: "not readable",
    transparent: "not readable", animated: "not readable", turned: "not readable", bomb: "not readable",
    sixteen_bits: "8 and 16 bits", tiny: "too few pixels", missing: "missing file", link_in_a_circle: "missing file",
    of_one_grey: "blank",
}  # fmt: skip
"""Each with the kind that a check calls it."""


def copy(path: Path, of: Path) -> None:
    path.write_bytes(of.read_bytes())
    os.utime(path)


def saved_again(path: Path, of: Path) -> None:
    """Compressed, and under another grey curve."""
    grey = np.asarray(Image.open(of).convert("L"))
    file = io.BytesIO()
    Image.fromarray((255 * (grey / 255) ** 0.8).round().astype(np.uint8)).save(file, "JPEG", quality=80)
    Image.open(file).convert("L").save(path)

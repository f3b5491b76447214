"""Single radiographs from files at the depth that these store, and the same files written afresh.

What is written is made of pixels and of what is known to be harmless. Nothing else of the original is at hand then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Literal, cast

import numpy as np
from PIL import Image

from ..base.errors import PrivbenchError
from ..base.files import write_bytes
from ..datasets.dicom_files import is_dicom
from ..datasets.image_files import load_stored, survey_file
from .dicom_bytes import dicom_bytes
from .dicom_facts import DicomFacts, read_dicom
from .names import NewNames

Form = Literal["png", "jpeg", "tiff", "dicom"]
ENDINGS: Mapping[Form, str] = {"png": ".png", "jpeg": ".png", "tiff": ".tiff", "dicom": ".dcm"}
"""Of what is written for each form. A JPEG would lose something once more, and not be the picture that was judged."""


@dataclass(frozen=True)
class SourceFile:
    """A radiograph as its file stores it.

    Shape: pixels (H, W), uint8 or uint16, 0 to `largest`, turned so that larger is brighter.
    """

    path: Path
    form: Form
    pixels: np.ndarray
    largest: int
    """The largest value that may be stored: 255, 4095, 65535, …"""
    header: DicomFacts | None
    """What a DICOM file needs beside its pixels; None of others."""

    @property
    def padding(self) -> tuple[int, int] | None:
        """The values of pixels, from and to, that fill up what was not exposed; None where the file tells none."""
        if self.header is None or (padding := self.header.rule.padding) is None:
            return None
        rule = self.header.rule
        ends = sorted(int(one) for one in rule.turned(np.array(padding) - rule.stored.start))
        return ends[0], ends[1]


def read_source(path: Path, depth: int = 8) -> SourceFile:
    """The radiograph of a PNG, JPEG, TIFF or DICOM file.

    Args:
        depth: the bits that the greys of its collection need (`Collection.depth`, 8 to 16). PNG and TIFF files of 16
            bits do not tell how many they use: these, or as many as the file's own brightest value needs if it is more.

    Raises:
        PrivbenchError: it is no single grey picture, is broken or too large, or is DICOM and pydicom is not there.
    """
    if not path.is_file():
        raise PrivbenchError(f"There is no image {path}: check its path.")
    if is_dicom(path):
        pixels, facts = read_dicom(path)
        return SourceFile(path, "dicom", pixels, len(facts.rule.stored) - 1, facts)
    survey_file(path)
    form, pixels = load_stored(path)
    bits = 8 if pixels.dtype == np.uint8 else max(depth, int(pixels.max()).bit_length())
    return SourceFile(path, cast(Form, form.lower()), pixels, 2**bits - 1, None)


def write_release(source: SourceFile, pixels: np.ndarray, target: Path, names: NewNames) -> None:
    """Writes pixels as a file like the source, whole or not at all; the folders above it are made.

    A PNG holds its size and its pixels alone, a TIFF what is needed to find them, and a DICOM file what
    docs/releases.md lists. New names stand in DICOM alone; `names.file` and ENDINGS make the target's.

    Args:
        pixels: as those of the source, of the same shape, type and range.

    Raises:
        ValueError: they are others, or the target has another ending.
    """
    if pixels.shape != source.pixels.shape or pixels.dtype != source.pixels.dtype or pixels.max() > source.largest:
        raise ValueError(f"these are no pixels of {source.path}")
    if target.suffix != ENDINGS[source.form]:
        raise ValueError(f"a release of {source.form} ends in {ENDINGS[source.form]}, and not as {target}")
    if source.header is not None:
        write_bytes(target, dicom_bytes(pixels, source.header, names))
        return
    file = BytesIO()
    if source.form == "tiff":
        Image.fromarray(pixels).save(file, "TIFF")
    else:  # without a loss at any level; Pillow's own takes five times as long for a tenth fewer bytes
        Image.fromarray(pixels).save(file, "PNG", compress_level=3)
    write_bytes(target, file.getvalue())

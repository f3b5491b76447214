"""DICOM files that tests make, with pydicom."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from jpegs import lossless_jpeg
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
    generate_uid,
)

NATIVE = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian)
_ENCODERS = {RLELossless: "pydicom", JPEGLSLossless: "pyjpegls", JPEG2000Lossless: "pylibjpeg"}
LOSSLESS = (*NATIVE, RLELossless, JPEGLSLossless, JPEG2000Lossless, JPEGLosslessSV1)


def write_dicom(
    path: Path, stored: np.ndarray, syntax: str = ExplicitVRLittleEndian, bits: int = 12, **elements: Any
) -> Path:
    """A frontal digital radiograph of those stored values. Shape: stored (rows, columns), int.

    `elements` are added by their keywords, or taken away where they are None.
    """
    data = dicom(stored, bits)
    data.file_meta.TransferSyntaxUID = syntax
    if syntax == JPEGBaseline8Bit:
        file = io.BytesIO()
        Image.fromarray(stored.astype(np.uint8)).save(file, "JPEG", quality=95)
        data.PixelData = encapsulate([file.getvalue()])
    elif syntax == JPEGLosslessSV1:
        data.PixelData = encapsulate([lossless_jpeg(stored % 2**bits, bits)])
    elif syntax == ExplicitVRBigEndian:
        data.PixelData = stored.astype("u1" if bits <= 8 else ">i2").tobytes()
    elif syntax not in NATIVE:
        data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data.compress(syntax, encoding_plugin=_ENCODERS[syntax], generate_instance_uid=False)
    for name, value in elements.items():
        if value is None:
            delattr(data, name)
        else:
            setattr(data, name, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    data.save_as(path, enforce_file_format=True)
    return path


def dicom(stored: np.ndarray, bits: int) -> Dataset:
    """What `write_dicom` writes, uncompressed."""
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.Modality, data.ImageType = "DX", ["DERIVED", "PRIMARY"]
    data.Rows, data.Columns = stored.shape
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated = 8 if bits <= 8 else 16
    data.BitsStored, data.HighBit = bits, bits - 1
    data.PixelRepresentation = int(stored.min() < 0)
    data.PixelData = stored.astype("u1" if bits <= 8 else "<i2").tobytes()
    data["PixelData"].VR = "OW" if data.BitsAllocated == 16 else "OB"
    return data


def table_item(first: int, entries: np.ndarray, bits: int, signed: bool = False, packed: bool = False) -> Dataset:
    """A look-up table as an item of a sequence. Shape: entries (n,), int."""
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if signed else "US", [len(entries) % 2**16, first, bits])
    item.add_new("LUTData", *(("OW", entries.astype("u1").tobytes()) if packed else ("US", entries.tolist())))
    return item

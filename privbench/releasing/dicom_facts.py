"""What may be known of a DICOM file beside its pixels.

Nothing else of its header is carried along, so nothing else of it can get through: a new file is made of these facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..base.errors import PrivbenchError
from ..datasets.cells import view_of
from ..datasets.dicom_files import told_of
from ..datasets.dicom_grey import GreyRule, LookUpTable, Window
from ..datasets.dicom_headers import text_of, view_told
from ..datasets.dicom_pixels import load_stored_dicom
from .kept import FOR_PRESENTATION, FOR_PROCESSING, KEPT, MODALITIES, SECONDARY, rounded

if TYPE_CHECKING:
    from pydicom import Dataset as Header

_LOSSY = {
    "1.2.840.10008.1.2.4.50": "ISO_10918_1",
    "1.2.840.10008.1.2.4.51": "ISO_10918_1",
    "1.2.840.10008.1.2.4.81": "ISO_14495_1",
    "1.2.840.10008.1.2.4.91": "ISO_15444_1",
    "1.2.840.10008.1.2.4.203": "ISO_15444_15",
}
"""Codings that lose something, or may, and how LossyImageCompressionMethod calls them."""
_OF_LOSS = ("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod")
_ALWAYS_LOSSY = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51")
_LARGEST = 1e6
"""A rescaling or a window of larger numbers may be the number of somebody."""


@dataclass(frozen=True, repr=False)  # no log may show the names
class DicomFacts:
    """What a DICOM file needs beside its pixels: old names, which never are written, and what passed the rules."""

    sop_class: str
    patient: str
    study: str
    series: str
    instance: str
    kept: Mapping[str, str]
    rule: GreyRule


def read_dicom(path: Path) -> tuple[np.ndarray, DicomFacts]:
    """The values that a file stores, turned so that larger is brighter, and the facts of it.

    Shape: (H, W), uint8 up to 8 bits, else uint16, from 0 for the lowest value that its bits can hold.

    Raises:
        PrivbenchError: it cannot be read as one grey radiograph, or not be written again.
    """
    with told_of(path):
        header, rule, places = load_stored_dicom(path)
        facts = _facts(header, rule)
        return rule.turned(places).astype(np.uint8 if rule.bits <= 8 else np.uint16), facts


def _facts(header: Header, rule: GreyRule) -> DicomFacts:
    sop_class, instance = text_of(header, "SOPClassUID"), text_of(header, "SOPInstanceUID")
    if sop_class not in MODALITIES:
        raise PrivbenchError(
            "is of a class that is not written (SOPClassUID), where CR, DX and secondary captures are: take it out, or "
            "export it as one of these."
        )
    if not instance:
        raise PrivbenchError("tells no SOPInstanceUID: export it anew.")
    window = (rule.voi.center, rule.voi.width) if isinstance(rule.voi, Window) else ()
    if max(map(abs, (rule.slope, rule.intercept, *window))) > _LARGEST:
        raise PrivbenchError(f"has a rescaling or a window of numbers above {_LARGEST:,.0f}: export it anew.")
    for table in (rule.modality, rule.voi):
        if isinstance(table, LookUpTable) and not _is_steady(table.entries):
            raise PrivbenchError(
                "has a table of greys that goes up and down, so it may hold something else: export it with a window."
            )
    study = text_of(header, "StudyInstanceUID") or f"study of {instance}"
    series = text_of(header, "SeriesInstanceUID") or f"series of {instance}"
    return DicomFacts(
        sop_class, text_of(header, "PatientID"), study, series, instance, _kept(header, sop_class, rule), rule
    )


def _kept(header: Header, sop_class: str, rule: GreyRule) -> dict[str, str]:
    """What passes the rules, and what a class has to tell and has one answer where the file has none."""
    told = {name: passed(_told(header, name)) for name, passed in KEPT.items()}
    kept = {name: text for name, text in told.items() if text and name not in _OF_LOSS} | _lossy(header, told)
    kept.setdefault("Modality", MODALITIES[sop_class])
    if view := view_of(view_told(header)):
        kept.setdefault("ViewPosition", view)
    if sop_class in (FOR_PRESENTATION, FOR_PROCESSING):
        kept.setdefault("PresentationLUTShape", "INVERSE" if rule.inverted else "IDENTITY")
        kept.setdefault("ImageLaterality", "U")
    elif sop_class == SECONDARY:
        kept.setdefault("ConversionType", "WSD")
    return kept


def _told(header: Header, name: str) -> str:
    """The text of an attribute; a number of a binary kind is written out."""
    from pydicom.datadict import dictionary_VR

    return str(header.get(name, "")) if dictionary_VR(name) == "SS" else text_of(header, name)


def _lossy(header: Header, told: Mapping[str, str]) -> dict[str, str]:
    """What is told of lossy compression, which stays true of the pixels when they are stored uncompressed."""
    syntax, (whether, ratio, method) = header.file_meta.TransferSyntaxUID, (told[name] for name in _OF_LOSS)
    if whether != "01" and (syntax not in _LOSSY or (whether == "00" and syntax not in _ALWAYS_LOSSY)):
        return {_OF_LOSS[0]: "00"}
    if syntax in _LOSSY:
        size = int(header.Rows) * int(header.Columns) * (int(header.BitsAllocated) // 8)
        ratio, method = ratio or f"{rounded(max(size / len(header.PixelData), 1), 2):g}", method or _LOSSY[syntax]
    return {name: text for name, text in zip(_OF_LOSS, ("01", ratio, method), strict=True) if text}


def _is_steady(entries: np.ndarray) -> bool:
    steps = np.diff(entries.astype(int))
    return bool((steps >= 0).all() or (steps <= 0).all())

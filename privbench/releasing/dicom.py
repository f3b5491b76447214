"""DICOM files: what may be known of one beside its pixels, and a new file of that.

Nothing of the original's header is carried along, so nothing of it can get through: a file is made of the facts below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..base.errors import PrivbenchError
from ..datasets.cells import view_of
from ..datasets.dicom_files import told_of
from ..datasets.dicom_grey import GreyRule, LookUpTable
from ..datasets.dicom_headers import text_of, view_told
from ..datasets.dicom_pixels import load_stored_dicom
from .kept import COMPUTED, FOR_PRESENTATION, FOR_PROCESSING, KEPT, MODALITIES, SECONDARY
from .names import NewNames

if TYPE_CHECKING:
    from pydicom import Dataset as Header

_IMPLEMENTATION_UID = "2.25.140597655868122397672756484408098384113"
_IMPLEMENTATION = "PRIVBENCH"
_METHOD = "privbench: allowlist of attributes, all others removed"
_LOSSY = {
    "1.2.840.10008.1.2.4.50": "ISO_10918_1",
    "1.2.840.10008.1.2.4.51": "ISO_10918_1",
    "1.2.840.10008.1.2.4.81": "ISO_14495_1",
    "1.2.840.10008.1.2.4.91": "ISO_15444_1",
    "1.2.840.10008.1.2.4.203": "ISO_15444_15",
}
"""Codings that lose something, or may, and how LossyImageCompressionMethod calls them."""
_ALWAYS_LOSSY = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51")

NEW = ("PatientID", "PatientName", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
"""What is told by a new name."""
SET = (
    "SOPClassUID", "ImageType", "PatientIdentityRemoved", "DeidentificationMethod",
    "DeidentificationMethodCodeSequence", "LongitudinalTemporalInformationModified", "PresentationIntentType",
    "RescaleType",
)  # fmt: skip
"""What privbench itself says, the same of every file of a class."""
GREYS = (
    "Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated", "BitsStored", "HighBit",
    "PixelRepresentation", "RescaleSlope", "RescaleIntercept", "ModalityLUTSequence", "VOILUTSequence", "WindowCenter",
    "WindowWidth", "VOILUTFunction", "PixelPaddingValue", "PixelPaddingRangeLimit", "PixelData",
)  # fmt: skip
"""What the pixels are, and how they are shown: numbers, and terms that are read and written again."""
EMPTY = (
    "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "ReferringPhysicianName", "StudyID", "AccessionNumber",
    "SeriesNumber", "InstanceNumber", "PatientOrientation", "Manufacturer",
)  # fmt: skip
"""What every image has to have, and may be empty (type 2)."""
_EMPTY_OF_DX = ("AnatomicRegionSequence", "DetectorType", "AcquisitionContextSequence")
EMPTY_OF_CLASS: Mapping[str, tuple[str, ...]] = {
    COMPUTED: ("BodyPartExamined", "ViewPosition"),
    FOR_PRESENTATION: _EMPTY_OF_DX,
    FOR_PROCESSING: _EMPTY_OF_DX,
    SECONDARY: (),
}


@dataclass(frozen=True)
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
        turned = len(rule.stored) - 1 - places if rule.falls else places
        return turned.astype(np.uint8 if rule.bits <= 8 else np.uint16), facts


def dicom_bytes(pixels: np.ndarray, facts: DicomFacts, names: NewNames) -> bytes:
    """A file of PS3.10, explicit VR little endian, of pixels as `read_dicom` gives them, with an empty preamble."""
    from pydicom import Dataset
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    data = Dataset()
    for name in (*EMPTY, *EMPTY_OF_CLASS[facts.sop_class]):
        setattr(data, name, [] if name.endswith("Sequence") else "")
    for name, text in facts.kept.items():
        setattr(data, name, int(text) if name == "PixelIntensityRelationshipSign" else text.split("\\"))
    data.SOPClassUID = facts.sop_class
    data.SOPInstanceUID = names.uid(facts.instance)
    data.SeriesInstanceUID = names.uid(facts.series)
    data.StudyInstanceUID = names.uid(facts.study)
    data.PatientID = data.PatientName = names.patient(facts.patient) if facts.patient else ""
    _say(data)
    _add_greys(data, pixels, facts.rule)
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.ImplementationClassUID = _IMPLEMENTATION_UID
    data.file_meta.ImplementationVersionName = _IMPLEMENTATION
    file = BytesIO()
    data.save_as(file, enforce_file_format=True)
    return file.getvalue()


def _facts(header: Header, rule: GreyRule) -> DicomFacts:
    sop_class, instance = text_of(header, "SOPClassUID"), text_of(header, "SOPInstanceUID")
    if sop_class not in MODALITIES:
        raise PrivbenchError(
            "is of a class that is not written (SOPClassUID), where CR, DX and secondary captures are: take it out, or "
            "export it as one of these."
        )
    if not instance:
        raise PrivbenchError("tells no SOPInstanceUID: export it anew.")
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
    told = {name: rule_of(_told(header, name)) for name, rule_of in KEPT.items()}
    kept = {name: text for name, text in told.items() if text}
    kept.setdefault("Modality", MODALITIES[sop_class])
    if view := view_of(view_told(header)):
        kept.setdefault("ViewPosition", view)
    kept |= _lossy(header, kept)
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


def _lossy(header: Header, kept: Mapping[str, str]) -> dict[str, str]:
    """What is told of lossy compression, which stays true of the pixels when they are stored uncompressed."""
    syntax, told = header.file_meta.TransferSyntaxUID, kept.get("LossyImageCompression")
    if told != "01" and (syntax not in _LOSSY or (told == "00" and syntax not in _ALWAYS_LOSSY)):
        return {"LossyImageCompression": "00"}
    found = {"LossyImageCompression": "01"}
    if syntax in _LOSSY:
        size = int(header.Rows) * int(header.Columns) * (int(header.BitsAllocated) // 8)
        ratio = max(size / len(header.PixelData), 1)
        found |= {"LossyImageCompressionRatio": f"{ratio:.4g}", "LossyImageCompressionMethod": _LOSSY[syntax]}
    return found | {name: kept[name] for name in found if name in kept and name != "LossyImageCompression"}


def _is_steady(entries: np.ndarray) -> bool:
    steps = np.diff(entries.astype(int))
    return bool((steps >= 0).all() or (steps <= 0).all())


def _say(data: Header) -> None:
    """What privbench itself says of the file."""
    from pydicom import Dataset

    profile = Dataset()  # PS3.16, CID 7050
    profile.CodeValue, profile.CodingSchemeDesignator = "113100", "DCM"
    profile.CodeMeaning = "Basic Application Confidentiality Profile"
    secondary = data.SOPClassUID == SECONDARY
    data.ImageType = ["DERIVED", "SECONDARY" if secondary else "PRIMARY"]
    data.PatientIdentityRemoved = "YES"
    data.DeidentificationMethod = _METHOD
    data.DeidentificationMethodCodeSequence = [profile]
    data.LongitudinalTemporalInformationModified = "REMOVED"
    if data.SOPClassUID in (FOR_PRESENTATION, FOR_PROCESSING):
        processing = data.SOPClassUID == FOR_PROCESSING
        data.PresentationIntentType = "FOR PROCESSING" if processing else "FOR PRESENTATION"


def _add_greys(data: Header, pixels: np.ndarray, rule: GreyRule) -> None:
    """The pixels, stored as they were, and what makes greys of them."""
    from pydicom.valuerep import DSfloat

    allocated = 8 if rule.bits <= 8 else 16
    data.Rows, data.Columns = pixels.shape
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME1" if rule.inverted else "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit = allocated, rule.bits, rule.bits - 1
    data.PixelRepresentation = int(rule.signed)
    if rule.modality is not None:
        data.ModalityLUTSequence = [_table_item(rule.modality)]
        data.ModalityLUTSequence[0].ModalityLUTType = "US"  # of no unit
    else:
        data.RescaleSlope = DSfloat(rule.slope, auto_format=True)
        data.RescaleIntercept = DSfloat(rule.intercept, auto_format=True)
        data.RescaleType = "US"
    if isinstance(rule.voi, LookUpTable):
        data.VOILUTSequence = [_table_item(rule.voi)]
    elif rule.voi is not None:
        data.WindowCenter = DSfloat(rule.voi.center, auto_format=True)
        data.WindowWidth = DSfloat(rule.voi.width, auto_format=True)
        data.VOILUTFunction = rule.voi.function
    if rule.padding is not None:
        kind = "SS" if rule.signed else "US"
        data.add_new("PixelPaddingValue", kind, rule.padding[0])
        if rule.padding[1] != rule.padding[0]:
            data.add_new("PixelPaddingRangeLimit", kind, rule.padding[1])
    places = len(rule.stored) - 1 - pixels.astype(np.int32) if rule.falls else pixels.astype(np.int32)
    # Two's complement: signed values and unsigned ones have the same bytes.
    content = ((places + rule.stored.start) % 2**allocated).astype("u1" if allocated == 8 else "<u2").tobytes()
    data.add_new("PixelData", "OB" if allocated == 8 else "OW", content + bytes(len(content) % 2))


def _table_item(table: LookUpTable) -> Header:
    from pydicom import Dataset

    item = Dataset()
    count, signed = len(table.entries) % 2**16, table.first < 0
    if signed and count >= 2**15:
        count -= 2**16
    item.add_new("LUTDescriptor", "SS" if signed else "US", [count, table.first, table.bits])
    item.add_new("LUTData", "OW", np.minimum(table.entries, int(table.white)).astype("<u2").tobytes())
    return item

"""New DICOM files of pixels and of facts, by lists of all that they may hold."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from ..datasets.dicom_grey import GreyRule, LookUpTable
from .dicom_facts import DicomFacts
from .kept import COMPUTED, FOR_PRESENTATION, FOR_PROCESSING, SECONDARY, rounded
from .names import NewNames

if TYPE_CHECKING:
    from pydicom import Dataset as Header

# Drawn once, as a UUID: by it a file tells who wrote it (PS3.7, annex D.3.3.2).
_IMPLEMENTATION_UID = "2.25.140597655868122397672756484408098384113"
_IMPLEMENTATION = "PRIVBENCH"
_METHOD = "privbench: allowlist of attributes, all others removed"
_DIGITS = 6
"""Of a rescaling: more may be the number of somebody."""
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
"""What every image has to have, and may be empty (type 2); here it is, unless it is kept."""
_EMPTY_OF_DX = ("AnatomicRegionSequence", "DetectorType", "AcquisitionContextSequence")
EMPTY_OF_CLASS: Mapping[str, tuple[str, ...]] = {
    COMPUTED: ("BodyPartExamined", "ViewPosition"),
    FOR_PRESENTATION: _EMPTY_OF_DX,
    FOR_PROCESSING: _EMPTY_OF_DX,
    SECONDARY: (),
}


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
        data.RescaleSlope = DSfloat(rounded(rule.slope, _DIGITS), auto_format=True)
        data.RescaleIntercept = DSfloat(rounded(rule.intercept, _DIGITS), auto_format=True)
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
    places = rule.turned(pixels.astype(np.int32))
    # Two's complement: signed values and unsigned ones have the same bytes.
    content = ((places + rule.stored.start) % 2**allocated).astype("u1" if allocated == 8 else "<u2").tobytes()
    data.add_new("PixelData", "OB" if allocated == 8 else "OW", content + bytes(len(content) % 2))


def _table_item(table: LookUpTable) -> Header:
    from pydicom import Dataset

    item = Dataset()
    kind = "SS" if table.first < 0 else "US"
    item.add_new("LUTDescriptor", kind, [len(table.entries) % 2**16, table.first, table.bits])
    item.add_new("LUTData", "OW", np.minimum(table.entries, int(table.white)).astype("<u2").tobytes())
    return item

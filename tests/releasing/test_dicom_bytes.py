"""DICOM files come back value for value, are shown as they were, and are what the standard calls whole."""

# ruff: noqa: E402 - without pydicom there is nothing to test

from pathlib import Path

import numpy as np
import pytest

from privbench.base.errors import PrivbenchError

pydicom = pytest.importorskip("pydicom")

from dicoms import LOSSLESS, table_item, write_dicom
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.uid import (
    JPEG2000,
    ExplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from privbench.datasets.dicom_pixels import load_dicom
from privbench.releasing.dicom_bytes import EMPTY, GREYS, NEW, SET
from privbench.releasing.files import SourceFile, read_source, write_release
from privbench.releasing.kept import COMPUTED, FOR_PRESENTATION, FOR_PROCESSING, KEPT, SECONDARY
from privbench.releasing.names import NewNames

NAMES = NewNames(bytes(range(32)))
WHOLE = {
    "PatientID": "4711", "PatientName": "Doe^Jane", "StudyInstanceUID": "1.2.3", "SeriesInstanceUID": "1.2.3.4",
    "ViewPosition": "PA", "PatientOrientation": ["L", "F"], "BodyPartExamined": "CHEST", "ImageLaterality": "U",
    "ImagerPixelSpacing": [0.143, 0.143], "PixelIntensityRelationship": "LOG", "PixelIntensityRelationshipSign": -1,
    "WindowCenter": 2048, "WindowWidth": 3000,
}  # fmt: skip
"""What a device tells."""
FILLED = {
    "all": """SOPClassUID SOPInstanceUID StudyInstanceUID SeriesInstanceUID Modality Rows Columns SamplesPerPixel
        PhotometricInterpretation BitsAllocated BitsStored HighBit PixelRepresentation PixelData ImageType
        LossyImageCompression PatientIdentityRemoved DeidentificationMethod DeidentificationMethodCodeSequence""",
    FOR_PRESENTATION: """PresentationIntentType ImagerPixelSpacing ImageLaterality
        PixelIntensityRelationship PixelIntensityRelationshipSign RescaleIntercept RescaleSlope RescaleType
        PresentationLUTShape""",
    COMPUTED: "", SECONDARY: "ConversionType",
}  # fmt: skip
FILLED[FOR_PROCESSING] = FILLED[FOR_PRESENTATION]
THERE = {
    "all": """PatientName PatientID PatientBirthDate PatientSex StudyDate StudyTime ReferringPhysicianName StudyID
        AccessionNumber SeriesNumber InstanceNumber PatientOrientation Manufacturer""",
    FOR_PRESENTATION: "AnatomicRegionSequence DetectorType AcquisitionContextSequence",
    COMPUTED: "BodyPartExamined ViewPosition", SECONDARY: "",
}  # fmt: skip
THERE[FOR_PROCESSING] = THERE[FOR_PRESENTATION]
"""The attributes of type 1 and 2 of PS3.3 A.2, A.8 and A.26, but for BurnedInAnnotation, which nobody knows."""


def released(path, pixels=None, names=NAMES):
    """The file as it is released, read back; with its own pixels where none are given."""
    source = read_source(path)
    target = path.parent / "release" / f"{names.file(path.name)}.dcm"
    write_release(source, source.pixels if pixels is None else pixels, target, names)
    return pydicom.dcmread(target)


@pytest.mark.parametrize("syntax", LOSSLESS)
@pytest.mark.parametrize("bits", [7, 8, 12, 16])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("kind", ["MONOCHROME1", "MONOCHROME2"])
def test_stored_values_come_back_from_every_lossless_coding(tmp_path, rng, syntax, bits, signed, kind):
    stored = rng.integers(0, 2**bits, (33, 47)) - (2 ** (bits - 1) if signed else 0)
    path = write_dicom(tmp_path / "a.dcm", stored, syntax, bits, PhotometricInterpretation=kind)
    source = read_source(path)
    assert (source.form, source.largest) == ("dicom", 2**bits - 1)
    assert source.pixels.dtype == (np.uint8 if bits <= 8 else np.uint16)
    data = released(path)
    assert np.array_equal(data.pixel_array, stored)
    assert data.PhotometricInterpretation == kind
    assert data.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian


SHOWN = [
    {},
    {"WindowCenter": 1000, "WindowWidth": 800},
    {"WindowCenter": [1000.5, 3], "WindowWidth": [800, 2], "VOILUTFunction": "SIGMOID"},
    {"RescaleSlope": 2.5, "RescaleIntercept": -1024, "WindowCenter": 3000, "WindowWidth": 5000},
    {"RescaleSlope": -1, "RescaleIntercept": 4095},
    {"VOILUTSequence": [table_item(0, np.arange(4096) ** 2 // 4096, 12)]},
    {"VOILUTSequence": [table_item(100, np.arange(0, 65536, 17)[::-1], 16)]},
    {"ModalityLUTSequence": [table_item(0, np.arange(4096) * 8, 16)], "WindowCenter": 16000, "WindowWidth": 9000},
]


@pytest.mark.parametrize("elements", SHOWN)
@pytest.mark.parametrize("kind", ["MONOCHROME1", "MONOCHROME2"])
def test_a_viewer_shows_the_same_picture(tmp_path, rng, elements, kind):
    path = write_dicom(tmp_path / "a.dcm", rng.integers(0, 4096, (40, 50)), PhotometricInterpretation=kind, **elements)
    there, here = pydicom.dcmread(path), released(path)
    by_pydicom = [apply_voi_lut(apply_modality_lut(one.pixel_array, one), one) for one in (there, here)]
    assert np.array_equal(*by_pydicom)
    greys = [load_dicom(one) for one in (path, Path(here.filename))]
    assert np.array_equal(*(np.asarray(grey.image) for grey in greys))


@pytest.mark.parametrize("elements", SHOWN)
@pytest.mark.parametrize("kind", ["MONOCHROME1", "MONOCHROME2"])
def test_larger_is_brighter_whatever_makes_it_so(tmp_path, rng, elements, kind):
    path = write_dicom(tmp_path / "a.dcm", rng.integers(0, 4096, (40, 50)), PhotometricInterpretation=kind, **elements)
    shown = np.asarray(load_dicom(path).image, float).ravel()
    assert (np.diff(shown[np.argsort(read_source(path).pixels.ravel())]) >= 0).all()


@pytest.mark.parametrize(("signed", "padding", "limit"), [(False, 0, 9), (True, -2000, -1900), (False, 4095, None)])
def test_padding_stays_black(tmp_path, rng, signed, padding, limit):
    stored = rng.integers(20, 4000, (40, 50)) - (2048 if signed else 0)
    stored[:, :9] = padding
    path = write_dicom(
        tmp_path / "a.dcm", stored, WindowCenter=0, WindowWidth=10, PhotometricInterpretation="MONOCHROME1"
    )
    data = pydicom.dcmread(path)
    for name, value in (("PixelPaddingValue", padding), ("PixelPaddingRangeLimit", limit)):
        if value is not None:
            data.add_new(name, "SS" if signed else "US", value)
    data.save_as(path)
    here = released(path)
    assert (here.PixelPaddingValue, here.get("PixelPaddingRangeLimit")) == (padding, limit)
    assert not np.asarray(load_dicom(Path(here.filename)).image)[:, :9].any()


def test_long_tables_of_signed_values_stay_and_hold_no_more_than_their_bits(tmp_path, rng):
    entries = np.sort(rng.integers(0, 5000, 40_000))  # some are above 12 bits
    item = table_item(-20_000, entries, 12, signed=True)
    item["LUTData"] = pydicom.DataElement("LUTData", "OW", entries.astype("<u2").tobytes())
    path = write_dicom(tmp_path / "a.dcm", rng.integers(-20_000, 20_000, (40, 50)), bits=16, VOILUTSequence=[item])
    here = released(path)
    found = here.VOILUTSequence[0]
    assert list(found.LUTDescriptor) == [40_000, -20_000, 12]
    assert np.array_equal(np.frombuffer(found.LUTData, "<u2"), np.minimum(entries, 4095))
    greys = [np.asarray(load_dicom(one).image) for one in (path, Path(here.filename))]
    assert np.array_equal(*greys)
    assert len(np.unique(greys[0])) > 500


def test_other_pixels_are_written_in_the_file_s_own_way(tmp_path, rng):
    stored = rng.integers(-2048, 2048, (40, 50))
    path = write_dicom(tmp_path / "a.dcm", stored, PhotometricInterpretation="MONOCHROME1")
    pixels = rng.integers(0, 4096, (40, 50)).astype(np.uint16)
    data = released(path, pixels)
    assert np.array_equal(data.pixel_array, 2047 - pixels.astype(int))


@pytest.mark.parametrize("sop_class", [FOR_PRESENTATION, FOR_PROCESSING, COMPUTED, SECONDARY])
def test_what_the_standard_asks_for_is_there(tmp_path, rng, sop_class):
    path = write_dicom(tmp_path / "a.dcm", rng.integers(0, 4096, (40, 50)), SOPClassUID=sop_class, **WHOLE)
    data = released(path)
    filled = FILLED["all"].split() + FILLED[sop_class].split()
    there = THERE["all"].split() + THERE[sop_class].split()
    assert [name for name in filled if name not in data or data[name].is_empty] == []
    assert [name for name in there if name not in data] == []
    assert data.SOPClassUID == data.file_meta.MediaStorageSOPClassUID == sop_class
    assert data.SOPInstanceUID == data.file_meta.MediaStorageSOPInstanceUID
    assert data.preamble == bytes(128)
    assert {element.keyword for element in data} <= {*EMPTY, *GREYS, *NEW, *SET, *KEPT, *there}
    assert {element.keyword for element in data.file_meta} == {
        "FileMetaInformationGroupLength", "FileMetaInformationVersion", "MediaStorageSOPClassUID",
        "MediaStorageSOPInstanceUID", "TransferSyntaxUID", "ImplementationClassUID", "ImplementationVersionName",
    }  # fmt: skip
    assert all(pydicom.uid.UID(element.value).is_valid for element in data if element.VR == "UI")
    code = data.DeidentificationMethodCodeSequence[0]
    assert (code.CodeValue, code.CodingSchemeDesignator) == ("113100", "DCM")
    told = {name: data.get(name) for name in WHOLE if name not in NEW}
    assert told == {name: value for name, value in WHOLE.items() if name not in NEW}
    read_source(Path(data.filename))


def test_who_is_who_is_kept_over_files(tmp_path, rng):
    stored = rng.integers(0, 4096, (40, 50))
    files = [write_dicom(tmp_path / f"{n}.dcm", stored, **(WHOLE | {"PatientID": who})) for n, who in enumerate("AAB")]
    first, second, third = (released(path) for path in files)
    assert first.PatientID == str(first.PatientName) == second.PatientID != third.PatientID
    assert first.StudyInstanceUID == third.StudyInstanceUID == NAMES.uid("1.2.3")
    assert len({first.SOPInstanceUID, second.SOPInstanceUID, third.SOPInstanceUID}) == 3
    assert len({first.StudyInstanceUID, first.SeriesInstanceUID, first.SOPInstanceUID}) == 3
    assert released(files[0], names=NewNames(bytes(32))).PatientID != first.PatientID


def test_what_is_not_told_is_not_invented(tmp_path, rng):
    data = released(write_dicom(tmp_path / "a.dcm", rng.integers(0, 4096, (40, 50))))
    assert (data.PatientID, data.PatientName) == ("", "")
    for name in ("ImagerPixelSpacing", "BurnedInAnnotation", "ViewPosition", "BodyPartExamined", "WindowCenter"):
        assert name not in data
    assert data.StudyInstanceUID != data.SeriesInstanceUID, "a visit of its own"


@pytest.mark.parametrize(("told", "known"), [("YES", "YES"), ("NO", None)])
def test_nobody_claims_that_nothing_is_burned_in(tmp_path, rng, told, known):
    path = write_dicom(tmp_path / "a.dcm", rng.integers(0, 4096, (40, 50)), BurnedInAnnotation=told)
    assert released(path).get("BurnedInAnnotation") == known


def test_a_rescaling_has_few_digits(tmp_path, rng):
    path = write_dicom(
        tmp_path / "a.dcm", rng.integers(0, 4096, (40, 50)), RescaleSlope="1.19530211", RescaleIntercept=-1024
    )
    assert (released(path).RescaleSlope, released(path).RescaleIntercept) == (1.1953, -1024)


def test_the_view_may_be_told_by_a_code(tmp_path, rng):
    item = pydicom.Dataset()
    item.CodeMeaning = "postero-anterior"
    path = write_dicom(tmp_path / "a.dcm", rng.integers(0, 4096, (40, 50)), ViewCodeSequence=[item])
    assert released(path).ViewPosition == "PA"


def test_loss_is_told_for_good(tmp_path, rng):
    stored = np.sort(rng.integers(0, 256, (40, 50)))
    path = write_dicom(tmp_path / "a.dcm", stored, JPEGBaseline8Bit, 8)
    source, data = read_source(path), released(path)
    assert source.header.kept["LossyImageCompression"] == "01"
    assert np.array_equal(data.pixel_array, source.pixels)
    assert (data.LossyImageCompression, data.LossyImageCompressionMethod) == ("01", "ISO_10918_1")
    assert data.LossyImageCompressionRatio >= 1
    more = {
        "LossyImageCompression": "01",
        "LossyImageCompressionRatio": 12,
        "LossyImageCompressionMethod": "ISO_15444_1",
    }
    data = released(write_dicom(path, stored, bits=8, **more))
    assert {name: data.get(name) for name in more} == more
    assert read_source(Path(data.filename)).header.kept["LossyImageCompression"] == "01"


@pytest.mark.parametrize(("syntax", "told", "lossy"), [
    (JPEG2000, "00", False), (JPEG2000, None, True), (JPEGLSNearLossless, "00", False), (RLELossless, None, False),
])  # fmt: skip
def test_codings_that_may_lose_something_are_believed_what_they_say(tmp_path, rng, syntax, told, lossy):
    coding = {JPEG2000: "1.2.840.10008.1.2.4.90", JPEGLSNearLossless: JPEGLSLossless}.get(syntax, syntax)
    path = write_dicom(tmp_path / "a.dcm", rng.integers(0, 4096, (40, 50)), coding)
    data = pydicom.dcmread(path)
    data.file_meta.TransferSyntaxUID = syntax
    if told is not None:
        data.LossyImageCompression = told
    data.save_as(path)
    assert read_source(path).header.kept["LossyImageCompression"] == ("01" if lossy else "00")


@pytest.mark.parametrize(("elements", "message"), [
    ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.4"}, "is of a class that is not written"),
    ({"SOPInstanceUID": ""}, "tells no SOPInstanceUID"),
    ({"VOILUTSequence": [table_item(0, np.frombuffer(b"JANE DOE" * 99, "<u2"), 16)]},
     "has a table of greys that goes up and down"),
    ({"WindowCenter": 19530211, "WindowWidth": 4000}, "has a rescaling or a window of numbers above 1,000,000"),
    ({"NumberOfFrames": 3}, "holds 3 pictures"),
    ({"PhotometricInterpretation": "RGB", "SamplesPerPixel": 3}, "holds colours"),
    ({"Rows": 40_000, "Columns": 40_000}, "has 40000 x 40000 pixels"),
    ({"PixelData": b""}, "cannot be read"),
    ({"PixelData": bytes(99)}, "cannot be read"),
])  # fmt: skip
def test_what_cannot_be_written_again_is_refused(tmp_path, rng, elements, message):
    path = write_dicom(tmp_path / "a.dcm", rng.integers(0, 4096, (40, 50)), **elements)
    with pytest.raises(PrivbenchError, match=rf"Image .*a\.dcm {message}"):
        read_source(path)


BUNDLED = Path(pydicom.__file__).parent / "data" / "test_files"
OF_DEVICES = [
    "MR_small", "MR_small_RLE", "MR_small_bigendian", "MR_small_expb", "MR_small_implicit", "MR_small_jp2klossless",
    "MR_small_jpeg_ls_lossless", "MR_small_padded", "693_J2KI", "JPEGLSNearLossless_16", "examples_overlay",
]  # fmt: skip


@pytest.mark.parametrize("stem", OF_DEVICES)
def test_files_of_devices_come_back_without_a_word(tmp_path, stem):
    data = pydicom.dcmread(BUNDLED / f"{stem}.dcm")
    data.SOPClassUID = COMPUTED
    data.save_as(tmp_path / "a.dcm")
    here = released(tmp_path / "a.dcm")
    assert np.array_equal(here.pixel_array, data.pixel_array)
    content = Path(here.filename).read_bytes()
    words = {str(one.value) for one in data.iterall() if one.VR in ("PN", "LO", "SH", "LT", "DA", "TM", "UI", "AE")}
    assert [word for word in words - {COMPUTED} if len(word) > 3 and word.encode() in content] == []


def test_the_same_file_is_written_twice(tmp_path, rng):
    path = write_dicom(tmp_path / "a.dcm", rng.integers(0, 4096, (40, 50)), **WHOLE)
    contents = {released(path).filename: None for _ in range(2)}
    source = read_source(path)
    assert isinstance(source, SourceFile)
    first = (tmp_path / "release" / f"{NAMES.file('a.dcm')}.dcm").read_bytes()
    write_release(source, source.pixels, tmp_path / "again.dcm", NAMES)
    assert first == (tmp_path / "again.dcm").read_bytes()
    assert len(contents) == 1

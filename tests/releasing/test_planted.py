"""What identifies somebody, planted wherever a file can hold it, is in nothing that is written."""

# ruff: noqa: E402 - without pydicom there is nothing to test

import struct
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from privbench.base.errors import PrivbenchError

pydicom = pytest.importorskip("pydicom")

from dicoms import dicom, table_item, write_dicom
from pydicom import Dataset
from pydicom.datadict import DicomDictionary, RepeatersDictionary
from pydicom.dataelem import RawDataElement
from pydicom.encaps import encapsulate
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit, JPEGLSLossless

from privbench.releasing.files import ENDINGS, read_source, write_release
from privbench.releasing.kept import KEPT
from privbench.releasing.names import NewNames

NAMES = NewNames(bytes(range(32)))
TOKEN = "PLANTED"
"""No picture of these tests holds it, and no word that privbench writes."""
WRITTEN_AS = ("ascii", "utf-16-le", "utf-16-be")
TEXTS = {"AE", "UC", "ST", "CS", "SH", "UI", "DT", "PN", "TM", "DS", "UT", "LT", "AS", "IS", "DA", "UR", "LO"}
BYTES = {"OL", "UN", "OB", "OF", "OD", "OW", "OV"}
STRUCTURE = {
    "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "SamplesPerPixel", "PixelData",
    "FloatPixelData", "DoubleFloatPixelData",
}  # fmt: skip
"""Numbers without which a file has no picture, and other pictures than its own."""


def plain(content):
    """All bytes of a file, and what is deflated in it."""
    parts, start = [content], 0
    while (start := content.find(b"IDAT", start) + 1) > 0:
        length = int.from_bytes(content[start - 5 : start - 1], "big")
        parts.append(content[start + 3 : start + 3 + length])
    return b"\0".join([content, zlib.decompress(b"".join(parts[1:]))] if len(parts) > 1 else parts)


def found_in(content, token=TOKEN):
    return any(token.encode(coding) in content for coding in WRITTEN_AS)


def released(path, name="4711 PLANTED.x"):
    source = read_source(path)
    target = path.parent / "release" / (NAMES.file(name) + ENDINGS[source.form])
    write_release(source, source.pixels, target, NAMES)
    assert TOKEN not in str(target.relative_to(path.parent))
    return target


def raw(tag, kind, value=None):
    """An element that holds a token as it is, whatever its kind allows."""
    content = f"{TOKEN}{Tag(tag):08X}".encode() if value is None else value
    content += b" " * (len(content) % 2)
    return RawDataElement(Tag(tag), kind, len(content), content, 0, False, True)


def may_hold_text(kind):
    return bool((TEXTS | BYTES) & set(kind.split(" or ")))


def dictionary():
    """Every attribute of the standard that can hold texts or bytes, but for those of commands and of the file's meta
    information, and one of each repeating group.
    """
    named = {tag: (row[0], row[4]) for tag, row in DicomDictionary.items()}
    named |= {int(tag.replace("x", "0"), 16): (row[0], row[4]) for tag, row in RepeatersDictionary.items()}
    return {
        tag: (kind.split(" or ")[-1], name) for tag, (kind, name) in named.items()
        if may_hold_text(kind) and tag >> 16 not in (0, 2, 0xFFFE)
    }  # fmt: skip


def sequences():
    return {tag: row[4] for tag, row in DicomDictionary.items() if row[0] == "SQ"}


READ = {
    "SOPClassUID", "PhotometricInterpretation", "RescaleSlope", "RescaleIntercept", "WindowCenter", "WindowWidth",
    "VOILUTFunction", "NumberOfFrames",
}  # fmt: skip
"""What says how a picture is read: with a token there the file is refused."""


@pytest.fixture
def picture(rng):
    return rng.integers(0, 4096, (40, 50))


def test_every_attribute_of_the_standard_planted_at_once_leaves_nothing(tmp_path, picture):
    data = dicom(picture, 12)
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    planted = {tag: row for tag, row in dictionary().items() if row[1] not in STRUCTURE | READ}
    assert len(planted) > 2600
    for tag, (kind, _) in planted.items():
        data[Tag(tag)] = raw(tag, kind)
    data.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    content = (tmp_path / "a.dcm").read_bytes()
    missing = [name for tag, (_, name) in planted.items() if not found_in(content, f"{TOKEN}{Tag(tag):08X}")]
    assert set(missing) <= {"SOPInstanceUID"}, "pydicom takes that one from the meta information"
    written = released(tmp_path / "a.dcm").read_bytes()
    assert not found_in(written)
    assert np.array_equal(pydicom.dcmread(released(tmp_path / "a.dcm")).pixel_array, picture)


@pytest.mark.parametrize("name", sorted(READ | set(KEPT) | {"PatientID", "PatientName", "StudyInstanceUID"}))
def test_what_is_read_or_kept_leaves_nothing_alone(tmp_path, picture, name):
    """What is read may refuse the file; what is kept is dropped."""
    data = dicom(picture, 12)
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    tag = Tag(name)
    data[tag] = raw(tag, pydicom.datadict.dictionary_VR(tag))
    data.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    assert found_in((tmp_path / "a.dcm").read_bytes())
    try:
        written = released(tmp_path / "a.dcm").read_bytes()
    except PrivbenchError:
        assert name in READ | {"PixelIntensityRelationshipSign"}
    else:
        assert not found_in(written)


def test_every_attribute_in_a_sequence_leaves_nothing(tmp_path, picture):
    data = dicom(picture, 12)
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    item, deeper = Dataset(), Dataset()
    for tag, (kind, _) in dictionary().items():
        item[Tag(tag)] = raw(tag, kind)
    deeper.RequestAttributesSequence = [item]
    data.RequestAttributesSequence = [item]
    data.OriginalAttributesSequence = [deeper]
    data.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    assert (tmp_path / "a.dcm").read_bytes().count(TOKEN.encode()) == 2 * len(dictionary())
    assert not found_in(released(tmp_path / "a.dcm").read_bytes())


def test_every_sequence_of_the_standard_leaves_nothing(tmp_path, picture):
    """Tables of greys are read: beside a table there may be words, too."""
    data = dicom(picture, 12)
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    assert len(sequences()) > 800
    for tag, name in sequences().items():
        is_table = name in ("ModalityLUTSequence", "VOILUTSequence")
        item = table_item(0, np.arange(4096), 12) if is_table else Dataset()
        for one in ("CodeMeaning", "CodeValue", "PatientName", "LUTExplanation", "ModalityLUTType"):
            item[Tag(one)] = raw(one, pydicom.datadict.dictionary_VR(one), f"{TOKEN} {tag:08X}".encode())
        data.add_new(tag, "SQ", [item])
    data.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    content = (tmp_path / "a.dcm").read_bytes()
    assert all(found_in(content, f"{TOKEN} {tag:08X}") for tag in sequences())
    assert not found_in(released(tmp_path / "a.dcm").read_bytes())


def identified(picture):
    """A file of a hospital, with more than forty places that tell who somebody is."""
    data = dicom(picture, 12)
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.SourceApplicationEntityTitle = f"{TOKEN}AE"
    data.file_meta.ImplementationVersionName = f"{TOKEN}IMPL"
    data.file_meta.PrivateInformationCreatorUID = "1.2.3"
    data.file_meta.PrivateInformation = f"{TOKEN} META ".encode()
    data.preamble = f"{TOKEN} PREAMBLE".encode().ljust(128, b"\0")
    texts = [
        "PatientID", "PatientName", "OtherPatientNames", "PatientBirthName", "PatientMotherBirthName",
        "PatientAddress", "PatientTelephoneNumbers", "MilitaryRank", "EthnicGroup", "Occupation", "PatientComments",
        "AdditionalPatientHistory", "Allergies", "AccessionNumber", "StudyID", "StudyDescription",
        "SeriesDescription", "InstitutionName", "InstitutionAddress", "InstitutionalDepartmentName",
        "ReferringPhysicianName", "PerformingPhysicianName", "OperatorsName", "NameOfPhysiciansReadingStudy",
        "StationName", "DeviceSerialNumber", "DetectorID", "PlateID", "CassetteID", "ProtocolName",
        "RequestedProcedureDescription", "PerformedProcedureStepID", "AdmissionID", "ImageComments",
        "DerivationDescription", "AcquisitionDeviceProcessingDescription", "FrameComments", "UniqueDeviceIdentifier",
        "RetrieveURI", "WindowCenterWidthExplanation", "ResponsiblePerson", "IssuerOfPatientID",
        "DeidentificationMethod", "SpecificCharacterSet",
    ]  # fmt: skip
    for name in texts:
        data[Tag(name)] = raw(name, pydicom.datadict.dictionary_VR(name), f"{TOKEN} {name}".encode())
    data.PatientBirthDate, data.StudyDate, data.PatientAge = "19530211", "20190513", "066Y"
    data.PatientSex, data.PatientWeight = "F", "71.25"
    data.private_block(0x0009, f"{TOKEN} MAKER", create=True).add_new(1, "LO", f"{TOKEN} PRIVATE")
    data.private_block(0x7FDF, f"{TOKEN} LAST", create=True).add_new(1, "UN", f"{TOKEN}".encode("utf-16-le"))
    request = Dataset()
    request.RequestedProcedureID, request.PatientName = f"{TOKEN} REQUEST", f"{TOKEN}^NESTED"
    data.RequestAttributesSequence = [request]
    icon = dicom(picture[:8, :8], 8)
    icon.PixelData = f"{TOKEN} ICON".encode().ljust(64, b"\0")
    data.IconImageSequence = [icon]
    data.add_new(0x60000010, "US", 8)
    data.add_new(0x60000011, "US", 64)
    data.add_new(0x60003000, "OW", f"{TOKEN} OVERLAY".encode().ljust(64, b"\0"))
    data.add_new(0x60001500, "LO", f"{TOKEN} LABEL")
    data.add_new(0x50003000, "OW", f"{TOKEN} CURVE ".encode())
    data.add_new(0xFFFCFFFC, "OB", f"{TOKEN} PADDING".encode())
    # Behind the pixels, and in those bits of them that hold no grey.
    hidden = np.frombuffer(f"{TOKEN} BITS".encode(), np.uint8).astype(int)
    bits = np.zeros(picture.size, int)
    bits[: 2 * len(hidden)] = np.stack([hidden >> 4, hidden & 15], 1).ravel()
    values = picture.ravel() | bits << 12
    data.PixelData = values.astype("<u2").tobytes() + f"{TOKEN} BEHIND ".encode()
    return data


def test_forty_identifiers_of_a_hospital_leave_nothing(tmp_path, picture):
    data = identified(picture)
    data.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    content = (tmp_path / "a.dcm").read_bytes()
    (tmp_path / "a.dcm").write_bytes(content)
    assert content.count(TOKEN.encode()) >= 50
    target = released(tmp_path / "a.dcm")
    written = target.read_bytes()
    assert not found_in(written)
    for old in (b"19530211", b"20190513", b"066Y", b"71.25", data.SOPInstanceUID.encode(), b"1.2.3\0"):
        assert old in content
        assert old not in written
    here = pydicom.dcmread(target)
    assert np.array_equal(here.pixel_array, picture)
    assert not (np.frombuffer(here.PixelData, "<u2") >> 12).any()
    assert not [element for element in here.iterall() if element.tag.is_private]


@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEGBaseline8Bit])
def test_what_stands_in_a_compressed_picture_leaves_nothing(tmp_path, picture, syntax):
    """A comment of its own, and a fragment that no frame is of."""
    path = write_dicom(tmp_path / "a.dcm", picture // 16, syntax, 8)
    data = pydicom.dcmread(path)
    frame = next(pydicom.encaps.generate_frames(data.PixelData, number_of_frames=1))
    comment = f"{TOKEN} COMMENT".encode()
    data.PixelData = encapsulate([frame[:2] + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + frame[2:]])
    data.save_as(path)
    assert found_in(path.read_bytes())
    assert not found_in(released(path).read_bytes())


def png(path, picture):
    info = PngInfo()
    info.add_text("Title", f"{TOKEN} TEXT")
    info.add_text("Comment", f"{TOKEN} ZTXT", zip=True)
    info.add_itxt("XML:com.adobe.xmp", f"<x>{TOKEN} XMP</x>")
    info.add_itxt("Author", f"{TOKEN} ITXT", zip=True)
    info.add(b"prVt", f"{TOKEN} CHUNK".encode())
    exif = Image.Exif()
    exif[270] = f"{TOKEN} EXIF"
    icc = f"{TOKEN} ICC".encode()
    Image.fromarray(picture.astype(np.uint16)).save(path, "PNG", pnginfo=info, exif=exif, icc_profile=icc)
    path.write_bytes(path.read_bytes() + f"{TOKEN} BEHIND".encode())
    return 5  # three are packed


def jpeg(path, picture):
    exif = Image.Exif()
    for tag in (270, 315, 316, 0x9C9B):
        exif[tag] = f"{TOKEN} {tag}".encode("utf-16-le") if tag == 0x9C9B else f"{TOKEN} {tag}"
    more = {"comment": f"{TOKEN} COMMENT", "exif": exif, "icc_profile": f"{TOKEN} ICC".encode(),
            "xmp": f"<x>{TOKEN} XMP</x>".encode()}  # fmt: skip
    Image.fromarray((picture // 16).astype(np.uint8)).save(path, "JPEG", **more)
    content, iptc = path.read_bytes(), f"Photoshop 3.0\0{TOKEN} IPTC".encode()
    segments = b"".join(b"\xff" + bytes([0xE0 + n]) + struct.pack(">H", len(iptc) + 2) + iptc for n in (3, 13, 15))
    path.write_bytes(content[:2] + segments + content[2:] + f"{TOKEN} BEHIND".encode())
    return 10


def tiff(path, picture):
    texts = (269, 270, 271, 272, 285, 305, 306, 315, 316, 33432, 65000)
    tags = {tag: f"{TOKEN} {tag}" for tag in texts}
    tags |= {tag: f"{TOKEN} {tag}".encode() for tag in (700, 33723, 34377, 34675, 65001)}
    Image.fromarray(picture.astype(np.uint16)).save(path, "TIFF", tiffinfo=tags)
    path.write_bytes(path.read_bytes() + f"{TOKEN} BEHIND".encode())
    return 14


@pytest.mark.parametrize("make", [png, jpeg, tiff])
def test_what_stands_beside_the_pixels_of_other_files_leaves_nothing(tmp_path, picture, make):
    path = tmp_path / f"4711 {TOKEN}.x"
    least = make(path, picture)
    content = path.read_bytes()
    assert sum(content.count(TOKEN.encode(coding)) for coding in WRITTEN_AS[:2]) >= least
    target = released(path)
    assert not found_in(plain(target.read_bytes()))
    assert np.array_equal(np.asarray(Image.open(target)), read_source(path).pixels)


def test_the_search_itself_finds_what_is_packed():
    packed = zlib.compress(f"{TOKEN} AS PIXELS".encode())
    content = b"".join(struct.pack(">I", len(one)) + b"IDAT" + one + bytes(4) for one in (packed[:9], packed[9:]))
    assert not found_in(content)
    assert found_in(plain(content))


def broken(content, data):
    """The content with some of its bytes changed, and some cut off."""
    changed = bytearray(content)
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, min(2000, len(content) - 1)) | st.integers(0, len(content) - 1))
        changed[place] = data.draw(st.sampled_from([0, 1, 127, 128, 255]) | st.integers(0, 255))
    return bytes(changed[: data.draw(st.just(len(content)) | st.integers(0, len(content)))])


def hospital(path, picture):
    identified(picture).save_as(path, enforce_file_format=True)


@pytest.mark.parametrize("make", [hospital, png, jpeg, tiff])
def test_broken_files_are_refused_or_leave_nothing(tmp_path, picture, make):
    make(tmp_path / "whole", picture)
    content, outcomes = (tmp_path / "whole").read_bytes(), set()

    @settings(max_examples=150, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def holds(data):
        (tmp_path / "a").write_bytes(broken(content, data))
        try:
            written = released(tmp_path / "a").read_bytes()
        except PrivbenchError:
            outcomes.add("refused")
        else:
            outcomes.add("written")
            in_pixels = found_in(read_source(tmp_path / "a").pixels.tobytes())  # what a broken file takes for them
            assert not found_in(plain(written)) or in_pixels

    holds()
    assert "refused" in outcomes

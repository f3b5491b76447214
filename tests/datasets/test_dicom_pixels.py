"""DICOM files are read as their headers say, as PNGs of the same image are, or refused in a sentence."""

# ruff: noqa: E402 - without pydicom there is nothing to test

import io
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from privbench.base.errors import PrivbenchError
from privbench.base.progress import Progress
from privbench.datasets.radiographs import read_chunks, read_grey, survey
from privbench.plugins.interfaces import DataRequest

pydicom = pytest.importorskip("pydicom")

from dicoms import LOSSLESS, NATIVE, dicom, table_item, write_dicom
from pydicom.encaps import encapsulate
from pydicom.pixels import apply_modality_lut, apply_voi, apply_windowing, pack_bits
from pydicom.uid import (
    MPEG2MPML,
    DeflatedExplicitVRLittleEndian,
    EncapsulatedPDFStorage,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from privbench.datasets.dicom_pixels import load_dicom, survey_dicom

FEW = settings(max_examples=60, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
RAMP = np.arange(4096).reshape(64, 64)


@pytest.fixture
def noise(rng):
    """A grey image of 12 bits. Shape: (40, 50)."""
    return rng.integers(0, 4096, (40, 50))


def looked(folder, size=32):
    """The bit depth of all images of a folder, and what is told of them."""
    told = []
    with ThreadPoolExecutor(2) as pool:
        found = survey({path.name: path for path in sorted(folder.iterdir())}, size, pool, told.append)
    return found.depth, told


def values(path):
    """The greys of a file. Shape: (rows, columns), float."""
    return np.asarray(load_dicom(path).image, float)


def test_what_would_be_nearly_one_grey_is_refused_and_not_shown_so(tmp_path, noise):
    """12 bits that are called 16, and a window that tells which of them are shown."""
    path = write_dicom(tmp_path / "a.dcm", noise, bits=16)
    with pytest.raises(
        PrivbenchError, match=r"a\.dcm has no window, and its values fill less than a quarter of the 16"
    ):
        load_dicom(path)
    path = write_dicom(path, noise, bits=16, WindowCenter=2048, WindowWidth=4096)
    assert np.array_equal(values(path), noise)


@pytest.mark.parametrize("syntax", LOSSLESS)
@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("signed", [False, True])
def test_every_lossless_coding_gives_the_same_greys(tmp_path, rng, syntax, bits, signed):
    greys = rng.integers(0, 2**bits, (33, 47))
    greys[0, :2] = 0, 2**bits - 1
    path = write_dicom(tmp_path / "a.dcm", greys - (2 ** (bits - 1) if signed else 0), syntax, bits)
    grey = load_dicom(path)
    assert np.array_equal(np.asarray(grey.image), greys)
    assert grey.white == 2**bits - 1
    assert grey.image.mode == ("L" if bits == 8 else "F")
    found = survey_dicom(path)
    assert (found.bits, found.width, found.height) == (None, 47, 33)


def test_a_ramp_of_twelve_bits_keeps_its_values_until_it_is_rounded_once(tmp_path):
    path = write_dicom(tmp_path / "a.dcm", RAMP)
    assert np.array_equal(values(path), RAMP)
    assert np.array_equal(read_grey(path, 64), np.rint(RAMP * (255 / 4095)))
    wide = np.asarray(Image.fromarray(RAMP.astype(np.float32)).resize((32, 32), Image.Resampling.BILINEAR), float)
    assert len(np.unique(wide)) == 32 * 32, "no two values have become one"
    assert np.array_equal(read_grey(path, 32), np.rint(wide * (255 / 4095)))


@pytest.mark.parametrize("fit", ["squeeze", "pad", "crop"])
@pytest.mark.parametrize("size", [16, 40, 64])
@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("kind", ["MONOCHROME1", "MONOCHROME2"])
def test_dicom_and_png_of_the_same_image_are_equal(tmp_path, rng, bits, kind, size, fit):
    greys = rng.integers(0, 2**bits, (40, 50))
    greys[0, 0] = 2**bits - 1  # by which a collection of PNGs finds its depth
    Image.fromarray(greys.astype(np.uint8 if bits == 8 else np.uint16)).save(tmp_path / "a.png")
    stored = 2**bits - 1 - greys if kind == "MONOCHROME1" else greys
    path = write_dicom(tmp_path / "a.dcm", stored, bits=bits, PhotometricInterpretation=kind)
    depth, _ = looked(tmp_path, 16)
    assert np.array_equal(read_grey(path, size, depth, fit), read_grey(tmp_path / "a.png", size, depth, fit))


def test_lossy_jpeg_is_what_pillow_makes_of_it(tmp_path, rng):
    stored = np.sort(rng.integers(0, 256, (40, 50)))
    file = io.BytesIO()
    Image.fromarray(stored.astype(np.uint8)).save(file, "JPEG", quality=95)
    path = write_dicom(tmp_path / "a.dcm", stored, JPEGBaseline8Bit, 8)
    assert np.array_equal(values(path), np.asarray(Image.open(file)))


@pytest.mark.parametrize("syntax", [*NATIVE, JPEGLSLossless])
def test_windows_are_those_of_pydicom(tmp_path, noise, syntax):
    more = {"RescaleSlope": 2, "RescaleIntercept": -100, "WindowCenter": [3000, 1], "WindowWidth": [2000, 9]}
    path = write_dicom(tmp_path / "a.dcm", noise, syntax, **more)
    header = pydicom.dcmread(path)
    theirs = apply_windowing(apply_modality_lut(noise, header), header)
    theirs = (theirs - theirs.min()) / (theirs.max() - theirs.min())
    assert values(path) / load_dicom(path).white == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize("syntax", NATIVE)
@pytest.mark.parametrize(("bits", "first", "signed"), [(12, 0, False), (16, 900, False), (10, -300, True)])
def test_tables_are_those_of_pydicom(tmp_path, noise, rng, syntax, bits, first, signed):
    entries = np.sort(rng.integers(0, 2**bits, 3000))
    item = table_item(first, entries, bits, signed)
    stored = noise - (2048 if signed else 0)
    path = write_dicom(tmp_path / "a.dcm", stored, syntax, VOILUTSequence=[item], WindowCenter=1, WindowWidth=9)
    theirs = apply_voi(stored, pydicom.dcmread(path))
    assert np.array_equal(values(path), theirs)
    assert load_dicom(path).white == 2**bits - 1


@pytest.mark.parametrize("packed", [False, True])
def test_tables_of_eight_bits_may_be_packed(tmp_path, rng, packed):
    entries = rng.integers(0, 256, 256)
    stored = rng.integers(0, 256, (40, 50))
    item = table_item(0, entries, 8, packed=packed)
    path = write_dicom(tmp_path / "a.dcm", stored, bits=8, VOILUTSequence=[item])
    assert np.array_equal(values(path), entries[stored])
    path = write_dicom(tmp_path / "b.dcm", stored, bits=8, ModalityLUTSequence=[item])
    assert np.array_equal(values(path), entries[stored])


def test_a_table_of_65536_entries_tells_none(tmp_path, rng):
    entries = rng.integers(0, 2**16, 2**16)
    stored = rng.integers(0, 2**16, (40, 50))
    path = write_dicom(tmp_path / "a.dcm", stored, bits=16, VOILUTSequence=[table_item(0, entries, 16)])
    assert np.array_equal(values(path), entries[stored])


@pytest.mark.parametrize("padding", [63536, -2000])
def test_padding_is_black_however_it_is_written(tmp_path, padding):
    stored = np.full((40, 50), -1000)
    stored[:, :9] = -2000
    more = {"PixelRepresentation": 1, "WindowCenter": -2500, "WindowWidth": 10}
    path = write_dicom(tmp_path / "a.dcm", stored, bits=16, **more)
    assert (values(path) == 9).all(), "by its window all is white"
    data = pydicom.dcmread(path)
    data.add_new("PixelPaddingValue", "US" if padding > 0 else "SS", padding)
    data.save_as(path)
    assert not values(path)[:, :9].any()
    assert (values(path)[:, 9:] == 9).all()


def test_what_stands_in_bits_that_are_not_stored_is_no_grey(tmp_path, noise):
    """Overlays once lay there."""
    path = write_dicom(tmp_path / "a.dcm", noise, PixelData=(noise | 0xA000).astype("<u2").tobytes())
    assert np.array_equal(values(path), noise)


def test_a_file_may_be_called_anything(tmp_path, noise):
    Image.fromarray(noise.astype(np.uint16)).save(tmp_path / "c.png")
    for name in ("IM0001", "a.png", "a.dcm", "A.DCM", "1.2.840"):
        write_dicom(tmp_path / name, noise)
    assert looked(tmp_path) == (12, [])
    assert len({read_grey(path, 32, 12).tobytes() for path in tmp_path.iterdir()}) == 1


def test_dicom_goes_with_eight_bits_and_with_sixteen(tmp_path, noise):
    write_dicom(tmp_path / "a.dcm", noise)
    write_dicom(tmp_path / "b.dcm", noise // 16, bits=8)
    Image.fromarray((noise // 16).astype(np.uint8)).save(tmp_path / "c.png")
    assert looked(tmp_path) == (8, [])
    Image.fromarray((noise // 4).astype(np.uint16)).save(tmp_path / "d.png")
    with pytest.raises(PrivbenchError, match=r"Image c\.png has 8 bits and image d\.png has 16"):
        looked(tmp_path)
    (tmp_path / "c.png").unlink()
    assert looked(tmp_path) == (10, []), "the depth is that of the PNGs"


def change(**elements):
    return lambda path, stored: write_dicom(path, stored, **elements)


def without_meta(path, stored):
    path.write_bytes(write_dicom(path, stored).read_bytes()[132:])


def document(path, stored):
    data = dicom(stored, 12)
    for name in ("PixelData", "Rows", "Columns"):
        del data[name]
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = EncapsulatedPDFStorage
    data.EncapsulatedDocument = b"%PDF"
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.save_as(path, enforce_file_format=True)


def coded_as(syntax):
    def write(path, stored):
        data = dicom(stored, 12)
        data.file_meta.TransferSyntaxUID = syntax
        data.PixelData = encapsulate([bytes(100)])
        data.save_as(path, enforce_file_format=True, implicit_vr=False, little_endian=True)

    return write


def larger_inside(path, stored):
    write_dicom(path, np.kron(stored, np.ones((4, 4), int)), JPEG2000Lossless)
    data = pydicom.dcmread(path)
    data.Rows, data.Columns = stored.shape
    data.save_as(path)


def deflated_bomb(path, stored):
    content = write_dicom(path, stored, DeflatedExplicitVRLittleEndian).read_bytes()
    deflator = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    start = 144 + int.from_bytes(content[140:144], "little")
    block = deflator.compress(bytes(2**20)) + deflator.flush(zlib.Z_FULL_FLUSH)
    path.write_bytes(content[:start] + block * 260)


def comma(path, stored):
    path.write_bytes(
        write_dicom(path, stored, WindowCenter="1.5", WindowWidth=9).read_bytes().replace(b"1.5 ", b"1,5 ")
    )


def single_bits(path, stored):
    write_dicom(path, stored, BitsAllocated=1, BitsStored=1, HighBit=0, PixelData=pack_bits(stored.ravel() % 2))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (document, r"holds no picture \(Encapsulated PDF Storage\): take it out"),
        (change(PixelData=None), "cannot be read"),
        (change(NumberOfFrames=3), "holds 3 pictures: save one of them alone"),
        (change(Rows=40_000, Columns=40_000), "has 40000 x 40000 pixels, where 1 to 64 million belong"),
        (change(Rows=0), "has 50 x 0 pixels"),
        (change(PhotometricInterpretation="RGB", SamplesPerPixel=3), r"holds colours \(RGB\): save it as MONOCHROME2"),
        (change(PhotometricInterpretation="YBR_FULL_422"), r"holds colours \(YBR_FULL_422\)"),
        (change(PhotometricInterpretation="PALETTE COLOR"), r"holds colours \(PALETTE COLOR\)"),
        (change(HighBit=15), "stores 12 of 16 bits, up to bit 15"),
        (change(BitsAllocated=32), "stores 12 of 32 bits"),
        (single_bits, "stores 1 of 1 bits"),
        (change(RescaleSlope=0, RescaleIntercept=0), "has a RescaleSlope of 0"),
        (change(WindowCenter=1, WindowWidth=1), "has a window 1 wide of the function LINEAR"),
        (change(WindowCenter=1, WindowWidth=9, VOILUTFunction="CUBIC"), "has a window 9 wide of the function CUBIC"),
        (comma, "cannot be read .could not convert string to float: '1,5'"),
        (change(VOILUTSequence=[table_item(0, np.arange(9), 7)]), "has a table of greys of 7 bits"),
        (change(Columns=70), "cannot be read"),
        (coded_as(MPEG2MPML), r"is coded as MPEG2 .* which is not read: save it uncompressed, or as JPEG 2000"),
        (coded_as("1.2.3.4"), r"is coded as 1\.2\.3\.4, which is not read"),
        (coded_as(JPEGExtended12Bit), "cannot be read .*12-bit"),
        (coded_as(JPEG2000Lossless), "cannot be read"),
        (coded_as(JPEGLosslessSV1), "cannot be read .*no whole lossless JPEG"),
        (larger_inside, "tells 50 x 40 pixels and holds 200 x 160: replace it by a sound copy"),
        (deflated_bomb, "becomes larger than 244 MiB when it is inflated"),
        (without_meta, "is no DICOM file, although it is called as one: export it again"),
        (lambda path, stored: path.write_bytes(b""), "is no DICOM file"),
    ],
)
def test_what_is_no_grey_picture_is_refused(tmp_path, noise, make, message):
    make(tmp_path / "a.dcm", noise)
    with pytest.raises(PrivbenchError, match=rf"Image .*a\.dcm {message}"):
        load_dicom(tmp_path / "a.dcm")


def test_a_header_alone_tells_most_of_that_before_anything_is_decoded(tmp_path, noise):
    write_dicom(tmp_path / "a.dcm", noise, Rows=40_000, Columns=40_000)
    write_dicom(tmp_path / "b.dcm", noise, WindowCenter=1, WindowWidth=0)
    coded_as(MPEG2MPML)(tmp_path / "c.dcm", noise)
    with pytest.raises(PrivbenchError, match=r"(?s)3 things are wrong:.*a\.dcm has 40.*b\.dcm has a window.*c\.dcm is"):
        looked(tmp_path)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless, JPEG2000Lossless, JPEGLosslessSV1])
def test_what_is_cut_short_is_told_by_its_file(tmp_path, noise, syntax):
    content = write_dicom(tmp_path / "a.dcm", noise, syntax).read_bytes()
    (tmp_path / "a.dcm").write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(PrivbenchError, match=r"Image .*a\.dcm cannot be read \(.*\): replace it by a sound copy"):
        read_grey(tmp_path / "a.dcm", 32)


def test_without_pydicom_all_such_files_are_told_what_to_install(tmp_path, noise, monkeypatch):
    for name in ("a", "b"):
        write_dicom(tmp_path / name, noise)
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(PrivbenchError) as error:
        looked(tmp_path)
    assert str(error.value).splitlines() == [
        "2 things are wrong:",
        *(
            f"- Image {tmp_path / n} is a DICOM file, which pydicom reads: pip install 'privbench[dicom]'."
            for n in "ab"
        ),
    ]


def test_a_decoder_that_is_missing_is_told_before_anything_is_decoded(tmp_path, noise, monkeypatch):
    write_dicom(tmp_path / "a.dcm", noise, JPEGLSLossless)
    monkeypatch.setattr("pydicom.pixels.decoders.JPEGLSLosslessDecoder._available", {})
    with pytest.raises(
        PrivbenchError, match=r"is coded as JPEG-LS .* is not installed: pip install 'privbench\[dicom\]'"
    ):
        looked(tmp_path)


def test_processes_decode_what_threads_do(tmp_path, rng):
    files = [write_dicom(tmp_path / f"{n}", rng.integers(0, 4096, (40, 50)), JPEGLosslessSV1) for n in range(20)]
    images = []
    for workers in (1, 2):
        request = DataRequest(32, 0, None, workers, Progress(quiet=True))
        images.append(np.concatenate([chunk.images for chunk in read_chunks(files, None, 8, request)]))
    assert images[0].shape == (20, 1, 32, 32)
    assert np.array_equal(*images)


BUNDLED = sorted((Path(pydicom.__file__).parent / "data" / "test_files").glob("*.dcm"))
READ = {
    "693_J2KI", "J2K_pixelrep_mismatch", "JPEGLSNearLossless_08", "JPEGLSNearLossless_16",
    "MR_small", "MR_small_RLE", "MR_small_bigendian", "MR_small_expb", "MR_small_implicit", "MR_small_jp2klossless",
    "MR_small_jpeg_ls_lossless", "MR_small_padded", "examples_overlay", "image_dfl",
}  # fmt: skip


@pytest.mark.parametrize("path", BUNDLED, ids=lambda path: path.stem)
def test_every_file_of_pydicom_s_own_is_read_or_refused(path):
    if path.stem in READ:
        grey = load_dicom(path)
        assert 0 <= np.asarray(grey.image).min() < np.asarray(grey.image).max() <= grey.white
    else:
        with pytest.raises(PrivbenchError, match=r"^Image \S+ \S.*\.$"):
            load_dicom(path)


def test_one_picture_in_seven_codings_is_one():
    files = [path for path in BUNDLED if path.stem.startswith("MR_small") and path.stem in READ]
    assert len(files) == 8
    assert len({values(path).tobytes() for path in files}) == 1


@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless, JPEGLSLossless, JPEG2000Lossless,
               JPEGLosslessSV1, DeflatedExplicitVRLittleEndian]
)  # fmt: skip
def test_broken_files_are_read_or_refused(tmp_path, noise, syntax):
    more = {"WindowCenter": 2048, "WindowWidth": 3000, "PixelPaddingValue": 0, "NumberOfFrames": 1}
    more |= {"VOILUTSequence": [table_item(0, np.arange(4096), 12)]}
    content = write_dicom(tmp_path / "whole", noise, syntax, **more).read_bytes()
    path = tmp_path / "a.dcm"
    outcomes = set()

    @FEW
    @given(st.data())
    def holds(data):
        broken = bytearray(content)
        for _ in range(data.draw(st.integers(1, 3))):
            # Most of a file are pixels, and what makes trouble stands before them.
            place = data.draw(st.integers(132, 900) | st.integers(132, len(content) - 1))
            broken[place] = data.draw(st.sampled_from([0, 1, 127, 128, 255]) | st.integers(0, 255))
        path.write_bytes(broken[: data.draw(st.just(len(content)) | st.integers(0, len(content)))])
        try:
            outcomes.add(values(path).shape)
        except PrivbenchError:
            outcomes.add("refused")

    holds()
    assert "refused" in outcomes

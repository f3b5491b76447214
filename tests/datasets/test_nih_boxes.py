"""The published boxes of ChestX-ray14: where they land, what is refused, and what hangs on the file."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import privbench
from privbench.base.errors import PrivbenchError
from privbench.base.progress import Progress
from privbench.data.decoded import DecodedImages
from privbench.data.exclusion import Exclusion
from privbench.data.splits import CELLS, MADE_FROM
from privbench.datasets.chestxray14 import ChestXray14
from privbench.datasets.findings import FINDINGS
from privbench.datasets.merged import Merged
from privbench.datasets.nih_boxes import BOXES, read_boxes
from privbench.judging.verify import verify_run
from privbench.plugins.interfaces import DataRequest
from privbench.running.decoding import Kept, decode
from privbench.running.loading import read_splits, write_data

ENTRIES = "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position\n"
HEADER = "Image Index,Finding Label,Bbox [x,y,w,h],,,\n"
CELL = 128  # published pixels


def write(root, patients=4, side=40, visits=2):
    """Patients with some images each, of which every second patient stands in the test list and has a mass."""
    (root / "images").mkdir(parents=True)
    rng, rows, lists = np.random.default_rng(0), [], {"train_val": [], "test": []}
    for patient in range(patients):
        for visit in range(visits):
            name, label = f"{patient:02}_{visit}.png", "Mass" if patient % 4 > 1 else "No Finding"
            rows.append(f"{name},{label},{visit},{patient},{40 + patient},{'FM'[patient % 2]},PA\n")
            lists["test" if patient % 2 else "train_val"].append(name)
            Image.fromarray(rng.integers(0, 255, (side, side), np.uint8)).save(root / "images" / name)
    (root / "Data_Entry_2017.csv").write_text(ENTRIES + "".join(rows))
    for name, images in lists.items():
        (root / f"{name}_list.txt").write_text("\n".join(images))
    return root


@pytest.fixture
def root(tmp_path):
    return write(tmp_path / "nih")


def tell(root, *rows, header=HEADER):
    (root / BOXES).write_text(header + "".join(f"{row}\n" for row in rows))


def request(root, **changes):
    return replace(DataRequest(32, 0, root, 2, Progress(quiet=True)), **changes)


def located(asked, dataset=None):
    """The locations of each image by its name; None where nobody knows any."""
    dataset = dataset or ChestXray14()
    table = dataset.table(asked)
    found = [chunk.locations for chunk in dataset.read(table, asked)]
    return None if found[0] is None else dict(zip(table["image"], np.concatenate(found), strict=True))


def grid(*cells):
    """A finding that covers exactly those cells, by row and column."""
    places = np.zeros((CELLS, CELLS), np.uint8)
    for cell in cells:
        places[cell] = 255
    return places


def test_a_box_of_two_cells_lies_in_these_two_and_nothing_else_anywhere(root):
    tell(root, f"03_0.png,Mass,{2 * CELL},{3 * CELL},{2 * CELL},{CELL},,,")
    found = located(request(root))
    assert len(found) == 8
    assert found["03_0.png"].shape == (len(FINDINGS), CELLS, CELLS)
    assert found["03_0.png"].dtype == np.uint8
    assert np.array_equal(found["03_0.png"][FINDINGS.index("Mass")], grid((3, 2), (3, 3)))
    assert not np.delete(found["03_0.png"], FINDINGS.index("Mass"), 0).any()
    assert not any(places.any() for name, places in found.items() if name != "03_0.png")


@pytest.mark.parametrize(
    ("header", "end"),
    [
        (HEADER, ""),
        (HEADER, ",,,"),
        ("Image Index,Finding Label,Bbox [x,y,w,h]\n", ""),
        ('Image Index,Finding Label,"Bbox [x,y,w,h]",,,\n', ""),
        ("\ufeff" + HEADER.replace("\n", "\r\n"), ",,,\r"),
    ],
)
def test_the_header_as_it_is_published_and_as_spreadsheets_write_it(root, header, end):
    tell(root, f"01_0.png,Infiltrate,0,0,{CELL},{CELL}{end}", header=header)
    assert np.array_equal(located(request(root))["01_0.png"][FINDINGS.index("Infiltration")], grid((0, 0)))


def test_a_row_as_it_is_published(root):
    """The first one of the published file, of another image; its edges in cells, by hand."""
    tell(root, "01_1.png,Atelectasis,225.084745762712,547.019216763771,86.7796610169491,79.1864406779661,,,")
    (found,) = located(request(root))["01_1.png"][:1]
    left, right = 225.084745762712 / 128, (225.084745762712 + 86.7796610169491) / 128
    top, bottom = 547.019216763771 / 128, (547.019216763771 + 79.1864406779661) / 128
    expected = np.zeros((8, 8))
    expected[4, 1:3] = (bottom - top) * np.array([2 - left, right - 2])
    assert np.array_equal(found, np.rint(255 * expected))


def test_several_boxes_of_a_finding_and_several_findings(root):
    tell(
        root,
        f"03_0.png,Mass,0,0,{CELL},{CELL}",
        f"03_0.png,Effusion,{CELL},0,{CELL},{CELL}",
        f"03_0.png,Mass,0,0,{CELL / 2},{2 * CELL}",
        f"01_1.png,Nodule,{7 * CELL},{7 * CELL},{CELL},{CELL}",
    )
    found = located(request(root))
    mass = grid((0, 0))
    mass[1, 0] = 128
    assert np.array_equal(found["03_0.png"][FINDINGS.index("Mass")], mass), "half a cell more, and no cell twice"
    assert np.array_equal(found["03_0.png"][FINDINGS.index("Effusion")], grid((0, 1)))
    assert np.array_equal(found["01_1.png"][FINDINGS.index("Nodule")], grid((7, 7))), "also where no label tells it"


@pytest.mark.parametrize("side", [32, 40, 256])
def test_boxes_are_told_in_published_pixels_whatever_size_the_files_have(tmp_path, side):
    root = write(tmp_path / "nih", side=side)
    tell(root, f"03_0.png,Mass,{6 * CELL},0,{2 * CELL},{CELL}")
    assert np.array_equal(located(request(root))["03_0.png"][FINDINGS.index("Mass")], grid((0, 6), (0, 7)))


@pytest.mark.parametrize("size", [(80, 40), (40, 80), (81, 40), (40, 41), (64, 64)])
@pytest.mark.parametrize("fit", ["squeeze", "pad", "crop"])
def test_boxes_go_with_the_pixels_that_they_surround(root, size, fit):
    """Against the image itself: a white box on black, at 20 pixels a cell."""
    width, height = size
    x, y, w, h = 0.25, 0.5, 0.375, 0.25
    pixels = np.zeros((height * 8, width * 8), np.uint8)
    pixels[round(y * height * 8) : round((y + h) * height * 8), round(x * width * 8) : round((x + w) * width * 8)] = 255
    Image.fromarray(pixels).save(root / "images" / "03_0.png")
    tell(root, f"03_0.png,Mass,{1024 * x},{1024 * y},{1024 * w},{1024 * h}")
    asked = request(root, size=160, fit=fit)
    dataset = ChestXray14()
    table = dataset.table(asked)
    [chunk] = dataset.read(table[table["image"] == "03_0.png"], asked)
    seen = chunk.images[0, 0].reshape(CELLS, 20, CELLS, 20).mean((1, 3))
    assert seen.max() > 200
    assert np.abs(seen - chunk.locations[0, FINDINGS.index("Mass")]).max() <= 6, "the filter blurs edges a little"


def test_what_is_cut_off_has_no_place(root):
    Image.fromarray(np.arange(3200, dtype=np.uint32).reshape(40, 80).astype(np.uint8)).save(root / "images/03_0.png")
    tell(root, f"03_0.png,Mass,0,0,{2 * CELL},1024", f"03_1.png,Mass,0,0,{CELL},{CELL}")
    assert not located(request(root, fit="crop"))["03_0.png"].any(), "the left quarter of twice as wide an image"
    padded = located(request(root, fit="pad"))["03_0.png"][FINDINGS.index("Mass")]
    assert np.array_equal(padded, grid(*((row, column) for row in range(2, 6) for column in range(2))))


@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.tuples(*[st.floats(0, 1000)] * 2), st.tuples(*[st.floats(0.001, 1)] * 2))
def test_the_cells_add_up_to_the_area_of_the_box(root, corner, share):
    w, h = (part * (1024 - start) for part, start in zip(share, corner, strict=True))
    tell(root, f"03_0.png,Mass,{corner[0]!r},{corner[1]!r},{w!r},{h!r}")
    [edges] = read_boxes(root / BOXES, ["03_0.png"])["03_0.png"]["Mass"]
    assert (edges[2] - edges[0]) * (edges[3] - edges[1]) * 1024**2 == pytest.approx(w * h, rel=1e-6, abs=1e-6)
    asked, dataset = request(root), ChestXray14()
    [chunk] = dataset.read(dataset.table(asked).set_index("image").loc[["03_0.png"]].reset_index(), asked)
    cells = chunk.locations[0].astype(float).sum() / 255 * CELL**2
    touched = (w / CELL + 2) * (h / CELL + 2)
    assert cells == pytest.approx(w * h, abs=touched * CELL**2 / 510), "each is rounded by half of 1/255"


def test_rows_of_images_that_are_not_read_are_passed_over_whatever_they_hold(root):
    rows = ["99_9.png,Noduel,a,,-3,inf", ",,,,,", "short"]
    tell(root, f"03_0.png,Mass,0,0,{CELL},{CELL}", *rows, "01_0.png,Noduel,a,,-3,inf")
    with pytest.raises(PrivbenchError, match="3 things are wrong"):
        located(request(root))
    found = located(request(root, exclude=Exclusion.of(["01_0.png"])))
    assert found["03_0.png"].any()
    assert "01_0.png" not in found


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            "03_0.png,Noduel,0,0,9,9",
            r"image 03_0\.png has a box of the unknown finding 'Noduel': did you mean 'Nodule'",
        ),
        ("03_0.png,No Finding,0,0,9,9", "image 03_0.png has a box of the unknown finding 'No Finding'"),
        ("03_0.png,Mass,0,0,9,", r"a box of image 03_0\.png has '' where the number h belongs \(1 such\): mend it, or"),
        ("03_0.png,Mass,225,08,547,01,86,7,79,1", r"more than the four numbers x, y, w and h \(1 such\), as where dec"),
        ("03_0.png,Mass,left,0,9,9", r"has 'left' where the number x belongs"),
        ("03_0.png,Mass,0,0", r"(?s)2 things are wrong.*'' where the number w .*'' where the number h belongs"),
        ("03_0.png,Mass,1000,0,25,9", r"box of 25 x 9 pixels at 1000, 0, where one inside the 1024 x 1024 of the pub"),
        ("03_0.png,Mass,0,-1,25,9", r"box of 25 x 9 pixels at 0, -1, where one inside"),
        ("03_0.png,Mass,0,0,0,9", r"box of 0 x 9 pixels at 0, 0, where one inside"),
        ("03_0.png,Mass,9,9,-3,3", r"box of -3 x 3 pixels"),
        ("03_0.png,Mass,0,0,inf,9", r"box of inf x 9 pixels"),
        (
            "03_0.png,Mass,1,1,3,3\n03_0.png,Mass,1.0,1,3,3",
            r"image 03_0\.png has the same box of Mass twice \(1 such\)",
        ),
        ("03_0.png,Infiltrate,1,1,3,3\n03_0.png,Infiltration,1,1,3,3", "has the same box of Infiltration twice"),
    ],
)
def test_what_is_wrong_with_a_row_is_told_in_a_sentence(root, row, message):
    tell(root, row)
    with pytest.raises(PrivbenchError, match=message) as caught:
        ChestXray14().table(request(root))
    assert str(root / BOXES) in str(caught.value)
    assert {name for problem in caught.value.problems for name in problem.images} == {"03_0.png"}


def test_all_that_is_wrong_is_told_together_by_the_image(root):
    tell(
        root, "00_0.png,Noduel,0,0,9,9", "00_1.png,Noduel,0,0,9,9", "01_0.png,Mass,0,0,,9", "01_1.png,Mass,0,0,2000,9",
        "02_0.png,Mass,0,0,9,9", "02_0.png,Mass,0,0,9,9",
    )  # fmt: skip
    with pytest.raises(PrivbenchError, match="4 things are wrong") as caught:
        ChestXray14().table(request(root))
    assert {problem.kind: problem.images for problem in caught.value.problems} == {
        "unknown finding": ("00_0.png", "00_1.png"),
        "wrong entry": ("01_0.png",),
        "box outside the image": ("01_1.png",),
        "box listed twice": ("02_0.png",),
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "does not begin with"),
        (HEADER.encode() + b'"03_0.png,Mass', "is no CSV table"),
        (HEADER.replace(",", ";").encode(), "does not begin with"),
        (b"\xff\xfe", "is no UTF-8 text"),
        (
            b"Image Index,Finding Label,x,y,w,h\n",
            r"does not begin with Image Index,Finding Label,Bbox \[x,y,w,h\]: use",
        ),
        (b"Image Index,Finding Label,Bbox [x,y\n", "does not begin with"),
        (b"Finding Label,Image Index,Bbox [x,y,w,h]\n", "does not begin with"),
    ],
)
def test_another_file_of_that_name_is_refused(root, content, message):
    (root / BOXES).write_bytes(content)
    with pytest.raises(PrivbenchError, match=message):
        ChestXray14().table(request(root))


def test_a_link_that_leads_nowhere_and_a_folder_are_told(root):
    (root / BOXES).symlink_to(root / "gone.csv")
    with pytest.raises(PrivbenchError, match="There is no file .*BBox_List_2017"):
        ChestXray14().source(request(root))
    (root / BOXES).unlink()
    (root / BOXES).mkdir()
    with pytest.raises(PrivbenchError, match="is a folder where a file belongs"):
        ChestXray14().table(request(root))


@pytest.mark.parametrize("rows", [(), (f"99_9.png,Mass,0,0,{CELL},{CELL}",)])
def test_where_no_box_is_of_a_listed_image_no_places_are_known(root, rows):
    tell(root, *rows)
    assert located(request(root)) is None


@pytest.mark.parametrize(
    ("rows", "lacks"),
    [
        ((), True),
        (("99_9.png,Mass",), True),
        (("02_0.png,Mass",), True),  # of a training image
        (("01_0.png,Mass",), True),  # of a test image without that label
        (("03_0.png,Nodule", "02_0.png,Mass"), True),
        (("03_0.png,Nodule", "03_1.png,Mass"), False),
    ],
)
def test_where_no_test_image_has_a_place_of_what_it_is_labelled_with_that_is_told(root, rows, lacks):
    tell(root, *(f"{row},0,0,{CELL},{CELL}" for row in rows))
    told = []
    ChestXray14().table(request(root, notice=told.append))
    text = f"{BOXES} places no finding of a test image's labels, so saliency is not measured"
    assert [notice.text for notice in told] == ([text] if lacks else [])


def test_a_box_at_the_rim_is_not_refused_for_the_rounding_of_its_numbers(root):
    corner, size = 998.599999999999, 1024 - 998.6
    assert corner + size != 1024
    tell(root, f"03_0.png,Mass,{corner + 2e-12!r},0,{size!r},1024")
    assert located(request(root))["03_0.png"].any()


def test_without_the_file_nothing_changes_and_with_it_the_source_follows_what_it_holds(root):
    bare = ChestXray14().source(request(root))
    before = ChestXray14().table(request(root))
    assert located(request(root)) is None
    tell(root, f"03_0.png,Mass,0,0,{CELL},{CELL}")
    told = ChestXray14().source(request(root))
    assert told != bare
    tell(root, f"03_0.png,Mass,1,0,{CELL},{CELL}")
    assert ChestXray14().source(request(root)) not in (bare, told)
    (root / BOXES).unlink()
    assert ChestXray14().source(request(root)) == bare
    assert ChestXray14().table(request(root)).equals(before)


def test_only_images_whose_boxes_changed_are_decoded_again(root, tmp_path):
    """And all of them once there are boxes at all, for then all have locations."""
    dataset, asked = ChestXray14(), request(root)
    decoded = DecodedImages(tmp_path / "decoded")
    kept = Kept(decoded, "source", "data/key")

    def again():
        """The names of what is decoded now, and the locations that are there."""
        table = ChestXray14().table(asked)
        new = [name for name, mark in zip(table["image"], kept.marks(table), strict=True) if mark not in decoded]
        decode(dataset, table, asked, kept)
        files = {name: tmp_path / f"{name}.npy" for name in ("images", "locations")}
        (tmp_path / "locations.npy").unlink(missing_ok=True)
        decoded.deliver(kept.marks(table), files)
        there = np.load(files["locations"]) if files["locations"].exists() else None
        return new, None if there is None else dict(zip(table["image"], there, strict=True))

    new, places = again()
    assert (len(new), places) == (8, None)
    tell(root, f"03_0.png,Mass,0,0,{CELL},{CELL}", f"01_0.png,Mass,0,0,{CELL},{CELL}")
    new, places = again()
    assert len(new) == 8
    assert np.array_equal(places["03_0.png"][FINDINGS.index("Mass")], grid((0, 0)))
    tell(root, f"03_0.png,Mass,{CELL},0,{CELL},{CELL}", f"01_0.png,Mass,0,0,{CELL},{CELL}")
    new, places = again()
    assert new == ["03_0.png"]
    assert np.array_equal(places["03_0.png"][FINDINGS.index("Mass")], grid((0, 1)))
    assert np.array_equal(places["01_0.png"][FINDINGS.index("Mass")], grid((0, 0)))
    (root / BOXES).unlink()
    new, places = again()
    assert (len(new), places) == (8, None)
    assert MADE_FROM in dataset.table(asked)


def test_masks_and_places_stand_beside_each_other_in_the_splits(root, tmp_path):
    (root / "masks").mkdir()
    for path in (root / "images").iterdir():
        Image.fromarray(np.ones((40, 40), np.uint8)).save(root / "masks" / path.name)
    tell(root, f"03_0.png,Mass,0,0,{CELL},{CELL}")
    (tmp_path / "data").mkdir()
    write_data(ChestXray14(), request(root), 0.5, tmp_path / "data", lambda table: None)
    splits = read_splits(tmp_path / "data", FINDINGS)
    assert all((split.masks == 1).all() for split in splits.values())
    assert not splits["train"].locations.any()
    test = splits["test"]
    row = test.table.index[test.table["image"] == "03_0.png"].item()
    assert np.array_equal(np.argwhere(test.locations), [[row, FINDINGS.index("Mass"), 0, 0]])


def test_a_merged_data_set_knows_places_where_all_parts_do(root):
    parts = {
        "nih": {"dataset": "chestxray14", "root": str(root)},
        "drawn": {"dataset": "phantom", "params": {"patients": 10}},
    }
    assert located(request(None), Merged(parts=parts)) is None
    tell(root, f"03_0.png,Mass,0,0,{CELL},{CELL}")
    found = located(request(None), Merged(parts=parts))
    assert np.array_equal(found["nih/03_0.png"][FINDINGS.index("Mass")], grid((0, 0)))
    assert any(places.any() for name, places in found.items() if name.startswith("drawn/"))


def test_saliency_is_measured_on_the_boxes_of_the_test_images(tiny_protocol, tmp_path):
    """Of those alone whose label tells the finding, too: a map that looks everywhere alike has the box's own share."""
    root = write(tmp_path / "nih", patients=40, side=32)
    names = [f"{patient:02}_0.png" for patient in range(1, 40, 2)]
    tell(root, *(f"{name},Mass,0,0,{2 * CELL},{CELL}" for name in names), f"01_1.png,Nodule,0,0,{CELL},{CELL}")
    run = privbench.run(
        "dp-pix",
        params={"b": 2, "m": 3},
        protocol=str(tiny_protocol),
        dataset="chestxray14",
        data_root=root,
        overrides=[
            "data.params={}",
            "attacks.siamese=none",
            "attacks.contrastive=none",
            "guidance.classifier.backbone=test_resnet",
            "guidance.classifier.options={}",
            'utilities.classification.modes=["frozen"]',
            "utilities.saliency={}",
        ],
        store=tmp_path / "store",
        out=tmp_path / "run",
    )
    measured = {one.measure: one for one in run.record.measurements}
    assert measured["the same of a flat map"].value == pytest.approx(2 / 64)
    assert set(measured) == {"saliency inside the finding", "the same of a flat map", "saliency agreement"}
    assert not [told for told in run.record.warnings if re.search("saliency|locations", told)]
    assert list(verify_run(run.folder)) == []

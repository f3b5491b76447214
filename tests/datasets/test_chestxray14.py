import dataclasses
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from privbench.base.errors import PrivbenchError
from privbench.base.progress import Progress
from privbench.data.pairs import draw_pairs
from privbench.data.splits import SPACING
from privbench.datasets.chestxray14 import ChestXray14
from privbench.datasets.findings import FINDINGS
from privbench.datasets.radiographs import read_mask
from privbench.plugins.interfaces import DataRequest
from privbench.protocols.schema import PairsSection
from privbench.running.loading import read_splits, write_data
from privbench.running.pairing import with_pairs

HEADER = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,"
    "OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]\n"
)
ROWS = [
    # image, labels, follow-up, patient, age
    ("1_0.png", "Mass|Nodule", 0, 1, "058Y"),
    ("1_1.png", "No Finding", 1, 1, "59"),
    ("2_0.png", "Hernia", 0, 2, "40"),
    ("2_1.png", "No Finding", 1, 2, "41"),
    ("3_0.png", "No Finding", 0, 3, "70"),
    ("3_1.png", "Edema", 1, 3, "70"),
    ("4_0.png", "Edema", 0, 4, "71"),
    ("4_1.png", "Edema", 1, 4, "71"),
]
TEST = ["3_0.png", "3_1.png", "4_0.png", "4_1.png"]


@pytest.fixture
def root(tmp_path):
    """A tiny data set in the public layout."""
    (tmp_path / "images_001" / "images").mkdir(parents=True)
    (tmp_path / "images_002" / "images").mkdir(parents=True)
    lines = [
        f"{image},{labels},{follow_up},{patient},{age},M,PA,100,100,0.1,0.1\n"
        for image, labels, follow_up, patient, age in ROWS
    ]
    (tmp_path / "Data_Entry_2017_v2020.csv").write_text(HEADER + "".join(lines))
    (tmp_path / "train_val_list.txt").write_text("".join(f"{r[0]}\n" for r in ROWS if r[0] not in TEST))
    (tmp_path / "test_list.txt").write_text("\n".join(TEST))
    for number, row in enumerate(ROWS):
        folder = tmp_path / f"images_00{1 + number % 2}" / "images"
        grey = np.full((40, 40), 20 * number, np.uint8)
        grey[-4:] = 255  # no image is blank
        Image.fromarray(grey).save(folder / row[0])
    return tmp_path


def request(root, size=32):
    return DataRequest(size, 0, root, 2, Progress(quiet=True))


def load(root, tmp_path, size=32, count=2):
    folder = tmp_path / "cache"
    folder.mkdir()
    write_data(ChestXray14(), request(root, size), 0.5, folder, lambda table: None)
    return with_pairs(
        read_splits(folder, FINDINGS), PairsSection(guidance=2, train=count, val=count, test=2 * count, cap=10), 0
    )


def test_public_layout(root):
    table = ChestXray14().table(request(root)).set_index("image")
    assert len(table) == 8
    assert table.loc["1_0.png", "age"] == 58
    assert table.loc["1_0.png", list(FINDINGS)].sum() == 2
    assert table.loc["1_0.png", ["Mass", "Nodule"]].tolist() == [1, 1]
    assert table.loc["1_1.png", list(FINDINGS)].sum() == 0
    assert table.loc["3_0.png", "split"] == "test"
    assert set(table.loc["1_0.png":"2_1.png", "split"]) == {"train_val"}


def test_mistyped_ages_of_the_published_table_are_unknown_and_told(root):
    """Its first release holds some, up to 414 years; what is no age at all is refused by the checks of every table."""
    for old, new in ((",058Y,", ",414,"), (",70,", ",1e300,")):
        replace(old, new)(root)
    told = []
    ages = ChestXray14().table(dataclasses.replace(request(root), notice=told.append)).set_index("image")["age"]
    assert np.isnan(ages["1_0.png"])
    assert ages["3_0.png"] == 1e300
    (notice,) = told
    assert notice.text == "1 of 8 images have ages above 130 years, which are taken for unknown"
    assert notice.names == ("1_0.png",)


def test_spacing_is_that_of_the_squeezed_image(root):
    replace("100,100,0.1,0.1", "2500,2048,0.143,0.168")(root)
    table = ChestXray14().table(request(root, 128)).set_index("image")
    assert table.loc["1_0.png", "spacing_x"] == pytest.approx(2500 * 0.143 / 128)
    assert table.loc["1_0.png", "spacing_y"] == pytest.approx(2048 * 0.168 / 128)
    assert table.loc["1_1.png", list(SPACING)].tolist() == pytest.approx([10 / 128] * 2)


@pytest.mark.parametrize(("fit", "x", "y"), [("squeeze", 10, 10), ("pad", 10, 20), ("crop", 5, 10)])
def test_spacing_follows_the_fit_of_the_file(root, fit, x, y):
    """An image of 10 x 10 mm in a file that is twice as wide as high."""
    Image.fromarray(np.arange(3200, dtype=np.uint32).reshape(40, 80).astype(np.uint8)).save(
        root / "images_001" / "images" / "1_0.png"
    )
    table = ChestXray14().table(dataclasses.replace(request(root), fit=fit)).set_index("image")
    assert table.loc["1_0.png", list(SPACING)].tolist() == pytest.approx([x / 32, y / 32])
    assert table.loc["1_1.png", list(SPACING)].tolist() == pytest.approx([10 / 32] * 2), "a square stays one"


@pytest.mark.parametrize(
    "nonsense", ["0,100,0.1,0.1", "100,100,-0.1,0.1", "100,100,,0.1", "wide,100,0.1,0.1", "inf,100,1,0.1"]
)
def test_spacing_that_makes_no_sense_is_unknown(root, nonsense):
    replace("100,100,0.1,0.1", nonsense)(root)
    table = ChestXray14().table(request(root)).set_index("image")
    assert np.isnan(table.loc["1_0.png", "spacing_x"])
    assert table["spacing_y"].tolist() == pytest.approx([10 / 32] * 8)
    assert table["spacing_x"].isna().sum() == 1


def test_spacing_is_unknown_where_its_columns_are_missing(root):
    path = root / "Data_Entry_2017_v2020.csv"
    pd.read_csv(path, index_col=False).drop(columns="OriginalImage[Width").to_csv(path, index=False)
    table = ChestXray14().table(request(root))
    assert table["spacing_x"].isna().all()
    assert table["spacing_y"].tolist() == pytest.approx([10 / 32] * 8)


def test_two_files_of_one_name_are_refused(root):
    first = next((root / "images_001" / "images").iterdir())
    shutil.copy(first, root / "images_002" / "images" / first.name)
    with pytest.raises(PrivbenchError, match=rf"{first.name} and .* have the same name: keep one of them"):
        ChestXray14().table(request(root))


def test_what_is_too_small_for_another_size_is_told_of_an_instance_that_was_used(root):
    dataset = ChestXray14()
    list(dataset.read(dataset.table(request(root)), request(root)))
    with pytest.raises(PrivbenchError, match="too few for data.size = 2048"):
        list(dataset.read(dataset.table(request(root, 2048)), request(root, 2048)))


def test_images_follow_their_rows(root):
    dataset = ChestXray14()
    table = dataset.table(request(root)).sort_values("image", ascending=False)
    images = np.concatenate([chunk.images for chunk in dataset.read(table, request(root))])
    assert images.shape == (8, 1, 32, 32)
    assert images[:, 0, 5, 5].tolist() == [20 * n for n in reversed(range(8))]


def test_other_folder_layout(root):
    (root / "images").mkdir()
    for path in sorted(root.glob("images_*/images/*.png")):
        path.rename(root / "images" / path.name)
    assert len(ChestXray14().table(request(root))) == 8


def break_image(root):
    (root / "images_001" / "images" / "1_0.png").write_bytes(b"\x89PNG broken")


def drop_column(root):
    pd.read_csv(root / "Data_Entry_2017_v2020.csv", index_col=False).drop(columns="Patient ID").to_csv(
        root / "Data_Entry_2017_v2020.csv", index=False
    )


def append(name, text):
    return lambda root: (root / name).write_text((root / name).read_text() + text)


def replace(old, new):
    file = "Data_Entry_2017_v2020.csv"
    return lambda root: (root / file).write_text((root / file).read_text().replace(old, new, 1))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (break_image, r"1_0\.png cannot be read"),
        (drop_column, r"lacks the column 'Patient ID'"),
        (lambda root: (root / "images_001/images/1_0.png").unlink(), r"1_0\.png is listed and not there"),
        (append("test_list.txt", "\n9_9.png"), r"9_9\.png stands in a split list"),
        (append("test_list.txt", "\n1_0.png"), r"1_0\.png stands in both split lists"),
        (append("test_list.txt", "\n3_0.png"), r"3_0\.png is listed twice"),
        (replace("Mass|Nodule", "Mass|Noduel"), r"unknown label 'Noduel': did you mean 'Nodule'"),
        (replace(",2,40", ",2,old"), None),
        (replace("058Y", "old"), r"'old' where a number for age belongs"),
        (replace(",0,2,40", ",0,3,40"), r"1 patient\(s\) stand in more than one split.*: 3;"),
        (lambda root: (root / "test_list.txt").unlink(), r"There is no file .*test_list\.txt"),
        (lambda root: (root / "test_list.txt").write_text(""), r"lists no image"),
        (lambda root: (root / "Data_Entry_2017_v2020.csv").write_bytes(b""), r"is no CSV table"),
        (lambda root: (root / "test_list.txt").write_bytes(b"\xff\xfe"), r"is no UTF-8 text"),
        (lambda root: (root / "Data_Entry_2017_v2020.csv").unlink(), r"There is no Data_Entry_2017"),
        (lambda root: (root / "Data_Entry_2017.csv").write_text(HEADER), r"more than one Data_Entry_2017"),
        (lambda root: [shutil.rmtree(f) for f in root.glob("images_*")], r"neither images/ nor images_001"),
    ],
)
def test_damage_is_told_in_a_sentence(root, tmp_path, damage, message):
    damage(root)
    with pytest.raises(PrivbenchError, match=message or "where a number for age belongs"):
        load(root, tmp_path)


def test_patients_are_not_cut_to_whole_numbers(root):
    """Twelve-and-a-bit is somebody else than twelve; cut off, they were one patient with more mated pairs."""
    text = (root / "Data_Entry_2017_v2020.csv").read_text()
    for one, other in ((",1,1,59", ",1,1.00003,59"), (",0,3,70", ",0,H-3,70"), (",1,4,71", ",1,NA,71")):
        text = text.replace(one, other, 1)
    (root / "Data_Entry_2017_v2020.csv").write_text(text)
    table = ChestXray14().table(request(root)).set_index("image")
    assert table["patient"].tolist() == ["1", "1.00003", "2", "2", "H-3", "3", "4", "NA"]


def test_files_of_other_editors_are_read(root):
    expected = ChestXray14().table(request(root))
    for name in ("Data_Entry_2017_v2020.csv", "train_val_list.txt", "test_list.txt"):
        text = (root / name).read_text()
        (root / name).write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r").encode())
    assert ChestXray14().table(request(root)).equals(expected)


def test_follow_ups_and_ages_are_not_cut_and_may_be_unknown(root):
    text = (root / "Data_Entry_2017_v2020.csv").read_text()
    text = text.replace("1_1.png,No Finding,1,1,59", "1_1.png,No Finding,1.00003,1,0.5")
    text = text.replace("2_0.png,Hernia,0,2,40", "2_0.png,Hernia,,2,")
    (root / "Data_Entry_2017_v2020.csv").write_text(text)
    table = ChestXray14().table(request(root)).set_index("image")
    assert table.loc["1_1.png", ["follow_up", "age"]].tolist() == [1.00003, 0.5]
    assert table.loc["2_0.png", ["follow_up", "age"]].isna().all()


@pytest.mark.parametrize("age", ["-3", "1e300", "inf", "1000"])
def test_impossible_ages_are_refused(root, tmp_path, age):
    replace(",2,40,", f",2,{age},")(root)
    with pytest.raises(PrivbenchError, match=r"Image 2_0\.png has .* for age .*0 to 130 years"):
        load(root, tmp_path)


def test_all_that_is_wrong_with_the_lists_is_told_together(root):
    (root / "train_val_list.txt").write_text("1_0.png\n3_0.png\n1_0.png\n")
    with pytest.raises(
        PrivbenchError, match=r"(?s)2 things are wrong:.*image 1_0\.png is listed twice.*3_0\.png stands in"
    ):
        ChestXray14().table(request(root))
    (root / "train_val_list.txt").write_text("9_9.png\n1_0.png\n")
    (root / "images_001/images/1_0.png").unlink()
    with pytest.raises(
        PrivbenchError, match=r"(?s)2 things are wrong:.*9_9\.png stands in a split.*1_0\.png is listed and"
    ):
        ChestXray14().table(request(root))


def test_the_grey_range_is_that_of_all_listed_images(root):
    """Also where few of them are read at a time, as the parts of a merged data set are."""
    for number, row in enumerate(ROWS):
        path = root / f"images_00{1 + number % 2}" / "images" / row[0]
        Image.fromarray(np.full((40, 40), 100 * (number + 1), np.uint16)).save(path)
    dataset = ChestXray14()
    table = dataset.table(request(root))
    [chunk] = dataset.read(table[:1], request(root))
    assert (chunk.images == round(100 * 255 / 1023)).all(), "800 needs 10 bits"


def test_links_that_lead_nowhere(root, tmp_path):
    (tmp_path / "there").symlink_to(tmp_path / "back")
    (tmp_path / "back").symlink_to(tmp_path / "there")
    with pytest.raises(PrivbenchError, match="is a link that leads nowhere"):
        ChestXray14().table(request(tmp_path / "there"))
    image = root / "images_001" / "images" / "1_0.png"
    image.unlink()
    image.symlink_to(image)
    with pytest.raises(PrivbenchError, match=r"1_0\.png is listed and not there"):
        ChestXray14().table(request(root))
    (tmp_path / "file").write_text("")
    with pytest.raises(PrivbenchError, match="is a file: name the folder"):
        ChestXray14().table(request(tmp_path / "file"))


def test_missing_roots(tmp_path):
    with pytest.raises(PrivbenchError, match="name its folder with --data-root"):
        ChestXray14().table(request(None))
    with pytest.raises(PrivbenchError, match="There is no folder"):
        ChestXray14().table(request(tmp_path / "nowhere"))


def test_source_changes_with_the_files(root):
    before = ChestXray14().source(request(root))
    assert ChestXray14().source(request(root)) == before
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(root / "images_001" / "images" / "1_0.png")
    assert ChestXray14().source(request(root)) != before


def add_masks(root):
    """The left half lungs; the upper half of image n heart where n is odd."""
    (root / "masks").mkdir()
    for number, row in enumerate(ROWS):
        mask = np.zeros((40, 40), np.uint8)
        mask[:, :20] |= 1
        mask[:20] |= 2 * (number % 2)
        Image.fromarray(mask).save(root / "masks" / row[0])


def test_masks_follow_their_rows_where_there_are_any(root):
    dataset = ChestXray14()
    table = dataset.table(request(root)).sort_values("image", ascending=False)
    assert all(chunk.masks is None for chunk in dataset.read(table, request(root)))
    add_masks(root)
    masks = np.concatenate([chunk.masks for chunk in dataset.read(table, request(root))])
    assert masks.shape == (8, 1, 32, 32)
    for image, mask in zip(table["image"], masks[:, 0], strict=True):
        heart = 2 * int(image[2])
        assert (mask[:16, :16] == 1 | heart).all()
        assert (mask[16:, :16] == 1).all()
        assert (mask[:16, 16:] == heart).all()
        assert (mask[16:, 16:] == 0).all()


def test_masks_count_in_the_source(root):
    before = ChestXray14().source(request(root))
    add_masks(root)
    with_masks = ChestXray14().source(request(root))
    assert with_masks != before
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(root / "masks" / "1_0.png")
    assert ChestXray14().source(request(root)) != with_masks
    shutil.rmtree(root / "masks")
    assert ChestXray14().source(request(root)) == before


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda masks: [(masks / f).unlink() for f in ("1_1.png", "2_0.png")], r"1_1\.png has no mask in .*2 missing"),
        (lambda masks: (masks / "1_0.png").write_bytes(b"\x89PNG broken"), r"Mask .*1_0\.png cannot be read"),
        (lambda masks: Image.fromarray(np.full((40, 40), 4, np.uint8)).save(masks / "1_0.png"), r"1_0\.png holds more"),
        (lambda masks: Image.new("RGB", (40, 40)).save(masks / "1_0.png"), r"1_0\.png holds more"),
    ],
)
def test_damaged_masks_are_told(root, tmp_path, damage, message):
    add_masks(root)
    damage(root / "masks")
    with pytest.raises(PrivbenchError, match=message):
        load(root, tmp_path)


def test_resizing_mixes_no_bits(tmp_path):
    mask = np.random.default_rng(0).integers(0, 2, (50, 50)).astype(np.uint8) * 3
    Image.fromarray(mask).save(tmp_path / "mask.png")
    assert set(np.unique(read_mask(tmp_path / "mask.png", 16))) == {0, 3}
    assert np.array_equal(read_mask(tmp_path / "mask.png", 50), mask)
    assert np.array_equal(read_mask(tmp_path / "mask.png", 100), mask.repeat(2, 0).repeat(2, 1))


@pytest.mark.parametrize("mode", ["1", "L", "P", "I;16"])
def test_all_kinds_of_grey_masks_are_read(tmp_path, mode):
    mask = np.eye(20, dtype=np.uint8)
    kinds = {"1": mask.astype(bool), "L": mask, "P": mask, "I;16": mask.astype(np.uint16)}
    image = Image.fromarray(kinds[mode])
    if mode == "P":
        image.putpalette([0, 0, 0, 255, 0, 0])
    assert image.mode == mode
    image.save(tmp_path / "mask.png")
    assert np.array_equal(read_mask(tmp_path / "mask.png", 20), mask)


def test_real_mini(real_data, tmp_path):
    """The numbers that its README states."""
    splits = load(real_data / "chestxray14-mini", tmp_path, size=64, count=100)
    assert sum(len(s.images) for s in splits.values()) == 1000
    assert len(splits["test"].images) == 273
    assert len(set(splits["test"].patients)) == 100
    test = splits["test"].patients
    assert draw_pairs(test, 10**6, None, np.random.default_rng(0), "test").mated.sum() == 548
    widths = pd.read_csv(real_data / "chestxray14-mini" / "Data_Entry_2017_v2020.csv", index_col="Image Index")
    table = splits["test"].table
    field = (
        widths.loc[table["image"], "OriginalImage[Width"] * widths.loc[table["image"], "OriginalImagePixelSpacing[x"]
    )
    np.testing.assert_allclose(table["spacing_x"] * 64, field)
    patients = [set(s.table["patient"]) for s in splits.values()]
    assert len(set.union(*patients)) == sum(map(len, patients)), "no patient stands in two splits"
    first = splits["test"].table.iloc[0]
    on_disk = np.asarray(Image.open(real_data / "chestxray14-mini" / "images" / first["image"]))
    assert np.array_equal(splits["test"].images[0, 0], on_disk)


def test_real_originals_resize_to_the_256_copies(real_data):
    """The 1,024 px files, three of them RGBA, against the same images at 256 px."""
    root = real_data / "chestxray14-1024"
    table = ChestXray14().table(request(root))
    for chunk in ChestXray14().read(table, request(root, 256)):
        for name, image in zip(table["image"], chunk.images, strict=True):
            copy = np.asarray(Image.open(real_data / "chestxray14-256" / "images" / name).convert("L"), float)
            assert np.corrcoef(copy.ravel(), image[0].ravel())[0, 1] > 0.995

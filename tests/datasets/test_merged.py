import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from privbench.base.errors import PrivbenchError
from privbench.base.progress import Progress
from privbench.base.seeds import derive_seed
from privbench.data.splits import CELLS, SPACING
from privbench.datasets.findings import FINDINGS
from privbench.datasets.merged import Merged
from privbench.datasets.phantom import generate
from privbench.plugins.interfaces import DataRequest
from privbench.protocols.schema import PairsSection
from privbench.running.loading import read_splits, write_data
from privbench.running.pairing import with_pairs

SPINE = '''
import numpy as np
from dataclasses import replace
from privbench.datasets.chestxray14 import ChestXray14

class Spine(ChestXray14):
    """Labels two findings, one of them not in every image, and locates them by the image's number."""
    name = "spine"
    findings = ("Mass", "Scoliosis")

    def table(self, request):
        table = super().table(request).drop(columns=["Edema", "Hernia"])
        return table.assign(Scoliosis=np.where(table["follow_up"] == 0, table["patient"].astype(int) % 2, np.nan))

    def read(self, table, request):
        start = 0
        for chunk in super().read(table, request):
            numbers = table["image"].iloc[start : start + len(chunk.images)].str[0].astype(int).to_numpy(np.uint8)
            located = np.stack([numbers, numbers + 100], axis=1)[:, :, None, None]
            yield replace(chunk, locations=np.tile(located, (1, 1, 8, 8)))
            start += len(numbers)
'''
HEADER = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,"
    "OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]\n"
)
GREY = {f"{patient}_{visit}.png": 20 * patient + visit for patient in range(1, 7) for visit in range(2)}
PAIRS = PairsSection(guidance=4, train=4, val=4, test=4, cap=1)
PHANTOMS = {
    "a": {"dataset": "phantom", "params": {"patients": 10}},
    "b": {"dataset": "phantom", "params": {"patients": 12, "test_share": 0.5}},
}
UNION = (*FINDINGS, "Scoliosis")


@pytest.fixture
def root(tmp_path):
    """Six patients with two images each in the public layout of ChestX-ray14; the last three are the test split."""
    root = tmp_path / "spine"
    (root / "images").mkdir(parents=True)
    lines = [
        f"{image},{'Mass' if grey % 2 else 'Edema'},{grey % 20},{grey // 20},50,F,PA,320,640,0.2,0.2\n"
        for image, grey in GREY.items()
    ]
    (root / "Data_Entry_2017_v2020.csv").write_text(HEADER + "".join(lines))
    (root / "train_val_list.txt").write_text("\n".join(image for image in GREY if image < "4"))
    (root / "test_list.txt").write_text("\n".join(image for image in GREY if image > "4"))
    for image, grey in GREY.items():
        Image.fromarray(drawn_spine(grey)).save(root / "images" / image)
    return root


def drawn_spine(grey):
    """An image of that grey value that is not blank."""
    image = np.full((32, 32), grey, np.uint8)
    image[0, 0] = 255
    return image


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Installs a module with a data set, as pip would, for one test."""

    def install(source, module, entry="spine = {module}:Spine"):
        site = tmp_path / module
        (site / f"{module}-1.dist-info").mkdir(parents=True)
        (site / f"{module}-1.dist-info" / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1\n")
        (site / f"{module}-1.dist-info" / "entry_points.txt").write_text(
            f"[privbench.datasets]\n{entry.format(module=module)}\n"
        )
        (site / f"{module}.py").write_text(source)
        monkeypatch.syspath_prepend(site)
        monkeypatch.delitem(sys.modules, module, raising=False)

    return install


@pytest.fixture
def parts(root, install):
    """Two phantoms and, last, a data set on disk that labels fewer and other findings."""
    install(SPINE, "spine_plugin")
    return PHANTOMS | {"spine": {"dataset": "spine", "root": str(root)}}


def request(root=None, seed=0):
    return DataRequest(32, seed, root, 1, Progress(quiet=True))


def load(parts, folder):
    dataset = Merged(parts=parts)
    folder.mkdir()
    write_data(dataset, request(), 0.4, folder, lambda table: None)
    return with_pairs(read_splits(folder, dataset.findings), PAIRS, 0)


def together(splits):
    return pd.concat([split.table for split in splits.values()], ignore_index=True)


def drawn(name):
    """What the part of that name draws."""
    seed = derive_seed(derive_seed(0, "merged", name), "phantom")
    return generate(patients=PHANTOMS[name]["params"]["patients"], size=32, seed=seed, workers=1)


def test_findings_are_the_union_in_order(parts):
    assert Merged(parts=parts).findings == UNION
    turned = {name: parts[name] for name in ("spine", "a")}
    assert Merged(parts=turned).findings == ("Mass", "Scoliosis", *(f for f in FINDINGS if f != "Mass"))


def test_what_a_part_does_not_label_is_unknown(parts, tmp_path):
    table = together(load(parts, tmp_path / "data"))
    part = table["image"].str.split("/").str[0]
    spine, phantoms = table[part == "spine"], table[part != "spine"]
    assert len(spine) == 12
    assert phantoms["Scoliosis"].isna().all()
    assert phantoms[list(FINDINGS)].isin([0, 1]).all(axis=None)
    assert spine[[f for f in FINDINGS if f != "Mass"]].isna().all(axis=None)
    grey = spine["image"].str.removeprefix("spine/").map(GREY)
    assert (spine["Mass"] == grey % 2).all()
    assert spine["Scoliosis"].isna().tolist() == (grey % 20 == 1).tolist()
    first = spine["follow_up"] == 0
    assert (spine.loc[first, "Scoliosis"] == grey[first] // 20 % 2).all()


def test_labels_of_a_split_hold_the_unknown(parts, tmp_path):
    test = load(parts, tmp_path / "data")["test"]
    spine = test.table["image"].str.startswith("spine/").to_numpy()
    assert test.labels.shape == (len(test.table), 15)
    assert np.isnan(test.labels[~spine, 14]).all()
    assert not np.isnan(test.labels[~spine, :14]).any()


def test_patients_are_those_of_the_parts_and_disjoint(parts, tmp_path):
    table = together(load(parts, tmp_path / "data"))
    for name, patients in (("a", 10), ("b", 12), ("spine", 6)):
        assert table.loc[table["image"].str.startswith(f"{name}/"), "patient"].nunique() == patients
        assert table.loc[table["image"].str.startswith(f"{name}/"), "patient"].str.startswith(f"{name}/").all()
    assert table["patient"].nunique() == 28
    spine = table[table["image"].str.startswith("spine/")]
    assert spine.groupby("patient")["image"].agg(sorted).tolist() == [
        [f"spine/{patient}_0.png", f"spine/{patient}_1.png"] for patient in range(1, 7)
    ]


def test_splits_are_those_of_the_parts(parts, tmp_path):
    splits = load(parts, tmp_path / "data")
    names = splits["test"].table["image"]
    numbers = {name: drawn(name).table.set_index("image")["patient"].astype(int) for name in ("a", "b")}
    assert {name for name in names if name.startswith("spine/")} == {f"spine/{image}" for image in GREY if image > "4"}
    for part, first in (("a", 9), ("b", 7)):
        expected = numbers[part].index[numbers[part] >= first]
        assert {name for name in names if name.startswith(f"{part}/")} == {f"{part}/{image}" for image in expected}


def test_every_row_has_its_image(parts, tmp_path):
    pixels = {f"spine/{image}": drawn_spine(grey)[None] for image, grey in GREY.items()}
    for name in ("a", "b"):
        own = drawn(name)
        pixels |= {f"{name}/{image}": own.images[row] for row, image in enumerate(own.table["image"])}
    splits = load(parts, tmp_path / "data")
    assert sum(len(split.images) for split in splits.values()) == len(pixels)
    for split in splits.values():
        for name, image in zip(split.table["image"], split.images, strict=True):
            assert np.array_equal(image, pixels[name]), name


def test_rows_are_read_in_any_order(parts):
    dataset = Merged(parts=parts)
    mixed = dataset.table(request()).sample(frac=1, random_state=0)
    images = np.concatenate([chunk.images for chunk in dataset.read(mixed, request())])
    assert len(images) == len(mixed)
    spine = mixed["image"].str.startswith("spine/").to_numpy()
    greys = mixed["image"][spine].str.removeprefix("spine/").map(GREY)
    assert images[spine, 0, 3, 3].tolist() == greys.tolist()


def test_phantoms_of_two_parts_share_no_patient():
    dataset = Merged(parts={"a": PHANTOMS["a"], "c": PHANTOMS["a"]})
    table = dataset.table(request())
    images = np.concatenate([chunk.images for chunk in dataset.read(table, request())])
    assert len(np.unique(images, axis=0)) == len(images)


def test_one_collection_in_two_parts_shares_no_patient(root):
    """Whoever stands in both would be two people, one of them in the training and one in the test."""
    nih = {"dataset": "chestxray14", "root": str(root)}
    with pytest.raises(PrivbenchError, match=r"6 patients of chestxray14 stand in the parts 'a' and 'b', and would be"):
        Merged(parts={"a": nih, "b": nih}).table(request())


def test_spacing_is_known_where_a_part_knows_it(parts, root, tmp_path):
    path = root / "Data_Entry_2017_v2020.csv"
    path.write_text(
        path.read_text().replace("1_0.png,Edema,0,1,50,F,PA,320,640,0.2", "1_0.png,Edema,0,1,50,F,PA,320,640,")
    )
    table = together(load(parts, tmp_path / "data")).set_index("image")
    assert np.isnan(table.loc["spine/1_0.png", "spacing_x"])
    assert table.loc["spine/1_1.png", list(SPACING)].tolist() == [pytest.approx(2), pytest.approx(4)]


def test_locations_are_those_of_all_findings(parts, tmp_path):
    splits = load(parts, tmp_path / "data")
    own = drawn("b")
    row_of = {f"b/{image}": row for row, image in enumerate(own.table["image"])}
    for split in splits.values():
        assert split.locations.shape == (len(split.images), 15, CELLS, CELLS)
        for name, located in zip(split.table["image"], split.locations, strict=True):
            if name.startswith("spine/"):
                number = int(name.removeprefix("spine/")[0])
                assert (located[UNION.index("Mass")] == number).all()
                assert (located[UNION.index("Scoliosis")] == number + 100).all()
                assert not located[[i for i, f in enumerate(UNION) if f not in ("Mass", "Scoliosis")]].any()
            elif name in row_of:
                assert np.array_equal(located[:14], own.locations[row_of[name]])
                assert not located[14].any()


def test_masks_are_known_where_every_part_knows_them(parts, root, tmp_path):
    assert all(split.masks is None for split in load(parts, tmp_path / "without").values())
    (root / "masks").mkdir()
    for number, image in enumerate(GREY):
        Image.fromarray(np.full((32, 32), number % 4, np.uint8)).save(root / "masks" / image)
    values = {f"spine/{image}": number % 4 for number, image in enumerate(GREY)}
    for split in load(parts, tmp_path / "with").values():
        assert split.masks.shape == split.images.shape
        for name, mask in zip(split.table["image"], split.masks, strict=True):
            assert name not in values or (mask == values[name]).all()


def test_no_locations_where_a_part_knows_none(root, tmp_path):
    parts = PHANTOMS | {"nih": {"dataset": "chestxray14", "root": str(root)}}
    splits = load(parts, tmp_path / "data")
    assert all(split.locations is None for split in splits.values())


def test_merged_may_be_merged(root, install):
    install("", "nesting", "merged = privbench.datasets.merged:Merged")
    inner = {"dataset": "merged", "params": {"parts": {"nih": {"dataset": "chestxray14", "root": str(root)}}}}
    dataset = Merged(parts={"outer": inner, "a": PHANTOMS["a"]})
    table = dataset.table(request())
    nih = table["image"].str.startswith("outer/nih/")
    assert nih.sum() == 12
    [first, *_] = dataset.read(table[nih], request())
    assert first.images[:, 0, 3, 3].tolist() == list(GREY.values())


def test_the_source_tells_files_seeds_and_order(parts, root):
    before = Merged(parts=parts).source(request())
    assert Merged(parts=parts).source(request()) == before
    assert Merged(parts=parts).source(request(seed=1)) != before
    assert Merged(parts=dict(reversed(parts.items()))).source(request()) != before
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(root / "images" / "1_0.png")
    assert Merged(parts=parts).source(request()) != before


def test_a_foreign_part_counts_with_its_source(root, install):
    parts = {"spine": {"dataset": "spine", "root": str(root)}}
    with pytest.raises(PrivbenchError, match="There is no dataset 'spine'"):
        Merged(parts=parts)
    install(SPINE, "spine_plugin")
    before = Merged(parts=parts).inputs()
    (root.parent / "spine_plugin" / "spine_plugin-1.dist-info" / "entry_points.txt").write_text("")
    install(SPINE + "# edited", "edited_plugin")
    assert Merged(parts=parts).inputs().keys() == before.keys() == {"spine"}
    assert Merged(parts=parts).inputs() != before


def test_where_a_part_lies_is_no_part_of_its_parameters(root):
    here, there = (
        Merged(parts={"nih": {"dataset": "chestxray14", "root": str(folder)}}).params for folder in (root, root / "..")
    )
    assert here.parts["nih"].root == root
    assert here.model_dump(mode="json") == there.model_dump(mode="json")


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({}, "'parts' Dictionary should have at least 1 item"),
        ({"two words": PHANTOMS["a"]}, "'parts.two words.*' String should match"),
        ({"a/b": PHANTOMS["a"]}, "'parts.a/b.*' String should match"),
        ({"a": {"dataset": "phantm"}}, "Part 'a' of the merged data set: There is no dataset 'phantm'.* 'phantom'"),
        ({"a": {"dataset": "phantom", "params": {"patients": 3}}}, "Part 'a' of the merged data set: .*'patients'"),
        ({"a": {"dataset": "phantom", "parms": {}}}, "'parts.a.parms' is not one of .*'params'"),
    ],
)
def test_wrong_parts_are_told(parts, message):
    with pytest.raises(PrivbenchError, match=message):
        Merged(parts=parts)


def test_every_part_has_its_own_root(tmp_path):
    with pytest.raises(PrivbenchError, match="leave out --data-root"):
        Merged(parts=PHANTOMS).source(request(tmp_path))
    with pytest.raises(PrivbenchError, match="Part 'nih' of the merged data set: .* its part's root"):
        Merged(parts={"nih": {"dataset": "chestxray14"}}).source(request())


def test_a_part_with_wrong_rows_is_named(root, tmp_path):
    with (root / "test_list.txt").open("a") as file:
        file.write("\n1_0.png")
    with pytest.raises(PrivbenchError, match=r"Part 'nih' of the merged data set: Image 1_0\.png stands in both split"):
        load({"nih": {"dataset": "chestxray14", "root": str(root)}}, tmp_path / "data")


def test_merged_data_are_public_where_all_parts_are(parts):
    assert Merged(parts=PHANTOMS).public
    assert not Merged(parts=parts).public


def test_notices_tell_their_part(parts, root):
    Image.fromarray(np.arange(400, dtype=np.uint16).astype(np.uint8).reshape(20, 20)).save(root / "images" / "1_0.png")
    told = []
    dataset = Merged(parts=parts)
    asked = replace(request(), notice=told.append)
    list(dataset.read(dataset.table(asked), asked))
    assert [(notice.text.split(":")[0], notice.names) for notice in told] == [("part 'spine'", ("spine/1_0.png",))]


def test_test_patients_are_named_where_every_part_names_its_own(root, tmp_path):
    of_lists = {"dataset": "chestxray14", "root": str(root)}
    assert Merged(parts=PHANTOMS | {"c": of_lists}).names_test(request())
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "list.csv").write_text("image,patient\na.png,1\nb.png,2\n")
    for name in ("a.png", "b.png"):
        Image.fromarray(drawn_spine(7)).save(tmp_path / "ours" / name)
    drawn = {"dataset": "table", "root": str(tmp_path / "ours"), "params": {"findings": []}}
    assert not Merged(parts=PHANTOMS | {"d": drawn}).names_test(request())

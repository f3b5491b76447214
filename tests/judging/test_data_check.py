"""A check of a data set finds what was planted in it, and invents nothing."""

import dataclasses
import json
import shutil
import stat

import numpy as np
import pandas as pd
import pytest
from command_line import call
from faults import BROKEN, copy, cut_short, saved_again
from pictures import grey_levels, pictures
from PIL import Image

from privbench.base.errors import PrivbenchError
from privbench.base.progress import Progress
from privbench.data.exclusion import Exclusion
from privbench.datasets.chestxray14 import ChestXray14
from privbench.datasets.merged import Merged
from privbench.datasets.table import TableDataset
from privbench.judging.data_check import look_at
from privbench.plugins.interfaces import DataRequest
from privbench.record.data_check import DataCheck

SIDE = 64


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Twenty patients with three images each, smooth fields of which none is like another."""
    root = tmp_path_factory.mktemp("sound")
    images = grey_levels(pictures(SIDE, 60)).numpy().astype(np.uint8)[:, 0]
    rows = []
    for number, image in enumerate(images):
        patient, visit = divmod(number, 3)
        Image.fromarray(image).save(root / f"{number:02}.png")
        split = "test" if patient >= 14 else "train_val"
        about = {"follow_up": visit, "age": 50 + visit * patient, "sex": "FM"[patient % 2], "view": "PA"}
        rows.append(
            {"image": f"{number:02}.png", "patient": f"P{patient:02}", "split": split, "Mass": number % 2, "Edema": 0}
            | about
        )
    pd.DataFrame(rows).to_csv(root / "labels.csv", index=False)
    return root


@pytest.fixture
def root(sound, tmp_path):
    return shutil.copytree(sound, tmp_path / "data")


def request(root, *left_out, size=SIDE):
    return DataRequest(size, 0, root, 2, Progress(quiet=True), exclude=Exclusion.of(left_out))


def checked(root, *left_out, dataset=None, size=SIDE):
    return look_at(dataset or TableDataset(), request(root, *left_out, size=size), 0.25).check


def edit(root, change):
    table = pd.read_csv(root / "labels.csv", dtype=str, keep_default_na=False)
    change(table).to_csv(root / "labels.csv", index=False)


def by_kind(check):
    found = {}
    for one in check.to_mend:
        found.setdefault(one.kind, set()).update(one.images)
    return found


def test_a_sound_data_set_has_nothing_to_mend(root):
    check = checked(root)
    assert check.findings == []
    assert (check.whole, check.listed, check.images, check.patients) == (True, 60, 60, 20)


def plant(place, names, others):
    """A fault in each of the names, with images that are not among them to copy; the kinds, and the images of each."""
    names, planted = iter(names), {}
    for fault, kind in BROKEN.items():
        name = next(names)
        fault(place / name)
        planted.setdefault(kind, set()).add(name)
    for fault, kind in ((copy, "copy, two patients"), (saved_again, "near copy, two patients")):
        name, other = next(names), others.pop()
        fault(place / name, place / other)
        planted[kind] = {name, other}
    return planted


def test_all_that_is_planted_is_found_and_nothing_else(root):
    """Thirteen broken images, four copies, and five rows that are wrong."""
    planted = plant(root, [f"{number:02}.png" for number in range(0, 45, 3)], ["58.png", "55.png"])
    shutil.copy(root / "46.png", root / "47.png")
    planted["copy"] = {"47.png"}

    def change(table):
        table.loc[table["image"] == "01.png", "age"] = "1e400"  # unknown, and no reason to stop
        table.loc[table["image"] == "04.png", "Mass"] = "perhaps"
        table.loc[table["image"] == "07.png", "patient"] = "p02"
        table.loc[table["image"] == "49.png", "split"] = "train"
        table.loc[table["image"] == "50.png", "image"] = "../50.png"
        return pd.concat([table, table[table["image"] == "52.png"].assign(sex="")])

    edit(root, change)
    planted |= {
        "wrong entry": {"04.png"},
        "patient in two writings": {"06.png", "07.png", "08.png"},
        "in two splits": {"48.png", "49.png"},  # the third one leads out
        "path leads out": {"../50.png"},
        "listed twice": {"52.png"},
    }
    check = checked(root, dataset=TableDataset(findings=["Mass", "Edema"]))
    assert check.whole
    found = by_kind(check)
    assert found.keys() == planted.keys()
    for kind, names in planted.items():
        assert found[kind] == names, kind
    again = checked(root, *check.bad_images)
    assert again.findings == []
    assert again.images == 60 - len(check.bad_images)


def test_twenty_faults_in_real_radiographs(real_data, tmp_path):
    """A copy of a thousand images in the layout of ChestX-ray14, which has nothing to mend before."""
    root = shutil.copytree(real_data / "chestxray14-mini", tmp_path / "mini")
    path = next(root.glob("Data_Entry_2017*.csv"))
    entries = pd.read_csv(path, dtype=str, keep_default_na=False)
    lists = {name: (root / name).read_text().split() for name in ("train_val_list.txt", "test_list.txt")}
    patients, counts = entries.set_index("Image Index")["Patient ID"], entries["Patient ID"].value_counts()
    # Of patients with one image, so that no fault of a patient takes others with it.
    single = [name for name in lists["train_val_list.txt"] if counts[patients[name]] == 1]
    several = [name for name in lists["train_val_list.txt"] if counts[patients[name]] > 5]
    assert checked(root, dataset=ChestXray14()).findings == []
    planted = plant(root / "images", single, [several[3], several[1]])
    free = single[len(BROKEN) + 2 :]
    rows = entries.set_index("Image Index")
    rows.loc[free[0], "Patient Age"] = "old"
    rows.loc[free[1], "Finding Labels"] = "Noduel"
    mate = next(name for name in lists["test_list.txt"] if counts[patients[name]] == 1)
    rows.loc[free[2], "Patient ID"] = patients[mate]
    rows = pd.concat([rows.drop(free[3]), rows.loc[[free[4]]]])
    rows.rename_axis("Image Index").reset_index().to_csv(path, index=False)
    (root / "train_val_list.txt").write_text("\n".join([*lists["train_val_list.txt"], free[5]]))
    (root / "test_list.txt").write_text("\n".join([*lists["test_list.txt"], free[6]]))
    cut_short(root / "images" / free[0])
    planted["not readable"].add(free[0])
    planted |= {
        "wrong entry": {free[0]},
        "unknown label": {free[1]},
        "in two splits": {free[2], mate, free[6]},
        "no entry": {free[3]},
        "listed twice": {free[4], free[5]},
    }
    check = checked(root, dataset=ChestXray14())
    assert by_kind(check) == planted
    assert checked(root, *check.bad_images, dataset=ChestXray14()).findings == []


def test_counts_of_real_radiographs(real_data):
    """As the table tells them, and by the definition of the words."""
    root = real_data / "chestxray14-mini"
    check = checked(root, dataset=ChestXray14())
    rows = pd.read_csv(next(root.glob("Data_Entry_2017*.csv")))
    listed = [name for file in ("train_val_list.txt", "test_list.txt") for name in (root / file).read_text().split()]
    rows = rows[rows["Image Index"].isin(listed)]
    assert (check.images, check.patients) == (len(rows), rows["Patient ID"].nunique())
    assert check.labels["Mass"].present == rows["Finding Labels"].str.contains("Mass").sum()
    assert check.sexes == rows["Patient Gender"].value_counts().to_dict()
    sizes = rows.groupby("Patient ID").size()
    assert check.several["3-5"] == sizes.between(3, 5).sum()
    assert sum(check.several.values()) == check.patients
    assert sum(check.years.values()) == (sizes > 1).sum()
    assert check.splits["test"].images == len((root / "test_list.txt").read_text().split())


def test_letters_are_found_on_real_radiographs(real_data):
    """Nearly all of them have letters, but images of 64 pixels are too small to tell."""
    found = checked(real_data / "chestxray14-256", dataset=ChestXray14(), size=256)
    assert found.marked > 0.9 * found.images
    assert [(one.kind, one.weight) for one in found.findings] == [("bright marks", "look")]
    assert checked(real_data / "chestxray14-mini", dataset=ChestXray14()).marked is None


def test_the_file_of_a_wrong_row_is_looked_at_and_told_once(root):
    """Broken, gone, too small, and gone for a reason that is known; what somebody left out is his affair."""

    def change(table):
        wrong = table["image"].isin([f"{number:02}.png" for number in range(6)])
        table.loc[wrong, "Mass"] = "perhaps"
        return table

    edit(root, change)
    cut_short(root / "01.png")
    (root / "02.png").unlink()
    Image.new("L", (8, 8), 7).save(root / "03.png")
    cut_short(root / "04.png")
    named = TableDataset(findings=["Mass", "Edema"])
    check = checked(root, "04.png", dataset=named)
    assert by_kind(check) == {
        "wrong entry": {"00.png", "01.png", "02.png", "03.png", "05.png"},
        "not readable": {"01.png"},
        "missing file": {"02.png"},
        "too few pixels": {"03.png"},
    }
    assert len(check.to_mend) == 4, "each of them once"
    left_out = checked(root, "04.png", dataset=TableDataset(findings=["Mass", "Edema"], missing="leave out"))
    assert "missing file" not in by_kind(left_out)


def test_files_of_wrong_rows_of_a_part_are_looked_at(root):
    edit(root, lambda table: table.assign(Mass=["perhaps", *table["Mass"][1:]]))
    cut_short(root / "00.png")
    parts = {"a": {"dataset": "table", "root": root, "params": {"findings": ["Mass"]}}}
    check = look_at(Merged(parts=parts), dataclasses.replace(request(root), root=None), 0.25).check
    assert by_kind(check) == {"wrong entry": {"a/00.png"}, "not readable": {"a/00.png"}}
    assert all("Part 'a' of the merged data set" in one.text for one in check.to_mend)


def test_images_of_a_part_are_called_as_in_the_whole(root):
    cut_short(root / "03.png")
    (root / "07.png").unlink()
    parts = {
        "a": {"dataset": "table", "root": root, "params": {"findings": ["Mass"]}},
        "b": {"dataset": "phantom", "params": {"patients": 12}},
    }
    check = look_at(Merged(parts=parts), dataclasses.replace(request(root), root=None), 0.25).check
    assert by_kind(check) == {"not readable": {"a/03.png"}, "missing file": {"a/07.png"}}
    assert "Part 'a' of the merged data set: 1 images are listed" in next(
        one.text for one in check.findings if one.kind == "missing file"
    )


def test_a_fault_of_no_image_keeps_the_rest_from_being_looked_at(root):
    (root / "labels.csv").write_text((root / "labels.csv").read_text() + "another,line\n")
    with pytest.raises(PrivbenchError, match="line 62: 2 cells, where the first line has 9"):
        checked(root)
    shutil.rmtree(root)
    with pytest.raises(PrivbenchError, match="There is no folder"):
        checked(root)


def test_what_only_then_comes_to_light_is_told_beside_it(root):
    """Without its bad images the data set has no patients left to draw a test from."""
    edit(root, lambda table: table.assign(split="train_val").drop(columns="split"))
    for number in range(57):
        (root / f"{number:02}.png").unlink()
    check = checked(root)
    assert not check.whole
    assert [one.kind for one in check.findings] == ["missing file", "data set"]
    assert "leaves none to train on" in check.findings[1].text
    assert check.images == 0


class FirstAlone(TableDataset):
    """Raises at the first image that it cannot read, as a data set of somebody else may."""

    def read(self, table, request):
        for chunk in super().read(table, request):
            for text in chunk.broken.values():
                raise PrivbenchError(text)
            yield chunk


def test_of_a_data_set_that_stops_at_the_first_broken_image_that_one_is_told(root):
    cut_short(root / "03.png")
    check = checked(root, dataset=FirstAlone())
    assert not check.whole
    assert [(one.kind, "03.png" in one.text) for one in check.findings] == [("not readable", True)]


def test_pictures_are_those_that_are_odd(root):
    copy(root / "10.png", root / "20.png")
    Image.new("L", (SIDE, SIDE), 9).save(root / "30.png")
    shown = look_at(TableDataset(), request(root), 0.25).pictures()
    assert {kind: [name for name, _ in some] for kind, some in shown.items()} == {
        "copy, two patients": ["10.png", "20.png"],
        "blank": ["30.png"],
    }
    assert np.array_equal(shown["copy, two patients"][0][1], np.asarray(Image.open(root / "20.png")))


@pytest.fixture
def check_command(monkeypatch, capsys):
    def run(root, *more):
        status = call(monkeypatch, "data", "check", "--dataset", "table", "--data-root", root, *more)
        return status, capsys.readouterr()

    return run


def test_the_command_tells_and_its_list_leaves_out_what_is_bad(root, tmp_path, check_command):
    assert check_command(root)[0] == 0
    cut_short(root / "03.png")
    (root / "07.png").unlink()
    copy(root / "10.png", root / "20.png")
    files = {name: tmp_path / "out" / name for name in ("all.json", "odd.png", "bad.txt")}
    status, told = check_command(
        root, "--json", files["all.json"], "--sheet", files["odd.png"], "--exclude-bad", files["bad.txt"]
    )
    assert status == 3
    assert "Of 60 images 4 have to be mended, or left out" in told.out
    assert "03.png cannot be read (image file is truncated)" in " ".join(told.out.split())
    check = DataCheck.model_validate_json(files["all.json"].read_text())
    assert check.bad_images == files["bad.txt"].read_text().split() == ["03.png", "07.png", "10.png", "20.png"]
    assert Image.open(files["odd.png"]).size[0] > 1000
    listed = ("--set", f"data.exclude_file={files['bad.txt']}")
    status, told = check_command(root, *listed, "--exclude-bad", tmp_path / "more.txt")
    assert status == 0
    assert (tmp_path / "more.txt").read_text() == files["bad.txt"].read_text(), "what was left out stays so"


def test_a_folder_in_the_place_of_a_file_is_told_before_anything_is_read(root, tmp_path, check_command):
    for option in ("--json", "--sheet", "--exclude-bad"):
        code, told = check_command(root, option, tmp_path)
        assert code == 2
        assert f"is a folder where {option} writes a file" in " ".join(told.err.split())


def test_a_mistyped_command_is_no_fault_of_the_data(root, check_command):
    assert check_command(root / "nowhere")[0] == 2
    assert check_command(root, "--set", "data.params.no_such=1")[0] == 2
    status, told = check_command(root, "--sheet", root / "odd.nothing")
    assert status == 2
    assert "is no picture that can be drawn" in " ".join(told.err.split())


def test_a_run_leaves_out_what_is_listed_and_tells_so(root, tmp_path, monkeypatch, capsys, tiny_protocol):
    """Another list is other data; the same run without one trips over the images."""
    for name in ("03.png", "13.png"):
        cut_short(root / name)
    line = ("run", "--protocol", tiny_protocol, "--dataset", "table", "--data-root", root,
            "--store", tmp_path / "store", "--anonymizer", "identity", "--out", tmp_path / "run",
            "--set", "attacks.siamese=none", "--set", "attacks.contrastive=none")  # fmt: skip
    assert call(monkeypatch, *line) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert "2 things are wrong" in told
    assert "03.png cannot be read" in told
    assert "13.png cannot be read" in told
    (tmp_path / "bad.txt").write_text("03.png\n13.png\n")
    assert call(monkeypatch, *line, "--set", f"data.exclude_file={tmp_path}/bad.txt") == 0
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert "2 images were left out, as data.exclude_file says" in record["warnings"]
    assert str(tmp_path) not in json.dumps(record)
    assert record["terms"]["protocol"]["data"]["exclude_file"]
    stage = next((tmp_path / "store" / "data").iterdir())
    assert not list((tmp_path / "store" / "decoded").iterdir()), "used up"
    assert stat.S_IMODE((stage / "images.npy").stat().st_mode) == 0o600

"""A folder of images and a table become a data set, or what keeps them from it is told."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from command_line import call
from PIL import Image

from privbench.base.errors import PrivbenchError
from privbench.base.progress import Progress
from privbench.data.splits import SPACING, SPLITS
from privbench.datasets.chestxray14 import ChestXray14
from privbench.datasets.findings import FINDINGS
from privbench.datasets.merged import Merged
from privbench.datasets.table import TableDataset
from privbench.judging.verify import verify_run
from privbench.plugins.interfaces import DataRequest
from privbench.record.run import read_run
from privbench.running.loading import read_splits, write_data

COLUMNS = {"image": "path", "patient": "PatientID"}


def rows(patients=10, images=3):
    """Three images of each of ten patients, every second one with a mass."""
    return pd.DataFrame(
        [
            (f"p{patient}/{number}.png", f"ward {patient}", patient % 2, number % 2)
            for patient in range(patients)
            for number in range(images)
        ],
        columns=["path", "PatientID", "Mass", "Edema"],
    )


def write(root, table=None, name="labels.csv", sides=(40, 40)):
    """The table, and an image of its own grey values for each row."""
    table = rows() if table is None else table
    rng = np.random.default_rng(0)
    for path in table["path"]:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, sides[::-1], np.uint8)).save(root / path)
    table.to_csv(root / name, index=False)
    return root


def request(root, seed=0, **more):
    return DataRequest(32, seed, root, 2, Progress(quiet=True), **more)


def dataset(**params):
    return TableDataset(**{"columns": COLUMNS, **params})


def table_of(root, seed=0, columns=COLUMNS, **params):
    told = []
    table = dataset(columns=columns, **params).table(dataclasses.replace(request(root, seed), notice=told.append))
    return table.set_index("image"), [notice.text for notice in told]


def test_a_folder_and_a_table_are_a_data_set(tmp_path):
    root = write(tmp_path / "root")
    (root / "p0" / "unlisted.png").write_text("no image")
    (tmp_path / "cache").mkdir()
    made = dataset()
    write_data(made, request(root), 0.25, tmp_path / "cache", lambda table: None)
    assert made.findings == ("Edema", "Mass")
    splits = read_splits(tmp_path / "cache", made.findings)
    assert [len(splits[name].images) for name in SPLITS] == [18, 6, 6]
    first = splits["test"].table.iloc[0]
    on_disk = Image.open(root / first["image"]).resize((32, 32), Image.Resampling.BILINEAR)
    assert np.array_equal(splits["test"].images[0, 0], np.asarray(on_disk))
    assert first["Mass"] == int(first["patient"].removeprefix("ward ")) % 2
    assert splits["test"].table[["study", "sex", "view"]].to_numpy().tolist() == [[""] * 3] * 6
    assert splits["test"].table[["age", "follow_up"]].isna().all(axis=None)
    assert splits["test"].pseudonymous


def test_patients_are_drawn_for_the_test_by_the_seed(tmp_path):
    root = write(tmp_path)
    one, told = table_of(root)
    assert told == ["no splits are named: 2 of 10 patients were drawn for the test"]
    assert one.groupby("patient")["split"].nunique().max() == 1
    assert (one["split"] == "test").sum() == 6
    assert one.equals(table_of(root)[0])
    drawn = {tuple(table_of(root, seed)[0].query("split == 'test'")["patient"].unique()) for seed in range(5)}
    assert len(drawn) > 1
    assert (table_of(root, test_share=0.5)[0]["split"] == "test").sum() == 15
    with pytest.raises(PrivbenchError, match="Drawing 10 of 10 patients for the test leaves none"):
        table_of(root, test_share=0.99)


def test_who_the_test_patients_are_is_said_by_a_column_of_splits_alone(tmp_path):
    assert not dataset().names_test(request(write(tmp_path)))
    rows().assign(split=np.repeat(["train", "test"], 15)).to_csv(tmp_path / "labels.csv", index=False)
    assert dataset().names_test(request(tmp_path))
    assert not dataset(columns=COLUMNS | {"split": ""}).names_test(request(tmp_path)), "a column that is passed over"
    rows().assign(split=np.repeat(["1", "2"], 15)).to_csv(tmp_path / "labels.csv", index=False)
    assert not dataset().names_test(request(tmp_path)), "a column that numbers folds"


def test_zeros_before_numbers_of_patients_change_no_draw(tmp_path):
    short = rows(12).assign(PatientID=np.repeat([str(number) for number in range(1, 13)], 3))
    drawn = table_of(write(tmp_path, short))[0]["split"].tolist()
    short.assign(PatientID=short["PatientID"].str.zfill(3)).to_csv(tmp_path / "labels.csv", index=False)
    assert table_of(tmp_path)[0]["split"].tolist() == drawn


def test_splits_of_the_table_are_kept(tmp_path):
    table = rows()
    words = np.repeat(["Training", "valid", "test", "test", "train"], 6)
    root = write(tmp_path, table.assign(split=words))
    found, told = table_of(root)
    assert found["split"].tolist() == np.repeat(["train", "val", "test", "test", "train"], 6).tolist()
    assert told == []
    table.assign(split=np.repeat(["train", "test"], 15)).to_csv(root / "labels.csv", index=False)
    found, told = table_of(root)
    assert set(found["split"]) == {"train_val", "test"}
    assert told == ["the table names no validation images: they are held out of the training ones"]


def test_all_columns_are_read_by_their_rules(tmp_path):
    table = rows(3, 2).assign(
        Age=["058Y", "85 or more", "", "n/a", "7", "414"],
        Gender=["M", "female", "", "f", "O", "male"],
        Pos=["PA", "ap", "", "PA", "PA", "PA"],
        visit=["1", "1", "2", "", "2", "2"],
        when=["2026-01-31", "2025-01-31", "", "2026-01-01", "2026-01-02", "2026-01-02"],
        mm=["0.1", "", "0.1", "0.1", "0.1", "0.1"],
        Mass=["1", "0", "-1", "", "1.0", "0"],
    )
    columns = COLUMNS | {"age": "Age", "sex": "Gender", "view": "Pos", "study": "visit", "follow_up": "when"}
    columns |= dict.fromkeys(SPACING, "mm")
    found, told = table_of(write(tmp_path, table, sides=(80, 40)), columns=columns)
    assert found["age"].tolist() == pytest.approx([58, 85, np.nan, np.nan, 7, np.nan], nan_ok=True)
    assert found["sex"].tolist() == ["M", "F", "", "F", "", "M"]
    assert found["view"].tolist() == ["PA", "AP", "", "PA", "PA", "PA"]
    assert found["study"].tolist() == ["1", "1", "2", "", "2", "2"]
    assert found["follow_up"].tolist() == pytest.approx([1, 0, np.nan, 0, 0, 0], nan_ok=True)
    assert found["Mass"].tolist() == pytest.approx([1, 0, np.nan, np.nan, 1, 0], nan_ok=True)
    assert found["spacing_x"].tolist() == pytest.approx([80 * 0.1 / 32, np.nan, *[80 * 0.1 / 32] * 4], nan_ok=True)
    assert found["spacing_y"].dropna().tolist() == pytest.approx([40 * 0.1 / 32] * 5)
    assert told[:2] == [
        "2 of 6 images have ages that are no number of years up to 130, taken for unknown",
        "1 of 6 images have a sex that is neither M nor F, taken for unknown",
    ]


@pytest.mark.parametrize(("fit", "x", "y"), [("squeeze", 80, 40), ("pad", 80, 80), ("crop", 40, 40)])
def test_spacing_follows_the_fit(tmp_path, fit, x, y):
    root = write(tmp_path, rows().assign(spacing_x=0.1, spacing_y=0.2), sides=(80, 40))
    table = dataset().table(request(root, fit=fit))
    assert table["spacing_x"].tolist() == pytest.approx([0.1 * x / 32] * 30)
    assert table["spacing_y"].tolist() == pytest.approx([0.2 * y / 32] * 30)


def test_findings_of_ones_own_and_of_other_names(tmp_path):
    root = write(tmp_path, rows().rename(columns={"Mass": "Lung Lesion"}).assign(Scoliosis=-1))
    assert list(table_of(root)[0].columns[-3:-1]) == ["Edema", "split"]
    mapped, _ = table_of(root, columns=COLUMNS | {"Mass": "Lung Lesion"})
    assert {"Edema", "Mass"} <= set(mapped.columns)
    own, _ = table_of(root, findings=["Scoliosis", "Lung Lesion"], uncertain="positive")
    assert (own["Scoliosis"] == 1).all()
    assert "Edema" not in own.columns


def test_a_finding_may_be_called_order(tmp_path):
    root = write(tmp_path / "root", rows().rename(columns={"Mass": "order"}))
    (tmp_path / "cache").mkdir()
    write_data(dataset(findings=["order"]), request(root), 0.25, tmp_path / "cache", lambda table: None)
    for split in read_splits(tmp_path / "cache", ("order",)).values():
        assert split.table["order"].tolist() == [int(name[-1]) % 2 for name in split.table["patient"]]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"columns": {"pateint": "x"}}, r"'pateint' is none of image, patient, study,.*, Atelectasis,"),
        ({"columns": {"Scoliosis": "x"}}, r"'Scoliosis' is none of"),
        ({"findings": ["Mass", "Mass"]}, r"'Mass' stands twice"),
        ({"findings": ["age"]}, r"'age' stands twice, or cannot be the name of a finding"),
        ({"uncertain": "maybe"}, r"uncertain"),
        ({"columns": {"patient": ""}}, r"'patient' has to be there: say what the table calls it"),
        ({"path": "images/a.png"}, r"'images/a\.png' is no path with columns in braces"),
        ({"path": "{a}/{b"}, r"is no path with columns in braces"),
        ({"path": "{a}{}"}, r"is no path with columns in braces"),
        ({"labels": "found", "separator": ""}, r"separator"),
    ],
)
def test_wrong_parameters_are_told(params, message):
    with pytest.raises(PrivbenchError, match=message):
        TableDataset(**params)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda t: t.rename(columns={"PatientID": "Patient"}),
            r"no column 'PatientID': say which it is, .*patient=NAME, of path, Patient,",
        ),
        (lambda t: t.rename(columns={"path": "PATH", "Mass": "Path"}), r"has more than one column 'path': say which"),
        (lambda t: t.assign(path=t["path"].str.replace("p", "q")), r"30 images are listed and are not there below"),
        (lambda t: t.assign(path="../" + t["path"]), r"30 images are listed and do not lie below"),
        (lambda t: t.assign(path="p0/0.png"), r"Image p0/0\.png is listed twice"),
    ],
)
def test_damage_is_told_in_a_sentence(tmp_path, change, message):
    root = write(tmp_path)
    change(rows()).to_csv(root / "labels.csv", index=False)
    with pytest.raises(PrivbenchError, match=message):
        dataset().table(request(root))


def test_the_table_is_the_only_one_or_named(tmp_path):
    root = write(tmp_path / "root")
    assert len(dataset().table(request(root))) == 30
    (root / "labels.csv").rename(root / "labels.tsv")
    with pytest.raises(PrivbenchError, match="has no column 'path'"):
        dataset().table(request(root))
    rows().to_parquet(root / "labels.parquet")
    with pytest.raises(PrivbenchError, match=r"more than one table \(labels\.parquet, labels\.tsv\) in"):
        dataset().table(request(root))
    assert len(dataset(table_file="labels.parquet").table(request(root))) == 30
    assert len(dataset(table_file=root / "labels.parquet").table(request(None))) == 30, "images lie beside it"
    for outside in (root / "labels.parquet", "../root/labels.parquet"):
        with pytest.raises(PrivbenchError, match=r"labels\.parquet does not lie below .*: name it by its path there"):
            dataset(table_file=outside).table(request(root))
    with pytest.raises(PrivbenchError, match="name its folder with --data-root"):
        dataset().table(request(None))
    with pytest.raises(PrivbenchError, match="There is no table"):
        dataset().table(request(tmp_path))


def test_the_source_follows_table_and_listed_files(tmp_path):
    root = write(tmp_path)
    before = dataset().source(request(root))
    (root / "p0" / "unlisted.png").write_text("")
    assert dataset().source(request(root)) == before
    rows().assign(Mass=0).to_csv(root / "labels.csv", index=False)
    other = dataset().source(request(root))
    assert other["table"] != before["table"]
    assert other["files"] == before["files"]
    Image.new("L", (50, 50)).save(root / "p0" / "0.png")
    assert dataset().source(request(root))["files"] != before["files"]


def test_a_row_that_is_added_is_found_by_the_next_look(tmp_path):
    root = write(tmp_path, rows(9))
    made = dataset()
    assert len(made.table(request(root))) == 27
    write(tmp_path)
    assert len(made.table(request(root))) == 30


def test_files_are_found_once_for_table_and_images(tmp_path, monkeypatch):
    made, whole = dataset(), request(write(tmp_path))
    table = made.table(whole)
    monkeypatch.setattr("privbench.datasets.listed_images.find_files", None)
    assert sum(len(chunk.images) for chunk in made.read(table, whole)) == 30


def test_findings_are_known_from_the_source_on(tmp_path):
    made = dataset()
    with pytest.raises(PrivbenchError, match="learns its findings from its table: list them"):
        _ = made.findings
    made.source(request(write(tmp_path)))
    assert made.findings == ("Edema", "Mass")
    assert dataset(findings=["Mass"]).findings == ("Mass",)


def test_it_may_be_a_part_of_a_merged_data_set(tmp_path):
    root = write(tmp_path)
    part = {"dataset": "table", "root": root, "params": {"columns": COLUMNS, "findings": ["Mass"]}}
    merged = Merged(parts={"mine": part, "drawn": {"dataset": "phantom", "params": {"patients": 10}}})
    table = merged.table(request(None))
    assert table["image"].iloc[0] == "mine/p0/0.png"
    chunks = list(merged.read(table[:3], request(None)))
    assert np.concatenate([chunk.images for chunk in chunks]).shape == (3, 1, 32, 32)


def test_a_part_needs_findings_and_does_not_tell_where_its_table_lies(tmp_path):
    def part(**params):
        return Merged(parts={"mine": {"dataset": "table", "root": tmp_path, "params": {"columns": COLUMNS, **params}}})

    with pytest.raises(PrivbenchError, match="Part 'mine' of the merged data set: The data set table learns its"):
        part()
    assert part(findings=["Mass"], table_file="a.csv").terms() == part(findings=["Mass"], table_file="b.csv").terms()
    assert part(findings=["Mass"]).terms() != part(findings=["Edema"]).terms()


def hospital(root, data):
    """Real radiographs of several sides and depths, of patients called by texts, with gaps in what is told of them."""
    published = pd.read_csv(data / "Data_Entry_2017_v2020.csv", index_col=False)
    often = published["Patient ID"].value_counts()
    told = []
    for number, row in enumerate(published[published["Patient ID"].isin(often[often > 1].index)][:240].itertuples()):
        name = f"ward {number % 3}/{number:03}.{['png', 'tif', 'png'][number % 3]}"
        with Image.open(data / "images" / row[1]) as image:
            sides = [(64, 64), (80, 60), (60, 96)][number % 3]
            grey = np.asarray(image.convert("L").resize(sides)).astype(np.uint16) * 16 + number % 16
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(grey).save(root / name)
        told.append(
            {
                "path": name,
                "PatientID": f"MRN {row[4]}",
                "days": 30 * row[3] - 400,
                "years": ["058Y", "", "85 or more", str(row[5])][number % 4],
                "gender": ["", "Female", "m"][number % 3],
                "Effusion": int("Effusion" in row[2]),
                "Infiltration": -1 if number % 7 == 0 else int("Infiltration" in row[2]),
            }
        )
    pd.DataFrame(told).to_csv(root / "labels.csv", index=False, sep=";")


def test_from_a_folder_of_real_radiographs_to_a_verdict(real_data, tiny_protocol, tmp_path, monkeypatch):
    root, out = tmp_path / "hospital", tmp_path / "run"
    hospital(root, real_data / "chestxray14-mini")
    columns = COLUMNS | {"follow_up": "days", "age": "years", "sex": "gender"}
    told = [part for ours, theirs in columns.items() for part in ("--column", f"{ours}={theirs}")]
    changes = ["--set", "data.fit=pad", "--set", "attacks.siamese.seeds=1"]
    places = ["--data-root", root, "--store", tmp_path / "store", "--out", out]
    assert call(monkeypatch, "run", "--protocol", tiny_protocol, "--dataset", "table", *places, *told, *changes) == 0
    record = read_run(out)
    assert [finding.name for finding in record.utility.findings] == ["Effusion", "Infiltration"]
    assert record.protocol["data"]["params"]["columns"] == columns
    assert any("patients were drawn for the test" in warning for warning in record.warnings)
    assert not any("studies" in warning for warning in record.warnings), "each image has a time of its own"
    assert str(root) not in (out / "run.json").read_text()
    (table,) = (tmp_path / "store" / "data").glob("*/table.csv")
    stored = pd.read_csv(table, keep_default_na=False)
    assert set(stored["sex"]) == {"", "F", "M"}
    assert stored.loc[stored["age"] == "85.0", "patient"].str.startswith("MRN ").all()
    assert list(verify_run(out, tmp_path / "store")) == []


def test_findings_may_stand_in_one_column(tmp_path):
    lists = ["Mass|Effusion", "", "No Finding", "[' mass ', 'Pleural_Thickening']", "Massive"] * 6
    root = write(tmp_path, rows()[["path", "PatientID"]].assign(found=lists))
    found, _ = table_of(root, labels="found")
    assert list(found.columns) == ["patient", "Effusion", "Mass", "split", "made_from"]
    assert found["Mass"].tolist()[:5] == pytest.approx([1, np.nan, 0, 0, 0], nan_ok=True)
    found, _ = table_of(root, labels="FOUND", separator=",", findings=["Mass", "Pleural thickening"],
                        columns=COLUMNS | {"Pleural thickening": "Pleural_Thickening"})  # fmt: skip
    assert found["Pleural thickening"].tolist()[:5] == pytest.approx([0, np.nan, 0, 1, 0], nan_ok=True)
    assert found["Mass"].tolist()[:5] == pytest.approx([0, np.nan, 0, 1, 0], nan_ok=True)
    with pytest.raises(PrivbenchError, match="has no column 'labels', which data.params.labels names: it has path, "):
        table_of(root, labels="labels")
    with pytest.raises(PrivbenchError, match=r"No row of .* lists 'Efusion' in found: say what it is called there"):
        table_of(root, labels="found", findings=["Mass", "Efusion"])


def test_a_slip_of_the_pen_in_a_split_is_refused_and_what_is_none_left_out(tmp_path):
    plain = rows()[["path", "PatientID"]]
    splits = ["test" if number % 3 == 0 else "train" for number, _ in enumerate(sorted(set(plain["PatientID"])))]
    of_patient = dict(zip(sorted(set(plain["PatientID"])), splits, strict=True))
    told = plain["PatientID"].map(of_patient)
    wrong = told.where(plain.index != plain.index[-1], "trian")
    with pytest.raises(PrivbenchError, match="has 'trian' for split"):
        table_of(write(tmp_path / "a", plain.assign(split=wrong)))
    found, _ = table_of(write(tmp_path / "b", plain.assign(split=[str(n % 5) for n in range(len(plain))])))
    assert set(found["split"]) == {"test", "train_val"}, "folds are no splits, and patients are drawn"


def test_published_lists_of_findings_are_read_as_chestxray14_reads_them(real_data):
    root = real_data / "chestxray14-mini"
    columns = {"image": "Image Index", "patient": "Patient ID", "age": "Patient Age"}
    listed, _ = table_of(root, columns=columns, labels="finding labels")
    published = ChestXray14().table(request(root)).set_index("image")
    assert listed.index.equals("images/" + published.index)
    for column in (*FINDINGS, "age"):
        assert listed[column].tolist() == published[column].tolist(), column


def test_a_table_may_have_no_finding(tmp_path):
    root = write(tmp_path / "root", rows()[["path", "PatientID"]])
    made, told = dataset(), []
    made.table(dataclasses.replace(request(root), notice=told.append))
    assert made.findings == ()
    assert told[0].text.startswith("the table has no finding of ChestX-ray14, so nothing tells")
    assert "no finding" not in "".join(table_of(root, findings=[])[1]), "who asks for none knows"
    assert Merged(parts={"mine": {"dataset": "table", "params": {"findings": []}}}).findings == ()


def test_images_are_named_by_the_end_of_their_path_or_by_columns(tmp_path):
    images = rows()["path"].str.replace("/", "_")
    root = write(tmp_path, rows().assign(path="data/" + images))
    bare = images.str.removesuffix(".png")
    (root / "metadata").mkdir()
    rows().assign(path=bare, dir="data").to_csv(root / "metadata" / "annotation.csv", index=False)
    (root / "labels.csv").unlink()
    ends, _ = table_of(root, table_file="metadata/annotation.csv")
    assert ends.index.tolist() == ("data/" + images).tolist(), "the image is called by its path"
    told = {"path": "{dir}/{PATH}.png", "table_file": "metadata/annotation.csv", "columns": {"patient": "PatientID"}}
    by_columns, _ = table_of(root, **told)
    assert by_columns.drop(columns="split").equals(ends.drop(columns="split"))
    with pytest.raises(PrivbenchError, match="has no column 'folder', which data.params.path names: it has path, Pat"):
        table_of(root, **told | {"path": "{folder}/{path}"})
    with pytest.raises(PrivbenchError, match="30 images are listed and do not lie below"):
        table_of(root, **told | {"path": "../{dir}/{path}.png"})


def test_rows_are_chosen_by_the_tables_own_texts(tmp_path):
    table = rows().assign(Modality=["CR", " CR ", "CT"] * 10, view=["PA", "L", "PA"] * 10)
    root = write(tmp_path, table)
    for path in table["path"][2::3]:
        (root / path).unlink()  # what is left out need not be there
    found, told = table_of(root, only={"modality": ["CR", "DX"]})
    assert len(found) == 20
    assert told[0] == "10 of 30 rows do not hold what data.params.only asks for, and were left out"
    assert len(table_of(root, only={"modality": ["CR"], "view": ["PA"]})[0]) == 10
    with pytest.raises(PrivbenchError, match="no row holds .cr. in Modality, which data.params.only asks for"):
        table_of(root, only={"Modality": ["cr"]})
    with pytest.raises(PrivbenchError, match="has no column 'Kind', which data.params.only names"):
        table_of(root, only={"Kind": ["CR"]})


def test_images_that_are_not_there_may_be_left_out(tmp_path):
    root = write(tmp_path)
    for path in rows()["path"][:4]:
        (root / path).unlink()
    with pytest.raises(PrivbenchError, match="4 images are listed and are not there .*or set data.params.missing="):
        table_of(root)
    found, told = table_of(root, missing="leave out")
    assert len(found) == 26
    assert told[0] == "4 of 30 images are listed and not there, and were left out"
    source = dataset(missing="leave out").source(request(root))
    Image.new("L", (40, 40)).save(root / "p0" / "0.png")
    assert dataset(missing="leave out").source(request(root)) != source
    for path in rows()["path"][4:]:
        (root / path).unlink()
    (root / "p0" / "0.png").unlink()
    with pytest.raises(PrivbenchError, match="No image that is listed lies below"):
        table_of(root, missing="leave out")


def test_our_names_count_in_any_capitals_where_there_is_one_such_column(tmp_path):
    table = rows().rename(columns={"path": "Image", "PatientID": "PATIENT", "Mass": "mass"})
    root = write(tmp_path, rows())
    table.assign(Age="58", AGE="59", Sex="F", sex="M").to_csv(root / "labels.csv", index=False)
    found, _ = table_of(root, columns={})
    assert {"Mass", "Edema"} <= set(found.columns)
    assert "age" not in found.columns, "nobody knows which of two it is"
    assert (found["sex"] == "M").all(), "as it is written here, it is this one"
    with pytest.raises(PrivbenchError, match="has more than one column 'age': say which it is"):
        table_of(root, columns={"age": "age"})
    named, _ = table_of(root, columns={"age": "AGE", "sex": "Sex"})
    assert named[["age", "sex"]].drop_duplicates().to_numpy().tolist() == [[59, "F"]]


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("split", ["1", "2", "3"]),
        ("split", ["train", "val", "val"]),
        ("study", ["1.23457E+11", "2", "3"]),
        ("follow_up", ["soon", "1", "2"]),
        ("Mass", ["yes", "no", "no"]),
        ("Hernia", ["", "", ""]),
        ("spacing_x", ["0.1", "0.1", "0.1"]),
        ("spacing_y", ["-", "-", "-"]),
    ],
)
def test_a_column_that_nobody_asked_for_stops_no_run(tmp_path, name, texts):
    rest = [column for column in rows() if column != name]
    plain = table_of(write(tmp_path, rows()[rest]))[0]
    rows().assign(**{name: np.repeat(texts, 10)}).to_csv(tmp_path / "labels.csv", index=False)
    found, told = table_of(tmp_path)
    assert found.equals(plain)
    assert any(text.startswith(f"the column {name} is left out, because it does not hold what") for text in told)
    assert table_of(tmp_path, columns=COLUMNS | {name: ""} if name != "Mass" else COLUMNS)[0].equals(plain)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("split", "dev", "has 'dev' for split"),
        ("study", "1.23457E+11", "has '1.23457E\\+11' for study"),
        ("Mass", "yes", "has 'yes' for Mass"),
    ],
)
def test_a_column_that_somebody_asked_for_is_read_or_refused(tmp_path, name, text, message):
    root = write(tmp_path, rows().assign(**{name: text}))
    with pytest.raises(PrivbenchError, match=message):
        table_of(root, columns=COLUMNS | {name: name})


def test_patients_in_two_splits_are_refused_whoever_asked(tmp_path):
    root = write(tmp_path, rows().assign(split=["train", "val", "test"] * 10))
    with pytest.raises(PrivbenchError, match="10 patient\\(s\\) stand in more than one split"):
        table_of(root)
    assert "drawn" in table_of(root, columns=COLUMNS | {"split": ""})[1][-1], "a table's splits can be passed over"


def test_rows_that_repeat_another_one_count_once(tmp_path):
    root = write(tmp_path, rows().assign(box=range(30)))
    pd.concat([rows().assign(box=1), rows()[:3].assign(box=2)]).to_csv(root / "labels.csv", index=False)
    found, told = table_of(root)
    assert len(found) == 30
    assert told[0] == "3 of 33 rows repeat another one, and were left out"
    pd.concat([rows(), rows()[:1].assign(Edema=1)]).to_csv(root / "labels.csv", index=False)
    with pytest.raises(PrivbenchError, match=r"Image p0/0\.png is listed twice"):
        table_of(root)


@pytest.mark.parametrize("spacing", [{}, {"spacing_x": 0.1, "spacing_y": 0.1}])
def test_rows_are_checked_before_an_image_is_opened(tmp_path, spacing, monkeypatch):
    root = write(tmp_path, rows().assign(split=["train", "val", "test"] * 10, **spacing))
    monkeypatch.setattr("privbench.datasets.listed_images.survey", None)
    with pytest.raises(PrivbenchError, match="stand in more than one split"):
        dataset().table(request(root))


def test_nobody_drops_privacy_by_leaving_patients_out(tmp_path):
    root = write(tmp_path)
    with pytest.raises(PrivbenchError, match=r"--column patient=NAME.*only where nobody knows.*patients=unknown"):
        table_of(root, columns={"image": "path"})
    with pytest.raises(PrivbenchError, match="'patient' means nothing where patients are unknown"):
        dataset(patients="unknown")
    with pytest.raises(PrivbenchError, match="has no column 'Patients'"):
        table_of(root, columns={"image": "path", "patient": "Patients"})


def test_where_patients_are_said_to_be_unknown_every_image_stands_for_itself(tmp_path):
    root = write(tmp_path, rows().drop(columns="PatientID").assign(study="one", follow_up="3"))
    table, told = table_of(root, columns={"image": "path"}, patients="unknown")
    assert table["patient"].is_unique
    assert {"study", "follow_up"}.isdisjoint(table.columns)
    assert "no splits are named: 6 of 30 images were drawn for the test" in told
    assert not dataset(columns={"image": "path"}, patients="unknown").names_patients
    assert dataset().names_patients


@pytest.mark.parametrize("name", ["Patient", "PatientID", "subject_id", "MRN", "Patient Number"])
def test_a_column_of_patients_is_not_overlooked_where_they_are_said_to_be_unknown(tmp_path, name):
    root = write(tmp_path, rows().rename(columns={"PatientID": name}))
    with pytest.raises(PrivbenchError, match=f"has a column '{name}', although"):
        table_of(root, columns={"image": "path"}, patients="unknown")
    assert len(table_of(root, columns={"image": "path", "patient": ""}, patients="unknown")[0]) == 30


def test_data_without_patients_are_no_part_of_merged(tmp_path):
    parts = {"one": {"dataset": "table", "root": str(write(tmp_path)), "params": {"patients": "unknown"}}}
    with pytest.raises(PrivbenchError, match="Part 'one' .*: table names no patients"):
        Merged(parts=parts)


def test_a_text_that_no_row_holds_is_told(tmp_path):
    root = write(tmp_path, rows().assign(projection=["PA", "AP", "LL"] * 10))
    table, told = table_of(root, only={"projection": ["PA", "APP"]})
    assert len(table) == 10
    assert "no row holds 'APP' in projection, which data.params.only asks for" in told
    with pytest.raises(PrivbenchError, match="no row holds 'pa' in projection, .*: known are: AP, LL, PA"):
        table_of(root, only={"projection": ["pa"]})
    with pytest.raises(PrivbenchError, match="with a list of texts each"):
        dataset(only={"projection": "PA"})
    with pytest.raises(PrivbenchError, match="with a list of texts each"):
        dataset(only="projection=PA")

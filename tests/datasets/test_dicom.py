"""A folder of DICOM files becomes a data set, with the findings of a table, or what keeps it from it is told."""

# ruff: noqa: E402 - without pydicom there is nothing to test

import dataclasses
import shutil

import numpy as np
import pandas as pd
import pytest
from command_line import call
from PIL import Image

from privbench.base.errors import PrivbenchError
from privbench.base.progress import Progress
from privbench.datasets.radiographs import read_grey
from privbench.datasets.table import TableDataset
from privbench.judging.verify import verify_run
from privbench.plugins.interfaces import DataRequest
from privbench.record.run import read_run
from privbench.running.loading import read_splits, write_data

pydicom = pytest.importorskip("pydicom")

from dicoms import write_dicom
from pydicom.dataset import Dataset as Item
from pydicom.uid import ImplicitVRLittleEndian, generate_uid

from privbench.datasets.dicom import DicomDataset
from privbench.datasets.dicom_headers import KEYS

PATIENTS = 10


def export(root, patients=PATIENTS, images=3):
    """Three images, of two studies, of each of ten patients, whose files are called as archives call them."""
    rng = np.random.default_rng(0)
    for patient in range(patients):
        for number in range(images):
            study = f"1.2.{patient}.{number // 2}"
            write_dicom(
                root / f"DICOM/PA{patient:03}/IM{number:04}", rng.integers(0, 4096, (48, 40)),
                ImplicitVRLittleEndian if number else "1.2.840.10008.1.2.1",
                PatientID=f"MRN {patient}", PatientName="Doe^Jane", StudyInstanceUID=study,
                SOPInstanceUID=f"{study}.{number}", AccessionNumber=f"{patient:03}{number // 2}",
                PatientAge=f"{40 + patient:03}Y", PatientSex="FM"[patient % 2], ViewPosition=["PA", "AP"][number % 2],
                StudyDate=f"202{number // 2}0131", StudyTime="101500.000", PixelSpacing=["0.2", "0.1"],
            )  # fmt: skip
    return root


def labels(root, name="labels.csv", **columns):
    """A table of findings for every study, by its accession number."""
    rows = [(f"{patient:03}{study}", patient % 2, study) for patient in range(PATIENTS) for study in range(2)]
    table = pd.DataFrame(rows, columns=["AccessionNumber", "Mass", "Edema"]).assign(**columns)
    table.to_csv(root / name, index=False)
    return root


def request(root, seed=0, **more):
    return DataRequest(32, seed, root, 1, Progress(quiet=True), **more)


def table_of(root, seed=0, **params):
    told = []
    table = DicomDataset(**params).table(dataclasses.replace(request(root, seed), notice=told.append))
    return table.set_index("image"), told


def change(root, name="DICOM/PA000/IM0000", **elements):
    """Changes a file's elements; None takes one away."""
    data = pydicom.dcmread(root / name)
    for keyword, value in elements.items():
        if value is None:
            delattr(data, keyword)
        else:
            setattr(data, keyword, value)
    data.save_as(root / name)
    return name


def test_headers_and_a_table_are_a_data_set(tmp_path):
    root = labels(export(tmp_path / "root"))
    (tmp_path / "cache").mkdir()
    made = DicomDataset(table_file="labels.csv")
    write_data(made, request(root), 0.25, tmp_path / "cache", lambda table: None)
    assert made.findings == ("Edema", "Mass")
    splits = read_splits(tmp_path / "cache", made.findings)
    assert {name: len(split.images) for name, split in splits.items()} == {"train": 18, "val": 6, "test": 6}
    for split in splits.values():
        assert split.pseudonymous
        for image, row in zip(split.images, split.table.itertuples(), strict=True):
            patient, number = int(row.patient.removeprefix("MRN ")), int(row.image[-1])
            assert row.image == f"DICOM/PA{patient:03}/IM{number:04}"
            assert (row.study, row.age, row.sex) == (f"1.2.{patient}.{number // 2}", 40 + patient, "FM"[patient % 2])
            assert (row.view, row.follow_up) == (["PA", "AP"][number % 2], number // 2)
            assert (row.Mass, row.Edema) == (patient % 2, number // 2)
            assert (row.spacing_x, row.spacing_y) == pytest.approx((0.1 * 40 / 32, 0.2 * 48 / 32))
            assert np.array_equal(image[0], read_grey(root / row.image, 32))


def test_without_a_table_nothing_of_findings_is_known(tmp_path):
    table, told = table_of(export(tmp_path))
    assert DicomDataset().findings == ()
    assert len(table) == 30
    assert [notice.text for notice in told] == [
        "no findings are known: name a table of them with --set data.params.table_file=NAME",
        "no splits are named: 2 of 10 patients were drawn for the test",
    ]
    assert table.groupby("patient")["split"].nunique().max() == 1
    drawn = {tuple(table_of(tmp_path, seed)[0].query("split == 'test'")["patient"].unique()) for seed in range(4)}
    assert len(drawn) > 1


def test_draw_and_images_are_those_of_a_table_of_the_same_files(tmp_path):
    found, _ = table_of(labels(export(tmp_path)), table_file="labels.csv")
    found.reset_index().drop(columns=["split", *found.filter(like="spacing")]).to_csv(tmp_path / "all.csv", index=False)
    listed = TableDataset(table_file="all.csv")
    other = listed.table(request(tmp_path))
    assert other.set_index("image")["split"].equals(found["split"])
    read, again = (
        np.concatenate([chunk.images for chunk in made.read(other, request(tmp_path))])
        for made in (listed, DicomDataset())
    )
    assert np.array_equal(read, again)


@pytest.mark.parametrize(
    ("elements", "reason"),
    [
        ({"Modality": "CT"}, "of another modality than CR and DX"),
        ({"Modality": None}, "of another modality than CR and DX"),
        ({"ImageType": ["DERIVED", "SECONDARY"]}, "made from other images, or localizers (ImageType)"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "made from other images, or localizers (ImageType)"),
        ({"PresentationIntentType": "FOR PROCESSING"}, "raw, and not for presentation (PresentationIntentType)"),
        ({"ViewPosition": "LL"}, "of another view than PA and AP"),
        ({"ViewPosition": "", "ImageType": None}, None),
        ({"Modality": "CR"}, None),
    ],
)
def test_what_is_no_frontal_radiograph_is_left_out_and_counted(tmp_path, elements, reason):
    root = export(tmp_path, 4)
    name = change(root, **elements)
    table, told = table_of(root)
    assert (name in table.index) == (reason is None)
    counted = [notice for notice in told if "left out" in notice.text]
    if reason is not None:
        assert [(notice.text, notice.names) for notice in counted] == [
            (f"1 of 12 DICOM files are {reason}, and left out", (name,))
        ]
    else:
        assert not counted


def test_images_that_tell_no_view_are_kept_and_counted(tmp_path):
    root = export(tmp_path, 4)
    name = change(root, ViewPosition=None, ViewCodeSequence=[Item()])
    table, told = table_of(root)
    assert table.loc[name, "view"] == ""
    assert (told[0].text, told[0].names) == (
        "1 of 12 images tell no view and were taken for frontal: lateral ones are to be taken out", (name,),
    )  # fmt: skip


def code(meaning):
    item = Item()
    item.CodeMeaning = meaning
    return [item]


@pytest.mark.parametrize(
    ("elements", "column", "value"),
    [
        ({"PatientAge": None, "PatientBirthDate": "19600201"}, "age", 59),
        ({"PatientAge": None, "PatientBirthDate": "19600131"}, "age", 60),
        ({"PatientAge": None, "PatientBirthDate": "2030"}, "age", np.nan),
        ({"PatientAge": "006M"}, "age", 0.5),
        ({"PatientSex": "O"}, "sex", ""),
        ({"ViewPosition": None, "ViewCodeSequence": code("antero-posterior")}, "view", "AP"),
        ({"ViewPosition": None}, "view", ""),
        ({"StudyInstanceUID": None}, "study", ""),
        ({"PixelSpacing": None, "ImagerPixelSpacing": ["0.4", "0.3"]}, "spacing_x", 0.3 * 40 / 32),
        ({"PixelSpacing": ["0", "0"], "ImagerPixelSpacing": ["0.4", "0.3"]}, "spacing_y", 0.4 * 48 / 32),
        ({"PixelSpacing": None}, "spacing_x", np.nan),
        ({"StudyDate": "20300101"}, "follow_up", 2),
        ({"StudyDate": None, "AcquisitionDate": "20300101"}, "follow_up", 2),
        ({"StudyDate": "20200131", "StudyTime": "235959"}, "follow_up", 1),
        ({"StudyDate": "", "StudyTime": ""}, "follow_up", np.nan),
    ],
)
def test_all_that_a_header_tells_is_read(tmp_path, elements, column, value):
    root = export(tmp_path, 4)
    name = change(root, **elements)
    found = table_of(root)[0].loc[name, column]
    assert found == pytest.approx(value, nan_ok=True) if isinstance(value, float | int) else found == value


def test_what_else_lies_there_is_passed_over_and_counted(tmp_path):
    root = export(tmp_path, 4)
    (root / "DICOMDIR").write_bytes((root / "DICOM/PA000/IM0000").read_bytes())
    (root / "viewer.exe").write_bytes(b"MZ")
    (root / "DICOM" / "readme.txt").write_text("read me")
    table, told = table_of(root)
    assert len(table) == 12
    assert (told[0].text, told[0].names) == (
        "2 of 14 files are no DICOM files and were passed over", ("DICOM/readme.txt", "viewer.exe"),
    )  # fmt: skip


def test_other_modalities_may_be_asked_for(tmp_path):
    root = export(tmp_path, 4)
    name = change(root, Modality="RG")
    table, _ = table_of(root, modalities=["DX", "RG"])
    assert name in table.index


@pytest.mark.parametrize("key", KEYS)
def test_a_table_is_joined_by_either_key(tmp_path, key):
    root = export(tmp_path)
    found, _ = table_of(root)
    headers = {name: pydicom.dcmread(root / name, stop_before_pixels=True)[key].value for name in found.index}
    keys = list(dict.fromkeys(headers.values()))
    known = pd.DataFrame({"their name": keys, "Nodule": [number % 2 for number in range(len(keys))], KEYS[2]: "9"})
    known.to_csv(root / "labels.csv", index=False)
    columns = {key: "their name", "Mass": "Nodule"}
    table, told = table_of(root, table_file="labels.csv", columns=columns, findings=["Mass"])
    assert [table.loc[name, "Mass"] for name in headers] == [keys.index(one) % 2 for one in headers.values()]
    assert not any("no row" in notice.text for notice in told)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"columns": {"patient": "x"}},
            r"'patient' is none of SOPInstanceUID, AccessionNumber, StudyInstanceUID, ",
        ),
        ({"findings": ["age"]}, r"'age' stands twice, or cannot be the name of a finding"),
        ({"findings": ["AccessionNumber"]}, "cannot be the name of a finding"),
        ({"modalities": []}, "modalities"),
    ],
)
def test_wrong_parameters_are_told(params, message):
    with pytest.raises(PrivbenchError, match=message):
        DicomDataset(**params)


def broken(root):
    (root / "a.dcm").write_bytes(b"no DICOM")
    (root / "b.dcm").write_bytes((root / "DICOM/PA000/IM0000").read_bytes()[:400])


def copied(root):
    shutil.copy(root / "DICOM/PA000/IM0000", root / "again")


@pytest.mark.parametrize(
    ("damage", "params", "message"),
    [
        (broken, {}, r"(?s)a\.dcm is no DICOM file, although it is called as one"),
        (copied, {}, r"1 files have the SOPInstanceUID of another: again; keep one of each"),
        (lambda root: change(root, NumberOfFrames=2), {}, r"IM0000 holds 2 pictures"),
        (lambda root: change(root, Rows=7), {}, r"Image DICOM/PA000/IM0000 has 40 x 7 pixels, too few"),
        (lambda root: None, {"modalities": ["CR"]},
         r"no frontal radiograph among 12 DICOM files below .*; 12 are of another modality than CR: check"),
        (lambda root: None, {"table_file": "none.csv"}, r"There is no file .*none\.csv"),
        (lambda root: labels(root, Mass="x"), {"table_file": "labels.csv"}, r"Image DICOM/.* has 'x' for Mass"),
        (lambda root: labels(root, AccessionNumber="7"), {"table_file": "labels.csv"}, r"which another row has"),
    ],
)  # fmt: skip
def test_damage_is_told_in_a_sentence(tmp_path, damage, params, message):
    root = export(tmp_path, 4)
    damage(root)
    with pytest.raises(PrivbenchError, match=message):
        DicomDataset(**params).table(request(root))


def test_a_patient_without_a_number_is_refused(tmp_path):
    root = export(tmp_path / "root", 4)
    change(root, PatientID=None)
    with pytest.raises(PrivbenchError, match="Image DICOM/PA000/IM0000 is of the patient '', which names nobody"):
        write_data(DicomDataset(), request(root), 0.25, tmp_path, lambda table: None)


def test_the_source_follows_files_and_table(tmp_path):
    root = labels(export(tmp_path, 4))
    made = DicomDataset(table_file="labels.csv")
    before = made.source(request(root))
    assert made.findings == ("Edema", "Mass")
    labels(root, Mass=1)
    other = DicomDataset(table_file="labels.csv").source(request(root))
    assert (other["files"], other["table"] != before["table"]) == (before["files"], True)
    write_dicom(root / "new", np.zeros((48, 40), int))
    assert made.source(request(root))["files"] != before["files"]
    assert DicomDataset().source(request(root)).keys() == {"files"}


def test_processes_read_headers_as_one_does(tmp_path):
    root = export(tmp_path, 100)
    one, other = (DicomDataset().table(DataRequest(32, 0, root, workers, Progress(quiet=True))) for workers in (1, 2))
    assert len(one) == 300
    assert one.equals(other)


def test_from_an_export_of_real_radiographs_to_a_verdict(real_data, tiny_protocol, tmp_path, monkeypatch):
    root, out = tmp_path / "export", tmp_path / "run"
    published = pd.read_csv(real_data / "chestxray14-mini" / "Data_Entry_2017_v2020.csv", index_col=False)
    often = published["Patient ID"].value_counts()
    told = []
    for row in published[published["Patient ID"].isin(often[often > 1].index)][:240].itertuples(index=False):
        with Image.open(real_data / "chestxray14-mini" / "images" / row[0]) as image:
            grey = np.asarray(image.convert("L")).astype(int) * 16
        study = generate_uid(entropy_srcs=[row[0]])
        write_dicom(
            root / f"{len(told) // 50}/IM{len(told)}", 4095 - grey, PhotometricInterpretation="MONOCHROME1",
            PatientID=f"ID{row[3]}", StudyInstanceUID=study, AccessionNumber=f"ACC{len(told)}", PatientSex=row[5],
            PatientAge=f"{row[4]:03}Y", ViewPosition=row[6], StudyDate=f"{2000 + row[2] // 12}{row[2] % 12 + 1:02}01",
            WindowCenter=2048, WindowWidth=4096,
        )  # fmt: skip
        told.append((f"ACC{len(told)}", int("Effusion" in row[1]), int("Infiltration" in row[1])))
    pd.DataFrame(told, columns=["accession", "Effusion", "Infiltration"]).to_csv(root / "labels.csv", index=False)
    places = ["--data-root", root, "--store", tmp_path / "store", "--out", out]
    words = ["--set", "data.params.table_file=labels.csv", "--column", "AccessionNumber=accession"]
    words += ["--set", "attacks.siamese.seeds=1"]
    assert call(monkeypatch, "run", "--protocol", tiny_protocol, "--dataset", "dicom", *places, *words) == 0
    record = read_run(out)
    assert [finding.name for finding in record.utility.findings] == ["Effusion", "Infiltration"]
    assert list(verify_run(out, tmp_path / "store")) == []
    private = [str(root), study, "ACC17", *(f"ID{patient}" for patient in published["Patient ID"].unique())]
    for file in (file for file in out.rglob("*") if file.suffix in (".json", ".txt", ".csv", ".parquet")):
        text = pd.read_parquet(file).to_csv() if file.suffix == ".parquet" else file.read_text()
        assert not [one for one in private if one in text], file


@pytest.mark.parametrize(
    ("told", "what"),
    [
        ({"IssuerOfPatientID": "A"}, None),
        ({"PatientSex": "M"}, "PatientSex"),
        ({"PatientBirthDate": "19500101"}, None),
    ],
)
def test_one_number_of_two_people_is_refused(tmp_path, told, what):
    """What one file alone tells of a patient contradicts nobody."""
    root = export(tmp_path)
    change(root, **told)
    if what is None:
        table_of(root)
        change(root, "DICOM/PA000/IM0001", **{name: f"{value[:-1]}2" for name, value in told.items()})
    (name,) = told
    with pytest.raises(PrivbenchError, match=rf"1 patients have one PatientID and more than one {name}: DICOM/PA000/"):
        table_of(root)


def test_two_numbers_that_may_be_of_one_person_are_counted(tmp_path):
    root = export(tmp_path)
    for patient in (1, 2):
        for image in range(3):
            change(root, f"DICOM/PA{patient:03}/IM{image:04}", PatientBirthDate="19500101", PatientName="Roe^Jo")
    table, told = table_of(root)
    assert "2 patients have the name and the day of birth of another one, and count as people of their own" in [
        one.text for one in told
    ]
    assert not {"PatientName", "PatientBirthDate", "IssuerOfPatientID"} & set(table.columns)

"""What a run of radiographs of people lets out of the house: nothing that names or shows one of them."""

import json
import stat
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import privbench
from privbench import cli
from privbench.base.errors import PrivbenchError
from privbench.datasets.findings import FINDINGS
from privbench.datasets.phantom import generate
from privbench.judging.verify import verify_run
from privbench.report.page.build import build_report
from privbench.report.page.runs import read_reported

pytestmark = pytest.mark.slow
TOKENS = [f"qzx{number:02}jvk" for number in range(20)]
"""Rare texts, planted in names of images, in patients' numbers and in the names of folders."""


@pytest.fixture(scope="module")
def hospital(tmp_path_factory):
    """Sixty patients in the layout of ChestX-ray14, with a list of test pairs beside them."""
    root = tmp_path_factory.mktemp("hospital") / f"ward-{TOKENS[0]}"
    (root / "images").mkdir(parents=True)
    drawn = generate(patients=60, size=32, seed=5, workers=1)
    table = drawn.table
    ids = {number: f"{TOKENS[1 + int(number) % 10]}-{number}" for number in table["patient"].unique()}
    patients = table["patient"].map(ids)
    names = [f"{TOKENS[11 + row % 8]}_{row:04}.png" for row in range(len(table))]
    for name, image in zip(names, drawn.images, strict=True):
        Image.fromarray(image[0]).save(root / "images" / name)
    entries = pd.DataFrame(
        {
            "Image Index": names,
            "Finding Labels": [_labels(row) for _, row in table.iterrows()],
            "Follow-up #": table["follow_up"],
            "Patient ID": patients,
            "Patient Age": table["age"],
            "Patient Gender": table["sex"],
            "View Position": table["view"],
        }
    )
    entries.to_csv(root / "Data_Entry_2017.csv", index=False)
    test = (table["patient"].astype(int) > 42).to_numpy()
    for file, rows in (("train_val_list.txt", ~test), ("test_list.txt", test)):
        (root / file).write_text("\n".join(np.array(names)[rows]) + "\n")
    (root / f"pairs-{TOKENS[19]}.txt").write_text("\n".join(_pairs(np.array(names)[test], patients[test].to_numpy())))
    return root


def _labels(row):
    present = [name for name in FINDINGS if row[name]]
    return "|".join(present) or "No Finding"


def _pairs(names, patients):
    """As many strangers as mates."""
    mated = [(a, b) for a in range(len(names)) for b in range(a) if patients[a] == patients[b]]
    strangers = [(a, b) for a in range(0, len(names), 2) for b in range(0, a, 5) if patients[a] != patients[b]]
    for label, pairs in ((1, mated), (0, strangers[: len(mated)])):
        yield from (f"{names[a]} {names[b]} {label}" for a, b in pairs)


def run_below(base, hospital, protocol):
    """The folder of a run, with a store of its own."""
    pairs = f"pairs.test_file={hospital}/pairs-{TOKENS[19]}.txt"
    return privbench.run(
        "prichexy", params={"mu": 0.05}, protocol=str(protocol), dataset="chestxray14", data_root=hospital,
        overrides=[pairs], store=base / "store", out=base / "run",
    ).folder  # fmt: skip


@pytest.fixture(scope="module")
def run(hospital, tiny_protocol, tmp_path_factory):
    return run_below(tmp_path_factory.mktemp("private"), hospital, tiny_protocol)


@pytest.fixture(scope="module")
def report(run):
    build_report([read_reported(run)], run.parent / "report")
    return run.parent / "report"


def files_of(*folders):
    return [file for folder in folders for file in folder.rglob("*") if file.is_file()]


def test_no_token_is_in_any_file_of_run_and_report(run, report, hospital):
    for file in files_of(run, report):
        content = file.read_bytes() + str(file.relative_to(run.parent)).encode()
        if file.suffix == ".parquet":  # compressed
            content += pd.read_parquet(file).to_csv().encode()
        found = [token for token in (*TOKENS, str(hospital), str(hospital.parent)) if token.encode() in content]
        assert not found, f"{file.name} tells {found}"


def test_no_absolute_path_is_in_the_records(run, report):
    for file in files_of(run, report):
        if file.suffix in (".json", ".txt", ".html", ".csv"):
            text = file.read_text()
            assert str(run.parent) not in text
            assert str(Path.home()) not in text, file.name


def test_no_picture_shows_a_patient(run, report):
    assert not (run / "gallery.safetensors").exists()
    assert not (run / "contact_sheet.png").exists()
    assert not (report / "examples").exists()
    page = (report / "index.html").read_text()
    assert "privbench report --with-originals" in page


def test_originals_are_shown_to_who_asks_for_them_and_has_the_store(run, hospital, tmp_path):
    build_report([read_reported(run)], tmp_path / "report", run.parent / "store")
    shown = [np.asarray(Image.open(file)) for file in (tmp_path / "report" / "examples").iterdir()]
    originals = {np.asarray(Image.open(file)).tobytes() for file in (hospital / "images").iterdir()}
    assert sum(picture.tobytes() in originals for picture in shown) == 8
    with pytest.raises(PrivbenchError, match="does not hold the originals of prichexy mu=0.05"):
        build_report([read_reported(run)], tmp_path / "other", tmp_path / "no store")
    assert not (tmp_path / "other").exists()


def test_the_run_holds_and_scores_join_with_the_table_in_the_store(run, hospital):
    assert list(verify_run(run, run.parent / "store")) == []
    (table,) = (run.parent / "store" / "data").glob("*/table.csv")
    known = pd.read_csv(table, dtype=str)
    scores = pd.read_parquet(run / "scores" / "linkage.parquet")
    scores = scores[(scores["split"] == "test") & (scores["scenario"] == "informed")]
    names = scores.merge(known, left_on="probe", right_on="image_pseudonym")
    assert len(names) == len(scores)
    assert (names["patient_pseudonym"] == names["probe_patient"]).all()
    listed = {line.split()[0] for line in (hospital / f"pairs-{TOKENS[19]}.txt").read_text().splitlines()}
    assert set(names["image"]) == listed


def test_the_order_of_rows_tells_nothing(run):
    for name, columns in (("utility", ["image"]), ("retrieval", ["probe", "mate"]), ("linkage", ["probe"])):
        scores = pd.read_parquet(run / "scores" / f"{name}.parquet")
        origin = ("attack", "scenario", "task", "mode", "seed", "split", "images")
        for _, part in scores.groupby([column for column in origin if column in scores]):
            assert part[columns].equals(part[columns].sort_values(columns))


def test_run_report_and_store_are_their_owners_alone(run, report):
    for file in files_of(run, report, run.parent / "store"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    for folder in (run, run / "scores", report, run.parent / "store", run.parent / "store" / "data"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder


def test_a_budget_of_private_data_finds_its_patients_and_names_none(run, hospital, tmp_path, monkeypatch):
    arguments = ["budget", run, "--attack", "correlation", "--scenario", "informed", "--out", tmp_path / "budget"]
    arguments += ["--store", run.parent / "store", "--data-root", hospital]
    arguments += ["--set", f"pairs.test_file={hospital}/pairs-{TOKENS[19]}.txt"]
    monkeypatch.setattr("sys.argv", ["privbench", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0
    content = b"".join(file.read_bytes() for file in files_of(tmp_path / "budget"))
    assert not [token for token in TOKENS if token.encode() in content]


def test_two_stores_give_the_same_figures(run, hospital, tiny_protocol, tmp_path):
    """Resampling goes by the patients' order, and so has to be that of their data, wherever it lies."""
    again = run_below(tmp_path, hospital, tiny_protocol)
    for name in ("linkage", "retrieval", "utility", "inference", "measurements"):
        assert (again / "scores" / f"{name}.parquet").read_bytes() == (run / "scores" / f"{name}.parquet").read_bytes()
    one, other = (json.loads((folder / "run.json").read_text()) for folder in (run, again))
    for part in ("worst_case", "attacks", "utilities", "fingerprint", "data_digest"):
        assert one[part] == other[part]


def test_a_phantom_may_show_everything(finished):
    assert finished.record.public
    assert (finished.folder / "gallery.safetensors").is_file()
    assert pd.read_parquet(finished.folder / "scores" / "linkage.parquet")["probe"].str.endswith(".png").all()

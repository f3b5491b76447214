"""A shared run tells its figures and the scores that they follow from, and nothing of the house that it comes from."""

import json
import shutil
import stat

import numpy as np
import pandas as pd
import pytest
from command_line import call
from PIL import Image
from safetensors.numpy import load_file

import privbench
from privbench.base.errors import PrivbenchError
from privbench.base.files import sha256
from privbench.datasets.phantom import generate
from privbench.evaluate.groups import AGES
from privbench.evaluate.linkage import YEARS
from privbench.judging.compare import compare_runs
from privbench.judging.ranking import make_boards, read_entry
from privbench.judging.sharing import patients_alone, patients_alone_in_number, share_runs, write_shared
from privbench.judging.verify import verify_run
from privbench.record.folder import ANONYMIZER_STATE, EVERY_RUN_HAS, LINKAGE_SCORES, RETRIEVAL_SCORES, UTILITY_SCORES
from privbench.record.nameless import named_columns
from privbench.record.run import read_run
from privbench.record.shared import PLACEHOLDER, Withheld
from privbench.running.run_folder import LOG, MARKER, withheld_from

IMAGE, PATIENT, WARD, CELL, ROOT, USER, OURS = (f"qzx{number:02}jvk" for number in range(7))
TOKENS = (IMAGE, PATIENT, WARD, CELL, ROOT, USER, OURS)
"""Rare texts: of names of images, patients, columns and cells, of folders, and of a protocol's words."""
OF_PRIVATE = [Withheld.WEIGHTS, Withheld.LOG, Withheld.OTHERS, Withheld.TEXTS, Withheld.DESCRIPTION, Withheld.AGES]


@pytest.fixture(scope="module")
def hospital(tmp_path_factory):
    """Sixty patients whom a table lists under names of its own."""
    root = tmp_path_factory.mktemp("house") / ROOT
    root.mkdir()
    drawn = generate(patients=60, size=32, seed=5, workers=1)
    names = [f"{IMAGE}_{row:04}.png" for row in range(len(drawn.table))]
    for name, image in zip(names, drawn.images, strict=True):
        Image.fromarray(image[0]).save(root / name)
    table = drawn.table.rename(columns={"patient": f"{PATIENT}-column"}).drop(columns="split", errors="ignore")
    table[f"{PATIENT}-column"] = [f"{PATIENT}-{one}" for one in table[f"{PATIENT}-column"]]
    table.assign(image=names, **{WARD: CELL}).to_csv(root / "list.csv", index=False)
    return root


@pytest.fixture(scope="module")
def runs(hospital, tiny_protocol, tmp_path_factory):
    """Two runs of it, the first with what its owner put there."""
    base = tmp_path_factory.mktemp("runs")
    protocol = base / "tiny.toml"
    protocol.write_text(tiny_protocol.read_text().replace("small enough for a test", f"of {OURS}"))
    changes = [f"data.params.columns.patient={PATIENT}-column", f"data.params.only.{WARD}=['{CELL}']"]
    changes += ["data.params.test_share=0.3"]
    told = {"protocol": str(protocol), "dataset": "table", "data_root": hospital, "store": base / "store"}
    folders = [base / f"{USER}-{name}" for name in ("prichexy", "dp-pix")]
    privbench.run("prichexy", params={"mu": 0.05}, overrides=changes, out=folders[0], **told)
    privbench.run("dp-pix", params={"b": 4}, overrides=changes, out=folders[1], **told)
    (folders[0] / "budget").mkdir()
    (folders[0] / "budget" / f"{USER}.csv").write_text(PATIENT)
    return folders


@pytest.fixture(scope="module")
def handed_on(runs, tmp_path_factory):
    return [one.folder for one in share_runs(runs, tmp_path_factory.mktemp("for others") / "shared")]


@pytest.fixture
def copy(handed_on, tmp_path):
    """A shared run, to be changed."""
    return shutil.copytree(handed_on[0], tmp_path / "copy")


def files_below(folder):
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


def test_the_run_itself_is_full_of_what_must_stay(runs):
    """So that the next test can fail."""
    text = (runs[0] / "run.json").read_text()
    assert all(token in text for token in (f"{PATIENT}-column", WARD, CELL, OURS))


def test_no_token_is_in_any_file_or_name(handed_on, runs):
    for file in (file for folder in handed_on for file in folder.rglob("*")):
        content = file.name.encode() + (file.read_bytes() if file.is_file() else b"")
        if file.suffix == ".parquet":  # compressed
            content += pd.read_parquet(file).to_csv().encode()
        told = [token for token in (*TOKENS, str(runs[0].parent)) if token.encode() in content]
        assert not told, f"{file} tells {told}"


def test_only_what_is_known_is_written_for_its_owner_alone(handed_on):
    assert files_below(handed_on[0]) == {*EVERY_RUN_HAS, "run.json", MARKER} - {ANONYMIZER_STATE}
    assert [folder.name.rpartition("-")[0] for folder in handed_on] == [
        "prichexy-mu0.05-table-tiny", "dp-pix-b4-table-tiny",
    ]  # fmt: skip
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in handed_on[0].rglob("*") if file.is_file())


def test_what_is_left_out_stands_in_the_folder(handed_on):
    assert json.loads((handed_on[0] / MARKER).read_text())["withheld"] == [str(one) for one in OF_PRIVATE]
    assert set(OF_PRIVATE) - set(withheld_from(handed_on[1])) == {Withheld.OTHERS}
    params = read_run(handed_on[0]).protocol["data"]["params"]
    assert (params["columns"], params["only"], params["test_share"]) == (PLACEHOLDER, PLACEHOLDER, 0.3)


def test_a_shared_run_holds_also_beside_the_store(handed_on, runs):
    for folder in handed_on:
        assert list(verify_run(folder)) == []
        assert list(verify_run(folder, runs[0].parent / "store")) == []


def test_figures_are_the_runs_and_ages_are_those_of_groups(handed_on, runs):
    assert read_run(handed_on[0]).figures == read_run(runs[0]).figures
    exact, told = (pd.read_parquet(folder / UTILITY_SCORES) for folder in (runs[0], handed_on[0]))
    assert set(told["age"]) <= set(AGES.values())
    assert exact["age"].nunique() > 20
    assert told.drop(columns="age").equals(exact.drop(columns="age"))
    years = pd.read_parquet(handed_on[0] / RETRIEVAL_SCORES)["years"]
    assert set(years.dropna()) <= set(YEARS)
    assert sha256(handed_on[0] / LINKAGE_SCORES) == sha256(runs[0] / LINKAGE_SCORES)


def test_shared_and_whole_runs_stand_in_one_table(handed_on, runs):
    (board,) = make_boards([read_entry(folder) for folder in (handed_on[0], runs[1], handed_on[1])])
    assert len(board.standings) == 3
    here, there = compare_runs(runs[0], runs[1]), compare_runs(handed_on[0], handed_on[1])
    assert here.differences == there.differences


def test_a_run_that_was_shared_may_be_shared_again(handed_on, tmp_path):
    (again,) = share_runs([handed_on[0]], tmp_path / "again")
    assert list(again.withheld) == OF_PRIVATE
    assert list(verify_run(again.folder)) == []
    assert {name: sha256(handed_on[0] / name) for name in files_below(handed_on[0])} == {
        name: sha256(again.folder / name) for name in files_below(again.folder)
    }
    with pytest.raises(PrivbenchError, match="shared without its weights: leave out --with-weights"):
        share_runs([handed_on[0]], tmp_path / "third", with_weights=True)


def test_without_names_a_run_holds_too_also_beside_the_store(runs, tmp_path):
    withheld = write_shared(runs[0], tmp_path / "nameless", with_names=False)
    assert set(withheld) == {*OF_PRIVATE, Withheld.NAMES}
    assert list(verify_run(tmp_path / "nameless", runs[0].parent / "store")) == []
    known = {
        *pd.read_parquet(runs[0] / LINKAGE_SCORES)["probe_patient"],
        *pd.read_parquet(runs[0] / UTILITY_SCORES)["image"],
    }
    for file in (tmp_path / "nameless").rglob("*.parquet"):
        told = pd.read_parquet(file).to_csv()
        assert not [name for name in known if name in told], file
        assert named_columns(pd.read_parquet(file)) == []
    scores = pd.read_parquet(tmp_path / "nameless" / UTILITY_SCORES)
    scores.assign(score=scores["score"] + 1).to_parquet(tmp_path / "nameless" / UTILITY_SCORES, index=False)
    wrong = list(verify_run(tmp_path / "nameless", runs[0].parent / "store"))
    assert any("are not those that it put out" in problem for problem in wrong), "and is compared with the store"


def test_weights_go_out_only_when_asked_for_and_with_a_warning(runs, tmp_path):
    (one,) = share_runs([runs[0]], tmp_path / "shared", with_weights=True)
    assert load_file(one.folder / ANONYMIZER_STATE).keys() == load_file(runs[0] / ANONYMIZER_STATE).keys()
    assert Withheld.WEIGHTS not in one.withheld
    assert one.warnings[0].startswith("weights remember training images")
    assert list(verify_run(one.folder)) == []


@pytest.mark.parametrize("name", [LINKAGE_SCORES, "estimates.safetensors", "anonymizer.json"])
def test_whatever_else_is_missing_or_changed_is_found(copy, name):
    (copy / name).write_bytes((copy / name).read_bytes() + b" ")
    assert f"{name} was changed: its digest is not the one in run.json" in list(verify_run(copy))
    (copy / name).unlink()
    assert f"{name} is missing" in list(verify_run(copy))


def test_a_figure_that_was_changed_is_found(copy):
    values = json.loads((copy / "run.json").read_text())
    values["utilities"][0]["mean_auc"] = 0.99
    (copy / "run.json").write_text(json.dumps(values))
    assert next(verify_run(copy)).startswith("run.json: utilities[classification (frozen)].mean_auc is 0.99")


def test_weights_that_are_others_are_found(copy):
    (copy / ANONYMIZER_STATE).write_bytes(b"another method's")
    assert list(verify_run(copy)) == [f"{ANONYMIZER_STATE} was changed: its digest is not the one in run.json"]


def test_without_its_list_of_what_was_left_out_a_shared_run_does_not_hold(copy):
    (copy / MARKER).unlink()
    assert {
        f"{ANONYMIZER_STATE} is missing",
        "run.json: fingerprint is not that of the terms and the data's digest",
    } <= set(verify_run(copy))


def test_nothing_but_what_may_be_is_withheld(copy):
    told = json.loads((copy / MARKER).read_text())
    (copy / MARKER).write_text(json.dumps(told | {"withheld": ["the scores"]}))
    with pytest.raises(PrivbenchError, match="withheld which never is .*'the scores'"):
        list(verify_run(copy))


def test_of_public_data_all_is_shared_but_weights_and_log(finished, tmp_path):
    (one,) = share_runs([finished.folder], tmp_path / "shared")
    assert list(one.withheld) == [Withheld.WEIGHTS, Withheld.LOG]
    assert list(one.warnings) == []
    assert files_below(one.folder) == files_below(finished.folder) - {ANONYMIZER_STATE, LOG}
    assert list(verify_run(one.folder)) == []


def test_weights_of_public_data_remember_people_only_where_they_began_with_others(finished, tmp_path):
    (one,) = share_runs([finished.folder], tmp_path / "shared", with_weights=True)
    assert (list(one.withheld), list(one.warnings)) == ([Withheld.LOG], [])


def test_a_run_that_does_not_hold_is_not_shared(runs, tmp_path):
    edited = shutil.copytree(runs[0], tmp_path / "edited")
    scores = pd.read_parquet(edited / LINKAGE_SCORES)
    scores.assign(score=0.0).to_parquet(edited / LINKAGE_SCORES, index=False)
    with pytest.raises(PrivbenchError, match=r"edited cannot be shared, because it does not hold \(scores/linkage"):
        share_runs([runs[1], edited], tmp_path / "shared")
    assert not (tmp_path / "shared").exists()


def test_nothing_is_written_over_nor_into_a_run(runs, tmp_path):
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(PrivbenchError, match="holds something: choose another --out"):
        share_runs(runs, tmp_path)
    with pytest.raises(PrivbenchError, match=r"cannot be shared, because --out lies in it"):
        share_runs(runs, runs[0] / "budget" / "shared")
    with pytest.raises(PrivbenchError, match="is no run folder"):
        share_runs([tmp_path], tmp_path / "shared")
    twin = shutil.copytree(runs[0], tmp_path / "twin")
    with pytest.raises(PrivbenchError, match=r"twin and .* hold the same run: name one of them"):
        share_runs([runs[0], twin], tmp_path / "shared")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["note.txt", "twin"]


def test_the_command_says_what_it_left_out_and_verify_says_it_again(runs, tmp_path, monkeypatch, capsys):
    assert call(monkeypatch, "share", runs[0], "--out", tmp_path / "shared", columns=500) == 0
    said = capsys.readouterr().out
    assert "withheld: the weights of the anonymizer; the log; what did not come of the run; texts among" in said
    assert "patients are the only ones with their sex, groups of ages, views and findings" in said
    assert call(monkeypatch, "verify", tmp_path / "shared", "--store", tmp_path / "none", columns=500) == 0
    said = capsys.readouterr().out
    assert "everything that is there holds (withheld when it was shared: the weights of the anonymizer; the" in said


def test_patients_are_alone_who_differ_from_all_others():
    rows = [
        ("a", "a1", "F", 40, "PA", "Mass", 1), ("a", "a2", "F", 40, "PA", "Mass", 0),
        ("b", "b1", "F", 40, "PA", "Mass", 0), ("b", "b2", "F", 40, "PA", "Mass", 1),
        ("c", "c1", "F", 60, "PA", "Mass", 1), ("d", "d1", "", np.nan, "PA", "Mass", 0),
        ("e", "e1", "", np.nan, "PA", "Mass", 0), ("e", "e1", "", np.nan, "PA", "Edema", 0),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["patient", "image", "sex", "age", "view", "class", "label"])
    assert patients_alone(table) == (3, 5), "c by its age, d and e by what is known of them; a and b are alike"
    assert patients_alone(pd.concat([table, table])) == (3, 5), "as often as they were read"
    assert patients_alone(table.iloc[:0]) == (0, 0)


def test_whose_number_of_images_nobody_else_has_is_counted():
    assert patients_alone_in_number(pd.Series([1, 1, 2, 3, 3, 9])) == 2
    assert patients_alone_in_number(pd.Series([4, 4])) == 0

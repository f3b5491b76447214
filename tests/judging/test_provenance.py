"""A run is what its stages put out: they fit together, and the store holds what they were."""

import json
import shutil

import pandas as pd
import pytest

import privbench
from privbench.base.files import sha256
from privbench.judging import provenance
from privbench.judging.provenance import compared, stages_fit, store_fits
from privbench.judging.verify import verify_run
from privbench.learning.states import STATE
from privbench.record.folder import COPY_SCORES, LINKAGE_SCORES, UTILITY_SCORES
from privbench.record.run import read_run


@pytest.fixture
def run(finished, tmp_path):
    """A copy of a run, to be changed."""
    return shutil.copytree(finished.folder, tmp_path / "run")


@pytest.fixture
def kept(run, store, tmp_path):
    """A copy of what the store holds of it."""
    for stage in read_run(run).stages:
        shutil.copytree(place_of(run, store, stage.name), place_of(run, tmp_path / "store", stage.name))
    return tmp_path / "store"


def edited(folder, change):
    """The record after a change of run.json."""
    values = json.loads((folder / "run.json").read_text())
    change(values)
    (folder / "run.json").write_text(json.dumps(values))
    return read_run(folder)


def place_of(folder, store, name):
    """The folder of a stage of a run."""
    stage = next(stage for stage in read_run(folder).stages if stage.name == name)
    return store / name.partition(" ")[0] / stage.key


def test_an_honest_run_fits_its_store_and_itself(run, store):
    assert list(stages_fit(run, read_run(run))) == []
    assert list(store_fits(run, read_run(run), store)) == []
    assert list(verify_run(run, store)) == []


def test_every_stage_tells_what_it_read(finished):
    put_out = {stage.name: stage.digest for stage in finished.record.stages}
    read = {stage.name: stage.inputs for stage in finished.record.stages}
    assert len(set(put_out.values())) > 10
    assert read["data"] == {}
    assert read["release"] == {name: put_out[name] for name in ("data", "anonymizer")}
    scored = [name for name in put_out if name.split()[0] in ("linkage", "inference", "utility", "measure", "copies")]
    assert list(read["figures"]) == scored
    assert {"data", "release", "attack contrastive AO 0"} <= read["linkage contrastive informed 0"].keys()


def test_a_stage_that_read_another_release_than_the_recorded_one_is_named(run):
    record = edited(run, lambda values: values["stages"][4].update(digest="0" * 64))
    told = list(stages_fit(run, record))
    name = "linkage contrastive informed 0"
    assert f"run.json: the stage {name} read another release than the one that is recorded" in told
    assert all("another release" in one for one in told)


def test_data_that_no_stage_put_out_are_named(run):
    record = edited(run, lambda values: values.update(data_digest="0" * 64))
    assert list(stages_fit(run, record)) == ["run.json: data_digest is not that of the stage data"]


@pytest.mark.parametrize("kept_stages", [[], ["data", "release"]])
def test_a_run_that_tells_of_fewer_stages_than_its_scores_come_from_does_not_hold(run, kept_stages):
    def forget(values):
        values["stages"] = [stage for stage in values["stages"] if stage["name"] in kept_stages]

    edited(run, forget)
    told = list(verify_run(run))
    assert "run.json: what the stage linkage contrastive informed 0 put out is missing" in told
    assert "run.json: what the stage linkage (floor) put out is missing" in told
    assert ("run.json: what the stage release put out is missing" in told) == (not kept_stages)


def test_blank_digests_are_no_digests(run):
    def blank(values):
        values["stages"] = [stage | {"digest": "", "inputs": {}} for stage in values["stages"]]

    edited(run, blank)
    assert "run.json: what the stage data put out is missing" in list(verify_run(run))


def test_what_was_compared_is_said(run, kept):
    stages = len(read_run(run).stages)
    assert compared(read_run(run), kept) == f"{stages} of {stages} stages compared with the store"
    shutil.rmtree(place_of(run, kept, "release"))
    assert compared(read_run(run), kept) == f"{stages - 1} of {stages} stages compared with the store"


@pytest.mark.parametrize("name", ["anonymizer.safetensors", "gallery.safetensors", "estimates.safetensors"])
def test_a_copy_that_is_none_is_named_though_its_digest_was_forged(run, store, name):
    (run / name).write_bytes(bytes(100))
    edited(run, lambda values: values["files"].update({name: sha256(run / name)}))
    assert any(one.startswith(f"{name} is not what the stage") for one in store_fits(run, read_run(run), store))
    assert list(verify_run(run, store)) != []


def test_figures_are_those_that_their_stage_put_out(run, store):
    """Another figure than the stage's is named, whatever else of the run was forged to fit it."""
    record = read_run(run)
    worst = record.worst_case.model_copy(update={"reason": "another"})
    told = list(store_fits(run, record.model_copy(update={"worst_case": worst}), store))
    assert told == ["run.json: the figures are not those that the stage figures put out"]


def test_the_state_is_called_as_learners_call_it():
    assert provenance._STATE == STATE


@pytest.mark.parametrize("name", ["release", "linkage contrastive informed 0", "examples", "figures"])
def test_a_stage_that_was_changed_in_the_store_is_named(run, kept, name):
    place = place_of(run, kept, name)
    file = next(file for file in sorted(place.iterdir()) if file.suffix in (".npy", ".parquet", ".safetensors"))
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    assert list(verify_run(run, kept)) == [
        f"the stage {name} in the store is not what was written (changed: {file.name}): {place}"
    ]
    assert list(verify_run(run)) == [], "the figures are still those of the scores in the folder"


def test_a_store_that_lost_a_stage_proves_nothing(run, kept):
    shutil.rmtree(place_of(run, kept, "release"))
    assert list(store_fits(run, read_run(run), kept)) == []
    assert list(store_fits(run, read_run(run), kept / "none")) == []


def test_scores_that_no_stage_put_out_are_named_though_everything_else_was_forged(run, kept, tiny_protocol):
    """The scores are another run's, and so are all figures: the folder is consistent in itself."""
    out = run.parent / "other"
    other = privbench.run("identity", protocol=str(tiny_protocol), store=kept, out=out)
    for name in (LINKAGE_SCORES, UTILITY_SCORES):
        shutil.copyfile(other.folder / name, run / name)
    theirs = json.loads((other.folder / "run.json").read_text())
    edited(run, lambda values: values.update({key: theirs[key] for key in ("worst_case", "attacks", "utilities")}))
    told = set(store_fits(run, read_run(run), kept))
    name = "linkage contrastive informed 0"
    assert f"{LINKAGE_SCORES}: the scores of the stage {name} are not those that it put out" in told
    assert any(one.startswith(f"{UTILITY_SCORES}: the scores of the stage utility classification") for one in told)


def test_one_score_that_was_changed_is_of_the_stage_that_is_named(run, kept):
    scores = pd.read_parquet(run / LINKAGE_SCORES)
    row = scores.index[(scores["attack"] == "contrastive") & (scores["scenario"] == "informed")][-1]
    scores.loc[row, "score"] += 1e-9
    scores.to_parquet(run / LINKAGE_SCORES, index=False)
    edited(run, lambda values: values["files"].update({LINKAGE_SCORES: sha256(run / LINKAGE_SCORES)}))
    assert list(verify_run(run)) == [], "as little changes no figure"
    assert list(verify_run(run, kept)) == [
        f"{LINKAGE_SCORES}: the scores of the stage linkage contrastive informed 0 are not those that it put out"
    ]


def test_what_was_found_of_copies_is_what_its_stage_put_out(run, kept):
    rows = pd.read_parquet(run / COPY_SCORES)
    rows.loc[rows["shown"] == "A", "likeness"] *= 0.999
    rows.to_parquet(run / COPY_SCORES, index=False)
    record = edited(run, lambda values: values["files"].update({COPY_SCORES: sha256(run / COPY_SCORES)}))
    assert f"{COPY_SCORES}: the scores of the stage copies A are not those that it put out" in list(
        store_fits(run, record, kept)
    )
    edited(run, lambda values: values.update(stages=[one for one in values["stages"] if "copies" not in one["name"]]))
    told = list(stages_fit(run, read_run(run)))
    assert {f"run.json: what the stage {name} put out is missing" for name in ("copies O", "copies A")} < set(told)

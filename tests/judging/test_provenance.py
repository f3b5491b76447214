"""A run is what its stages put out: they fit together, and the store holds what they were."""

import json
import shutil

import pandas as pd
import pytest

import privbench
from privbench.base.files import sha256
from privbench.judging.provenance import stages_fit, store_fits
from privbench.judging.verify import verify_run
from privbench.record.folder import LINKAGE_SCORES, UTILITY_SCORES
from privbench.record.run import read_run


@pytest.fixture
def run(finished, tmp_path):
    """A copy of a run, to be changed."""
    return shutil.copytree(finished.folder, tmp_path / "run")


@pytest.fixture
def kept(store, tmp_path):
    """A copy of the store that it was made with."""
    return shutil.copytree(store, tmp_path / "store")


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
    assert list(stages_fit(read_run(run))) == []
    assert list(store_fits(run, read_run(run), store)) == []
    assert list(verify_run(run, store)) == []


def test_every_stage_tells_what_it_read(finished):
    put_out = {stage.name: stage.digest for stage in finished.record.stages}
    read = {stage.name: stage.inputs for stage in finished.record.stages}
    assert len(set(put_out.values())) > 10
    assert read["data"] == {}
    assert read["release"] == {name: put_out[name] for name in ("data", "anonymizer")}
    assert {"data", "release", "attack contrastive AO 0"} <= read["linkage contrastive informed 0"].keys()


def test_a_stage_that_read_another_release_than_the_recorded_one_is_named(run):
    record = edited(run, lambda values: values["stages"][4].update(digest="0" * 64))
    told = list(stages_fit(record))
    name = "linkage contrastive informed 0"
    assert f"run.json: the stage {name} read another release than the one that is recorded" in told
    assert all("another release" in one for one in told)


def test_data_that_no_stage_put_out_are_named(run):
    record = edited(run, lambda values: values.update(data_digest="0" * 64))
    assert list(stages_fit(record)) == ["run.json: data_digest is not that of the stage data"]


def test_a_run_from_before_stages_told_their_digests_is_not_doubted(run):
    def forget(values):
        values["stages"] = [stage | {"digest": "", "inputs": {}} for stage in values["stages"]]

    assert list(stages_fit(edited(run, forget))) == []


@pytest.mark.parametrize("name", ["release", "linkage contrastive informed 0", "examples"])
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

"""The scores of a run are gathered from its stages, and its figures are made of nothing else."""

import json

import pandas as pd
import pytest
from attack_scores import scores_of, thirty_patients
from records import image_table, readings

from privbench.record.estimates import FILE as ESTIMATES
from privbench.record.estimates import read_estimates
from privbench.record.figures import read_figures
from privbench.record.folder import (
    COPY_SCORES,
    LINKAGE_SCORES,
    MATCHES,
    MEASUREMENTS,
    RETRIEVAL_SCORES,
    SEARCH_SCORES,
    UTILITY_SCORES,
    read_attack_scores,
)
from privbench.record.scores import (
    COPIES_COLUMNS,
    INFERENCE_COLUMNS,
    MATCH_COLUMNS,
    MEASUREMENT_COLUMNS,
    AttackOrigin,
    read_scores,
    write_scores,
)
from privbench.running.scored import Evaluate, read_run_scores
from privbench.running.stage_names import (
    DATA,
    LINKAGE_FILE,
    MEASURES_FILE,
    RETRIEVAL_FILE,
    SEARCH_FILE,
    TASK_FILE,
    StageName,
)


@pytest.fixture
def reads(rng, tmp_path):
    """Two attacks, one of which ranks no gallery; a task; and the data, which hold no scores."""
    said = scores_of(thirty_patients(rng), rng, 1)
    folders = {
        StageName("linkage", ("contrastive", "informed"), 2): tmp_path / "two",
        StageName("linkage", ("contrastive", "informed"), 0): tmp_path / "zero",
        StageName("linkage", ("(floor)",)): tmp_path / "floor",
        StageName("utility", ("classification", "frozen"), 0): tmp_path / "task",
        DATA: tmp_path / "data",
    }
    for folder in folders.values():
        folder.mkdir()
    for name in ("two", "zero"):
        seed = {"two": 2, "zero": 0}[name]
        files = ((said.linkage, LINKAGE_FILE), (said.retrieval, RETRIEVAL_FILE), (said.searches, SEARCH_FILE))
        for table, file in files:
            own = (table["attack"] == "contrastive") & (table["scenario"] == "informed") & (table["seed"] == seed)
            write_scores(table[own].reset_index(drop=True), tmp_path / name / file)
        (tmp_path / name / MEASURES_FILE).write_text(json.dumps({"psnr": 20.5 + seed}))
    floor = said.linkage[said.linkage["attack"] == "(floor)"]
    write_scores(floor.reset_index(drop=True), tmp_path / "floor" / LINKAGE_FILE)
    labels = (rng.random((30, 2)) < 0.5).astype(float)
    read = readings("frozen", labels, rng.normal(0, 1, (1, 30, 2)), ("Mass", "Edema"), image_table(30, 10))
    write_scores(read, tmp_path / "task" / TASK_FILE)
    return folders


def test_they_stand_in_the_order_in_which_the_stages_are_told(reads):
    scores = read_run_scores(reads)
    linkage = scores.attacks.linkage
    assert list(dict.fromkeys(zip(linkage["attack"], linkage["seed"], strict=True))) == [
        ("contrastive", 2), ("contrastive", 0), ("(floor)", 0),
    ]  # fmt: skip
    assert list(dict.fromkeys(scores.attacks.retrieval["seed"])) == [2, 0], "the floor ranks nothing"
    assert list(dict.fromkeys(scores.attacks.searches["seed"])) == [2, 0], "and searches for nobody"
    parts = [read_scores(folder / LINKAGE_FILE) for folder in list(reads.values())[:3]]
    pd.testing.assert_frame_equal(linkage, pd.concat(parts, ignore_index=True))


def test_an_attacks_own_figures_are_told_by_where_they_come_from(reads):
    assert read_run_scores(reads).attacks.measures == {
        AttackOrigin("contrastive", "informed", 2): {"psnr": 22.5},
        AttackOrigin("contrastive", "informed", 0): {"psnr": 20.5},
    }


def test_what_nobody_said_has_columns_and_no_rows(reads):
    scores = read_run_scores(reads)
    assert (len(scores.measurements), list(scores.measurements)) == (0, MEASUREMENT_COLUMNS)
    assert (len(scores.attacks.inference), list(scores.attacks.inference)) == (0, INFERENCE_COLUMNS)
    assert (len(scores.attacks.matches), list(scores.attacks.matches)) == (0, MATCH_COLUMNS)
    assert (len(scores.copies), list(scores.copies)) == (0, COPIES_COLUMNS)
    assert len(scores.readings) == 60


def test_figures_are_made_of_the_scores_of_a_run(finished, pipeline, engine, ctx, tmp_path):
    """The stage gives what the run tells; its scores are those that lie in the run's folder."""
    engine.make({"data": [pipeline.data]})
    figures = pipeline.graph(engine.made[pipeline.data]).figures
    engine.make({"figures": [figures]})
    reads = {node.name: engine.made[node].folder for node in figures.inputs}
    scores, folder = read_run_scores(reads), finished.folder
    told = read_attack_scores(folder)
    for found, file in (
        (scores.attacks.linkage, LINKAGE_SCORES),
        (scores.attacks.retrieval, RETRIEVAL_SCORES),
        (scores.attacks.matches, MATCHES),
        (scores.attacks.searches, SEARCH_SCORES),
        (scores.readings, UTILITY_SCORES),
        (scores.measurements, MEASUREMENTS),
        (scores.copies, COPY_SCORES),
    ):
        pd.testing.assert_frame_equal(found, read_scores(folder / file))
    assert scores.attacks.measures == told.measures
    work = figures.work
    assert isinstance(work, Evaluate)
    work(reads, tmp_path, ctx)
    assert read_figures(tmp_path) == finished.record.figures
    assert (tmp_path / ESTIMATES).read_bytes() == (folder / ESTIMATES).read_bytes()
    assert len(read_estimates(tmp_path / ESTIMATES)) > 10

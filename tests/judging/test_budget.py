"""The budget curve, on a protocol that takes seconds."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from privbench.attacks.correlation import Correlation, CorrelationParams
from pydantic import Field

import privbench
from privbench.base.errors import PrivbenchError
from privbench.engine.executors.choice import Means
from privbench.judging.budget import (
    EFFORTS,
    SHARES,
    Point,
    _share,
    _with_epochs,
    _with_training_rows,
    budget_curve,
    unsaturated,
)
from privbench.report.plots.budget_curves import write_budget
from privbench.report.tables.budget import budget_frame
from privbench.running.attack_stages import AttackStages
from privbench.running.loading import read_splits
from privbench.running.setting import Setting


@pytest.fixture(scope="module")
def run(tiny_protocol, store, tmp_path_factory):
    out = tmp_path_factory.mktemp("budget") / "run"
    return privbench.run("dp-pix", params={"b": 2}, protocol=str(tiny_protocol), store=store, out=out)


def pipeline_of(protocol, store, *overrides):
    setting = Setting(protocol=str(protocol), overrides=overrides, store=store, device="cpu", means=Means(jobs=1))
    loaded = setting.load()
    return setting.pipeline(loaded, setting.anonymizer("dp-pix", {"b": 2}, loaded))


@pytest.fixture
def pipeline(tiny_protocol, store):
    return pipeline_of(tiny_protocol, store)


def prepared(pipeline, engine):
    """The graph of a run, and its training images with their pairs."""
    engine.make({"data": [pipeline.data]})
    data = engine.made[pipeline.data]
    graph = pipeline.graph(data)
    train = read_splits(data.folder, tuple(pipeline.dataset.findings))["train"]
    return graph, replace(train, pairs=graph.common.source.pairs["train"])


def test_four_budgets_of_each_kind(run, pipeline, engine, tmp_path):
    points = budget_curve(pipeline, engine, run.record, "contrastive", "informed")
    by_axis = {axis: [p for p in points if p.axis == axis] for axis in ("patients", "images", "epochs")}
    assert [p.factor for p in by_axis["patients"]] == list(SHARES)
    assert [p.factor for p in by_axis["epochs"]] == list(EFFORTS)
    whole = next(a for a in run.record.attacks if a.name == "contrastive").seed_aucs[0]
    for curve in by_axis.values():
        assert next(p.auc for p in curve if p.factor == 1) == whole, "its own budget is the run itself"
        assert all(p.low <= p.high for p in curve)
    train = prepared(pipeline, engine)[1]
    assert by_axis["patients"][-1].amount == len(np.unique(train.patients))
    assert by_axis["images"][-1].amount == len(train.images)
    write_budget(budget_frame(points, unsaturated(points)), "title", tmp_path / "budget.png")
    assert (tmp_path / "budget.png").stat().st_size > 5000


def test_an_attack_without_training_has_no_epochs(run, pipeline, engine):
    points = budget_curve(pipeline, engine, run.record, "correlation", "informed")
    assert {point.axis for point in points} == {"patients", "images"}
    assert len({point.auc for point in points}) == 1, "it learns nothing from anybody"


def test_smaller_draws_lie_within_larger_ones(run, pipeline, engine):
    train = prepared(pipeline, engine)[1]
    for axis in ("patients", "images"):
        draws = [set(_share(train, axis, share, 0)) for share in SHARES]
        assert draws[0] < draws[1] < draws[2] < draws[3] == set(range(len(train.images)))
    half = _share(train, "patients", 0.5, 0)
    inside, outside = set(train.patients[half]), set(np.delete(train.patients, half))
    assert not inside & outside, "a patient is in with all images or not at all"


class Filed(Correlation):
    """An attack without training that reads a file."""

    name = "filed"

    class Params(CorrelationParams):
        epochs: int = 4
        weights: Path | None = Field(None, exclude=True)


def test_other_training_keeps_what_no_record_holds(tmp_path):
    """Such as where a file lies: a dump of the parameters would leave it out without a word."""
    base = AttackStages(None, None, lambda label: Filed(weights=tmp_path), None)
    attack = _with_epochs(base, 2).create("filed")
    assert (attack.params.epochs, attack.params.weights) == (2, tmp_path)


def test_a_smaller_draw_keeps_to_the_list_of_pairs(tiny_protocol, store, engine, tmp_path):
    """Random pairs below the whole and the list for the whole would be two things on one axis."""
    quick = [f"attacks.{label}=none" for label in ("siamese", "contrastive")]
    train = prepared(pipeline_of(tiny_protocol, store, *quick), engine)[1]
    images = train.table["image"].to_numpy()
    lines = [f"{images[p]} {images[r]} {int(m)}" for p, r, m in zip(train.pairs.probe, train.pairs.reference,
                                                                     train.pairs.mated, strict=True)][:40]  # fmt: skip
    listed = tmp_path / "pairs.txt"
    listed.write_text("\n".join(lines))
    graph, train = prepared(pipeline_of(tiny_protocol, store, *quick, f"pairs.train_file={listed}"), engine)
    rows = _share(train, "patients", 0.5, 0)
    cut = _with_training_rows(graph.attacks, train, rows).common.source
    names, pairs = images[cut.rows], cut.pairs["train"]
    told = {tuple(line.split()[:2]) for line in lines}
    kept = {(names[p], names[r]) for p, r in zip(pairs.probe, pairs.reference, strict=True)}
    assert kept == {(one, other) for one, other in told if {one, other} <= set(images[rows])}
    with pytest.raises(PrivbenchError, match="training images hold no mated and non-mated pair of"):
        _with_training_rows(graph.attacks, train, rows[:2])


def test_a_curve_that_still_rises_is_marked():
    flat = [Point("images", 0.5, 50, 0.80, 0, 1), Point("images", 1, 100, 0.805, 0, 1)]
    rising = [Point("epochs", 1, 4, 0.80, 0, 1), Point("epochs", 2, 8, 0.83, 0, 1)]
    assert unsaturated(flat + rising) == ["epochs"]
    assert budget_frame(flat + rising, ["epochs"])["unsaturated"].tolist() == [False, False, False, True]


def test_what_is_not_the_runs_own_is_refused(run, pipeline, engine):
    with pytest.raises(PrivbenchError, match=r"no attack siamese \(informed\): choose one of siamese \(paper\)"):
        budget_curve(pipeline, engine, run.record, "siamese", "informed")
    with pytest.raises(PrivbenchError, match="another version of privbench"):
        budget_curve(pipeline, engine, run.record.model_copy(update={"key": "other"}), "contrastive", "informed")

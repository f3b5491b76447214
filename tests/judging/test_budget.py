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
from privbench.record.scores import AttackOrigin
from privbench.report.plots.budget_curves import write_budget
from privbench.report.tables.budget import budget_frame
from privbench.running.loading import read_splits
from privbench.running.setting import Setting
from privbench.running.stage_names import DATA


@pytest.fixture(scope="module")
def run(tiny_protocol, store, tmp_path_factory):
    out = tmp_path_factory.mktemp("budget") / "run"
    return privbench.run("dp-pix", params={"b": 2}, protocol=str(tiny_protocol), store=store, out=out)


def pipeline_of(protocol, store, *overrides, anonymizer=("dp-pix", {"b": 2})):
    setting = Setting(protocol=str(protocol), overrides=overrides, store=store, device="cpu", means=Means(jobs=1))
    loaded = setting.load()
    return setting.pipeline(loaded, setting.anonymizer(*anonymizer, loaded))


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


def test_other_training_keeps_what_no_record_holds(pipeline, tmp_path):
    """Such as where a file lies: a dump of the parameters would leave it out without a word."""
    base = replace(pipeline.graph(None).attacks, create=lambda label: Filed(weights=tmp_path))
    attack = _with_epochs(base, 2, 0.5).create("filed")
    assert (attack.params.epochs, attack.params.weights) == (2, tmp_path)


TOWER = "backbone='test_resnet',features=8,steps=4,batch_size=16,learning_rate=1e-3"
TAUGHT = (
    "attacks.siamese=none",
    "attacks.contrastive=none",
    f"attacks.distillation.params={{{TOWER},epochs=1}}",
    f"guidance.embedder={{{TOWER},epochs=4,keep='last'}}",
)
"""An attack whose teacher is trained on originals."""
UNTOUCHED = ("identity", {})


def fitted(stages):
    """What trains the attack that has a teacher, and what it reads by name."""
    node = stages.score(AttackOrigin("distillation", "informed", 0), unchanged=True).inputs[-1]
    return node, {str(one.name): one for one in node.inputs}


def test_a_teacher_is_trained_on_what_the_attacker_has(tiny_protocol, store, engine):
    graph, train = prepared(pipeline_of(tiny_protocol, store, *TAUGHT, anonymizer=UNTOUCHED), engine)
    whole = fitted(graph.attacks)[1]
    shares = [("patients", 0.5), ("patients", 0.25), ("images", 0.5)]
    cuts = [fitted(_with_training_rows(graph.attacks, train, _share(train, *share, 0)))[1] for share in shares]
    told = {"data": engine.made[graph.common.data].digest}
    assert len({reads["embedder"].key(told) for reads in (whole, *cuts)}) == 4
    for reads in cuts:
        assert (reads["classifier"], reads["verifier"]) == (whole["classifier"], whole["verifier"]), "the publisher's"
    engine.make({"teacher": [cuts[0]["embedder"]]})
    rows = _share(train, "patients", 0.5, 0)
    shown = cuts[0]["embedder"].work.source.shown({DATA: engine.made[graph.common.data].folder}).originals["train"]
    assert np.array_equal(shown.images, train.images[rows]), "those images and no others"


def test_a_teacher_is_trained_for_as_much_longer(tiny_protocol, store, engine):
    graph, _ = prepared(pipeline_of(tiny_protocol, store, *TAUGHT, anonymizer=UNTOUCHED), engine)
    attack, reads = fitted(_with_epochs(graph.attacks, 2, 2.0))
    assert attack.work.attack.params.epochs == 2
    assert reads["embedder"].work.source.recipe.embedder.epochs == 8
    assert reads["embedder"] != graph.common.embedder
    assert fitted(_with_epochs(graph.attacks, 1, 0.1))[1]["embedder"].work.source.recipe.embedder.epochs == 1


@pytest.mark.slow
def test_who_knows_what_a_teacher_knows_hangs_on_what_the_teacher_had(tiny_protocol, store, engine, tmp_path):
    """Of an unchanged release the attack is its teacher: the curve would be flat were it always the same one."""
    told = {"protocol": str(tiny_protocol), "store": store, "overrides": list(TAUGHT), "out": tmp_path / "run"}
    record = privbench.run("identity", **told).record
    pipeline = pipeline_of(tiny_protocol, store, *TAUGHT, anonymizer=UNTOUCHED)
    points = budget_curve(pipeline, engine, record, "distillation", "informed")
    whole = next(one for one in record.attacks if one.name == "distillation").seed_aucs[0]
    for axis in ("patients", "images", "epochs"):
        curve = {point.factor: point.auc for point in points if point.axis == axis}
        assert curve[1] == whole, "its own budget is the run itself"
        # Of so few steps the network learns nothing, and whitened pixels, which know no epochs, are all that counts.
        assert (len(set(curve.values())) > 1) == (axis != "epochs")


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

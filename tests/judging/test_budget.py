"""The budget curve, on a protocol that takes seconds."""

import numpy as np
import pytest

import privbench
from privbench.api import create_pipeline
from privbench.base.errors import PrivbenchError
from privbench.base.progress import Progress
from privbench.judging.budget import EFFORTS, SHARES, Point, _share, budget_curve, unsaturated
from privbench.plugins.interfaces import Anonymizer
from privbench.plugins.registry import Registry
from privbench.protocols.schema import load_protocol
from privbench.report.budget import as_frame, draw_budget


@pytest.fixture(scope="module")
def run(tiny_protocol, store, tmp_path_factory):
    out = tmp_path_factory.mktemp("budget") / "run"
    return privbench.run("dp-pix", params={"b": 2}, protocol=str(tiny_protocol), store=store, out=out)


@pytest.fixture
def pipeline(tiny_protocol, store):
    registry = Registry()
    return create_pipeline(
        load_protocol(str(tiny_protocol)), registry.create(Anonymizer, "dp-pix", {"b": 2}), registry=registry,
        data_root=None, store=store, device="cpu", precision="32-true", workers=1, progress=Progress(quiet=True),
    )  # fmt: skip


def test_four_budgets_of_each_kind(run, pipeline, tmp_path):
    points = budget_curve(pipeline, run.record, "contrastive", "informed")
    by_axis = {axis: [p for p in points if p.axis == axis] for axis in ("patients", "images", "epochs")}
    assert [p.factor for p in by_axis["patients"]] == list(SHARES)
    assert [p.factor for p in by_axis["epochs"]] == list(EFFORTS)
    whole = next(a for a in run.record.attacks if a.name == "contrastive").seed_aucs[0]
    for curve in by_axis.values():
        assert next(p.auc for p in curve if p.factor == 1) == whole, "its own budget is the run itself"
        assert all(p.low <= p.high for p in curve)
    train = pipeline.prepare().splits["train"]
    assert by_axis["patients"][-1].amount == len(np.unique(train.patients))
    assert by_axis["images"][-1].amount == len(train.images)
    draw_budget(points, "title", tmp_path / "budget.png")
    assert (tmp_path / "budget.png").stat().st_size > 5000


def test_an_attack_without_training_has_no_epochs(run, pipeline):
    points = budget_curve(pipeline, run.record, "correlation", "informed")
    assert {point.axis for point in points} == {"patients", "images"}
    assert len({point.auc for point in points}) == 1, "it learns nothing from anybody"


def test_smaller_draws_lie_within_larger_ones(run, pipeline):
    train = pipeline.prepare().splits["train"]
    for axis in ("patients", "images"):
        draws = [set(_share(train, axis, share, 0)) for share in SHARES]
        assert draws[0] < draws[1] < draws[2] < draws[3] == set(range(len(train.images)))
    half = _share(train, "patients", 0.5, 0)
    inside, outside = set(train.patients[half]), set(np.delete(train.patients, half))
    assert not inside & outside, "a patient is in with all images or not at all"


def test_a_curve_that_still_rises_is_marked():
    flat = [Point("images", 0.5, 50, 0.80, 0, 1), Point("images", 1, 100, 0.805, 0, 1)]
    rising = [Point("epochs", 1, 4, 0.80, 0, 1), Point("epochs", 2, 8, 0.83, 0, 1)]
    assert unsaturated(flat + rising) == ["epochs"]
    assert as_frame(flat + rising)["unsaturated"].tolist() == [False, False, False, True]


def test_what_is_not_the_runs_own_is_refused(run, pipeline):
    with pytest.raises(PrivbenchError, match=r"no attack siamese \(informed\): choose one of siamese \(paper\)"):
        budget_curve(pipeline, run.record, "siamese", "informed")
    with pytest.raises(PrivbenchError, match="another version of privbench"):
        budget_curve(pipeline, run.record.model_copy(update={"key": "other"}), "contrastive", "informed")

"""Whom an anonymizer learnt from, from the protocol to the record."""

import numpy as np
import pytest
from privbench.attacks.membership import Membership

import privbench
from privbench.interfaces import Anonymizer
from privbench.judging.verify import verify_run
from privbench.plugins.interfaces import MEMBERSHIP
from privbench.protocols.schema import load_protocol
from privbench.record.folder import INFERENCE_SCORES
from privbench.record.scores import read_scores
from privbench.report.tables.attacks import inferences
from privbench.report.tables.summary import summary_sheet

ALONE = ["attacks.siamese=none", "attacks.contrastive=none", "attacks.membership.attack=membership"]


class Remembers(Anonymizer):
    """Returns what it was fitted to as it is, and all else as one grey."""

    name = "remembers"
    deterministic = True

    def fit(self, train, val, guidance, ctx):
        self._means = self._told(train.images / 255.0)

    def _told(self, images):
        import torch

        return torch.as_tensor(np.asarray(images)).double().mean((1, 2, 3)).sort().values

    def anonymize(self, images, generator):
        import torch

        means = images.double().mean((1, 2, 3))
        near = (means[:, None] - self._means.to(images.device)).abs().min(1).values < 1e-7
        return torch.where(near[:, None, None, None], images, torch.full_like(images, 0.5))

    def state(self):
        return {"means": self._means}

    def load_state(self, state, device):
        self._means = state["means"].to(device)


@pytest.fixture(scope="module")
def run(tiny_protocol, store, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "remembers"
    return privbench.run(Remembers(), protocol=str(tiny_protocol), store=store, out=out, overrides=ALONE)


@pytest.mark.slow
def test_who_is_remembered_is_told_from_the_protocol_to_the_words(run):
    (told,) = run.record.inferences
    assert (told.name, told.scenario, told.attribute, told.metric) == ("membership", "informed", "membership", "auc")
    assert told.value > 0.95
    assert told.change.value > 0.3
    scores = read_scores(run.folder / INFERENCE_SCORES)
    assert set(scores["attribute"]) == {MEMBERSHIP}
    assert scores.groupby(["scenario", "split"])["truth"].unique().str.join("").to_dict() == {
        (scenario, split): truth
        for scenario in ("control", "informed")
        for split, truth in (("train", "True"), ("val", "False"), ("test", "False"))
    }
    patients = scores.groupby("split")["patient"].unique()
    assert not set(patients["train"]) & {*patients["val"], *patients["test"]}
    assert told.counts.patients == sum(map(len, patients))
    words = "\n".join(summary_sheet(run.record).words)
    assert "of two patients, one of whom the anonymizer learnt from, that one is told in" in words
    assert inferences(run.record).groups[0].rows[0][0].text == "membership"


@pytest.mark.slow
def test_the_figures_are_recomputed_from_the_scores(run, store):
    assert list(verify_run(run.folder, store)) == []


@pytest.mark.slow
def test_it_is_left_out_where_nothing_is_learnt(tiny_protocol, store, tmp_path):
    arguments = {"protocol": str(tiny_protocol), "store": store, "overrides": ALONE}
    still = privbench.run("dp-pix", params={"b": 2, "epsilon": 5}, out=tmp_path / "still", **arguments)
    assert still.record.inferences == []
    assert any(warning.startswith("membership is left out") for warning in still.record.warnings)


def test_the_full_protocol_seeks_members_and_the_quick_one_does_not():
    assert load_protocol("full").attacks["membership"].scenarios == Membership.scenarios
    assert "membership" not in load_protocol("quick").attacks

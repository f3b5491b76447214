"""Whom a stage's weights saw: those of the run's training and validation, and whom those saw that it began with."""

import pytest
import torch
from privbench.anonymizers.prichexy import PriCheXyNet
from stage_folders import source, stage_folders

from privbench.base.params import Params
from privbench.data.ledger import Ledger, Roster, TrainedOn, overlap
from privbench.learning.states import STATE, save_state
from privbench.learning.weights import ledger_in, sidecar
from privbench.running.guidance_stages import TrainClassifier
from privbench.running.ledgers import learnt_from, ledger_terms, taken_over
from privbench.running.release import FitAnonymizer
from privbench.running.stage_names import CLASSIFIER, VERIFIER

PATIENTS = {"train": [f"train{n}" for n in range(4)], "val": ["val0", "val1"], "test": ["test0", "test1", "test2"]}
"""Those of the folders."""
ROSTER = Roster.of(None, PATIENTS)
OTHERS = Ledger(trained_on=(TrainedOn(collection="nih", published=True, patients={"train": ("00",)}),))


@pytest.fixture
def reads(tmp_path):
    """Data and guidance, which carries the ledger of its own training."""
    folders = stage_folders(tmp_path / "stages")
    for name in (CLASSIFIER, VERIFIER):
        save_state({"a": torch.ones(1)}, folders[name], Ledger(trained_on=()))
    return folders


@pytest.fixture
def brought(tmp_path):
    """A generator's weights of which nobody says anything."""
    file = tmp_path / "generator.pth"
    torch.save(PriCheXyNet(init_features=2).generator.state_dict(), file)
    return file


def test_training_and_validation_patients_are_told_and_no_test_patient(reads):
    ledger = learnt_from(source(), reads, Params())
    assert overlap(ledger, ROSTER).seen == {"train": 4, "val": 2, "test": 0}
    (entry,) = ledger.trained_on
    assert {part: len(digests) for part, digests in entry.patients.items()} == {"train": 4, "val": 2}
    assert ledger.whole


def test_whoever_taught_the_networks_that_are_read_is_told_too(reads):
    save_state({"a": torch.ones(1)}, reads[VERIFIER], OTHERS)
    ledger = learnt_from(source(), reads, Params())
    assert OTHERS.trained_on[0] in ledger.trained_on
    save_state({"a": torch.ones(1)}, reads[VERIFIER])
    assert not learnt_from(source(), reads, Params()).whole, "of a network that tells nothing nobody knows"


def test_whoever_taught_weights_of_files_is_told_too(reads, brought):
    params = PriCheXyNet(weights_file=brought).params
    assert not learnt_from(source(), reads, params).whole
    assert taken_over(params) == Ledger(trained_on=(), whole=False)
    sidecar(brought).write_text(OTHERS.model_dump_json())
    assert OTHERS.trained_on[0] in learnt_from(source(), reads, params).trained_on
    assert taken_over(params) == OTHERS, "where nothing else is learnt, nobody else is told"


def test_a_stages_weights_carry_their_ledger(tmp_path, ctx):
    reads, made = stage_folders(tmp_path / "stages"), tmp_path / "made"
    made.mkdir()
    TrainClassifier(source())(reads, made, ctx)
    assert overlap(ledger_in(made / STATE), ROSTER).seen == {"train": 4, "val": 2, "test": 0}


def test_an_anonymizer_that_is_only_applied_carries_the_ledger_of_its_file(tmp_path, ctx, brought):
    reads, made = stage_folders(tmp_path / "stages"), tmp_path / "made"
    made.mkdir()
    sidecar(brought).write_text(OTHERS.model_dump_json())
    FitAnonymizer(PriCheXyNet(init_features=2, weights_file=brought), source())(reads, made, ctx)
    assert ledger_in(made / STATE) == OTHERS
    assert ctx.curves == [], "nothing was trained"


def test_a_ledger_that_is_written_later_makes_another_stage(brought):
    params = PriCheXyNet(weights_file=brought).params
    before = ledger_terms(source(), params)
    assert before == ledger_terms(source(), params) != ledger_terms(source(), Params())
    sidecar(brought).write_text(OTHERS.model_dump_json())
    assert ledger_terms(source(), params) != before

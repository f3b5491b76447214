"""The protocol that is cited runs from end to end, with its own networks, on few small phantoms and in few steps."""

import pytest

import privbench
from privbench.judging.profile import profile_of
from privbench.judging.verify import verify_run

CUT = """
    threads=1 data.size=32 data.params.patients=40 guidance.classifier.input_size=32
    pairs.train=16 pairs.val=8 pairs.test=16 pairs.cap=2
    guidance.classifier.epochs=1 guidance.classifier.batch_size=16
    guidance.verifier.epochs=1 guidance.verifier.steps=1 guidance.verifier.batch_size=2
    guidance.embedder.epochs=1 guidance.embedder.steps=1 guidance.embedder.batch_size=2
    attacks.siamese.seeds=1 attacks.siamese.params.epochs=1 attacks.siamese.params.batch_size=8
    attacks.distillation.seeds=1 attacks.distillation.params.epochs=1 attacks.distillation.params.steps=1
    attacks.distillation.params.batch_size=2 attacks.distillation.params.rounds=1
    attacks.contrastive.seeds=1 attacks.contrastive.params.epochs=1 attacks.contrastive.params.steps=1
    attacks.contrastive.params.batch_size=2
    attacks.restoration.seeds=1 attacks.restoration.params.epochs=1 attacks.restoration.params.steps=1
    attacks.restoration.params.batch_size=2
    attacks.attributes.seeds=1 attacks.attributes.params.input_size=32 certificate.seeds=1
    utilities.classification.seeds=1
"""


@pytest.mark.slow
def test_it_runs_from_end_to_end(tmp_path):
    store = tmp_path / "store"
    run = privbench.run(
        "dp-pix", protocol="standard-phantom", overrides=CUT.split(), params={"b": 4}, store=store, out=tmp_path / "run"
    )
    record = run.record
    told = {(attack.name, attack.scenario) for attack in record.attacks}
    assert told == {
        ("siamese", "paper"),
        *((attack, "informed") for attack in ("distillation", "contrastive", "restoration", "correlation")),
        *((attack, "linked-releases") for attack in ("contrastive", "correlation")),
    }
    verdicts = {one.name: one.certificate.verdict for one in record.attacks if one.certificate is not None}
    assert verdicts["contrastive"] == verdicts["restoration"] == "weak", "a step teaches nothing, and that is told"
    assert {inference.attribute for inference in record.inferences} >= {"sex", "age", "view"}
    modes = [str(one.label) for one in record.utilities]
    assert len(modes) == 3
    assert {one.measure for one in record.measurements} >= {"SSIM", "saliency agreement"}
    assert record.copies is not None
    assert list(verify_run(run.folder, store)) == []
    trained = {one.stage for stage in profile_of(record, store) for one in stage.trainings}
    assert {"classifier", "verifier", "embedder", "attack distillation AO 0", "task classification A 0"} <= trained

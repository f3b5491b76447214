"""The traps do what their names say, and the removers remove."""

import numpy as np
import pytest
import torch
from records import record

from privbench.base.errors import PrivbenchError
from privbench.datasets.phantom.dataset import PhantomDataset
from privbench.judging.contract.surroundings import surroundings
from privbench.judging.selftest.eraser import Eraser
from privbench.judging.selftest.judge import HIDES, REMOVES, judge, rows, traps
from privbench.judging.selftest.plain_sight import PLAIN_SIGHT, Inversion, Shuffle
from privbench.judging.selftest.removers import MeanOfPatients, Surrogate
from privbench.learning.recipes import GuidanceRecipe
from privbench.running.device import create_fabric

NETWORK = {"backbone": "test_resnet", "epochs": 1, "batch_size": 8, "learning_rate": 1e-3}
GUIDANCE = GuidanceRecipe(classifier=NETWORK, verifier=NETWORK)


@pytest.fixture(scope="module")
def around():
    with surroundings(PhantomDataset(patients=40), GUIDANCE, 32, create_fabric("cpu", "32-true")) as made:
        yield made


def fitted(anonymizer, around):
    anonymizer.fit(around.splits["train"], around.splits["val"], around.guidance, around.context())
    return anonymizer


@pytest.mark.parametrize("trap", PLAIN_SIGHT, ids=lambda trap: trap.name)
def test_plain_sight_changes_the_image_and_keeps_it_apart_from_others(trap, around):
    images = around.images
    released = trap().anonymize(images, torch.Generator())
    assert (released - images).abs().mean() > 0.03
    alike = torch.corrcoef(released.flatten(1)).fill_diagonal_(0)
    assert alike.abs().max() < 0.999, "two images stay two images"


def test_shuffled_blocks_are_the_same_blocks():
    images = torch.rand(2, 1, 19, 19, generator=torch.Generator().manual_seed(0))
    released = Shuffle(block=6).anonymize(images, torch.Generator())

    def blocks(x):
        return sorted(x[..., :18, :18].unfold(2, 6, 6).unfold(3, 6, 6).reshape(-1, 36).sum(1).tolist())

    assert blocks(released) == pytest.approx(blocks(images))
    assert torch.equal(released[..., 18:, :], images[..., 18:, :])
    assert (1 - Inversion().anonymize(images, torch.Generator()) - images).abs().max() < 1e-6


def test_a_surrogate_is_another_patients_image(around):
    anonymizer = fitted(Surrogate(classifier=GUIDANCE.classifier.model_dump()), around)
    train, generator = around.splits["train"], torch.Generator().manual_seed(0)
    images = torch.from_numpy(train.images.copy()).float() / 255
    patient_of = {image.tobytes(): patient for image, patient in zip(train.images, train.patients, strict=True)}
    for _ in range(5):
        released = (anonymizer.anonymize(images, generator) * 255).round().to(torch.uint8).numpy()
        donors = np.array([patient_of[image.tobytes()] for image in released])
        assert (donors != train.patients).all(), "never one of the patient's own"
    assert len(set(donors)) > 5


def test_a_mean_is_one_of_k_different_patients(around):
    anonymizer = fitted(MeanOfPatients(k=1), around)
    train = around.splits["train"]
    known = {image.tobytes() for image in train.images}
    released = anonymizer.anonymize(around.images, torch.Generator().manual_seed(0))
    assert all((image * 255).round().to(torch.uint8).numpy().tobytes() in known for image in released)
    everyone = fitted(MeanOfPatients(k=1000), around).anonymize(around.images, torch.Generator())
    assert (everyone - everyone[:1]).abs().max() < 1e-6, "the mean of all is the same for all"


def test_an_erased_finding_is_alike_in_all_images_and_the_others_stay(around):
    anonymizer = fitted(Eraser(classifier=GUIDANCE.classifier.model_dump(), steps=12, budget=8), around)
    images, read = around.images, around.guidance.classifier
    released = anonymizer.anonymize(images, torch.Generator())
    column = around.splits["train"].findings.index("Effusion")
    with torch.no_grad():
        before, after = read(images), read((released * 255).round() / 255)
    assert (released - images).abs().max() <= 12 / 255 + 1e-6
    assert after[:, column].std() < 0.3 * before[:, column].std()
    others = [other for other in range(before.shape[1]) if other != column]
    assert (after - before)[:, others].std() < 0.5 * before[:, others].std()


def test_an_unknown_finding_cannot_be_erased(around):
    with pytest.raises(PrivbenchError, match="Effusion"):
        fitted(Eraser(classifier=GUIDANCE.classifier.model_dump(), finding="Efusion"), around)


def test_every_trap_of_the_list_is_there():
    class Protocol:
        guidance = GUIDANCE

    truths = [truth for _, truth in traps(Protocol)]
    assert (truths.count(HIDES), truths.count(REMOVES)) == (8, 3)


@pytest.mark.parametrize(
    ("worst", "truth", "verdict", "rightly"),
    [
        (0.90, HIDES, HIDES, True),
        (0.80, HIDES, "in between", False),
        (0.52, HIDES, REMOVES, False),
        (0.52, REMOVES, REMOVES, True),
        (0.60, REMOVES, "in between", False),
        (0.60, None, "in between", True),
    ],
)
def test_findings_are_judged_against_identity(worst, truth, verdict, rightly):
    finding = judge(record("x", worst, 0.5), record("identity", 0.95, 0.9), truth)
    assert finding.verdict == verdict
    assert finding.margin == pytest.approx((worst - 0.5) / 0.45)
    assert finding.paper_auc == 0.5
    assert finding.sorted == rightly
    assert ("WRONG" in rows([finding])[0][-1]) != rightly

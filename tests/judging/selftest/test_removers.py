"""What the removers release does not come from the patient."""

import numpy as np
import pytest
import torch
from contracts import GUIDANCE, fitted
from pictures import pictures, training

from privbench.judging.selftest.removers import Constant, MeanOfPatients, NewPatient, Noise, Surrogate
from privbench.learning.classifier import classify


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


def test_a_constant_is_the_same_grey_for_everyone(around):
    released = Constant().anonymize(around.images, torch.Generator())
    assert released.shape == around.images.shape
    assert released.unique().tolist() == [0.5]


def test_a_mean_is_of_training_patients_with_one_image_each(around):
    """Of k patients, drawn anew for every image."""
    anonymizer, train = fitted(MeanOfPatients(k=3), around), around.splits["train"]
    donors = anonymizer.state()["donors"]
    assert len(donors) == len(np.unique(train.patients))
    released = anonymizer.anonymize(around.images, torch.Generator().manual_seed(0))
    assert len({image.numpy().tobytes() for image in released}) == len(released)
    again = anonymizer.anonymize(1 - around.images, torch.Generator().manual_seed(0))
    assert torch.equal(again, released), "whoever is on the image"


def test_a_surrogate_has_the_leading_finding_of_the_image(around):
    """An image on which nothing stands out gets a donor without findings."""
    anonymizer = fitted(Surrogate(classifier=GUIDANCE.classifier.model_dump()), around)
    train, images = around.splits["train"], around.images
    labels_of = {image.tobytes(): labels for image, labels in zip(train.images, train.labels, strict=True)}
    logits = torch.from_numpy(classify(around.guidance.classifier, train.images, around.context()))
    with torch.no_grad():
        read = (around.guidance.classifier(images).double() - logits.mean(0)) / (logits.std(0) + 1e-6)
    released = (anonymizer.anonymize(images, torch.Generator().manual_seed(3)) * 255).round().to(torch.uint8).numpy()
    ill = healthy = 0
    for image, one in zip(released, read, strict=True):
        labels = labels_of[image.tobytes()]
        leading = int(one.argmax())
        if one.max() > 1.5:
            assert labels[leading] == 1 or not (train.labels[:, leading] == 1).any()
            ill += 1
        else:
            assert (labels == 0).all()
            healthy += 1
    assert ill, "some image has an outstanding finding"
    assert ill + healthy == len(images)


def test_a_surrogate_is_told_who_is_who_by_its_state(around):
    made = fitted(Surrogate(classifier=GUIDANCE.classifier.model_dump()), around)
    twin = Surrogate(classifier=GUIDANCE.classifier.model_dump())
    twin.load_state(made.state(), torch.device("cpu"))
    train = torch.from_numpy(around.splits["train"].images[:6].copy()).float() / 255
    one, other = (each.anonymize(train, torch.Generator().manual_seed(5)) for each in (made, twin))
    assert torch.equal(one, other)


@pytest.mark.parametrize("remover", [Constant, Noise, MeanOfPatients, NewPatient], ids=lambda one: one.name)
def test_a_release_does_not_hang_on_the_image(remover, around):
    anonymizer = fitted(remover(), around)
    one, other = (
        anonymizer.anonymize(images, torch.Generator().manual_seed(4)) for images in (around.images, 1 - around.images)
    )
    assert torch.equal(one, other)
    assert 0 <= one.min() <= one.max() <= 1


def test_noise_is_as_likely_any_grey_value():
    released = Noise().anonymize(torch.zeros(8, 1, 64, 64), torch.Generator().manual_seed(0))
    counts = torch.histc(released, 8, 0, 1)
    assert (counts / released.numel() - 1 / 8).abs().max() < 0.01


def test_new_patients_have_mean_and_covariance_of_training_patients(ctx):
    """Of their first images: those that follow count nothing."""
    donors = 0.5 + (pictures(4, 24, seed=1) - 0.5) / 6
    later = torch.zeros_like(donors)
    train = training(torch.stack([donors, later], 1).flatten(0, 1), [row // 2 for row in range(48)])
    anonymizer = NewPatient()
    anonymizer.fit(train, train, None, ctx)
    drawn = anonymizer.anonymize(torch.zeros(20_000, 1, 4, 4), torch.Generator().manual_seed(0)).flatten(1)
    seen = torch.from_numpy(train.images[::2].copy()).flatten(1) / 255
    scale = float(seen.var(0).mean())
    assert (drawn.mean(0) - seen.mean(0)).abs().max() < 0.05 * scale**0.5
    assert (drawn.T.cov() - seen.T.cov()).abs().max() < 0.05 * scale


def test_no_new_patient_is_like_another_or_like_a_training_patient(around):
    released = fitted(NewPatient(), around).anonymize(around.images, torch.Generator().manual_seed(0)).flatten(1)
    known = torch.from_numpy(around.splits["train"].images.copy()).flatten(1) / 255
    assert torch.corrcoef(torch.cat([released, known]))[: len(released)].fill_diagonal_(0).abs().max() < 0.999

"""The parts whose speed decides a run's: `pytest benchmarks/bench_parts.py` (a minute)."""

from __future__ import annotations

import resource

import numpy as np
import pytest
import torch
from privbench.anonymizers.flow_field import deform
from sklearn.metrics import roc_auc_score
from torch.nn import functional

from privbench.datasets.phantom import generate
from privbench.metrics import bootstrap

PATIENTS, IMAGES, CLASSES = 2797, 25596, 14
"""The official test split of ChestX-ray14."""


@pytest.fixture(scope="module")
def diagnoses() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.random((IMAGES, CLASSES)) < 0.05
    return labels, rng.normal(size=labels.shape) + labels, rng.integers(0, PATIENTS, IMAGES)


def resample_classes(labels: np.ndarray, scores: np.ndarray, patient: np.ndarray) -> np.ndarray:
    counts = bootstrap.draw_counts(PATIENTS, 1000, np.random.default_rng(0))
    return bootstrap.class_aucs(labels, scores, patient)(counts)


def test_phantom_100_patients_64_px(benchmark):
    benchmark.pedantic(generate, kwargs={"patients": 100, "size": 64, "seed": 0, "workers": 1}, rounds=3)


def test_thousand_resamples_of_5000_pairs(benchmark):
    rng = np.random.default_rng(0)
    patients = rng.integers(0, 1000, (2, 5000))
    mated = np.arange(5000) < 2500
    patients[1, mated] = patients[0, mated]
    scores = rng.normal(size=(1, 5000)) + mated

    def resample() -> np.ndarray:
        return bootstrap.pair_auc(scores, mated, *patients)(bootstrap.draw_counts(1000, 1000, rng))

    benchmark.pedantic(resample, rounds=10, warmup_rounds=1)


def test_thousand_resamples_of_14_classes_over_25596_images(benchmark, diagnoses):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    benchmark.pedantic(resample_classes, args=diagnoses, rounds=5, warmup_rounds=1)
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    benchmark.extra_info["more_memory_mib"] = round(more / 1024)
    print(f"\nmost memory beyond what was held before: {more / 1024:.0f} MiB")


def test_ten_resamples_of_14_classes_with_scikit_learn(benchmark, diagnoses):
    """A hundredth of the work of the one above, the plain way: list the drawn patients' images, call scikit-learn."""
    labels, scores, patient = diagnoses
    images = [np.flatnonzero(patient == one) for one in range(PATIENTS)]
    rng = np.random.default_rng(0)

    def resample() -> None:
        for _ in range(10):
            rows = np.concatenate([images[one] for one in rng.integers(0, PATIENTS, PATIENTS)])
            for c in range(CLASSES):
                roc_auc_score(labels[rows, c], scores[rows, c])

    benchmark.pedantic(resample, rounds=2)


@pytest.mark.parametrize("size", [64, 256])
@pytest.mark.parametrize("way", ["deform", "grid_sample"])
def test_deformation_of_64_images_with_its_gradient(benchmark, way, size):
    """Ours, smoothing included, against torch's own sampler, which meets the identity only to 1e-5."""
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(64, 1, size, size, generator=generator)
    field = (torch.rand(64, 2, size, size, generator=generator) * 2 - 1).requires_grad_()
    identity = functional.affine_grid(torch.eye(2, 3).expand(64, 2, 3), list(images.shape), align_corners=True)

    def sample() -> torch.Tensor:
        grid = identity - 0.01 * field.permute(0, 2, 3, 1)
        return functional.grid_sample(images, grid, padding_mode="border", align_corners=True)

    def step() -> None:
        moved = deform(images, field, 0.01) if way == "deform" else sample()
        torch.autograd.grad(moved.sum(), field)

    benchmark.pedantic(step, rounds=5, warmup_rounds=1)

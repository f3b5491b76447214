"""The parts whose speed decides a run's: `pytest benchmarks/bench_parts.py` (under a minute)."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from privbench.anonymizers.prichexy import deform
from torch.nn import functional

from privbench.data.phantom import generate
from privbench.metrics import bootstrap


def test_phantom_100_patients_64_px(benchmark):
    benchmark.pedantic(generate, kwargs={"patients": 100, "size": 64, "seed": 0, "workers": 1}, rounds=3)


def test_thousand_resamples_of_5000_pairs(benchmark):
    rng = np.random.default_rng(0)
    patients = rng.integers(0, 1000, (2, 5000))
    mated = np.arange(5000) < 2500
    patients[1, mated] = patients[0, mated]
    scores = rng.normal(size=(1, 5000)) + mated
    benchmark(bootstrap.verification_auc, scores, mated, *patients, 1000, rng)


def test_thousand_resamples_of_14_classes_over_25596_images(benchmark):
    rng = np.random.default_rng(0)
    labels = rng.random((25596, 14)) < 0.05
    scores = rng.normal(size=labels.shape) + labels
    patients = rng.integers(0, 2797, 25596)
    benchmark.pedantic(bootstrap.class_aucs, args=(labels, scores, patients, 1000, rng), rounds=2)


@pytest.mark.parametrize("way", ["deform", "grid_sample"])
def test_deformation_of_64_images_256_px(benchmark, way):
    """Ours against torch's own sampler, which meets the identity only to 1e-5 and has no deterministic gradient."""
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(64, 1, 256, 256, generator=generator)
    field = torch.rand(64, 2, 256, 256, generator=generator) * 2 - 1
    identity = functional.affine_grid(torch.eye(2, 3).expand(64, 2, 3), list(images.shape), align_corners=True)

    def sample() -> torch.Tensor:
        grid = identity - 0.01 * field.permute(0, 2, 3, 1)
        return functional.grid_sample(images, grid, padding_mode="border", align_corners=True)

    benchmark.pedantic(
        deform if way == "deform" else sample, args=(images, field, 0.01) if way == "deform" else (), rounds=5
    )

"""Every anonymizer, attack and utility task computes on a GPU, and in bf16, what it computes on a processor in fp32.

With `-m gpu` what wants a GPU; `benchmarks/gpu.py` runs that. In bf16 the processor takes the same paths.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from contracts import BUILT_IN, GUIDANCE, PARAMS
from torch.nn import functional

from privbench.datasets.phantom.dataset import PhantomDataset
from privbench.judging.contract.kinds import promises_of
from privbench.judging.contract.surroundings import Surroundings, read_surroundings, surroundings
from privbench.learning.ahead import beside
from privbench.learning.context import Context
from privbench.learning.device import create_fabric, deterministic, rounded
from privbench.learning.updating import Update
from privbench.plugins.registry import Registry

pytestmark = pytest.mark.filterwarnings("ignore:.*does not have a deterministic implementation")

STILL = {"augmentation": dict.fromkeys(("shift", "rotation", "scale", "exposure", "noise"), 0)}
"""A GPU draws other numbers than a processor, so nothing hangs on draws here."""
OURS = PARAMS | {
    "contrastive": PARAMS["contrastive"] | STILL,
    "distillation": PARAMS["distillation"] | STILL,
    "averaging": PARAMS["averaging"] | STILL,
    "restoration": PARAMS["restoration"] | STILL,
}
LOSSES = {"32-true": 0.005, "bf16-mixed": 0.1}
"""By how much losses of a few steps may differ from those on a processor in fp32, relative to them."""
OUTPUTS = {"32-true": 0.02, "bf16-mixed": 0.2}
"""By how much outputs of the same weights may differ, in their mean, relative to their spread."""
SMALLEST = 1e-3  # losses and outputs below it are rounding


def on_a_gpu(*told: Any) -> Any:
    there = pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")
    return pytest.param(*told, marks=[pytest.mark.gpu, there])


ELSEWHERE = pytest.mark.parametrize(
    ("device", "precision"),
    [("cpu", "bf16-mixed"), on_a_gpu("cuda", "32-true"), on_a_gpu("cuda", "bf16-mixed")],
)


@dataclass(frozen=True)
class Watched(Surroundings):
    """Surroundings that keep the losses of the trainings in them."""

    curves: list[list[dict[str, Any]]] = field(default_factory=list)

    def context(self) -> Context:
        made = super().context()
        self.curves.append(made.curves)
        return made

    @property
    def losses(self) -> dict[str, float]:
        rows = [row for curves in self.curves for row in curves]
        return {
            f"{row['training']}, epoch {row['epoch']}, {name}": value
            for row in rows
            for name, value in row.items()
            if name.startswith("train_")
        }


def watched(around: Surroundings) -> Watched:
    return Watched(around.splits, around.guidance, around.fabric, around.folder)


@pytest.fixture(scope="module")
def here() -> Iterator[Surroundings]:
    """Forty phantoms of 32 px with untrained guidance, on the processor."""
    with surroundings(PhantomDataset(patients=40), GUIDANCE, 32, create_fabric("cpu", "32-true")) as made:
        yield made


@pytest.fixture
def there(here, device, precision) -> Iterator[Surroundings]:
    """The same on that device, where fp32 is not rounded to TF32."""
    with rounded(False), deterministic():
        yield read_surroundings(here.folder, PhantomDataset().findings, GUIDANCE, create_fabric(device, precision))


def apart(values: np.ndarray, others: np.ndarray) -> float:
    """The mean difference of what is known, relative to the spread of the first; the same have to be known of both."""
    known = np.isfinite(values)
    assert np.array_equal(known, np.isfinite(others))
    if not known.any():
        return 0.0
    one, other = values[known].astype(np.float64), others[known].astype(np.float64)
    return float(np.abs(one - other).mean() / max(one.std(), SMALLEST * np.abs(one).max(), SMALLEST))


@ELSEWHERE
@pytest.mark.parametrize(("kind", "name"), BUILT_IN)
def test_a_device_computes_what_the_processor_does(kind, name, here, there, device, precision):
    if device == "cpu" and name not in ("prichexy", "siamese", "segmentation"):
        pytest.skip("on a processor one of each kind shows how they are held against each other")
    cls = Registry().get(kind, name)

    def create():
        return cls(**OURS.get(name, {}))

    first, second = watched(here), watched(there)
    ours, theirs = (promises_of(cls, create, around) for around in (first, second))
    learnt = {key: value.clone() for key, value in ours.ready.state().items()}
    trained = theirs.observe(theirs.ready)
    assert second.losses == {
        loss: pytest.approx(value, rel=LOSSES[precision], abs=SMALLEST) for loss, value in first.losses.items()
    }
    told, carried = ours.observe(ours.ready), theirs.observe(theirs.prepare(learnt))
    for what, values in told.items():
        assert np.array_equal(np.isfinite(trained[what]), np.isfinite(values)), what
        assert apart(values, carried[what]) <= OUTPUTS[precision], what


def test_what_differs_is_seen():
    values = np.linspace(0, 1, 100)
    assert apart(values, values + 1e-4) < OUTPUTS["32-true"] < apart(values, values + 0.05)
    with pytest.raises(AssertionError):
        apart(values, np.where(values > 0.5, np.nan, values))


@ELSEWHERE
def test_a_batch_in_parts_has_the_gradients_of_the_whole(device, precision):
    """As on a GPU whose memory is too small for it; dropout and all."""
    with rounded(False), deterministic():
        fabric, moved = create_fabric(device, precision), []
        for at_once in (None, 4):
            torch.manual_seed(0)
            network = torch.nn.Sequential(torch.nn.Linear(5, 7), torch.nn.Tanh(), torch.nn.Linear(7, 4))
            ctx = Context(fabric, 0, "test", None, batch="auto")
            update = Update(network, ctx, torch.optim.SGD(network.parameters(), 0.1), title="toy")
            update._proven, update._at_once = True, at_once
            images = torch.randn(16, 5, generator=torch.Generator().manual_seed(1)).to(fabric.device)
            right = torch.arange(16, device=fabric.device) % 4
            update((images,), lambda logits: functional.cross_entropy(logits.float(), right))  # noqa: B023 - called at once
            moved.append(network[0].weight.detach().cpu().clone())
    assert moved[1].numpy() == pytest.approx(moved[0].numpy(), abs=1e-6 if precision == "32-true" else 1e-3)


@on_a_gpu().marks[0]
@on_a_gpu().marks[1]
def test_what_is_loaded_beside_a_gpus_work_is_what_was_asked_for():
    device = torch.device("cuda")
    held = torch.arange(1 << 20, device=device)
    parts = held.flip(0).split(1 << 12)
    got = [batch[0] * 2 for _, batch in beside(parts, lambda rows: (held[rows],), device, torch.cuda)]
    assert torch.equal(torch.cat(got), held.flip(0) * 2)


@on_a_gpu().marks[0]
@on_a_gpu().marks[1]
@pytest.mark.parametrize("mode", ["default", "reduce-overhead"])
def test_what_is_compiled_for_a_gpu_learns_the_same(mode):
    told = []
    with rounded(False), deterministic():
        fabric = create_fabric("cuda", "32-true")
        for compiled in (None, mode):
            torch.manual_seed(0)
            network = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Flatten(1))
            ctx = Context(fabric, 0, "test", None, compiled=compiled)
            update = Update(network, ctx, torch.optim.Adam(network.parameters(), 1e-3, fused=True), title="toy")
            images = torch.rand(8, 1, 9, 9, generator=torch.Generator().manual_seed(1)).to(fabric.device)
            told.append([float(update((images,), lambda out: out.square().mean())) for _ in range(6)])
    assert told[1] == pytest.approx(told[0], rel=1e-4)

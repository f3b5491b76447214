"""On a GPU no two tensors of different devices meet, and no step of a training waits: shown without one.

What a GPU computes is for `test_devices.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from contracts import BUILT_IN, EMBEDDING, GUIDANCE, NETWORK, PARAMS, SHORT
from emulated_gpu import CUDA, Generator, emulated_gpu
from privbench.anonymizers.adversaries import PaperVerifier

from privbench.data.gallery import KnownGallery
from privbench.datasets.phantom.dataset import PhantomDataset
from privbench.judging.contract.kinds import promises_of
from privbench.judging.contract.surroundings import Surroundings, read_surroundings, surroundings
from privbench.learning import training
from privbench.learning.ahead import _stream, loaded_ahead
from privbench.learning.device import create_fabric, deterministic
from privbench.learning.recipes import VerifierRecipe
from privbench.learning.verifier import fit_verifier
from privbench.metrics.deformation import along_axes
from privbench.plugins.registry import Registry

pytestmark = pytest.mark.filterwarnings("ignore:.*does not have a deterministic implementation")

LEARNING = {
    *("prichexy", "privacy-net", "adversarial-noise", "k-mixing", "latent-centroid", "latent-noise"),
    *("siamese", "contrastive", "distillation", "averaging", "restoration", "attributes"),
    *("classification", "segmentation"),
}
"""Whose trainings have more than one step here."""
BY_PATIENTS = NETWORK | SHORT | {"features": 8, "steps": 3, "augmentation": {"shift": 0.06}}


class Watched:
    """Keeps what waits in each load and step of an epoch but the first, in which constants are sent."""

    def __init__(self, gpu):
        self.gpu, self.loads, self.steps, self.waits = gpu, 0, 0, []

    def __call__(self, parts, load, device):
        loaded = 0

        def loading(rows):
            nonlocal loaded
            begun, batch = len(self.gpu.waits), load(rows)
            if loaded:
                self.waits += self.gpu.waits[begun:]
                self.loads += 1
            loaded += 1
            return batch

        for number, batch in enumerate(loaded_ahead(parts, loading, device)):
            begun = len(self.gpu.waits)
            yield batch
            if number:
                self.waits += self.gpu.waits[begun:]
                self.steps += 1


@pytest.fixture(scope="module")
def here() -> Iterator[Surroundings]:
    with surroundings(PhantomDataset(patients=40), GUIDANCE, 32, create_fabric("cpu", "32-true")) as made:
        yield made


@contextmanager
def on_gpu(here: Surroundings, monkeypatch, **told) -> Iterator[tuple[Surroundings, Watched]]:
    """The same on an emulated GPU, and what watches over the steps of trainings."""
    with emulated_gpu(**told) as gpu, deterministic():
        monkeypatch.setattr(training, "loaded_ahead", watched := Watched(gpu))
        fabric = create_fabric("cuda", "32-true")
        yield read_surroundings(here.folder, PhantomDataset().findings, GUIDANCE, fabric), watched


SAME_GAME = ("privacy-net", "adversarial-noise")  # as prichexy's, but for the generator
WORTH = [pytest.param(*one, marks=pytest.mark.slow) if one[1] in SAME_GAME else one for one in BUILT_IN]


@pytest.mark.parametrize(("kind", "name"), WORTH)
def test_plugins_keep_to_the_device_and_no_step_waits(kind, name, here, monkeypatch):
    cls = Registry().get(kind, name)
    with on_gpu(here, monkeypatch) as (there, watched):
        promises = promises_of(cls, lambda: cls(**PARAMS.get(name, {})), there)
        promises.observe(promises.ready)
    assert watched.waits == []
    assert bool(watched.steps) == bool(watched.loads) == (name in LEARNING)


INFORMED = PARAMS["prichexy"] | {"adversary": "informed", "embedder": EMBEDDING | {"init": "scratch"}}


@pytest.mark.parametrize(
    ("kind", "name", "params"),
    [("anonymizer", "prichexy", INFORMED), ("utility", "classification", {"recipe": "robust"})],
)
def test_no_step_of_what_learns_otherwise_waits(kind, name, params, here, monkeypatch):
    cls = Registry().get(kind, name)
    with on_gpu(here, monkeypatch) as (there, watched):
        promises_of(cls, lambda: cls(**params), there).fit(there)
    assert watched.steps > 1
    assert watched.waits == []


@pytest.mark.parametrize("recipe", [NETWORK | SHORT | {"features": 8}, BY_PATIENTS], ids=["pairs", "patients"])
def test_no_step_of_the_guidance_waits(recipe, here, monkeypatch):
    with on_gpu(here, monkeypatch) as (there, watched):
        known, held_out = (
            KnownGallery(one.images, one.images, pairs=one.pairs, table=one.table)
            for one in (there.splits["train"], there.splits["val"])
        )
        verifier = fit_verifier(known, held_out, VerifierRecipe(**recipe), there.context(), "verifier")
        assert verifier.fc_end.weight.device == CUDA
    assert watched.steps > 1
    assert watched.waits == []


def test_of_images_that_do_not_fit_the_rows_alone_are_waited_for(here, monkeypatch):
    cls = Registry().get("attack", "siamese")
    with on_gpu(here, monkeypatch, free=0) as (there, watched):
        promises_of(cls, lambda: cls(**PARAMS["siamese"]), there).fit(there)
    assert {what for what, _ in watched.waits} == {"to cpu"}
    assert len(watched.waits) == 2 * watched.loads, "probes and references"


def test_the_emulation_refuses_what_a_gpu_does():
    with emulated_gpu() as gpu:
        here, there = torch.rand(4, 4), torch.rand(4, 4, device="cuda")
        assert (here.device.type, there.device, there.is_cuda) == ("cpu", CUDA, True)
        for meet in (
            lambda: here + there,
            lambda: there.add_(here),
            lambda: here.add_(there),
            lambda: here.add_(there.sum()),
            lambda: here @ there,
            lambda: here[torch.zeros(2, dtype=torch.long, device="cuda")] + here[:2],
            lambda: torch.nn.Linear(4, 2)(there),
            lambda: torch.rand(3, generator=Generator("cpu"), device="cuda"),
            lambda: there.normal_(generator=Generator("cpu")),
            lambda: there.int() @ there.int(),
            lambda: torch.stack([there.sum(), torch.tensor(1.0)]),
            lambda: there.index_select(0, torch.tensor(1)),
        ):
            with pytest.raises(RuntimeError):
                meet()
        for read in (there.numpy, lambda: np.asarray(there), there.pin_memory):
            with pytest.raises(TypeError):
                read()
        assert gpu.waits == []


def test_the_emulation_lets_pass_what_a_gpu_does():
    with emulated_gpu() as gpu:
        there = torch.rand(4, 4, generator=Generator("cuda"), device="cuda")
        assert (there * torch.tensor(2.0) + 1).is_cuda, "a single number may lie anywhere"
        network = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.Flatten(), torch.nn.Linear(8, 1)).to("cuda")
        network(there[None, None]).sum().backward()
        assert all(weight.grad.device == CUDA for weight in network.parameters())
        assert there[:, [0, 2]].shape == (4, 2)
        assert there.cpu().numpy().shape == (4, 4)
        assert torch.zeros_like(there).is_cuda
        assert not torch.zeros(there.shape).is_cuda
    assert there.device.type == "cpu", "outside of it there is none"
    assert [what for what, _ in gpu.waits] == ["to cuda:0"] * 4 + ["index by rows of the processor's", "to cpu"]


@pytest.mark.parametrize(
    ("wait", "told"),
    [
        (lambda there: there.sum().item(), "_local_scalar_dense"),
        (lambda there: bool(there.any()), "_local_scalar_dense"),
        (lambda there: there[there > 0.5], "index"),
        (lambda there: (there > 0.5).nonzero(), "nonzero"),
        (lambda there: there.tolist(), "tolist"),
        (lambda there: there.cpu(), "to cpu"),
        (lambda there: there.to("cpu", non_blocking=True), "to cpu"),
        (lambda there: torch.linalg.inv(there), "linalg_inv_ex"),
        (lambda there: torch.rand(3).to("cuda", non_blocking=True), "to cuda:0"),
        (lambda there: torch.tensor([1.0], device="cuda"), "tensor"),
        (lambda there: torch.cuda.synchronize(), "synchronize"),
        (lambda there: torch.rand(3).pin_memory().to("cuda", non_blocking=True), None),
        (lambda there: there.to("cuda"), None),
        (lambda there: there.sum().clamp(min=1) * there, None),
    ],
)
def test_the_emulation_knows_what_waits(wait, told):
    with emulated_gpu() as gpu:
        wait(torch.rand(4, 4, device="cuda"))
    assert [what for what, _ in gpu.waits] == ([] if told is None else [told])


def test_no_emulated_stream_or_constant_is_left_behind(here, monkeypatch):
    with on_gpu(here, monkeypatch):
        stream, constant = _stream(CUDA, torch.cuda), along_axes((1.0, 2.0), torch.float32, CUDA)
        assert _stream(CUDA, torch.cuda) is stream
        assert constant.is_cuda
    assert _stream.cache_info().currsize == along_axes.cache_info().currsize == 0


def test_optimizers_are_fused_on_a_gpu(here, monkeypatch):
    assert PaperVerifier(here.guidance, 1e-3, here.context()).optimizer.defaults["fused"] is None
    with on_gpu(here, monkeypatch) as (there, _):
        assert PaperVerifier(there.guidance, 1e-3, there.context()).optimizer.defaults["fused"] is True

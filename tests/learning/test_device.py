"""A device or precision that is not there is refused, and torch is given back as it was."""

import os

import pytest
import torch

from privbench.base.errors import PrivbenchError
from privbench.learning.device import chosen_device, create_fabric, deterministic, rounded


@pytest.mark.parametrize(
    ("device", "precision", "message"),
    [
        ("tpu", "32-true", r"There is no device 'tpu': choose one of auto, cpu, cuda, mps, or cuda:1 of several\."),
        ("", "32-true", "There is no device ''"),
        ("cpu:1", "32-true", "There is no device 'cpu:1'"),
        ("cuda:", "32-true", "There is no device 'cuda:'"),
        ("cpu", "8-bit", r"There is no precision '8-bit': choose one of 32-true, bf16-mixed, 16-mixed\."),
        ("cpu", "16-mixed", "16-mixed needs a CUDA device: use bf16-mixed or 32-true"),
    ],
)
def test_a_device_or_precision_that_is_none_is_refused(device, precision, message):
    with pytest.raises(PrivbenchError, match=message):
        create_fabric(device, precision)


@pytest.mark.parametrize(
    ("device", "there", "message"),
    [
        ("cuda", torch.cuda.is_available(), "There is no CUDA device on this machine: use --device cpu"),
        ("mps", torch.backends.mps.is_available(), "There is no Metal device on this machine: use --device cpu"),
    ],
)
def test_a_device_that_this_machine_lacks_is_refused(device, there, message):
    if there:
        pytest.skip(f"this machine has {device}")
    with pytest.raises(PrivbenchError, match=message):
        create_fabric(device, "32-true")


@pytest.mark.parametrize(
    ("there", "message"),
    [
        (0, "no device cuda:2, because this machine has no CUDA device"),
        (1, "has one, cuda:0"),
        (2, "has 2, up to cuda:1"),
    ],
)
def test_one_of_several_devices_is_named_by_its_number(there, message, monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: there)
    with pytest.raises(PrivbenchError, match=message):
        chosen_device("cuda:2", "32-true")
    with pytest.raises(PrivbenchError, match="A cluster chooses among its GPUs itself: use --device cuda"):
        chosen_device("cuda:2", "32-true", elsewhere=True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 3)
    assert chosen_device("cuda:2", "32-true") == "cuda:2"


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_the_processor_computes_as_told(precision):
    fabric = create_fabric("cpu", precision)
    assert fabric.device.type == "cpu"
    with fabric.autocast():
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype is (torch.bfloat16 if precision == "bf16-mixed" else torch.float32)


def test_in_bf16_autocast_alone_rounds():
    """A move by an affine map would land half a pixel off at 256 px, and images would lose their last greys."""
    given, seen = torch.rand(2, 3, generator=torch.Generator().manual_seed(0)), []

    class Reads(torch.nn.Linear):
        def forward(self, values):
            seen.append(values)
            return super().forward(values)

    network = create_fabric("cpu", "bf16-mixed").setup(Reads(3, 1))
    put_out = network(given)
    assert torch.equal(seen[0], given)
    exact = torch.nn.functional.linear(given, *network.parameters())
    assert not torch.equal(put_out, exact)
    assert torch.allclose(put_out, exact, rtol=0.02, atol=0.02)


@pytest.mark.parametrize("before", [(False, False), (True, False), (True, True)])
def test_what_was_set_before_is_given_back(before):
    def setting():
        return torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()

    fills = torch.utils.deterministic.fill_uninitialized_memory
    own = setting()
    torch.use_deterministic_algorithms(before[0], warn_only=before[1])
    try:
        with deterministic():
            assert setting() == (True, True)
            assert not torch.utils.deterministic.fill_uninitialized_memory, "which costs time and tells nothing"
            assert os.environ["CUBLAS_WORKSPACE_CONFIG"]
        assert setting() == before
        assert torch.utils.deterministic.fill_uninitialized_memory == fills
        with pytest.raises(ZeroDivisionError), deterministic():
            raise ZeroDivisionError
        assert setting() == before, "also where the block raised"
    finally:
        torch.use_deterministic_algorithms(own[0], warn_only=own[1])


def test_a_workspace_that_the_user_chose_is_kept(monkeypatch):
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":16:8")
    with deterministic():
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":16:8"


@pytest.mark.parametrize(("tf32", "seen"), [(None, (False, True)), (True, (True, True)), (False, (False, False))])
def test_how_a_gpu_rounds_is_set_for_a_while(tf32, seen):
    def setting():
        return torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32

    assert setting() == (False, True), "as torch has it"
    with rounded(tf32):
        assert setting() == seen
    assert setting() == (False, True)
    with pytest.raises(ZeroDivisionError), rounded(tf32):
        raise ZeroDivisionError
    assert setting() == (False, True), "also where the block raised"

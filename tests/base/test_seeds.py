import torch
from hypothesis import given
from hypothesis import strategies as st

from privbench.base.seeds import derive_seed, numpy_generator
from privbench.learning.generators import global_seed, torch_generator


def test_seeds_are_what_they_were():
    """A known value: a change would silently change every published figure."""
    assert derive_seed(0, "pairs", "train") == 6150471374343002969


@given(st.integers(0, 2**40), st.text(max_size=8), st.text(max_size=8))
def test_different_purposes_get_different_seeds(seed, a, b):
    assert (derive_seed(seed, a) == derive_seed(seed, b)) == (a == b)
    assert 0 <= derive_seed(seed, a) < 2**63


def test_generators_repeat():
    onto_cpu = torch_generator(1, "a", device=torch.device("cpu"))
    assert torch.equal(torch.rand(3, generator=torch_generator(1, "a")), torch.rand(3, generator=onto_cpu))
    assert numpy_generator(1, "a").random() == numpy_generator(1, "a").random()
    assert torch.equal(
        torch.rand(3, generator=torch_generator(1, "a")), torch.rand(3, generator=torch_generator(1, "a"))
    )


def test_global_seed_repeats_inside_and_restores_outside():
    torch.manual_seed(5)
    expected = torch.rand(2)
    torch.manual_seed(5)
    with global_seed(1, "weights"):
        inside = torch.rand(2)
    assert torch.equal(torch.rand(2), expected)
    with global_seed(1, "weights"):
        assert torch.equal(torch.rand(2), inside)

import numpy as np
import torch
from privbench.anonymizers.draws import laplace, normal, radial_laplace, uniform
from scipy import stats


def test_laplace_and_normal_noise_are_what_they_are_called(generator):
    assert stats.kstest(laplace((200_000,), generator).numpy(), "laplace").pvalue > 0.01
    assert stats.kstest(normal((200_000,), generator).numpy(), "norm").pvalue > 0.01


def test_no_draw_is_infinite(monkeypatch):
    """torch's uniform values may be 0, one time in 2^53."""
    monkeypatch.setattr(torch, "rand", lambda shape, **_: torch.zeros(shape, dtype=torch.float64))
    assert torch.isfinite(laplace((3,), torch.Generator())).all()
    assert torch.isfinite(normal((3,), torch.Generator())).all()
    assert torch.isfinite(radial_laplace(2, 3, torch.Generator())).all()


def test_draws_do_not_hang_on_how_many_are_asked_for_at_once():
    whole = torch.Generator().manual_seed(3)
    parts = torch.Generator().manual_seed(3)
    for draw in (uniform, laplace, normal):
        assert torch.equal(draw((7, 5), whole), torch.cat([draw((3, 5), parts), draw((4, 5), parts)]))
    assert torch.equal(radial_laplace(6, 3, whole), torch.cat([radial_laplace(n, 3, parts) for n in (1, 2, 3)]))


def test_radial_noise_has_lengths_of_gamma_and_no_direction(generator):
    vectors = radial_laplace(50_000, 3, generator).numpy()
    lengths = np.linalg.norm(vectors, axis=1)
    assert stats.kstest(lengths, stats.gamma(3).cdf).pvalue > 0.01
    along = vectors[:, 0] / lengths  # of a uniform direction in three dimensions: uniform in [-1, 1], by Archimedes
    assert stats.kstest(along, stats.uniform(-1, 2).cdf).pvalue > 0.01
    assert abs(stats.spearmanr(lengths, along).statistic) < 0.02


def test_radial_noise_of_one_dimension_is_laplace(generator):
    assert stats.kstest(radial_laplace(50_000, 1, generator)[:, 0].numpy(), "laplace").pvalue > 0.01

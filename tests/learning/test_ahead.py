"""Batches are loaded in order, and one ahead where a device computes meanwhile."""

import pytest
import torch

from privbench.learning.ahead import beside, loaded_ahead

CPU = torch.device("cpu")


def on_streams(parts, load):
    """As on a GPU, by the streams of the CPU, which have their form and do all at once."""
    return beside(parts, load, CPU, torch.cpu)


@pytest.mark.parametrize(
    ("way", "lead"), [(lambda parts, load: loaded_ahead(parts, load, CPU), 0), (on_streams, 1)], ids=["plain", "ahead"]
)
def test_every_part_is_loaded_once_in_order_and_no_further_ahead_than_it_may(way, lead):
    values, loaded = torch.arange(10) ** 2, []

    def load(rows):
        loaded.append(rows.tolist())
        return values[rows], None

    used = []
    for rows, (squares, nothing) in way(torch.arange(10).split(3), load):
        used.append(rows.tolist())
        assert torch.equal(squares, rows**2)
        assert nothing is None
        assert loaded[: len(used)] == used
        assert len(loaded) == min(len(used) + lead, 4)
    assert used == loaded == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9]]


def test_draws_come_in_the_order_of_the_batches():
    """So that what is loaded ahead is varied as it would be without."""

    def drawn(way):
        generator = torch.Generator().manual_seed(3)
        parts = torch.arange(9).split(2)
        return [batch[0] for _, batch in way(parts, lambda rows: (torch.rand(len(rows), generator=generator),))]

    plain, ahead = (torch.cat(drawn(way)) for way in (lambda *told: loaded_ahead(*told, CPU), on_streams))
    assert torch.equal(plain, ahead)


def test_nothing_is_loaded_of_nothing():
    assert list(on_streams([], lambda rows: (rows,))) == []

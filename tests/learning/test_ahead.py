"""Batches are loaded in order, and one ahead where a device computes meanwhile."""

from contextlib import contextmanager

import pytest
import torch

from privbench.learning.ahead import beside, loaded_ahead
from privbench.learning.clock import Clock

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


class Streams:
    """Streams in the form of torch.cuda's, which compute nothing and log what waits for what."""

    def __init__(self):
        self.log, self._current, self._events = [], "the step's", 0

    def Stream(self, device):
        return Stream(self, "aside")

    def current_stream(self, device):
        return Stream(self, self._current)

    @contextmanager
    def stream(self, one):
        before, self._current = self._current, one.name
        yield
        self._current = before


class Stream:
    def __init__(self, streams, name):
        self.streams, self.name = streams, name

    def wait_stream(self, other):
        self.streams.log.append(f"{self.name} waits for {other.name}")

    def wait_event(self, event):
        self.streams.log.append(f"{self.name} waits for {event}")

    def record_event(self):
        self.streams._events += 1
        self.streams.log.append(f"{self.name} has event {self.streams._events}")
        return f"event {self.streams._events}"


def test_streams_wait_for_one_another_and_a_batch_is_loaded_before_the_one_before_it_is_used():
    """Without any of these waits a GPU would read what is not there yet, and on the CPU nobody would notice."""
    streams = Streams()

    def load(rows):
        streams.log.append(f"{streams._current} loads {rows.item()}")
        return (rows,)

    for rows, _ in beside(torch.arange(3).split(1), load, CPU, streams):
        streams.log.append(f"{streams._current} takes {rows.item()}")
    assert streams.log == [
        "aside waits for the step's",
        "aside loads 0",
        "aside has event 1",
        "aside loads 1",
        "aside has event 2",
        "the step's waits for event 1",
        "the step's takes 0",
        "aside loads 2",
        "aside has event 3",
        "the step's waits for event 2",
        "the step's takes 1",
        "the step's waits for event 3",
        "the step's takes 2",
    ]


def test_the_wait_for_what_is_loaded_ahead_is_time_of_data():
    """On a device this is all that the step's stream sees of it."""
    clock, seen = Clock(CPU, "t"), []

    class Watched(Streams):
        def current_stream(self, device):
            return Watching(self, self._current)

    class Watching(Stream):
        def wait_event(self, event):
            seen.append(clock.switch("data"))

    with clock.epoch():
        for _ in beside(torch.arange(2).split(1), lambda rows: (rows,), CPU, Watched()):
            assert clock.switch("forward") == "forward"
    assert seen == ["data", "data"]

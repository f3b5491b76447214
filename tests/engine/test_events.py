"""What a stage says reaches who shows it, wherever the stage is made."""

import logging
import pickle

from privbench.base.progress import log
from privbench.engine.events import Advanced, Told, tell_log


def test_steps_are_told_with_all_that_a_bar_shows_and_not_each(monkeypatch):
    heard, now = [], [0.0]
    monkeypatch.setattr("privbench.engine.events.time.monotonic", lambda: now[0])
    with Told("attack", heard.append).task("training", total=100) as advance:
        for step in range(10):
            now[0] = 1 + step * 0.03
            advance(2, note="loss 0.5" if step == 3 else None)
    assert heard[0] == Advanced("attack", "training", 100, 2, "")
    assert heard[-1] == Advanced("attack", "training", 100, 18, "loss 0.5")
    assert len(heard) == 3, "ten in a third of a second"


def test_a_log_travels_as_text(monkeypatch):
    heard = []
    before = log.handlers, log.propagate, log.level
    try:
        tell_log(heard.append)
        log.warning("%s of %d", test_a_log_travels_as_text, 2)
    finally:
        log.handlers, log.propagate = before[:2]
        log.setLevel(before[2])
    (record,) = pickle.loads(pickle.dumps(heard))
    assert isinstance(record, logging.LogRecord)
    assert record.getMessage().endswith("of 2")
    assert record.levelno == logging.WARNING

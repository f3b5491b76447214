"""Locks, tried by real processes."""

import logging
import multiprocessing
import os
import signal
import time

import pytest

from privbench.base.locks import locked
from privbench.base.progress import log

CONTEXT = multiprocessing.get_context("fork")


def hold(path, held):
    with locked(path, "waiting"):
        held.touch()
        time.sleep(60)


def count(path, counter, times):
    for _ in range(times):
        with locked(path, "waiting"):
            before = int(counter.read_text())
            counter.write_text("")  # whoever reads now fails
            counter.write_text(str(before + 1))


@pytest.fixture
def holder(tmp_path):
    """A process that holds the lock."""
    process = CONTEXT.Process(target=hold, args=(tmp_path / "lock", tmp_path / "held"))
    process.start()
    while not (tmp_path / "held").exists():
        time.sleep(0.01)
    yield process
    process.kill()
    process.join()


def test_nothing_is_left_of_a_lock(tmp_path):
    with locked(tmp_path / "lock", "waiting"):
        assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600
    with pytest.raises(ZeroDivisionError), locked(tmp_path / "lock", "waiting"):
        raise ZeroDivisionError
    assert not list(tmp_path.iterdir())


def test_one_at_a_time_of_twenty(tmp_path):
    """Each release takes the file away, under the eyes of those who wait for it."""
    counter = tmp_path / "counter"
    counter.write_text("0")
    processes = [CONTEXT.Process(target=count, args=(tmp_path / "lock", counter, 10)) for _ in range(20)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 20
    assert counter.read_text() == "200"
    assert [path.name for path in tmp_path.iterdir()] == ["counter"]


def test_who_waits_says_so_once(tmp_path, holder, caplog):
    before = log.level
    log.setLevel(logging.INFO)
    signal.signal(signal.SIGALRM, lambda *_: os.kill(holder.pid, signal.SIGTERM))
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with locked(tmp_path / "lock", "waiting for another run"):
            assert caplog.messages == ["waiting for another run"]
    finally:
        log.setLevel(before)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def test_a_killed_holder_keeps_nobody_out_and_leaves_nothing(tmp_path, holder, caplog):
    holder.kill()
    holder.join()
    assert (tmp_path / "lock").exists(), "nobody could take it away"
    with locked(tmp_path / "lock", "waiting"):
        assert not caplog.messages
    assert [path.name for path in tmp_path.iterdir()] == ["held"]


def test_a_holder_that_was_killed_while_others_wait(tmp_path, holder):
    counter = tmp_path / "counter"
    counter.write_text("0")
    waiters = [CONTEXT.Process(target=count, args=(tmp_path / "lock", counter, 5)) for _ in range(4)]
    for waiter in waiters:
        waiter.start()
    time.sleep(0.1)
    assert counter.read_text() == "0"
    holder.kill()
    for waiter in waiters:
        waiter.join()
    assert counter.read_text() == "20"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["counter", "held"]


def test_an_interrupted_waiter_lets_go(tmp_path, holder):
    """What it opened would count as a holder's."""

    def interrupt(*_):
        raise InterruptedError("stop")

    signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    descriptors = os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else []
    try:
        with pytest.raises(InterruptedError, match="stop"), locked(tmp_path / "lock", "waiting"):
            pass
    finally:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
    if descriptors:
        assert len(os.listdir("/proc/self/fd")) == len(descriptors)
    assert holder.is_alive()

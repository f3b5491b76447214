"""What is insisted on: equal to the bit, equal but for rounding, and what a file gives back."""

import numpy as np
import pytest
import torch

from privbench.judging.contract.promises import (
    TOLERANCE,
    BrokenPromise,
    close,
    close_scores,
    insist,
    same,
    through_a_file,
)


def test_what_is_kept_passes_and_what_is_broken_says_what_was_seen():
    insist(True, "never told")
    with pytest.raises(BrokenPromise, match="^seen$"):
        insist(False, "seen")


def test_states_are_the_same_to_the_bit_or_not_at_all():
    state = {"a": torch.tensor([1.0, 2.0]), "b": torch.tensor(3)}
    same(state, {key: value.clone() for key, value in state.items()}, "twice")
    with pytest.raises(BrokenPromise, match="twice: the states differ in a"):
        same(state, state | {"a": torch.tensor([1.0, 2.0 + 1e-6])}, "twice")
    with pytest.raises(BrokenPromise, match="twice: the states hold different entries"):
        same(state, {"a": state["a"]}, "twice")
    with pytest.raises(BrokenPromise, match="differ in a"):
        same(state, state | {"a": torch.tensor([1.0])}, "twice")


def test_grey_values_may_differ_by_rounding_alone():
    images = np.linspace(0, 1, 9)
    close(images, images + 0.9 * TOLERANCE, "twice")
    with pytest.raises(BrokenPromise, match="twice: they differ by up to 0.0002"):
        close(images, images + np.eye(9)[4] * 2e-4, "twice")


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_scores_may_differ_by_a_share_of_their_spread(scale):
    scores = scale * np.array([0.0, 2.0])  # whose spread is 1
    close_scores(scores + 0.0015 * scale, scores, "twice")
    with pytest.raises(BrokenPromise, match=r"twice: they differ by up to 0\.0025 of their spread"):
        close_scores(scores + 0.0025 * scale, scores, "twice")


def test_scores_that_are_all_the_same_are_compared_as_they_are():
    close_scores(np.full(3, 5.001), np.full(3, 5.0), "twice")
    with pytest.raises(BrokenPromise):
        close_scores(np.full(3, 5.01), np.full(3, 5.0), "twice")


def test_values_that_are_no_numbers_are_not_close():
    for insisting in (close, close_scores):
        with pytest.raises(BrokenPromise):
            insisting(np.array([0.0, np.nan]), np.zeros(2), "twice")


def test_a_state_comes_back_from_its_file_as_it_was():
    state = {"view": torch.arange(6.0).reshape(2, 3).T, "grad": torch.ones(2, requires_grad=True), "n": torch.tensor(7)}
    back = through_a_file(state)
    same(state, back, "back")
    assert not back["grad"].requires_grad
    assert through_a_file({}) == {}

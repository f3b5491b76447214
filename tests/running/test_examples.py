"""Example images of a run: chosen by a rule and by nobody, and written as they are."""

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.numpy import load_file

from privbench.data.pairs import NO_PAIRS
from privbench.data.splits import Split
from privbench.plugins.interfaces import Anonymizer
from privbench.running.examples import choose_images, examples_of


def split_of(patients):
    """Images whose grey value is their row."""
    images = np.tile(np.arange(len(patients), dtype=np.uint8)[:, None, None, None], (1, 1, 4, 4))
    return Split(images, pd.DataFrame({"patient": patients}), (), NO_PAIRS)


class Plain(Anonymizer):
    name = "plain"
    deterministic = True

    def anonymize(self, images, generator):
        return images


class Shifting(Plain):
    """Moves bright images farther."""

    def displacement(self, images):
        return (images * 255).double().expand(-1, 2, -1, -1)


def test_the_first_image_of_patients_that_are_spread_evenly_is_chosen():
    assert choose_images(split_of(np.arange(15).repeat(3))).tolist() == [0, 6, 12, 18, 24, 30, 36, 42]
    assert choose_images(split_of(np.arange(9).repeat(2)), 3).tolist() == [0, 8, 16]


@pytest.mark.parametrize("patients", [[5], [5, 5, 5], [9, 2, 2, 7], list(range(8))])
def test_where_there_are_few_patients_all_are_shown(patients):
    rows = choose_images(split_of(patients))
    assert [patients[row] for row in rows] == list(dict.fromkeys(patients))
    assert [patients.index(patients[row]) for row in rows] == rows.tolist(), "the first image of each"


def test_no_patient_is_shown_twice():
    for count in range(1, 40):
        rows = choose_images(split_of(np.arange(count).repeat(2)))
        assert len(set((rows // 2).tolist())) == len(rows) == min(8, count)


def test_originals_and_what_was_released_of_them_stand_side_by_side():
    originals = split_of(np.arange(15).repeat(3))
    made = examples_of(Plain(), originals, originals.with_images(255 - originals.images), torch.device("cpu"))
    assert made.originals[:, 0, 0, 0].tolist() == [0, 6, 12, 18, 24, 30, 36, 42]
    assert np.array_equal(made.released, 255 - made.originals)
    assert made.displacement is None, "a method that deforms nothing tells none"


def test_a_displacement_is_that_of_the_originals():
    originals = split_of(np.arange(15).repeat(3))
    blank = originals.with_images(np.zeros_like(originals.images))
    moved = examples_of(Shifting(), originals, blank, torch.device("cpu")).displacement
    assert moved.dtype == np.float32
    assert moved.shape == (8, 2, 4, 4)
    assert moved[:, 1, 2, 2] == pytest.approx([0, 6, 12, 18, 24, 30, 36, 42])


def test_examples_of_a_run_show_what_was_moved(finished):
    examples = load_file(finished.folder / "gallery.safetensors")
    count = len(examples["originals"])
    assert examples["originals"].shape == examples["released"].shape == (count, 1, 32, 32)
    assert examples["displacement"].shape == (count, 2, 32, 32)
    assert 0 < np.abs(examples["displacement"]).max() <= 0.05 * 31 / 2, "mu half widths at the most"

"""Whose radiographs are published follows from how alike images are to originals, and to nothing else."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privbench.evaluate.copies import copies_result, threshold
from privbench.evaluate.resampling import Resampling
from privbench.protocols.schema import load_protocol
from privbench.record.names import OTHERS, OWN, TRAINING, copies_of
from privbench.record.scores import COPIES_COLUMNS, NOBODY, OTHER_PATIENT, OWN_IMAGE, OWN_PATIENT, stacked

PROTOCOL = load_protocol("quick", ["statistics.resamples=200"])
IMAGES, PATIENTS = 200, 100
DIFFERENT = 0.5
"""How alike each original is to another one; copies have to be more."""


def told(shown, split, *, relation=OTHER_PATIENT, likeness=DIFFERENT, exact=False, nearest="t1"):
    """One row a test image, two images a patient, with what it is most like in a split of 300 images."""
    image = np.arange(IMAGES)
    names = {OWN_IMAGE: [f"{one:03}" for one in image], NOBODY: [None] * IMAGES}.get(relation, nearest)
    patient = [f"p{one % PATIENTS:02}" for one in image]
    rows = {
        "shown": shown, "image": [f"{one:03}" for one in image], "patient": patient, "split": split,
        "originals": 300, "original_patients": 120, "nearest": names, "relation": relation,
        "nearest_patient": patient if relation in (OWN_IMAGE, OWN_PATIENT) else nearest,
        "exact": exact, "likeness": likeness,
    }  # fmt: skip
    return pd.DataFrame(rows)[COPIES_COLUMNS]


def scores(train=None, val=None, test=None):
    """Originals that are not alike, and releases that are no copies but as told."""
    parts = [told("O", split) for split in ("train", "val", "test")]
    released = {"train": train, "val": val, "test": test}
    return pd.concat([*parts, *(told("A", split, **(how or {})) for split, how in released.items())])


def result(rows):
    return copies_result(rows, PROTOCOL, Resampling.of(PROTOCOL, rows["patient"].to_numpy(object)))


def test_a_copy_is_more_alike_than_different_images_by_a_margin():
    """The most alike hundredth left out of account."""
    found = threshold(np.tanh(np.linspace(0, 1, 101)))
    assert found.different == pytest.approx(np.tanh(0.99))
    assert found.copies == pytest.approx(np.tanh(1.09))


def test_copies_in_the_data_do_not_move_the_threshold():
    """A hundredth of the originals may stand twice."""
    alike = np.tanh(np.random.default_rng(0).normal(0.4, 0.1, 1000))
    with_copies = np.where(np.arange(1000) < 10, 1.0, alike)
    assert threshold(with_copies).copies == pytest.approx(threshold(alike).copies, abs=0.05)
    assert threshold(np.ones(50)).copies == 0.995, "what is one image to the last detail is a copy in any data"


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_a_threshold_is_a_likeness_that_at_most_a_few_originals_have(alike):
    found = threshold(np.array(alike))
    assert 0 <= found.different <= 1
    assert 0 < found.copies <= 0.995
    assert found.copies >= min(found.different, 0.995) - 1e-9


def test_a_release_of_other_patients_originals_is_told():
    other = [f"t{one % 30}" for one in range(IMAGES)]
    found, estimates = result(scores(train={"exact": True, "likeness": 1.0, "nearest": other}))
    assert (found.others.share, found.others.exact, found.own.share) == (1, 1, 0)
    assert (found.training.share, found.training.control) == (1, 0)
    assert found.training.difference.value == 1
    assert found.training.difference.interval.low > 0.9
    assert found.others.interval.low > 0.9
    assert found.patients_shown == 30
    assert (found.originals, found.original_patients) == (900, 360)
    assert (found.counts.images, found.counts.patients) == (IMAGES, PATIENTS)
    assert found.publishes_others
    assert {name: one.value for name, one in estimates.items()} == {
        copies_of(OWN): 0, copies_of(OTHERS): 1, copies_of(TRAINING): 1,
    }  # fmt: skip


def test_a_release_of_the_originals_is_everyones_own():
    found, _ = result(scores(test={"relation": OWN_IMAGE, "exact": True, "likeness": 1.0}))
    assert (found.own.share, found.own.exact, found.others.share, found.training.share) == (1, 1, 0, 0)
    assert found.own.interval.high == 1
    assert found.own.interval.low > 0.95
    assert found.training.difference.value == 0
    assert not found.publishes_others
    assert found.patients_shown == 0


def test_a_release_that_looks_like_nobody_is_no_copy():
    found, _ = result(scores())
    assert (found.own.share, found.own_patient.share, found.others.share, found.training.share) == (0, 0, 0, 0)
    assert 0 < found.others.interval.high < 0.1, "what was never seen in so many images is rare, and not impossible"
    assert not found.publishes_others


def test_shares_are_those_of_the_images_and_vary_with_their_patients():
    near = np.where(np.arange(IMAGES) % PATIENTS < 25, 0.9, DIFFERENT)
    found, _ = result(scores(test={"relation": OWN_PATIENT, "likeness": near, "nearest": "x"}))
    assert (found.own_patient.share, found.own_patient.exact) == (0.25, 0)
    assert 0.1 < found.own_patient.interval.low < 0.25 < found.own_patient.interval.high < 0.4


def test_ones_own_original_is_taken_where_hardly_another_one_is_more_alike():
    """Data may hold an image twice, under two patients."""
    twice = scores(
        train={"exact": True, "likeness": 1.0}, test={"relation": OWN_IMAGE, "exact": False, "likeness": 0.9985}
    )
    found, _ = result(twice)
    assert (found.own.share, found.others.share) == (1, 0)
    assert found.training.share == 1, "it copies a training image all the same"


def test_what_the_data_hold_themselves_is_no_fault_of_a_release():
    """Originals that are as alike to training images as their releases are."""
    alike = np.where(np.arange(IMAGES) < 20, 0.999, DIFFERENT)
    rows = scores(train={"likeness": alike})
    rows.loc[(rows["shown"] == "O") & (rows["split"] == "train"), "likeness"] = alike
    found, _ = result(rows)
    assert found.others.share == found.others.control == found.training.control == 0.1
    assert found.training.difference.value == 0
    assert not found.publishes_others
    rows.loc[(rows["shown"] == "A") & (rows["image"] == "003") & (rows["split"] == "train"), "exact"] = True
    assert result(rows)[0].publishes_others, "one that is equal to the bit is no chance"


def test_the_order_of_the_rows_changes_nothing():
    near = np.where(np.arange(IMAGES) < 40, 0.9, DIFFERENT)
    rows = scores(val={"likeness": near}, test={"relation": OWN_IMAGE, "likeness": 0.6})
    mixed = rows.sample(frac=1, random_state=0)
    assert result(rows)[0] == result(mixed)[0]


def test_what_is_blank_is_nobodys():
    nothing = {"relation": NOBODY, "likeness": 0.0, "nearest": None}
    found, _ = result(scores(train=nothing, val=nothing, test=nothing))
    assert (found.own.share, found.others.share) == (0, 0)
    assert found.patients_shown == 0


def test_an_older_run_tells_nothing():
    assert copies_result(stacked([], COPIES_COLUMNS), PROTOCOL, Resampling.of(PROTOCOL, np.array(["a", "b"]))) == (
        None,
        {},
    )

"""The noise channel against probabilities by hand, rates against counts, and what it does to a fit."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from privbench.base.errors import PrivbenchError
from privbench.data.pairs import Pairs
from privbench.data.splits import Split
from privbench.utilities.robust.label_noise import Channel, Rates, reread_rates

RATES = st.floats(0.56, 0.99)


def channel(sensitivity, specificity):
    return Channel(torch.tensor([0.5]), Rates(np.array([sensitivity]), np.array([specificity])))


@given(RATES, RATES, st.floats(-6, 6))
def test_a_label_is_reported_as_often_as_its_rates_say(sensitivity, specificity, logit):
    finding = 1 / (1 + np.exp(-logit))
    expected = sensitivity * finding + (1 - specificity) * (1 - finding)
    reported = torch.sigmoid(channel(sensitivity, specificity)(torch.tensor([[logit]])))
    assert float(reported) == pytest.approx(expected, abs=1e-4)


def test_sure_predictions_stay_finite_and_bounded_by_the_rates():
    made = channel(0.8, 0.9)
    logits = torch.tensor([[-80.0], [80.0]], requires_grad=True)
    reported = torch.sigmoid(made(logits)).squeeze(1)
    assert reported.tolist() == pytest.approx([0.1, 0.8], abs=1e-3)
    functional.binary_cross_entropy(reported, torch.tensor([1.0, 0.0])).backward()
    assert torch.isfinite(logits.grad).all()


def test_known_rates_are_not_learnt_and_unknown_ones_start_as_noisy_as_the_labels_allow():
    assert not channel(0.8, 0.9).place.requires_grad
    made = Channel(torch.tensor([0.3, 0.02]), None)
    assert made.place.requires_grad
    assert made.rates()[1].tolist() == pytest.approx([0.7, 0.98], abs=1e-3)


def test_clean_labels_of_a_sure_reader_teach_good_rates():
    generator = torch.Generator().manual_seed(0)
    truth = (torch.rand(4000, 1, generator=generator) < 0.2).float()
    made = Channel(truth.mean(0), None)
    optimizer = torch.optim.Adam(made.parameters(), lr=3e-3)
    for _ in range(300):
        optimizer.zero_grad()
        functional.binary_cross_entropy_with_logits(made((truth * 2 - 1) * 6), truth).backward()
        optimizer.step()
    assert made.rates().min() > 0.97


def test_learnt_rates_stay_away_from_certainty_however_long_they_are_taught():
    made = Channel(torch.tensor([0.5]), None)
    with torch.no_grad():
        made.place += 1000
    reported = made(torch.tensor([[3.0]]))
    reported.sum().backward()
    assert torch.isfinite(reported).all()
    assert torch.isfinite(made.place.grad).all()
    assert made.rates().max() < 0.999


def split(reported):
    table = pd.DataFrame({"image": [f"{row}.png" for row in range(len(reported))], "patient": range(len(reported))})
    table["Mass"] = reported
    none = np.array([], np.int64)
    return Split(np.zeros((len(reported), 1, 4, 4), np.uint8), table, ("Mass",), Pairs(none, none, none.astype(bool)))


def test_reread_rates_are_counts_with_one_image_more_on_either_side(tmp_path):
    file = tmp_path / "reread.csv"
    file.write_text("image,Mass\n0.png,1\n1.png,1\n2.png,1\n3.png,0\n4.png,\nelsewhere.png,1\n")
    rates = reread_rates(file, split([1, 1, 0, 0, 1, 1]))
    assert rates.sensitivity == pytest.approx([(2 + 1) / (3 + 2)])
    assert rates.specificity == pytest.approx([(1 + 1) / (1 + 2)])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,Nodule\n0.png,1\n", "lacks the finding 'Mass'"),
        ("image,Mass\nelsewhere.png,1\n", "on some training images"),
        ("image,Mass\n0.png,2\n", "must hold 0 or 1"),
        ("file,Mass\n0.png,1\n", "is no table of re-read images"),
        ("image,Mass\n0.png,1\n0.png,0\n", "lists image 0.png twice"),
    ],
)
def test_a_reread_table_that_tells_nothing_is_refused(tmp_path, text, message):
    file = tmp_path / "reread.csv"
    file.write_text(text)
    with pytest.raises(PrivbenchError, match=message):
        reread_rates(file, split([1, 0]))


def test_a_missing_reread_table_is_named(tmp_path):
    with pytest.raises(PrivbenchError, match=r"none\.csv"):
        reread_rates(tmp_path / "none.csv", split([1, 0]))

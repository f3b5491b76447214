"""Label noise, scanners, and where findings are: the options by which a recipe's gain can be measured."""

import numpy as np
import pytest

from privbench.base.errors import PrivbenchError
from privbench.base.progress import Progress
from privbench.data.splits import CELLS
from privbench.datasets.findings import FINDINGS
from privbench.datasets.phantom import SCANNERS, generate
from privbench.datasets.phantom.dataset import PhantomDataset
from privbench.datasets.phantom.generate import draw_patient
from privbench.datasets.phantom.label_noise import by_finding, report
from privbench.datasets.phantom.render import render
from privbench.datasets.phantom.scanners import process
from privbench.datasets.phantom.streams import Stream, stream
from privbench.plugins.interfaces import DataRequest

REQUEST = DataRequest(32, 0, None, 1, Progress(quiet=True))


@pytest.fixture(scope="module")
def drawn():
    return generate(patients=50, size=48, seed=3, workers=1)


def test_present_findings_and_no_others_are_located(drawn):
    assert drawn.locations.shape == (len(drawn.table), len(FINDINGS), CELLS, CELLS)
    located = drawn.locations.any((2, 3))
    present = drawn.table[list(FINDINGS)].to_numpy(bool)
    assert not (located & ~present).any()
    assert (located & present).sum() > 0.97 * present.sum(), "a small one may fall outside the field"


def with_only(number, finding, size):
    """A patient's first visit with that finding alone, or with none, at the same noise."""
    patient = draw_patient(5, number)
    visit, disease = patient.visits[0]
    present = np.array([name == finding for name in FINDINGS], np.uint8)
    return render(patient.anatomy, visit, disease._replace(present=present), size, stream(5, number, 0, Stream.NOISE))


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_large_heart_is_where_the_heart_is(number):
    drawn = with_only(number, "Cardiomegaly", 48)
    shares = ((drawn.mask & 2) > 0).reshape(CELLS, 6, CELLS, 6).mean((1, 3))
    assert shares.max() == 1
    assert np.abs(drawn.locations[FINDINGS.index("Cardiomegaly")] / 255 - shares).max() < 0.003


@pytest.mark.parametrize("finding", ["Mass", "Effusion", "Pneumothorax", "Consolidation"])
def test_a_lesion_lies_where_the_picture_changes(finding):
    located, change = [], []
    for number in range(1, 12):
        ill, healthy = with_only(number, finding, 64), with_only(number, None, 64)
        difference = np.abs(ill.image.astype(float) - healthy.image)
        change.append(difference.reshape(CELLS, 8, CELLS, 8).mean((1, 3)))
        located.append(ill.locations[FINDINGS.index(finding)] / 255)
    inside, outside = np.stack(located) > 0.5, np.stack(located) == 0
    assert inside.any()
    assert np.stack(change)[inside].mean() > 2.5 * np.stack(change)[outside].mean()


def test_one_scanner_is_the_plain_image_and_more_change_the_picture_alone(drawn):
    three = generate(patients=50, size=48, seed=3, scanners=3, workers=1)
    assert three.table.equals(drawn.table)
    assert np.array_equal(three.masks, drawn.masks)
    same = (three.images == drawn.images).all((1, 2, 3)).mean()
    assert 0.2 < same < 0.47, "a third of the images come from the plain scanner"


@pytest.mark.parametrize("scanner", SCANNERS)
def test_scanners_keep_the_range_and_the_order_of_flat_greys(scanner):
    greys = [process(np.full((16, 16), level, np.float32), scanner).mean() for level in np.linspace(0, 1, 20)]
    assert greys[0] == pytest.approx(0, abs=1e-6)
    assert greys[-1] == pytest.approx(1, abs=1e-6)
    assert (np.diff(greys) > 0).all()
    noise = np.random.default_rng(0).random((16, 16), dtype=np.float32)
    assert process(noise, scanner).min() >= 0
    assert process(noise, scanner).max() <= 1


def test_labels_flip_as_often_as_the_rates_say():
    rng = np.random.default_rng(0)
    labels = (rng.random((20000, 2)) < 0.3).astype(np.uint8)
    places = np.broadcast_to(labels[:, :, None, None] * 255, (*labels.shape, CELLS, CELLS)).astype(np.uint8)
    told = report(labels, places, np.array([0.7, 1.0]), np.array([0.9, 0.8]), rng)
    for finding, (sensitivity, specificity) in enumerate([(0.7, 0.9), (1.0, 0.8)]):
        there = labels[:, finding] == 1
        assert told.labels[there, finding].mean() == pytest.approx(sensitivity, abs=0.02)
        assert 1 - told.labels[~there, finding].mean() == pytest.approx(specificity, abs=0.02)
    assert np.array_equal(told.locations.any((2, 3)), told.labels == 1), "places tell no more than labels"


def test_a_rate_holds_for_all_findings_or_for_those_named():
    assert by_finding(0.9, ("a", "b")).tolist() == [0.9, 0.9]
    assert by_finding({"b": 0.9}, ("a", "b")).tolist() == [1.0, 0.9]


def test_test_labels_stay_the_truth():
    clean, noisy = (
        PhantomDataset(patients=40, **more).table(REQUEST)
        for more in ({}, {"label_noise": {"sensitivity": 0.8, "specificity": {"Mass": 0.7}}})
    )
    test = clean["split"] == "test"
    assert noisy[test].equals(clean[test])
    learning = ~test
    assert (noisy.loc[learning, "Mass"] > clean.loc[learning, "Mass"]).any()
    assert not (noisy.loc[learning, "Nodule"] > clean.loc[learning, "Nodule"]).any(), "its specificity is one"
    assert (noisy["spacing_x"] == 350 / 32).all()


def test_an_unknown_finding_in_the_noise_is_refused():
    with pytest.raises(PrivbenchError, match="Mass"):
        PhantomDataset(label_noise={"sensitivity": {"Mas": 0.8}})

"""Whom an anonymizer learnt from, on releases made so that the answer is known.

The logarithm of the error by which a release misses its original is Gaussian: under two means that are the shift apart,
and images of each patient in a number, the AUC of their means is known in closed form.
"""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from privbench.attacks.membership import Membership
from privbench.attacks.reproduction import of_patients, separate, traits
from scipy import stats
from sklearn.metrics import roc_auc_score

from privbench.data.gallery import Gallery
from privbench.data.pairs import NO_PAIRS
from privbench.data.splits import SPLITS, Split
from privbench.evaluate.inference import inference_results
from privbench.protocols.kinds import CONTROL, Compared
from privbench.protocols.schema import load_protocol
from privbench.record.scores import AttackOrigin, membership_scores
from privbench.running.attack_galleries import gallery, known_gallery
from privbench.running.halves import rows_to_judge
from privbench.running.source import Shown

IMAGES, PATIENTS, SPREAD = 2, 240, 0.4
PROTOCOL = load_protocol("full", ["statistics.resamples=200"])
NOBODY = SimpleNamespace()


def split_of(name, rng, brighter=0.0):
    """Smooth images in mid-grey, two of each patient. Shape: (N, 1, 32, 32), uint8."""
    count = PATIENTS * IMAGES
    coarse = torch.from_numpy(rng.normal(120 + brighter, 12, (count, 1, 4, 4)))
    images = torch.nn.functional.interpolate(coarse, 32, mode="bilinear").clamp(60, 180).byte().numpy()
    patients = [f"{name}{number // IMAGES:04}" for number in range(count)]
    table = pd.DataFrame({"image": [f"{name}{number}.png" for number in range(count)], "patient": patients})
    blank = {"study": "", "follow_up": 0, "age": 50, "sex": "F", "view": "PA", "split": name}
    return Split(images, table.assign(**blank), (), NO_PAIRS)


def released(split, rng, shift, harder=0.0):
    """The split's images with noise, whose log mean squared error is Gaussian about that of 8 grey levels."""
    error = np.log(64) + shift + harder + rng.normal(0, SPREAD, len(split.images))
    noise = rng.normal(0, 1, split.images.shape) * np.exp(error / 2)[:, None, None, None]
    return (split.images + noise).round().clip(0, 255).astype(np.uint8)


def shown(seed, shift=0.0, brighter=(0, 0, 0), harder=(0, 0, 0)):
    rng = np.random.default_rng(seed)
    originals = {name: split_of(name, rng, more) for name, more in zip(SPLITS, brighter, strict=True)}
    noisy = {
        name: released(split, rng, shift if name == "train" else 0.0, more)
        for (name, split), more in zip(originals.items(), harder, strict=True)
    }
    return Shown(originals, [noisy])


def judged(images, ctx):
    """The result of the attack, carried out as a run does it, and that attack."""
    parts, attack = [], Membership()
    for scenario, kinds in ((CONTROL, Compared.ORIGINALS), ("informed", Compared.ACROSS)):
        known = (known_gallery(images, name, kinds, attack) for name in ("train", "val"))
        attack.fit(*known, NOBODY, ctx)
        for name, split in images.originals.items():
            rows = rows_to_judge(split.patients, name)
            (said,) = attack.infer(gallery(images, name, kinds, attack).rows(rows), ctx).values()
            parts.append(membership_scores(AttackOrigin("membership", scenario, 0), split, name, rows, said))
    (result,) = inference_results(pd.concat(parts), PROTOCOL, "1", None)
    return result, attack


def test_members_who_are_reproduced_better_are_told_as_well_as_their_errors_allow(ctx):
    """Of two means over two images, the AUC is Φ(shift · √2 images / (√2 · spread))."""
    shift = -0.4
    result, _ = judged(shown(0, shift), ctx)
    expected = stats.norm.cdf(-shift * np.sqrt(IMAGES) / (np.sqrt(2) * SPREAD))
    assert expected == pytest.approx(0.841, abs=1e-3)
    assert result.value == pytest.approx(expected, abs=0.04)
    assert result.interval.low < expected < result.interval.high
    assert result.change.value == pytest.approx(expected - 0.5, abs=0.12)
    assert result.change.interval.low > 0.1
    assert max(abs(result.base_rate - 0.5), abs(result.original - 0.5)) < 0.1
    assert (result.metric, result.counts.patients) == ("auc", PATIENTS // 2 + PATIENTS // 2 + PATIENTS)


@pytest.mark.parametrize("seed", [10, 11, 12])
def test_where_nobody_is_remembered_nobody_is_told(seed, ctx):
    result, _ = judged(shown(seed), ctx)
    assert result.interval.low < 0.5 < result.interval.high
    assert result.change.interval.low < 0 < result.change.interval.high
    assert result.change.p_value > 0.05


def test_training_patients_of_another_kind_are_told_by_their_originals(ctx):
    """Their images are brighter than all others', and no better reproduced."""
    result, _ = judged(shown(2, brighter=(5, 0, 0)), ctx)
    assert min(result.value, result.original) > 0.7
    assert abs(result.change.value) < 0.05
    assert result.change.interval.low < 0 < result.change.interval.high


def test_test_patients_of_another_kind_pass_for_no_memory(ctx):
    """As in ChestX-ray14: they are reproduced worse, and which way the attack then turns is chance."""
    result, _ = judged(shown(3, brighter=(0, 0, 5), harder=(0, 0, 0.5)), ctx)
    assert not result.interval.low < 0.5 < result.interval.high, "the AUC alone would tell of memory"
    assert abs(result.value - result.original) > 0.1, "and so would its difference to originals"
    assert abs(result.change.value) < 0.11
    assert result.change.interval.low < 0 < result.change.interval.high


def test_fitting_sees_every_second_patient_of_training_and_validation_alone(ctx):
    images = shown(0)
    for name in ("train", "val"):
        known = known_gallery(images, name, Compared.ACROSS, Membership())
        seen = set(known.table["patient"])
        split = images.originals[name]
        apart = set(split.table["patient"].iloc[rows_to_judge(split.patients, name)])
        assert not seen & apart
        assert len(seen) == len(apart) == PATIENTS // 2
        assert np.array_equal(known.references, split.images[split.table["patient"].isin(seen)])
    blind = Shown({**images.originals, "test": None}, [{**images.releases[0], "test": None}])
    fitted = [Membership(), Membership()]
    for attack, there in zip(fitted, (images, blind), strict=True):
        attack.fit(*(known_gallery(there, name, Compared.ACROSS, attack) for name in ("train", "val")), NOBODY, ctx)
    assert torch.equal(*(attack.state()["weights"] for attack in fitted))


def test_what_is_learnt_survives_its_state(ctx):
    images = shown(0, -0.4)
    _, attack = judged(images, ctx)
    twin = Membership()
    twin.load_state(attack.state(), torch.device("cpu"))
    test = gallery(images, "test", Compared.ACROSS, attack)
    (said,), (again,) = (one.infer(test, ctx).values() for one in (attack, twin))
    assert np.array_equal(said, again)
    assert said.std() > 0


def test_traits_are_known_numbers(ctx):
    """A ramp along x by 4 grey levels a pixel, released 10 levels brighter, inverted, and as it is."""
    ramp = np.broadcast_to(np.arange(32, dtype=np.uint8) * 4, (1, 1, 32, 32)).copy()
    flat = np.full_like(ramp, 100)
    released = np.concatenate([ramp + 10, 124 - ramp, ramp, flat])
    found = traits(Gallery(released, np.concatenate([ramp, ramp, ramp, flat])), ctx)
    assert found.shape == (4, 9)
    assert np.isfinite(found).all()
    brighter, inverted, same, blank = found
    assert brighter[[0, 3]] == pytest.approx(np.log((10 / 255) ** 2), abs=1e-2)
    assert [brighter[2], inverted[2], same[2]] == pytest.approx([1, -1, 1], abs=1e-4)
    assert same[[0, 1]] == pytest.approx([np.log(1e-6), 1], abs=1e-4)
    assert blank[2] == pytest.approx(0, abs=1e-5), "nothing correlates with a constant image"
    level = np.arange(32) * 4 / 255
    assert brighter[6] == pytest.approx(level.mean(), abs=1e-6)
    assert brighter[7] == pytest.approx(np.tile(level, 32).std(ddof=1), abs=1e-6)
    assert brighter[8] == pytest.approx(np.log((4 / 255) ** 2 + 1e-6), abs=1e-4)
    assert np.array_equal(found[:3, 6:], np.tile(found[0, 6:], (3, 1))), "they are the original's"


def test_patients_count_once_and_rounding_not_at_all(rng):
    """Of two Gaussians that differ in one independent coordinate, that one alone tells all (Fisher's discriminant)."""
    means = of_patients(np.array([[1.0], [3.0], [5.0]]), np.array([1, 0, 1]))
    assert np.array_equal(means, [[3.0], [3.0]])
    members, others = rng.normal([1, 0], [1, 5], (500, 2)), rng.normal(0, [1, 5], (500, 2))
    rounding = rng.normal(0, 1e-7, (1000, 1))
    rounding[:500] += 1e-7
    weights = separate(np.hstack([members, rounding[:500]]), np.hstack([others, rounding[500:]])).numpy()
    both = np.concatenate([members, others])
    said = both @ weights[:2]
    truth = np.arange(1000) < 500
    assert roc_auc_score(truth, said) == pytest.approx(roc_auc_score(truth, both[:, 0]), abs=0.01)
    assert np.abs(rounding[:, 0] * weights[2]).max() < 0.01 * said.std()

"""The attacks of a run, stage by stage."""

import numpy as np
import pandas as pd
import pytest
from attack_scores import thirty_patients

import privbench
from privbench.base.errors import PrivbenchError
from privbench.data.gallery import Gallery
from privbench.data.pairs import Pairs
from privbench.plugins.interfaces import Attack
from privbench.plugins.registry import Registry
from privbench.protocols.kinds import CONTROL
from privbench.protocols.schema import parse_value
from privbench.record.folder import LINKAGE_SCORES
from privbench.record.scores import AttackOrigin, read_scores
from privbench.running.attack_stages import AttackStages, _shuffled, _some


def test_every_attack_goes_the_whole_way(tiny_protocol, store, tmp_path):
    """Several releases, figures of an attack's own, and attributes, from the stages to run.json."""
    network = "{backbone='test_resnet',features=8,epochs=1,steps=2,batch_size=8,learning_rate=1e-3"
    restorer = "restorer={width=2,epochs=1,batch_size=16,learning_rate=1e-3}"
    classifier = "{backbone='test_resnet',epochs=1,batch_size=16,learning_rate=1e-3}"
    arguments = {
        "protocol": str(tiny_protocol),
        "store": store,
        "overrides": [
            "attacks.siamese=none",
            'attacks.contrastive.scenarios=["ignorant","paper","linked-releases"]',
            "attacks.four.attack=averaging",
            f"attacks.four.params={network},releases=4}}",
            f"attacks.restoration.params={network},{restorer}}}",
            f"attacks.attributes.params={classifier}",
        ],
    }
    noisy = privbench.run("dp-pix", params={"b": 2, "epsilon": 5}, out=tmp_path / "noisy", **arguments)
    stages = [stage.name for stage in noisy.record.stages]
    assert [name for name in stages if name.startswith("release")] == ["release", "release 1", "release 2", "release 3"]
    folder = {stage.name: store / "release" / stage.key for stage in noisy.record.stages if "release" in stage.name}
    first, second = (np.load(folder[name] / "test.npy") for name in ("release", "release 1"))
    assert not np.array_equal(first, second), "every release has noise of its own"
    assert stages.count("attack contrastive AA 0") == 1, "one training serves two scenarios"
    results = {attack.label: attack for attack in noisy.record.attacks}
    assert set(results["restoration (informed)"].measures) == {
        "psnr_released", "psnr_restored", "ssim_released", "ssim_restored",
    }  # fmt: skip
    assert {inference.attribute: inference.metric for inference in noisy.record.inferences}.items() <= {
        "sex": "auc", "age": "mae", "view": "auc",
    }.items()  # fmt: skip
    assert {"sex", "age"} <= {inference.attribute for inference in noisy.record.inferences}
    assert noisy.record.worst_case.scenario != "linked-releases"
    still = privbench.run("prichexy", out=tmp_path / "still", **arguments)
    assert "four (informed)" not in [attack.label for attack in still.record.attacks]
    assert any("four is left out" in warning for warning in still.record.warnings)


@pytest.mark.parametrize("count", [1, 2, 7, 200, 400, 1000])
def test_training_pairs_that_are_scored_are_spread_evenly_over_the_list(rng, count):
    pairs = thirty_patients(rng).pairs
    pairs = Pairs(np.arange(400), pairs.reference, np.arange(400) < 100)
    some = _some(pairs, count)
    assert len(some) == min(count, 400)
    assert len(set(some.probe.tolist())) == len(some), "none stands twice"
    assert some.probe[0] == 0
    assert abs(some.mated.mean() - 0.25) <= 1 / len(some) + 0.26 * (count < 3), "both kinds stay in proportion"
    assert np.array_equal(some.reference, pairs.reference[some.probe])


def test_an_attack_sees_the_gallery_in_an_order_that_tells_nothing(ctx):
    """And every image is found again in its new place."""
    images = np.arange(200, dtype=np.uint8)[:, None, None, None]
    gallery = Gallery(images, images, (255 - images,))
    shuffled, place = _shuffled(gallery, ctx)
    assert np.array_equal(shuffled.probes[place], images)
    assert np.array_equal(shuffled.releases[0][place], 255 - images)
    assert shuffled.probes is shuffled.references, "what is one array stays one"
    moved = np.abs(place - np.arange(200))
    assert 40 < moved.mean() < 90, "as far as chance moves them: a third of the gallery"
    assert np.array_equal(_shuffled(gallery, ctx)[1], place), "the same for the same stage"


def test_what_infers_attributes_links_no_images(pipeline):
    recipe = "{backbone='test_resnet',epochs=1,batch_size=16,learning_rate=1e-3}"
    registry = Registry()
    attack = registry.create(Attack, "attributes", parse_value(recipe))
    stages = AttackStages(None, pipeline.protocol, lambda label: attack, pipeline.floor, None, None)
    with pytest.raises(PrivbenchError, match="The attack mine infers attributes and links no images: choose another"):
        stages.link(AttackOrigin("mine", "informed", 0))


def test_one_attack_in_one_scenario_says_what_it_says_in_the_whole_run(finished, pipeline):
    prepared = pipeline.prepare()
    alone = pipeline.attack_stages(prepared).link(AttackOrigin("contrastive", "informed", 0))
    every = read_scores(finished.folder / LINKAGE_SCORES)
    own = every[(every["attack"] == "contrastive") & (every["scenario"] == "informed")].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone.reset_index(drop=True), own)
    assert set(alone["split"]) == {"train", "val", "test"}
    val = len(prepared.splits["val"].pairs)
    assert (alone["split"] == "train").sum() == val < len(prepared.splits["train"].pairs), "as many as validation pairs"


def test_every_attack_that_is_trained_has_a_control_and_the_floor_stands_beside_them(finished):
    every = read_scores(finished.folder / LINKAGE_SCORES)
    controls = every[every["scenario"] == CONTROL]
    assert set(controls["attack"]) == {"(floor)", "siamese", "contrastive"}, "correlation needs no training"
    assert set(controls["images"]) == {"OO"}
    assert set(controls.loc[controls["attack"] == "(floor)", "split"]) == {"test"}

"""The utility tasks of a run, stage by stage."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import privbench
from privbench.judging.verify import verify_run
from privbench.protocols.kinds import CONTROL, Kind
from privbench.protocols.modes import MODES, ORIGINALS
from privbench.record.folder import MEASUREMENTS, UTILITY_SCORES
from privbench.record.scores import MEASUREMENT_COLUMNS, TaskOrigin, read_scores
from privbench.running.stage_names import DATA, RELEASE
from privbench.running.utility_stages import UtilityStages, _inputs


def test_an_adopted_network_is_one_training_and_a_retrained_one_several(tiny_protocol, store, tmp_path):
    changes = ["utilities.classification.seeds=2", 'utilities.classification.modes=["frozen", "retrained-transfer"]']
    run = privbench.run("dp-pix", protocol=str(tiny_protocol), overrides=changes, store=store, out=tmp_path / "run")
    frozen, retrained = run.record.utilities
    assert (len(frozen.seed_aucs), frozen.seed_std) == (1, None)
    assert len(retrained.seed_aucs) == 2
    assert retrained.seed_std > 0
    assert frozen.lost is not None
    assert retrained.lost is not None


def test_every_utility_task_goes_the_whole_way(tiny_protocol, store, tmp_path):
    """The built-in ones and those of the manual, from the stages to run.json."""
    manual = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text()
    for number, text in enumerate(re.findall(r"^```python\n(.*?)^```$", manual, re.DOTALL | re.MULTILINE)):
        if "Task)" in text:
            (tmp_path / f"manual_{number}.py").write_text(text)
    every = '["frozen","retrained-transfer","retrained-release"]'
    run = privbench.run(
        "prichexy",
        params={"mu": 0.05},
        protocol=str(tiny_protocol),
        overrides=[
            "attacks.siamese=none",
            "attacks.contrastive=none",
            "guidance.classifier.backbone=test_resnet",
            "guidance.classifier.options={}",
            "utilities.quality={}",
            "utilities.saliency={}",
            "utilities.segmentation.params={backbone='test_resnet',width=2,epochs=1,batch_size=16,learning_rate=1e-3}",
            f"utilities.segmentation.modes={every}",
            f"utilities.my-utility.modes={every}",
            "utilities.my-utility.seeds=2",
            "utilities.contrast={}",
        ],
        plugins=sorted(tmp_path.glob("*.py")),
        store=store,
        out=tmp_path / "run",
    )
    record = run.record
    assert list(verify_run(run.folder)) == []
    assert [utility.label for utility in record.utilities] == [
        f"{task} ({mode})" for task in ("classification", "my-utility") for mode in MODES
    ]
    assert {utility.name: len(utility.seed_aucs) for utility in record.utilities} == {
        "classification": 1, "my-utility": 2,
    }  # fmt: skip
    measured = {(one.label, one.measure): one for one in record.measurements}
    rows = pd.Series([one.label for one in record.measurements]).value_counts()
    assert rows["quality (frozen)"] == 13, "the anonymizer tells its displacement, the phantom its spacing"
    assert rows["saliency (frozen)"] == 3
    assert all(rows[f"segmentation ({mode})"] == 2 for mode in MODES)
    assert measured["quality (frozen)", "SSIM"].original is None, "a release is compared with its originals"
    contrast = measured["contrast (frozen)", "lungs below heart"]
    assert contrast.change.value == pytest.approx(contrast.value - contrast.original)
    test = read_scores(run.folder / MEASUREMENTS)
    values = test[(test["task"] == "contrast") & (test["mode"] == "frozen")]["value"]
    assert contrast.value == pytest.approx(values.mean())
    assert (contrast.lowest, contrast.highest) == (values.min(), values.max())
    names = [stage.name for stage in record.stages]
    assert [name for name in names if name.startswith("task")] == [
        "task classification A 0",
        "task segmentation O 0",
        "task segmentation A 0",
        "task my-utility O 0",
        "task my-utility O 1",
        "task my-utility A 0",
        "task my-utility A 1",
        "task contrast O 0",
    ]


def test_the_tasks_read_what_they_read_in_the_whole_run(finished, pipeline):
    """Validation images of the kind that the model knows, and the mode's test images."""
    prepared = pipeline.prepare()
    readings, measurements = pipeline._utility_stages(prepared).run(["classification"])
    pd.testing.assert_frame_equal(readings, read_scores(finished.folder / UTILITY_SCORES))
    assert (len(measurements), list(measurements.columns)) == (0, MEASUREMENT_COLUMNS)
    assert list(dict.fromkeys(readings["mode"])) == [CONTROL, *MODES]
    val = readings[readings["split"] == "val"]
    scores = {mode: part["score"].to_numpy() for mode, part in val.groupby("mode")}
    assert np.array_equal(scores["frozen"], scores[CONTROL]), "the frozen model is the control's own"
    assert np.array_equal(scores["retrained-transfer"], scores["retrained-release"]), "both learnt from the release"
    assert not np.array_equal(scores["frozen"], scores["retrained-release"])


def test_pairs_count_in_the_key_of_what_is_fitted_with_them(pipeline):
    """A task is handed the whole split, and may learn from its pairs."""
    prepared = pipeline.prepare()
    stages, origin = pipeline._utility_stages(prepared), TaskOrigin("classification", "retrained-release", 0)
    name = stages._ready(stages.create("classification"), origin)
    key, train = stages.stages.made[name].key, prepared.splits["train"]
    fewer = replace(train, pairs=train.pairs.among(np.arange(len(train.images) // 2)))
    other = replace(stages, originals={**prepared.splits, "train": fewer})
    other._ready(other.create("classification"), origin)
    assert stages.stages.made[name].key != key


def test_a_mode_reads_the_stages_of_its_images_alone(pipeline):
    """So what is known of originals is known for all anonymizers."""
    assert _inputs([Kind.ORIGINAL, Kind.ORIGINAL]) == [DATA]
    assert _inputs([Kind.ORIGINAL, Kind.ANONYMIZED]) == _inputs([Kind.ANONYMIZED]) == [DATA, RELEASE]


@pytest.mark.parametrize("mode", [CONTROL, *MODES])
def test_an_unchanged_release_is_taken_for_the_originals_that_it_is(mode):
    def stages(unchanged):
        return UtilityStages(None, {}, None, "originals", "released", unchanged, None, None)

    assert stages(True)._kinds(mode) == ORIGINALS
    assert stages(False)._kinds(mode) == MODES.get(mode, ORIGINALS)
    assert stages(False)._splits(Kind.ANONYMIZED) == "released"
    assert stages(False)._splits(Kind.ORIGINAL) == "originals"

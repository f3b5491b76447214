"""The utility tasks of a run, stage by stage."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from stage_folders import GREY, PAIRS, source, stage_folders

import privbench
from privbench.judging.verify import verify_run
from privbench.plugins.interfaces import ReadingTask
from privbench.protocols.kinds import CONTROL, Kind
from privbench.protocols.modes import MODES
from privbench.record.folder import MEASUREMENTS, UTILITY_SCORES
from privbench.record.scores import UTILITY_COLUMNS, read_scores, stacked
from privbench.running.setting import Setting
from privbench.running.stage_names import TASK_FILE
from privbench.running.utility_stages import FitTask, UtilityStages


def test_an_adopted_network_is_one_training_and_a_retrained_one_several(tiny_protocol, store, tmp_path):
    changes = ["utilities.classification.seeds=2", 'utilities.classification.modes=["frozen", "retrained-transfer"]']
    run = privbench.run("dp-pix", protocol=str(tiny_protocol), overrides=changes, store=store, out=tmp_path / "run")
    frozen, retrained = run.record.utilities
    assert (len(frozen.seed_aucs), frozen.seed_std) == (1, None)
    assert len(retrained.seed_aucs) == 2
    assert retrained.seed_std > 0
    assert frozen.lost is not None
    assert retrained.lost is not None


@pytest.mark.slow
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


@pytest.fixture
def tasks(pipeline):
    """The utility tasks of a run whose data nobody has read yet."""
    return tasks_of(pipeline, pipeline.graph(None))


def tasks_of(pipeline, graph):
    return UtilityStages(graph.common, pipeline.protocol.utilities, pipeline.utility, pipeline.anonymizer)


def names(nodes):
    return list(map(str, (node.name for node in nodes)))


def test_the_tasks_read_what_they_read_in_the_whole_run(finished, pipeline, engine):
    """Validation images of the kind that the model knows, and the mode's test images."""
    engine.make({"data": [pipeline.data]})
    nodes = tasks_of(pipeline, pipeline.graph(engine.made[pipeline.data])).nodes(["classification"], unchanged=False)
    engine.make({"alone": nodes})
    assert all(stage.cached for stage in engine.made.values()), "the run has made them"
    readings = stacked([read_scores(engine.made[node].folder / TASK_FILE) for node in nodes], UTILITY_COLUMNS)
    pd.testing.assert_frame_equal(readings, read_scores(finished.folder / UTILITY_SCORES))
    assert list(dict.fromkeys(readings["mode"])) == [CONTROL, *MODES]
    val = readings[readings["split"] == "val"]
    scores = {mode: part["score"].to_numpy() for mode, part in val.groupby("mode")}
    assert np.array_equal(scores["frozen"], scores[CONTROL]), "the frozen model is the control's own"
    assert np.array_equal(scores["retrained-transfer"], scores["retrained-release"]), "both learnt from the release"
    assert not np.array_equal(scores["frozen"], scores["retrained-release"])


def test_pairs_count_in_the_key_of_what_is_fitted_with_them(tasks):
    """A task is handed the whole split, and may learn from its pairs."""
    source = tasks.common.source
    own, other = (
        replace(tasks, common=replace(tasks.common, source=replace(source, pairs=source.pairs | {split: PAIRS[split]})))
        for split in ("test", "train")
    )
    fits = [_fit_of(one) for one in (tasks, own, other)]
    assert fits[0] == fits[1] != fits[2]


def _fit_of(tasks):
    """What fits the classification to the release."""
    return next(node for node in tasks.nodes(["classification"], False)[-1].inputs if node.name.kind == "task")


@pytest.mark.parametrize(
    ("mode", "images", "learnt"),
    [
        (CONTROL, ["data"], []),
        ("frozen", ["data", "release"], []),
        ("retrained-transfer", ["data", "release"], ["task classification A 0"]),
        ("retrained-release", ["data", "release"], ["task classification A 0"]),
    ],
)
def test_a_mode_reads_what_was_learnt_and_the_stages_of_its_images_alone(tasks, mode, images, learnt):
    """So what is known of originals is known for all anonymizers."""
    by_mode = {node.name.of[1]: node for node in tasks.nodes(["classification"], False)}
    assert list(by_mode) == [CONTROL, *MODES]
    assert names(by_mode[mode].inputs) == [*images, *learnt, "classifier", "verifier"]


def test_an_unchanged_release_is_taken_for_the_originals_that_it_is(tasks):
    nodes = tasks.nodes(["classification"], True)
    assert names(nodes) == names(tasks.nodes(["classification"], False)), "no row is left out"
    assert {tuple(names(node.inputs)) for node in nodes} == {("data", "classifier", "verifier")}


def test_what_measures_released_images_is_told_how_the_anonymizer_moved_them(tiny_protocol, store):
    """The displacement is the anonymizer's and not the release's: two may release the same."""
    setting = Setting(protocol=str(tiny_protocol), overrides=["utilities.quality={}"], store=store)
    protocol = setting.load()
    pipeline = setting.pipeline(protocol, setting.anonymizer("prichexy", {}, protocol))
    quality = tasks_of(pipeline, pipeline.graph(None))
    for unchanged in (False, True):
        (node,) = quality.nodes(["quality"], unchanged)
        assert names(node.inputs) == [
            *(["data"] if unchanged else ["data", "release"]),
            "classifier",
            "verifier",
            "anonymizer",
        ]


def test_a_task_is_fitted_to_training_and_validation_images_of_a_kind(ctx, tmp_path):
    reads = stage_folders(tmp_path)
    for kind, brighter in ((Kind.ORIGINAL, 0), (Kind.ANONYMIZED, 100)):
        FitTask(Watching(), kind, source())(reads, tmp_path, ctx)
        train, val = SEEN[-1]
        assert np.unique(train.images).tolist() == [GREY["train"] + brighter]
        assert np.unique(val.images).tolist() == [GREY["val"] + brighter]
        assert (train.pairs, val.pairs) == (PAIRS["train"], PAIRS["val"])


SEEN = []
"""What tasks were shown, the latest last."""


class Watching(ReadingTask):
    """Tells what it was shown."""

    name = "watching"

    def fit(self, train, val, guidance, ctx):
        SEEN.append((train, val))

    def predict(self, images, ctx):
        raise AssertionError

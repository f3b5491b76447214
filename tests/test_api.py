"""The whole way, from Python, on a protocol that takes seconds."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.numpy import load_file as load_examples
from sklearn.metrics import roc_auc_score

import privbench
from privbench import Anonymizer, PrivbenchError
from privbench.datasets.phantom.dataset import PhantomDataset
from privbench.evaluate.run import evaluate
from privbench.judging.verify import verify_run
from privbench.plugins.interfaces import Chunk
from privbench.plugins.registry import Registry
from privbench.protocols.modes import MODES
from privbench.protocols.schema import Protocol
from privbench.record.estimates import read_estimates
from privbench.record.folder import MEASUREMENTS, UTILITY_SCORES, read_attack_scores
from privbench.record.run import RunRecord, read_run
from privbench.record.scores import (
    INFERENCE_COLUMNS,
    LINKAGE_COLUMNS,
    MEASUREMENT_COLUMNS,
    RETRIEVAL_COLUMNS,
    UTILITY_COLUMNS,
    read_scores,
)


class Constant(Anonymizer):
    """Releases the same grey image for everyone."""

    name = "constant"
    deterministic = True

    def anonymize(self, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        return torch.full_like(images, 0.5)


@pytest.fixture(scope="module")
def finished(tiny_protocol, store, tmp_path_factory):
    return privbench.run(
        "prichexy",
        params={"mu": 0.05},
        protocol=str(tiny_protocol),
        store=store,
        out=tmp_path_factory.mktemp("a") / "run",
    )


def test_run_folder_is_whole(finished):
    names = {str(p.relative_to(finished.folder)) for p in finished.folder.rglob("*") if p.is_file()}
    assert names == {
        "run.json",
        "scores/linkage.parquet",
        "scores/retrieval.parquet",
        "scores/inference.parquet",
        "scores/measures.json",
        "scores/utility.parquet",
        "scores/measurements.parquet",
        "anonymizer.safetensors",
        "anonymizer.json",
        "contact_sheet.png",
        "estimates.safetensors",
        "gallery.safetensors",
        "training_curves.png",
        "training_curves.csv",
        "log.txt",
    }
    assert [p for p in finished.folder.parent.iterdir() if p != finished.folder] == []
    assert "fingerprint" in (finished.folder / "log.txt").read_text()


def test_run_json_is_the_schema_and_tells_everything(finished):
    record = read_run(finished.folder)
    assert record == finished.record
    assert record.schema_version == 4
    assert record.anonymizer.params["mu"] == 0.05
    assert record.anonymizer.params["init_features"] == 2, "the protocol's parameters hold where none were given"
    assert record.label == "prichexy mu=0.05"
    rows = ["siamese (paper)", "contrastive (informed)", "correlation (informed)"]
    assert [attack.label for attack in record.attacks] == rows
    assert len(record.attacks[0].seed_aucs) == 2
    assert record.attacks[2].certificate is None, "what needs no training needs no proof of it"
    names = [stage.name for stage in record.stages]
    assert names[:5] == ["data", "classifier", "verifier", "anonymizer", "release"]
    assert {"attack siamese OO 0", "linkage siamese control 0", "attack siamese AA 1", "linkage siamese paper 1"} <= {
        *names
    }
    assert names[-5:] == [
        "utility classification control 0",
        "utility classification frozen 0",
        "task classification A 0",
        "utility classification retrained-transfer 0",
        "utility classification retrained-release 0",
    ], "what was trained on the release serves two modes"
    assert all(stage.peak_memory_mib > 100 and stage.seconds >= 0 for stage in record.stages)
    assert {"privbench", "python", "torch", "timm", "numpy"} <= record.versions.keys()
    assert record.device["type"] == "cpu"
    assert len(record.fingerprint) == 64


def test_metrics_are_derived_from_the_score_files(finished):
    protocol = Protocol(**finished.record.protocol)
    scores = read_attack_scores(finished.folder)
    utility = read_scores(finished.folder / UTILITY_SCORES)
    measurements = read_scores(finished.folder / MEASUREMENTS)
    assert list(scores.linkage.columns) == LINKAGE_COLUMNS
    assert list(scores.retrieval.columns) == RETRIEVAL_COLUMNS
    assert list(scores.inference.columns) == INFERENCE_COLUMNS
    assert list(utility.columns) == UTILITY_COLUMNS
    assert list(measurements.columns) == MEASUREMENT_COLUMNS
    versions = {attack.name: attack.version for attack in finished.record.attacks}
    of_tasks = {task.name: task.version for task in finished.record.utilities}
    found = evaluate(scores, utility, measurements, protocol, versions, of_tasks)
    assert found.attacks == finished.record.attacks
    assert found.worst_case == finished.record.worst_case
    assert found.utilities == finished.record.utilities
    assert found.measurements == finished.record.measurements == []
    stored = read_estimates(finished.folder / "estimates.safetensors")
    assert stored.keys() == found.estimates.keys()
    linkage = scores.linkage
    assert ((linkage["probe_patient"] == linkage["reference_patient"]) == linkage["mated"]).all()
    test = linkage[linkage["split"] == "test"]
    assert test["probe_patient"].min() > 42, "test patients alone: the last 18 of 60"
    assert linkage.loc[linkage["split"] != "test", "probe_patient"].max() <= 42
    assert utility.loc[utility["split"] == "test", "patient"].min() > 42
    assert utility.loc[utility["split"] == "val", "patient"].max() <= 42
    assert set(utility["split"]) == {"val", "test"}


def test_examples_show_what_was_moved(finished):
    examples = load_examples(finished.folder / "gallery.safetensors")
    count = len(examples["originals"])
    assert examples["originals"].shape == examples["released"].shape == (count, 1, 32, 32)
    assert examples["displacement"].shape == (count, 2, 32, 32)
    assert 0 < np.abs(examples["displacement"]).max() <= 0.05 * 31 / 2, "mu half widths at the most"


def test_released_anonymizer_can_be_used_again(finished):
    from privbench.anonymizers.prichexy import PriCheXyNet
    from safetensors.torch import load_file

    told = json.loads((finished.folder / "anonymizer.json").read_text())
    anonymizer = PriCheXyNet(**told["params"])
    anonymizer.load_state(load_file(finished.folder / "anonymizer.safetensors"), torch.device("cpu"))
    images = torch.rand(2, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert not torch.equal(anonymizer.anonymize(images, torch.Generator()), images)


def test_a_second_run_takes_everything_from_the_store(finished, tiny_protocol, store, tmp_path):
    again = privbench.run(
        "prichexy", params={"mu": 0.05}, protocol=str(tiny_protocol), store=store, out=tmp_path / "run"
    )
    assert all(stage.cached for stage in again.record.stages)
    assert again.record.attacks == finished.record.attacks
    assert again.record.fingerprint == finished.record.fingerprint


def test_a_cold_store_gives_the_same_figures(finished, tiny_protocol, tmp_path):
    cold = privbench.run(
        "prichexy",
        params={"mu": 0.05},
        protocol=str(tiny_protocol),
        store=tmp_path / "cold",
        out=tmp_path / "run",
    )
    assert not any(stage.cached for stage in cold.record.stages)
    assert cold.record.attacks == finished.record.attacks
    assert cold.record.utilities == finished.record.utilities
    curves = pd.read_csv(cold.folder / "training_curves.csv")
    assert not curves.duplicated(["stage", "training", "epoch"]).any()
    assert cold.record.fingerprint == finished.record.fingerprint


def test_other_anonymizers_share_data_guidance_and_fingerprint(finished, tiny_protocol, store, tmp_path):
    params = {"b": 2, "m": 3}  # which no other test runs on the shared store
    other = privbench.run("dp-pix", params=params, protocol=str(tiny_protocol), store=store, out=tmp_path / "run")
    cached = {stage.name: stage.cached for stage in other.record.stages}
    there = [name for name, was_there in cached.items() if was_there]
    assert there[:3] == ["data", "classifier", "verifier"]
    assert there[3:] == [
        "linkage (floor)",
        "attack siamese OO 0",
        "linkage siamese control 0",
        "attack contrastive OO 0",
        "linkage contrastive control 0",
        "utility classification control 0",
    ], "what is known of originals is known"
    assert other.record.fingerprint == finished.record.fingerprint
    assert other.record.key != finished.record.key


def test_an_override_changes_the_fingerprint(finished, tiny_protocol, store, tmp_path):
    one = privbench.run(
        "identity",
        protocol=str(tiny_protocol),
        overrides=["attacks.siamese.seeds=1"],
        store=store,
        out=tmp_path / "run",
    )
    assert len(one.record.attacks[0].seed_aucs) == 1
    assert one.record.attacks[0].seed_std is None
    assert one.record.fingerprint != finished.record.fingerprint


def test_a_method_handed_over_from_python_and_a_constant_image_scores_chance(tiny_protocol, store, tmp_path):
    run = privbench.run(Constant(), protocol=str(tiny_protocol), store=store, out=tmp_path / "run")
    assert run.record.anonymizer.name == "constant"
    assert [attack.verification_auc for attack in run.record.attacks] == [0.5] * 3
    by_mode = {utility.mode: utility for utility in run.record.utilities}
    assert by_mode["frozen"].mean_auc == by_mode["retrained-release"].mean_auc == 0.5


def test_identity_releases_the_originals(tiny_protocol, store, tmp_path):
    run = privbench.run("identity", protocol=str(tiny_protocol), store=store, out=tmp_path / "run")
    folder = {stage.name: store / stage.name / stage.key for stage in run.record.stages}
    released = np.concatenate([np.load(folder["release"] / f"{split}.npy") for split in ("train", "val", "test")])
    assert np.array_equal(released, np.load(folder["data"] / "images.npy"))
    assert not [name for name in folder if name.startswith("task")], "nothing is trained twice on the same images"
    assert [utility.mode for utility in run.record.utilities] == list(MODES)
    for utility in run.record.utilities:
        assert utility.mean_auc == utility.original
        gaps = [gap.change for gap in utility.gaps]
        changes = [utility.change, *(finding.change for finding in utility.findings if finding.auc is not None), *gaps]
        assert [change.value for change in changes] == [0] * len(changes)
        assert not utility.lost


def test_an_adopted_network_is_one_training_and_a_retrained_one_several(tiny_protocol, store, tmp_path):
    changes = ["utilities.classification.seeds=2", 'utilities.classification.modes=["frozen", "retrained-transfer"]']
    run = privbench.run("dp-pix", protocol=str(tiny_protocol), overrides=changes, store=store, out=tmp_path / "run")
    frozen, retrained = run.record.utilities
    assert (len(frozen.seed_aucs), frozen.seed_std) == (1, None)
    assert len(retrained.seed_aucs) == 2
    assert retrained.seed_std > 0
    assert frozen.lost is not None
    assert retrained.lost is not None


def test_every_mode_has_a_row_with_its_change_from_originals(finished):
    record = finished.record
    assert [utility.label for utility in record.utilities] == [f"classification ({mode})" for mode in MODES]
    assert record.utility is record.utilities[0]
    scores = read_scores(finished.folder / UTILITY_SCORES)
    test = scores[scores["split"] == "test"]
    originals = {name: roc_auc_score(part["label"], part["score"]) for name, part in _by_class(test, "control")}
    for utility in record.utilities:
        assert (utility.train, utility.test) == MODES[utility.mode]
        found = {name: roc_auc_score(part["label"], part["score"]) for name, part in _by_class(test, utility.mode)}
        assert {finding.name for finding in utility.findings if finding.auc is not None} == set(found)
        for finding in utility.findings:
            if finding.auc is not None:
                assert finding.auc == pytest.approx(found[finding.name], abs=1e-6)
                change = found[finding.name] - originals[finding.name]
                assert finding.change.value == pytest.approx(change, abs=1e-6)
        assert utility.mean_auc == pytest.approx(np.mean([found[name] for name in utility.mean_over]), abs=1e-6)
        assert utility.original == pytest.approx(np.mean([originals[name] for name in utility.mean_over]), abs=1e-6)
        assert utility.change.value == pytest.approx(utility.mean_auc - utility.original)
        assert utility.change.interval.low <= utility.change.value <= utility.change.interval.high


def _by_class(test, mode):
    parts = test[test["mode"] == mode].groupby("class")
    return [(name, part) for name, part in parts if part["label"].nunique() == 2]


def test_every_utility_task_goes_the_whole_way(tiny_protocol, store, tmp_path):
    """The built-in ones and those of the manual, from the stages to run.json."""
    manual = (Path(__file__).parents[1] / "docs" / "plugins.md").read_text()
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
            f"utilities.thumbnails.modes={every}",
            "utilities.thumbnails.seeds=2",
            "utilities.contrast={}",
        ],
        plugins=sorted(tmp_path.glob("*.py")),
        store=store,
        out=tmp_path / "run",
    )
    record = run.record
    assert list(verify_run(run.folder)) == []
    assert [utility.label for utility in record.utilities] == [
        f"{task} ({mode})" for task in ("classification", "thumbnails") for mode in MODES
    ]
    assert {utility.name: len(utility.seed_aucs) for utility in record.utilities} == {
        "classification": 1, "thumbnails": 2,
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
        "task thumbnails O 0",
        "task thumbnails O 1",
        "task thumbnails A 0",
        "task thumbnails A 1",
        "task contrast O 0",
    ]


class Bare(PhantomDataset):
    """The phantom without masks and locations."""

    name = "bare"

    def read(self, table, request):
        for chunk in super().read(table, request):
            yield Chunk(chunk.images)


def test_a_task_whose_data_are_missing_is_left_out_and_told(tiny_protocol, store, tmp_path):
    registry = Registry()
    registry.add(Bare)
    run = privbench.run(
        protocol=str(tiny_protocol),
        dataset="bare",
        overrides=[
            "data.params={patients=60,test_share=0.3}",
            "attacks.siamese=none",
            "attacks.contrastive=none",
            "utilities.organs.task=segmentation",
            "utilities.organs.params={backbone='test_resnet',epochs=1,batch_size=16,learning_rate=1e-3}",
            "utilities.saliency={}",
        ],
        registry=registry,
        store=store,
        out=tmp_path / "run",
    )
    assert {"organs is left out: the data set has no masks", "saliency is left out: the data set has no locations"} <= {
        *run.record.warnings
    }
    assert run.record.measurements == []
    assert {utility.name for utility in run.record.utilities} == {"classification"}
    assert list(verify_run(run.folder)) == []


def test_an_occupied_folder_is_not_overwritten(finished, tiny_protocol, store, tmp_path):
    with pytest.raises(PrivbenchError, match="holds another run"):
        privbench.run("identity", protocol=str(tiny_protocol), store=store, out=finished.folder)
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(PrivbenchError, match="is no run folder"):
        privbench.run("identity", protocol=str(tiny_protocol), store=store, out=tmp_path)
    with pytest.raises(PrivbenchError, match="is no run folder"):
        privbench.run("identity", protocol=str(tiny_protocol), store=store, out=tmp_path, overwrite=True)
    assert (tmp_path / "note.txt").read_text() == "mine"


def test_overwrite_replaces_another_run(tiny_protocol, store, tmp_path):
    out = tmp_path / "run"
    privbench.run("identity", protocol=str(tiny_protocol), store=store, out=out)
    privbench.run("dp-pix", protocol=str(tiny_protocol), store=store, out=out, overwrite=True)
    assert read_run(out).anonymizer.name == "dp-pix"
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_real_radiographs(real_data, tiny_protocol, tmp_path):
    run = privbench.run(
        "identity",
        protocol=str(tiny_protocol),
        dataset="chestxray14",
        data_root=real_data / "chestxray14-mini",
        overrides=["pairs.test=2000", "attacks.siamese.seeds=1"],
        store=tmp_path / "store",
        out=tmp_path / "run",
    )
    record = run.record
    assert record.utility.counts.images == 273
    assert record.utility.counts.patients == 100
    assert any("2000 were asked for" in warning for warning in record.warnings)
    assert record.protocol["data"]["params"] == {}


def test_killed_at_any_moment_it_ends_with_the_same_scores(finished, tiny_protocol, tmp_path):
    """SIGKILL at random moments until a run gets through; each goes on where the last one fell."""
    command = [sys.executable, "-m", "privbench", "run", "--anonymizer", "prichexy", "--mu", "0.05", "--quiet"]
    command += ["--protocol", str(tiny_protocol), "--store", str(tmp_path / "store"), "--out", str(tmp_path / "run")]
    rng = np.random.default_rng(0)
    killed_at = []
    while True:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
        # The first kill falls as soon as a stage is under way, on any machine; the last run is left alone.
        started = tmp_path / "store" / "unfinished"
        while process.poll() is None and not (started.is_dir() and any(started.iterdir())):
            time.sleep(0.01)
        if len(killed_at) < 4:
            time.sleep(rng.uniform(0, 1.5))
        else:
            process.wait()
        if process.poll() is not None:
            break
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        killed_at.append([path.parent.name for path in (tmp_path / "store").glob("*/*/stage.json")])
    assert process.returncode == 0
    assert killed_at
    record = read_run(tmp_path / "run")
    assert record.attacks == finished.record.attacks
    assert record.utilities == finished.record.utilities
    assert pd.read_parquet(tmp_path / "run" / "scores" / "linkage.parquet").equals(
        pd.read_parquet(finished.folder / "scores" / "linkage.parquet")
    )
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


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


def test_unreadable_records_are_told(finished, tmp_path):
    with pytest.raises(PrivbenchError, match=r"is no run folder: there is no run\.json"):
        read_run(tmp_path)
    values = json.loads((finished.folder / "run.json").read_text())
    (tmp_path / "run.json").write_text(json.dumps({**values, "schema_version": 99}))
    with pytest.raises(PrivbenchError, match="is no run of schema 4 or older"):
        read_run(tmp_path)
    assert RunRecord(**values) == finished.record


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"device": "tpu"}, "There is no device 'tpu'"),
        ({"precision": "8-bit"}, "There is no precision '8-bit'"),
        ({"device": "cuda"}, "There is no CUDA device"),
        ({"device": "cpu", "precision": "16-mixed"}, "16-mixed needs a CUDA device"),
        ({"overrides": ["data.size=40"]}, "multiple of 16, not 40"),
        ({"overrides": ["data.size=16"]}, "at least 32 px, not 16"),
        ({"overrides": ["attacks.siamese.params.features=0"]}, "the parameters of attack 'siamese'"),
        ({"overrides": ["attacks.siamese.attack=siamesse"]}, "did you mean 'siamese'"),
        ({"overrides": ["certificate.floor=attributes"]}, "is no LinkageAttack"),
        ({"overrides": ["certificate.floor=siamese"]}, "the parameters of attack 'siamese'"),
        (
            {
                "overrides": [
                    "attacks.averaging.params={backbone='test_resnet',epochs=1,steps=1,batch_size=2,learning_rate=1}",
                    'attacks.averaging.scenarios=["paper"]',
                ]
            },
            "cannot be carried out in the scenario 'paper'",
        ),
        (
            {"overrides": ["utilities.quality.modes=['retrained-release']"]},
            "'quality' makes no sense in the mode 'retrained-release': set utilities.quality.modes to some of frozen",
        ),
        ({"overrides": ["utilities.classification=none", "utilities.quality={}"]}, "No utility task .* reads findings"),
        ({"overrides": ["utilities.mine.task=segmentatio"]}, "did you mean 'segmentation'"),
        ({"dataset": "fantom"}, "did you mean 'phantom'"),
        ({"params": {"mu": 2}}, "'mu' should be less than or equal to 1, not 2"),
        ({"data_root": "."}, "leave out --data-root"),
    ],
)
def test_mistakes_are_told_before_anything_is_computed(arguments, message, tiny_protocol, tmp_path):
    if arguments == {"device": "cuda"} and torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(PrivbenchError, match=message):
        privbench.run("prichexy", **{"protocol": str(tiny_protocol), "store": tmp_path / "store", **arguments})
    assert not (tmp_path / "store").exists()

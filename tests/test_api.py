"""The whole way, from Python, on a protocol that takes seconds."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import roc_auc_score

import privbench
from privbench import Anonymizer, PrivbenchError
from privbench.api import carry_out, plan
from privbench.base.progress import Progress, log
from privbench.evaluate.risk import RISK
from privbench.evaluate.run import evaluate
from privbench.protocols.modes import MODES
from privbench.protocols.schema import Protocol
from privbench.record.estimates import read_estimates
from privbench.record.folder import COPY_SCORES, MATCHES, MEASUREMENTS, UTILITY_SCORES, read_attack_scores
from privbench.record.run import read_run
from privbench.record.scores import (
    COPIES_COLUMNS,
    INFERENCE_COLUMNS,
    LINKAGE_COLUMNS,
    MEASUREMENT_COLUMNS,
    RETRIEVAL_COLUMNS,
    SEARCH_COLUMNS,
    UTILITY_COLUMNS,
    read_scores,
)
from privbench.running.setting import Setting


class Constant(Anonymizer):
    """Releases the same grey image for everyone."""

    name = "constant"
    deterministic = True

    def anonymize(self, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        return torch.full_like(images, 0.5)


def test_run_folder_is_whole(finished):
    names = {str(p.relative_to(finished.folder)) for p in finished.folder.rglob("*") if p.is_file()}
    assert names == {
        "run.json",
        "scores/linkage.parquet",
        "scores/retrieval.parquet",
        "scores/matches.parquet",
        "scores/copies.parquet",
        "scores/searches.parquet",
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
        "privbench-run.json",
    }
    beside = [place.name for place in finished.folder.parent.iterdir()]
    assert [name for name in beside if name.startswith(f".{finished.folder.name}.")] == [], (
        "nor is anything left half made"
    )
    assert "fingerprint" in (finished.folder / "log.txt").read_text()


def test_run_json_is_the_schema_and_tells_everything(finished):
    record = read_run(finished.folder)
    assert record == finished.record
    assert record.schema_version == 10
    assert record.anonymizer.params["mu"] == 0.05
    assert record.anonymizer.params["init_features"] == 2, "the protocol's parameters hold where none were given"
    assert record.label == "prichexy mu=0.05"
    rows = ["siamese (paper)", "contrastive (informed)", "correlation (informed)"]
    assert [attack.label for attack in record.attacks] == rows
    assert len(record.attacks[0].seed_aucs) == 2
    assert record.attacks[2].certificate is None, "what needs no training needs no proof of it"
    for attack in record.attacks:
        assert list(RISK) == [figure.name for figure in attack.risk.figures]
        assert sum(one.patients for one in attack.risk.by_images) == attack.risk.patients > 5
    names = [stage.name for stage in record.stages]
    assert names[:6] == ["data", "classifier", "verifier", "anonymizer", "release", "examples"]
    assert {"attack siamese OO 0", "linkage siamese control 0", "attack siamese AA 1", "linkage siamese paper 1"} <= {
        *names
    }
    assert names[-8:] == [
        "utility classification control 0",
        "utility classification frozen 0",
        "task classification A 0",
        "utility classification retrained-transfer 0",
        "utility classification retrained-release 0",
        "copies O",
        "copies A",
        "figures",
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
    assert list(scores.searches.columns) == SEARCH_COLUMNS
    assert list(scores.inference.columns) == INFERENCE_COLUMNS
    assert list(utility.columns) == UTILITY_COLUMNS
    copies = read_scores(finished.folder / COPY_SCORES)
    assert list(measurements.columns) == MEASUREMENT_COLUMNS
    assert list(copies.columns) == COPIES_COLUMNS
    versions = {attack.name: attack.version for attack in finished.record.attacks}
    of_tasks = {task.name: task.version for task in finished.record.utilities}
    found = evaluate(scores, utility, measurements, copies, protocol, versions, of_tasks)
    assert found.attacks == finished.record.attacks
    assert found.worst_case == finished.record.worst_case
    assert found.utilities == finished.record.utilities
    assert found.measurements == finished.record.measurements == []
    assert found.copies == finished.record.copies
    stored = read_estimates(finished.folder / "estimates.safetensors")
    assert stored.keys() == found.estimates.keys()
    linkage = scores.linkage
    assert ((linkage["probe_patient"] == linkage["reference_patient"]) == linkage["mated"]).all()
    test = linkage[linkage["split"] == "test"]
    assert test["probe_patient"].min() > "00000042", "test patients alone: the last 18 of 60"
    assert linkage.loc[linkage["split"] != "test", "probe_patient"].max() <= "00000042"
    assert utility.loc[utility["split"] == "test", "patient"].min() > "00000042"
    assert utility.loc[utility["split"] == "val", "patient"].max() <= "00000042"
    assert set(utility["split"]) == {"val", "test"}


def test_released_anonymizer_can_be_used_again(finished):
    from privbench.anonymizers.prichexy import PriCheXyNet
    from safetensors.torch import load_file

    told = json.loads((finished.folder / "anonymizer.json").read_text())
    anonymizer = PriCheXyNet(**told["params"])
    anonymizer.load_state(load_file(finished.folder / "anonymizer.safetensors"), torch.device("cpu"))
    images = torch.rand(2, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert not torch.equal(anonymizer.anonymize(images, torch.Generator()), images)


@pytest.mark.slow
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


def test_a_method_handed_over_from_python_and_a_constant_image_scores_chance(tiny_protocol, store, tmp_path):
    run = privbench.run(Constant(), protocol=str(tiny_protocol), store=store, out=tmp_path / "run")
    assert run.record.anonymizer.name == "constant"
    assert [attack.verification_auc for attack in run.record.attacks] == [0.5] * 3
    by_mode = {utility.mode: utility for utility in run.record.utilities}
    assert by_mode["frozen"].mean_auc == by_mode["retrained-release"].mean_auc == 0.5


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


def test_an_unchanged_release_finds_its_own_originals(run_once):
    run = run_once("identity", "identity")
    matches = read_scores(run.folder / MATCHES)
    assert set(zip(matches["attack"], matches["scenario"], strict=True)) == {
        ("contrastive", "informed"), ("correlation", "informed"),
    }, "siamese knows no single images"  # fmt: skip
    assert (matches["outranked_by"] == 0).all()
    assert (matches["candidates"] == 18).all()
    assert {one.match.rate for one in run.record.attacks if one.match} == {1.0}
    for _, part in matches.groupby("attack"):
        assert part["patient"].nunique() == len(part) == 18, "one image of every test patient"
    release = run.record.worst_case.release
    assert release.verdict in ("saturated", "beaten", "open"), "with what rounding makes of so few pairs"
    assert (release.match, release.found) == (1.0, 0.5)
    assert run.record.worst_case.verdict == "weak", "the recipe comes first"


@pytest.mark.slow
def test_what_nothing_is_left_of_is_gone(tiny_protocol, store, tmp_path):
    """Of thirty patients, that is; the 18 of the tiny protocol would prove nothing."""
    overrides = ["attacks.siamese=none", "data.params.patients=100", 'utilities.classification.modes=["frozen"]']
    run = privbench.run(Constant(), protocol=str(tiny_protocol), overrides=overrides, store=store, out=tmp_path / "run")
    worst = run.record.worst_case
    assert (worst.release.verdict, worst.verdict) == ("gone", "weak")
    assert worst.release.match < 0.3


class Inverted(Anonymizer):
    """Turns black into white, and removes nothing."""

    name = "inverted"
    deterministic = True

    def anonymize(self, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        return 1 - images


@pytest.mark.slow
def test_attackers_of_one_step_each_call_nothing_private(store, tmp_path):
    overrides = [
        "data.params.patients=200",
        "data.size=32",
        *(f"guidance.{network}.epochs=1" for network in ("classifier", "verifier", "embedder")),
        "guidance.embedder.steps=1",
        "pairs.train=32",
        "attacks.siamese.params.epochs=1",
        "attacks.distillation.params.epochs=1",
        "attacks.distillation.params.steps=1",
        'utilities.classification.modes=["frozen"]',
        *(f"utilities.{task}=none" for task in ("segmentation", "quality", "saliency")),
    ]
    run = privbench.run(Inverted(), protocol="quick", overrides=overrides, store=store, out=tmp_path / "run")
    worst = run.record.worst_case
    assert worst.verdict != "certified", worst.reason
    assert worst.verification_auc > 0.8, "what needs no training has seen through it"
    assert worst.release.match == 1.0, "and found every image"


def _by_class(test, mode):
    parts = test[test["mode"] == mode].groupby("class")
    return [(name, part) for name, part in parts if part["label"].nunique() == 2]


def test_another_run_is_replaced_where_told_so_alone(tiny_protocol, store, tmp_path):
    out = tmp_path / "run"
    privbench.run("identity", protocol=str(tiny_protocol), store=store, out=out)
    with pytest.raises(PrivbenchError, match="holds another run"):
        privbench.run("dp-pix", protocol=str(tiny_protocol), store=store, out=out)
    privbench.run("dp-pix", protocol=str(tiny_protocol), store=store, out=out, overwrite=True)
    assert read_run(out).anonymizer.name == "dp-pix"
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


class Loud(Constant):
    """Says that it learns."""

    name = "loud"

    def fit(self, train, val, guidance, ctx):
        log.warning("a loud method learns")


def test_runs_of_one_command_share_what_is_alike_and_have_logs_of_their_own(tiny_protocol, tmp_path, caplog):
    few = ["attacks.siamese=none", "attacks.contrastive=none", 'utilities.classification.modes=["frozen"]']
    setting = Setting(protocol=str(tiny_protocol), overrides=[*few, "pairs.test=2000"], store=tmp_path / "store")
    plans = [plan(method, {}, setting, tmp_path / name, False) for name, method in (("a", "identity"), ("b", Loud()))]
    level, finished = log.level, []
    runs = carry_out(plans, setting, Progress(quiet=True), finished.append)
    assert [run.folder.name for run in runs] == ["a", "b"]
    assert sorted(finished, key=lambda run: run.folder) == runs
    assert log.level == level
    keys = [{stage.name: stage.key for stage in run.record.stages} for run in runs]
    assert {name for name in keys[0].keys() & keys[1].keys() if keys[0][name] == keys[1][name]} >= {
        "data", "classifier", "verifier", "linkage (floor)", "utility classification control 0",
    }  # fmt: skip
    assert caplog.messages.count("data …") == 1, "it is made for both"
    told = [message for message in caplog.messages if "2000 were asked for" in message]
    assert len(told) == 1, "and said once"
    one, other = ((run.folder / "log.txt").read_text() for run in runs)
    for text, run in ((one, runs[0]), (other, runs[1])):
        for stage in run.record.stages:
            assert f"{stage.name}: " in text
        assert told[0] in text
        assert told[0] in run.record.warnings
        assert f"fingerprint {run.record.fingerprint}" in text
    assert "a loud method learns" in other
    assert "a loud method learns" not in one
    assert " INFO b: " in other
    assert " INFO b: " not in one
    assert " INFO a: " not in other


def test_a_store_in_the_run_folder_is_refused(tiny_protocol, tmp_path):
    """Which would be replaced with it."""
    out = tmp_path / "run"
    with pytest.raises(PrivbenchError, match=r"The store .* lies in the run folder .*: choose another"):
        privbench.run("identity", protocol=str(tiny_protocol), store=out / "store", out=out)
    assert not out.exists()


@pytest.mark.slow
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


@pytest.mark.slow
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
        if len(killed_at) < 2:
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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"device": "tpu"}, "There is no device 'tpu'"),
        ({"precision": "8-bit"}, "There is no precision '8-bit'"),
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
    with pytest.raises(PrivbenchError, match=message):
        privbench.run("prichexy", **{"protocol": str(tiny_protocol), "store": tmp_path / "store", **arguments})
    assert not (tmp_path / "store").exists()

"""Weights that were learnt elsewhere, from the command to every place where its figures stand."""

import shutil

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import load_file, save_file

import privbench
from privbench.base.errors import PrivbenchError
from privbench.data.arrays import read_array
from privbench.data.ledger import Cohort, Ledger
from privbench.engine.store import Store
from privbench.learning.networks import Verifier
from privbench.learning.recipes import Backbone
from privbench.learning.states import STATE
from privbench.learning.weights import ledger_in, sidecar
from privbench.record.folder import ANONYMIZER_STATE
from privbench.report.markup import as_markdown
from privbench.report.tables.summary import summary_sheet
from privbench.running.setting import Setting
from privbench.running.stage_names import IMAGES_FILE


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("weights")


@pytest.fixture(scope="module")
def own(finished, folder):
    """The generator that the finished run learnt, as its run folder holds it, elsewhere and under another name."""
    file = folder / "taken.safetensors"
    shutil.copyfile(finished.folder / ANONYMIZER_STATE, file)
    return file


@pytest.fixture(scope="module")
def foreign(own, folder):
    """The same tensors as their authors might have published them, with no word of whom they saw."""
    file = folder / "published.pth"
    torch.save({"epoch": 7, "state_dict": {f"module.{k}": v for k, v in load_file(own).items()}}, file)
    return file


def images_of(run, store):
    (release,) = (stage for stage in run.record.stages if stage.name == "release")
    return read_array(Store(store).folder("release", release.key) / IMAGES_FILE)


def applied(file, tiny_protocol, store, out, **told):
    params = {"mu": 0.05, "weights_file": file}
    return privbench.run("prichexy", params=params, protocol=str(tiny_protocol), store=store, out=out, **told)


@pytest.fixture(scope="module")
def known(own, tiny_protocol, store, folder):
    return applied(own, tiny_protocol, store, folder / "known")


@pytest.fixture(scope="module")
def unknown(foreign, tiny_protocol, store, folder):
    return applied(foreign, tiny_protocol, store, folder / "unknown")


def test_weights_of_ones_own_give_the_same_release_and_nothing_is_trained(known, finished, store):
    assert np.array_equal(images_of(known, store), images_of(finished, store))
    assert known.record.worst_case == finished.record.worst_case
    assert known.record.fingerprint == finished.record.fingerprint
    assert known.record.key != finished.record.key
    assert "prichexy" not in (known.folder / "training_curves.csv").read_text()


def test_they_carry_their_ledger_into_the_run_folder(known, own):
    (weights,) = known.record.weights
    assert weights.of == "anonymizer prichexy"
    assert (weights.taken.format, weights.taken.fresh, weights.taken.left) == ("safetensors", [], [])
    assert weights.taken.taken > 50
    assert weights.patients == {"train": 34, "val": 8, "test": 18}
    assert weights.seen == {"train": 34, "val": 8, "test": 0}
    assert (weights.unknown, known.record.contamination) == (None, None)
    assert not [warning for warning in known.record.warnings if "weights" in warning]
    assert ledger_in(known.folder / ANONYMIZER_STATE) == ledger_in(own)


def test_no_record_tells_where_they_lay(known, folder):
    assert not [
        file for file in known.folder.rglob("*") if file.is_file() and str(folder).encode() in file.read_bytes()
    ]


def test_of_weights_without_a_ledger_every_place_warns(unknown, finished, store):
    (weights,) = unknown.record.weights
    assert weights.taken.format == "torch"
    assert (weights.seen["test"], weights.unknown) == (0, "nobody says what they were trained on")
    (warning,) = (warning for warning in unknown.record.warnings if "weights" in warning)
    assert warning.startswith(f"of the weights of the anonymizer prichexy ({weights.digest[:12]}) nobody says what")
    assert warning in as_markdown([summary_sheet(unknown.record)])
    assert warning in (unknown.folder / "log.txt").read_text()
    assert np.array_equal(images_of(unknown, store), images_of(finished, store))


def with_ledger(file, folder, patients, name):
    """A copy of weights beside which stands that they saw patients of the tiny protocol's phantom."""
    copy = folder / name
    shutil.copyfile(file, copy)
    entry = Cohort.of("phantom, version 2, seed 0", []).trained_on({"train": patients})
    sidecar(copy).write_text(Ledger(trained_on=(entry,)).model_dump_json())
    return copy


def test_weights_that_saw_test_patients_stop_the_run(foreign, tiny_protocol, store, folder):
    file = with_ledger(foreign, folder, ["1", "59", "60"], "stopped.pth")
    message = "The weights of the anonymizer prichexy saw 2 of 18 test patients, so no figure .* --allow-contamination"
    with pytest.raises(PrivbenchError, match=message):
        applied(file, tiny_protocol, store, folder / "stopped")
    assert not (folder / "stopped").exists()


def test_where_it_is_allowed_it_stands_beside_every_figure(foreign, tiny_protocol, store, folder):
    file = with_ledger(foreign, folder, ["1", "59", "60"], "allowed.pth")
    run = applied(file, tiny_protocol, store, folder / "allowed", allow_contamination=True)
    told = "the weights of the anonymizer prichexy saw 2 of 18 test patients"
    assert run.record.contaminated
    assert not run.record.certified
    assert run.record.doubt.startswith(f"prichexy mu=0.05: {told}: every figure")
    assert told in run.record.warnings
    text = as_markdown([summary_sheet(run.record)])
    assert text.index(told) < text.index("0.5"), "before any figure"


def test_weights_in_place_of_imagenets_stop_it_too(tiny_protocol, store, tmp_path, monkeypatch):
    """They lie where ImageNet's are sought, and tell that they are none."""
    file = tmp_path / "test_resnet.safetensors"
    save_file(timm.create_model("test_resnet").state_dict(), file)
    with_ledger(file, tmp_path, ["60"], "copy")
    (tmp_path / "copy.json").rename(sidecar(file))
    monkeypatch.setenv("PRIVBENCH_WEIGHTS", str(tmp_path))
    told = {"protocol": str(tiny_protocol), "overrides": ["attacks.siamese.params.init=imagenet"], "store": store}
    with pytest.raises(PrivbenchError, match="The weights of the attack siamese saw 1 of 18 test patients"):
        privbench.run("identity", out=tmp_path / "run", **told)


@pytest.fixture
def setting(tiny_protocol, store):
    """The tiny protocol, changed."""

    def make(*overrides):
        return Setting(protocol=str(tiny_protocol), overrides=overrides, store=store, device="cpu")

    return make


def pipeline(setting, *overrides, **params):
    made = setting(*overrides)
    protocol = made.load()
    return made.pipeline(protocol, made.anonymizer("prichexy", params, protocol))


@pytest.fixture
def verifier(tmp_path):
    """Writes the weights of a verifier."""

    def write(name, seed=0):
        file = tmp_path / name
        torch.manual_seed(seed)
        torch.save(Verifier(Backbone(backbone="test_resnet"), 16).state_dict(), file)
        return file

    return write


@pytest.mark.parametrize("network", ["guidance.verifier", "attacks.siamese.params"])
def test_key_and_fingerprint_hang_on_the_bytes_and_not_on_the_path(setting, verifier, network):
    def told(file):
        made = pipeline(setting, *([] if file is None else [f"{network}.weights_file={file}"]))
        return made.key, made.fingerprint("d")

    first, other = verifier("a.pth"), verifier("b.pth", seed=1)
    copy = shutil.copyfile(first, first.with_name("c.pth"))
    assert told(first) == told(copy)
    for key, (mine, others) in enumerate(zip(told(first), told(other), strict=True)):
        assert len({mine, others, told(None)[key]}) == 3


def test_mistakes_in_several_files_are_told_together_before_anything_is_made(setting, verifier, tmp_path):
    generator = tmp_path / "generator.pth"
    generator.write_bytes(b"no weights")
    wrong = f"guidance.classifier.weights_file={verifier('a.pth')}"
    with pytest.raises(PrivbenchError) as error:
        pipeline(setting, wrong, weights_file=generator)
    assert str(error.value).startswith("2 things are wrong:")
    assert "not those of the network Classifier as it is set up" in str(error.value)
    assert "generator.pth is no file of weights" in str(error.value)


def test_membership_is_not_asked_of_an_anonymizer_that_learnt_elsewhere(setting, own):
    asked = "attacks.membership.attack=membership"
    assert "membership" in pipeline(setting, asked).attacks
    assert "membership" not in pipeline(setting, asked, weights_file=own).attacks


def test_a_stage_of_the_store_may_be_named(finished, store, setting):
    (stage,) = (one for one in finished.record.stages if one.name == "verifier")
    file = Store(store).folder("verifier", stage.key) / STATE
    made = pipeline(setting, f"attacks.siamese.params.weights_file={file}")
    (one,) = made._brought
    assert (one.of, one.taken.fresh, one.taken.left) == ("attack siamese", (), ())
    assert ledger_in(file).whole

import hashlib

import pytest
import torch
from privbench.attacks.recipes import DistillationParams
from safetensors.torch import load_file, save_file

from privbench.base.errors import PrivbenchError
from privbench.data.ledger import Ledger, LedgerBeside, TrainedOn
from privbench.learning.recipes import Backbone, GuidanceRecipe
from privbench.learning.states import STATE, load_state, save_state
from privbench.learning.weights import ledger_in, sidecar, weights_digest, weights_files, weights_source

TENSORS = {"a": torch.ones(2)}
TRAINING = {"backbone": "test_resnet", "epochs": 1, "batch_size": 8, "learning_rate": 1e-3}


def ledger(name):
    return Ledger(trained_on=(TrainedOn(collection=name, published=True, patients={"train": ("00",)}),))


def test_an_unknown_backbone_is_told_with_the_nearest_names():
    """When a run is prepared, before anything is computed: reading a protocol loads no timm."""
    with pytest.raises(PrivbenchError, match="The backbone 'resnet51' is no timm model: did you mean .*'resnet50'"):
        weights_source(Backbone(backbone="resnet51"))


def test_weights_are_told_apart_by_their_bytes_and_not_by_where_they_lie(tmp_path):
    first, copy = tmp_path / "a.pth", tmp_path / "there" / "b.pth"
    copy.parent.mkdir()
    for file in (first, copy):
        file.write_bytes(b"weights")
    expected = hashlib.sha256(b"weights").hexdigest()
    assert [weights_source(Backbone(backbone="test_resnet", weights_file=file)) for file in (first, copy)] == [
        expected
    ] * 2
    first.write_bytes(b"other weights")
    assert weights_digest(first) == hashlib.sha256(b"other weights").hexdigest()
    with pytest.raises(PrivbenchError, match="There is no file of weights .*there: check the path"):
        weights_digest(copy.parent)


def test_recipes_tell_their_files_by_name_and_dump_none(tmp_path):
    file = tmp_path / "a.pth"
    recipe = GuidanceRecipe(classifier=TRAINING, verifier=TRAINING | {"weights_file": file})
    assert weights_files(recipe) == {"verifier.weights_file": file}
    assert weights_files(recipe.verifier) == {"weights_file": file}
    assert "a.pth" not in recipe.model_dump_json()


def test_a_tower_that_begins_with_its_teacher_takes_no_weights(tmp_path):
    with pytest.raises(ValueError, match=r"give the file to guidance\.embedder\.weights_file"):
        DistillationParams(**TRAINING, steps=1, weights_file=tmp_path / "a.pth")


def test_a_state_carries_its_ledger_and_is_the_same_tensors(tmp_path):
    save_state(TENSORS, tmp_path, ledger("nih"))
    assert ledger_in(tmp_path / STATE) == ledger("nih")
    assert load_state(tmp_path).keys() == load_file(tmp_path / STATE).keys() == {"a"}
    assert torch.equal(load_state(tmp_path)["a"], TENSORS["a"])
    first = (tmp_path / STATE).read_bytes()
    save_state(TENSORS, tmp_path, ledger("nih"))
    assert (tmp_path / STATE).read_bytes() == first
    save_state(TENSORS, tmp_path)
    assert ledger_in(tmp_path / STATE) is None


def test_what_weights_do_not_tell_themselves_stands_beside_them(tmp_path):
    for file in (tmp_path / "a.pth", tmp_path / "b.safetensors"):
        torch.save(TENSORS, file) if file.suffix == ".pth" else save_file(TENSORS, file)
        assert ledger_in(file) is None
        sidecar(file).write_text(ledger("nih").model_dump_json())
        assert ledger_in(file) == ledger("nih")
    assert sidecar(file).name == "b.safetensors.json"
    save_state(TENSORS, tmp_path, ledger("own"))
    sidecar(tmp_path / STATE).write_text(ledger("nih").model_dump_json())
    assert ledger_in(tmp_path / STATE) == ledger("own")


def test_a_ledger_beside_is_of_the_weights_that_it_was_written_for(tmp_path):
    file = tmp_path / "a.pth"
    torch.save(TENSORS, file)
    sidecar(file).write_text(LedgerBeside.of(ledger("nih"), weights_digest(file)).model_dump_json())
    assert ledger_in(file) == ledger("nih")
    torch.save({"a": torch.zeros(2)}, file)
    with pytest.raises(
        PrivbenchError, match=r"a\.pth\.json tells from whom other weights were learnt than .*remove it"
    ):
        ledger_in(file)


def test_weights_in_place_of_imagenets_are_asked_for_their_ledger(tmp_path, monkeypatch):
    monkeypatch.setenv("PRIVBENCH_WEIGHTS", str(tmp_path))
    file = tmp_path / "test_resnet.safetensors"
    recipe = GuidanceRecipe(classifier=TRAINING, verifier=TRAINING | {"init": "imagenet"})
    assert weights_files(recipe) == {}
    save_file(TENSORS, file)
    assert weights_files(recipe) == {}, "ImageNet shows no patient"
    sidecar(file).write_text(ledger("nih").model_dump_json())
    assert weights_files(recipe) == {"verifier.init": file}


def test_a_ledger_that_is_none_is_told_and_not_passed_over(tmp_path):
    save_file(TENSORS, tmp_path / "a.safetensors", {"privbench_ledger": "{}"})
    with pytest.raises(PrivbenchError, match=r"What .*a\.safetensors tells of itself is no contamination ledger"):
        ledger_in(tmp_path / "a.safetensors")
    (tmp_path / "b.pth.json").write_text("{")
    with pytest.raises(PrivbenchError, match=r"b\.pth\.json is no contamination ledger"):
        ledger_in(tmp_path / "b.pth")

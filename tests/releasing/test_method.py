"""The method of a release: out of a run that is as it was written, or named."""

import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from privbench.base.errors import PrivbenchError
from privbench.base.marking import mark
from privbench.releasing.method import method_of_run, named_method
from privbench.running.run_folder import MARKER

SUPPRESSING = """
import numpy as np
from privbench import Anonymizer
class Suppressing(Anonymizer):
    \"\"\"Leaves the first image out.\"\"\"
    name = "suppressing"
    deterministic = True
    moves_pixels_alone = True
    def anonymize(self, images, generator):
        return images
    def displacement(self, images):
        return None
    def published(self, table):
        return np.arange(len(table)) > 0
"""
PLACED = """
from privbench import Anonymizer, Params
class Placed(Anonymizer):
    \"\"\"Moves nothing, by a file.\"\"\"
    name = "placed"
    deterministic = True
    moves_pixels_alone = True
    class Params(Params):
        atlas: str = "atlas.npy"
    def anonymize(self, images, generator):
        return images
    def displacement(self, images):
        return None
"""
CPU = torch.device("cpu")


@pytest.fixture
def run(finished, tmp_path):
    shutil.copytree(finished.folder, tmp_path / "run")
    return tmp_path / "run"


def write_record(run, told):
    """As a run would have written it."""
    (run / "run.json").write_text(json.dumps(told))
    mark(run, MARKER)


def test_a_runs_method_does_what_was_judged(finished):
    method = method_of_run(finished.folder, (), at_trained_size=False)
    assert (method.size, method.fit, method.record) == (32, "squeeze", finished.record.anonymizer)
    state = method.ready(CPU).state()
    stored = load_file(finished.folder / "anonymizer.safetensors")
    assert all(torch.equal(state[name], stored[name]) for name in stored)
    assert method.evidence.figures == finished.record.figures
    assert method.evidence.doubt == finished.record.doubt
    assert method.evidence.dataset == finished.record.protocol["data"]["dataset"]


def test_a_run_that_was_changed_stands_for_nothing(run):
    state = load_file(run / "anonymizer.safetensors")
    save_file({name: value + 1 for name, value in state.items()}, run / "anonymizer.safetensors")
    with pytest.raises(PrivbenchError, match=r"anonymizer\.safetensors is missing, or another"):
        method_of_run(run, (), at_trained_size=False)
    (run / "anonymizer.safetensors").unlink()
    with pytest.raises(PrivbenchError, match=r"anonymizer\.safetensors is missing, or another"):
        method_of_run(run, (), at_trained_size=False)


def test_an_edited_verdict_is_not_taken_over(run):
    """The record vouches for all files but itself."""
    told = json.loads((run / "run.json").read_text())
    told["worst_case"]["verdict"] = "certified"
    (run / "run.json").write_text(json.dumps(told))
    with pytest.raises(PrivbenchError, match=r"run\.json is missing, or another"):
        method_of_run(run, (), at_trained_size=False)
    (run / MARKER).unlink()
    with pytest.raises(PrivbenchError, match=r"run\.json is missing, or another"):
        method_of_run(run, (), at_trained_size=False)


def test_a_method_that_changed_since_is_another(run):
    told = json.loads((run / "run.json").read_text())
    told["anonymizer"]["version"] = "0"
    write_record(run, told)
    with pytest.raises(PrivbenchError, match="its code has changed since"):
        method_of_run(run, (), at_trained_size=False)


def test_weights_of_a_file_are_taken(tmp_path):
    from privbench.anonymizers.flow_field import FlowFieldUNet

    network = FlowFieldUNet(init_features=2)
    save_file({name: one.contiguous() for name, one in network.state_dict().items()}, tmp_path / "weights.safetensors")
    params = {"init_features": 2, "mu": 0.02, "weights_file": tmp_path / "weights.safetensors"}
    method = named_method("prichexy", params, (), 32, "pad", at_trained_size=False)
    state = method.ready(CPU).state()
    assert all(torch.equal(state[name], value) for name, value in network.state_dict().items())
    assert len(method.weights) == 64
    assert str(tmp_path) not in method.record.model_dump_json()
    with pytest.raises(PrivbenchError, match="multiple of 16"):
        named_method("prichexy", params, (), 40, "pad", at_trained_size=False)


def test_what_has_to_learn_first_and_what_repaints_are_refused():
    with pytest.raises(PrivbenchError, match="prichexy has to learn first"):
        named_method("prichexy", {}, (), 32, "squeeze", at_trained_size=False)
    with pytest.raises(PrivbenchError, match="dp-pix does more than to move pixels.*--at-trained-size"):
        named_method("dp-pix", {}, (), 32, "squeeze", at_trained_size=False)
    assert named_method("dp-pix", {}, (), 32, "squeeze", at_trained_size=True).record.params["b"] == 8


def test_what_leaves_images_out_is_refused(tmp_path):
    """Here it would release them all."""
    (tmp_path / "suppressing.py").write_text(SUPPRESSING)
    with pytest.raises(PrivbenchError, match="suppressing leaves images out by the table"):
        named_method("suppressing", {}, (tmp_path / "suppressing.py",), 32, "squeeze", at_trained_size=False)


def test_a_run_of_some_images_stands_for_no_release_of_all(run):
    told = json.loads((run / "run.json").read_text())
    told["released"]["test"]["released"] -= 1
    write_record(run, told)
    with pytest.raises(PrivbenchError, match="judged a release of some images"):
        method_of_run(run, (), at_trained_size=False)


def test_a_parameter_that_is_a_place_is_refused(tmp_path):
    """The manifest would tell it."""
    (tmp_path / "placed.py").write_text(PLACED)
    with pytest.raises(PrivbenchError, match="holds the path /home/jane/atlas"):
        named_method("placed", {"atlas": "/home/jane/atlas.npy"}, (tmp_path / "placed.py",), 32, "squeeze", False)


def test_a_run_of_an_old_schema_vouches_for_nothing(run):
    told = json.loads((run / "run.json").read_text())
    told["files"] = {}
    (run / "run.json").write_text(json.dumps(told))
    with pytest.raises(PrivbenchError, match="older privbench"):
        method_of_run(run, (), at_trained_size=False)


def test_fixed_pixels_of_a_run_are_known(finished):
    """The network sees the image as the run did: 8 bits, scaled to [0, 1]."""
    anonymizer = method_of_run(finished.folder, (), at_trained_size=False).ready(CPU)
    images = torch.from_numpy(np.random.default_rng(0).random((2, 1, 32, 32), np.float32))
    assert anonymizer.displacement(images).shape == (2, 2, 32, 32)

import pytest
import torch
from safetensors.torch import save_file

from privbench.base.errors import PrivbenchError
from privbench.base.files import sha256
from privbench.learning.recipes import Backbone
from privbench.learning.weights import WEIGHTS_FOLDER, weights_source, without_weights


def test_an_unknown_backbone_is_told_with_the_nearest_names():
    """When a run is prepared, before anything is computed: reading a protocol loads no timm."""
    with pytest.raises(PrivbenchError, match="The backbone 'resnet51' is no timm model: did you mean .*'resnet50'"):
        weights_source(Backbone(backbone="resnet51"))


def test_weights_count_by_their_way_tag_or_content(tmp_path, monkeypatch):
    monkeypatch.delenv(WEIGHTS_FOLDER, raising=False)
    assert weights_source(Backbone(backbone="test_resnet")) == "scratch"
    pretrained = Backbone(backbone="resnet50", init="imagenet")
    assert weights_source(pretrained).startswith("timm resnet50.")
    file = tmp_path / "resnet50.safetensors"
    save_file({"weight": torch.zeros(2)}, file)
    monkeypatch.setenv(WEIGHTS_FOLDER, str(tmp_path))
    assert weights_source(pretrained) == sha256(file)
    assert weights_source(without_weights(pretrained)) == "scratch"

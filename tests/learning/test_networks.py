import numpy as np
import pytest
import timm
import torch
import torchvision
from safetensors.torch import save_file

from privbench.base.errors import PrivbenchError
from privbench.learning.networks import Classifier, Verifier
from privbench.learning.recipes import Backbone
from privbench.learning.weights import WEIGHTS_FOLDER, weights_source


def test_verifier_has_the_published_checkpoints_keys():
    state = Verifier(Backbone(backbone="resnet50"), features=128).state_dict()
    wanted = {f"model.{k}": v.shape for k, v in torchvision.models.resnet50(num_classes=128).state_dict().items()}
    wanted |= {"fc_end.weight": torch.Size([1, 128]), "fc_end.bias": torch.Size([1])}
    assert {k: v.shape for k, v in state.items()} == wanted


def test_verifier_is_the_papers_function(generator):
    verifier = Verifier(Backbone(backbone="test_resnet"), features=8).eval()
    a, b = torch.rand(2, 3, 1, 64, 64, generator=generator)
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    fa, fb = (torch.sigmoid(verifier.model((x.repeat(1, 3, 1, 1) - mean) / std)) for x in (a, b))
    expected = (fa - fb).abs() @ verifier.fc_end.weight[0] + verifier.fc_end.bias
    assert torch.allclose(verifier(a, b), expected, atol=1e-5)
    assert torch.allclose(verifier(a, b), verifier(b, a), atol=1e-5), "the comparison is symmetric"
    assert torch.allclose(verifier(a, a), verifier.fc_end.bias.expand(3), atol=1e-5)


def test_classifier_resizes_and_normalizes(generator):
    images = torch.rand(2, 1, 64, 64, generator=generator)
    classifier = Classifier(Backbone(backbone="test_resnet", input_size=32), findings=5).eval()
    assert classifier(images).shape == (2, 5)
    halved = torch.nn.functional.interpolate(images, (32, 32), mode="bilinear", align_corners=False, antialias=True)
    assert torch.allclose(classifier(images), classifier(halved), atol=1e-5)
    assert not [key for key in classifier.state_dict() if "normalize" in key]


def test_pretrained_weights_come_from_the_named_folder(tmp_path, monkeypatch):
    torch.manual_seed(1)
    source = timm.create_model("test_resnet", num_classes=1000)
    save_file(source.state_dict(), tmp_path / "test_resnet.safetensors")
    monkeypatch.setenv(WEIGHTS_FOLDER, str(tmp_path))
    backbone = Backbone(backbone="test_resnet", init="imagenet")
    loaded = Verifier(backbone, features=16).model.state_dict()
    kept = [key for key in loaded if not key.startswith("fc.")]
    assert len(kept) > 20
    assert all(torch.equal(loaded[key], source.state_dict()[key]) for key in kept)
    assert len(weights_source(backbone)) == 64
    assert weights_source(Backbone(backbone="test_resnet")) == "scratch"
    assert weights_source(Backbone(backbone="resnet50", init="imagenet")).startswith("timm resnet50.")


def test_weights_that_cannot_be_had_are_explained(tmp_path, monkeypatch):
    (tmp_path / "test_resnet.safetensors").write_bytes(b"not weights")
    monkeypatch.setenv(WEIGHTS_FOLDER, str(tmp_path))
    with pytest.raises(PrivbenchError, match=r"ImageNet weights of test_resnet.*PRIVBENCH_WEIGHTS.*init=scratch"):
        Classifier(Backbone(backbone="test_resnet", init="imagenet"), findings=2)


def test_unfetchable_weights_are_explained(monkeypatch):
    create = timm.create_model

    def offline(*arguments: object, pretrained: bool = False, **options: object) -> object:
        if pretrained:
            raise OSError("cannot reach the hub")
        return create(*arguments, **options)

    monkeypatch.setattr(timm, "create_model", offline)
    with pytest.raises(PrivbenchError, match="cannot reach the hub"):
        Classifier(Backbone(backbone="test_resnet", init="imagenet"), findings=2)


def test_constant_images_give_constant_answers():
    verifier = Verifier(Backbone(backbone="test_resnet"), features=8).eval()
    images = torch.full((4, 1, 32, 32), 0.5)
    assert np.ptp(verifier.embed(images).detach().numpy(), axis=0).max() < 1e-6


def test_options_that_timm_does_not_know_are_told():
    with pytest.raises(PrivbenchError, match="timm cannot build test_resnet with the options"):
        Classifier(Backbone(backbone="test_resnet", options={"no_such_option": 1}), findings=2)

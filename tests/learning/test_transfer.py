"""Weights of a file in a network: the same answers as those of the network that they come from, or a sentence."""

import pytest
import timm
import torch
from privbench.anonymizers.flow_field import FlowFieldUNet
from safetensors.torch import save_file
from torch import nn

from privbench.base.errors import PrivbenchError
from privbench.learning.guidance import untrained_guidance
from privbench.learning.networks import Classifier, Embedder, Verifier
from privbench.learning.recipes import Backbone, GuidanceRecipe
from privbench.learning.transfer import transfer

MEAN, STD = (torch.tensor(v).view(1, 3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
VIT = {"img_size": 32, "patch_size": 8}


@pytest.fixture
def images(generator):
    return torch.rand(3, 1, 32, 32, generator=generator)


@pytest.fixture
def saved(tmp_path):
    """Saves a state dict as a file that has not been there."""
    numbers = iter(range(9))

    def save(state):
        file = tmp_path / f"{next(numbers)}.pth"
        torch.save(dict(state), file)
        return file

    return save


def timm_network(name="test_resnet", outputs=5, **options):
    """Of random weights, with statistics of batch norms that are not those of a new one."""
    torch.manual_seed(1)
    network = timm.create_model(name, num_classes=outputs, **options)
    with torch.no_grad():
        for buffer in network.buffers():
            if buffer.is_floating_point():
                buffer.copy_(torch.rand_like(buffer) + 0.5)
    return network.eval()


def close(one, other):
    return torch.allclose(one, other, atol=1e-6, rtol=0)


@pytest.mark.parametrize(("name", "options"), [("test_resnet", {}), ("test_vit", VIT)])
@pytest.mark.parametrize("wrapping", ["", "module.", "module.densenet121."])
@torch.no_grad()
def test_a_classifier_answers_as_the_network_that_its_weights_come_from(saved, images, name, options, wrapping):
    source = timm_network(name, **options)
    file = saved({wrapping + key: value for key, value in source.state_dict().items()})
    classifier = Classifier(Backbone(backbone=name, options=options, weights_file=file), 5).eval()
    assert close(classifier(images), source((images - MEAN) / STD))
    told = classifier.transfer
    assert (told.format, told.taken, told.fresh, told.left) == ("torch", len(source.state_dict()), (), ())


@torch.no_grad()
def test_a_verifier_is_taken_whole(saved, images):
    torch.manual_seed(2)
    source = Verifier(Backbone(backbone="test_resnet"), 8).eval()
    told = {f"module.{key}": value for key, value in source.state_dict().items()}
    for state in (source.state_dict(), told):
        verifier = Verifier(Backbone(backbone="test_resnet", weights_file=saved(state)), 8).eval()
        assert close(verifier(images, images.flip(0)), source(images, images.flip(0)))
        assert (verifier.transfer.fresh, verifier.transfer.left) == ((), ())


@torch.no_grad()
def test_of_a_backbone_with_another_head_the_head_stays_random(saved, images):
    source = timm_network(outputs=1000)
    file = saved(source.state_dict())
    for network in (Verifier, Embedder):
        made = network(Backbone(backbone="test_resnet", weights_file=file), 8).eval()
        assert close(made.model.forward_features((images - MEAN) / STD), source.forward_features((images - MEAN) / STD))
        assert made.transfer.left == ("model.fc.weight", "model.fc.bias")
        heads = [name for name in made.state_dict() if name.startswith(("model.fc.", "fc_end."))]
        assert list(made.transfer.fresh) == heads
        assert made.transfer.taken == len(made.state_dict()) - len(heads)


def test_a_head_is_taken_whole_or_not_at_all(saved):
    state = timm_network(outputs=8).state_dict()
    del state["fc.bias"]
    made = Embedder(Backbone(backbone="test_resnet", weights_file=saved(state)), 8)
    assert made.transfer.fresh == ("model.fc.weight", "model.fc.bias")
    assert made.transfer.left == ("model.fc.weight",)


@torch.no_grad()
def test_a_foundation_model_of_one_channel_becomes_one_of_three(saved, images):
    """A third of its first weights for each channel: what it makes of the mean of the channels it was trained on."""
    source = timm_network(in_chans=1)
    three = Classifier(Backbone(backbone="test_resnet", weights_file=saved(source.state_dict())), 5).eval()
    assert close(three(images), source(((images - MEAN) / STD).mean(1, keepdim=True)))


@torch.no_grad()
def test_one_of_three_channels_becomes_one_of_one_as_timm_makes_it(saved, tmp_path, images):
    source = timm_network(outputs=1000)
    one = Classifier(
        Backbone(backbone="test_resnet", options={"in_chans": 1}, weights_file=saved(source.state_dict())), 5
    ).eval()
    save_file(source.state_dict(), tmp_path / "timm.safetensors")
    overlay = {"file": str(tmp_path / "timm.safetensors")}
    theirs = timm.create_model("test_resnet", pretrained=True, pretrained_cfg_overlay=overlay, in_chans=1).eval()
    data = timm.data.resolve_data_config({"mean": MEAN.flatten().tolist(), "std": STD.flatten().tolist()}, model=theirs)
    prepared = (images - sum(data["mean"]) / 3) / (sum(data["std"]) / 3)
    assert close(one.model.forward_features(one.normalize(images)), theirs.forward_features(prepared))


def test_half_precision_is_taken(saved):
    state = {
        key: value.half() if value.is_floating_point() else value for key, value in timm_network().state_dict().items()
    }
    made = Classifier(Backbone(backbone="test_resnet", weights_file=saved(state)), 5)
    assert torch.equal(made.model.fc.weight, state["fc.weight"].float())


@torch.no_grad()
def test_a_generator_is_taken_whole(saved, images):
    torch.manual_seed(3)
    source = FlowFieldUNet(init_features=2).eval()
    made = FlowFieldUNet(init_features=2)
    told = transfer(made, saved({f"module.{key}": value for key, value in source.state_dict().items()}))
    assert torch.equal(made.eval()(images), source(images))
    assert (told.taken, told.fresh, told.left) == (len(source.state_dict()), (), ())


def changed(state, **told):
    return {key: value for key, value in {**state, **told}.items() if value is not None}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"conv1.0.weight": None}, r"the network Embedder as .*: the file lacks model\.conv1\.0\.weight; set"),
        ({"decoder.weight": torch.zeros(2)}, r"the file also holds model\.decoder\.weight; set"),
        (
            {"conv1.0.weight": torch.zeros(4, 3, 3, 3), "x": torch.zeros(())},
            r"has another shape of model\.conv1\.0\.weight \(4 x 3 x 3 x 3 in place of .*\), and also holds model\.x;",
        ),
        ({"conv1.0.weight": torch.zeros(16, 2, 3, 3)}, r"has another shape of model\.conv1\.0\.weight \(16 x 2"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(saved, change, message):
    file = saved(changed(timm_network().state_dict(), **change))
    with pytest.raises(PrivbenchError, match=message):
        Embedder(Backbone(backbone="test_resnet", weights_file=file), 8)


def test_another_network_is_told_by_its_first_tensors(saved):
    file = saved(timm_network("test_vit", **VIT).state_dict())
    with pytest.raises(
        PrivbenchError, match=r"lacks model\.conv1\.0\.weight, .* and \d+ more, and also holds .* more;"
    ):
        Embedder(Backbone(backbone="test_resnet", weights_file=file), 8)


def test_nothing_is_loaded_of_what_does_not_fit(saved):
    network = nn.Linear(2, 2)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    with pytest.raises(PrivbenchError, match="lacks bias"):
        transfer(network, saved({"weight": torch.ones(2, 2)}))
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())


def test_weights_are_read_where_a_network_begins_and_not_where_its_state_is_loaded(saved, tmp_path):
    file = saved(timm_network().state_dict())
    told = {"backbone": "test_resnet", "epochs": 1, "batch_size": 8, "learning_rate": 1e-3, "weights_file": file}
    recipe = GuidanceRecipe(classifier=told, verifier=told)
    file.unlink()
    assert untrained_guidance(recipe, 5, torch.device("cpu")).classifier.transfer is None
    with pytest.raises(PrivbenchError, match="There is no file of weights"):
        Classifier(recipe.classifier, 5)


def test_weights_and_another_beginning_exclude_each_other(tmp_path):
    with pytest.raises(ValueError, match="weights_file takes the place of init = imagenet: set init = scratch"):
        Backbone(backbone="test_resnet", init="imagenet", weights_file=tmp_path / "a.pth")

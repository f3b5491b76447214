"""The quality of releases whose measures are known, and the feature maps behind one of them."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from privbench.base.errors import PrivbenchError
from privbench.data.pairs import Pairs
from privbench.data.splits import Split
from privbench.learning.features import collected_outputs, feature_maps
from privbench.learning.guidance import Guidance
from privbench.learning.networks import Classifier, Verifier
from privbench.learning.recipes import Backbone, GuidanceRecipe
from privbench.metrics.image_quality import PSNR_CAP, clipped, feature_distance, ms_ssim, psnr, sharpness, ssim
from privbench.plugins.interfaces import ShownImages
from privbench.utilities.quality import Quality

SIDE = 32
RESNET = Backbone(backbone="test_resnet")
VIT = Backbone(backbone="test_vit", options={"img_size": SIDE, "patch_size": 8})
IN_PIXELS = {
    "displacement median", "displacement 99th percentile", "Jacobian minimum", "Jacobian maximum", "folded pixels",
}  # fmt: skip
IN_MM = {"displacement median in mm", "displacement 99th percentile in mm"}


def classifier(backbone=RESNET):
    torch.manual_seed(0)
    return Classifier(backbone, 3).eval()


def guidance(backbone=RESNET):
    recipe = {**backbone.model_dump(), "epochs": 1, "batch_size": 8, "learning_rate": 1e-3}
    return Guidance(
        GuidanceRecipe(classifier=recipe, verifier=recipe), classifier(backbone), Verifier(RESNET, 8).eval()
    )


def quality(backbone=RESNET):
    task = Quality()
    assert task.adopt(guidance(backbone))
    return task


def split(images, **columns):
    table = pd.DataFrame({"image": [f"{i}.png" for i in range(len(images))], **columns})
    return Split(images, table, ("Mass",), Pairs(np.array([]), np.array([]), np.array([])))


def radiographs(rng, count=3):
    """Squares of 4 x 4 pixels of one grey, none of them clipped."""
    return rng.integers(1, 255, (count, 1, SIDE // 4, SIDE // 4), np.uint8).repeat(4, 2).repeat(4, 3)


def shift_by_brightness(images):
    """Each image by its own distance: 10 times its mean, along x."""
    field = torch.zeros(len(images), 2, SIDE, SIDE)
    field[:, 0] = 10 * images.mean((1, 2, 3))[:, None, None]
    return field


@pytest.mark.parametrize("backbone", [RESNET, VIT], ids=["resnet", "vit"])
def test_the_identity_is_best(backbone, rng, ctx):
    images = radiographs(rng)
    values = quality(backbone).measure(ShownImages(images, split(images), None), ctx)
    expected = {
        "SSIM": 1, "MS-SSIM": 1, "PSNR": PSNR_CAP, "feature distance": 0, "sharpness": 1, "clipped pixels": 0,
    }  # fmt: skip
    assert values.keys() == expected.keys()
    for name, value in expected.items():
        assert values[name] == pytest.approx([value] * 3, abs=1e-5), name


@pytest.mark.parametrize("backbone", [RESNET, VIT], ids=["resnet", "vit"])
def test_what_is_worse_measures_worse(backbone, rng, ctx):
    images = radiographs(rng)
    noise = rng.normal(size=images.shape)
    slight, strong = (np.clip(images + noise * one, 0, 255).astype(np.uint8) for one in (5, 60))
    task = quality(backbone)
    better, worse = (task.measure(ShownImages(one, split(images), None), ctx) for one in (slight, strong))
    for name, value in better.items():
        if Quality.measures[name].more_is_better is not None:
            assert ((value > worse[name]) == Quality.measures[name].more_is_better).all(), name
    assert (better["feature distance"] > 0).all()
    assert (worse["clipped pixels"] > better["clipped pixels"]).all()


def test_batches_do_not_matter(rng, ctx):
    """More images than one batch takes, each with its own noise and its own displacement."""
    images = radiographs(rng, 259)
    released = np.clip(images + rng.normal(size=images.shape) * rng.integers(1, 60, (259, 1, 1, 1)), 0, 255)
    released = released.astype(np.uint8)
    task = quality()
    values = task.measure(ShownImages(released, split(images), shift_by_brightness), ctx)
    before, after = (torch.from_numpy(one).float() / 255 for one in (images, released))
    for name, function in {"SSIM": ssim, "MS-SSIM": ms_ssim, "PSNR": psnr, "sharpness": sharpness}.items():
        assert values[name] == pytest.approx(function(before, after).numpy(), rel=1e-4), name
    assert values["clipped pixels"] == pytest.approx(clipped(after).numpy())
    network = classifier()
    with torch.no_grad():
        expected = feature_distance(feature_maps(network, before), feature_maps(network, after))
    assert values["feature distance"] == pytest.approx(expected.numpy(), rel=1e-3)
    assert values["displacement median"] == pytest.approx(10 * before.mean((1, 2, 3)).numpy(), rel=1e-5)


def test_a_deformation_is_measured_in_pixels_and_where_known_in_millimetres(rng, ctx):
    images = radiographs(rng)
    originals = split(images, spacing_x=[0.5, np.nan, 2], spacing_y=[0.5, np.nan, 1])
    values = quality().measure(ShownImages(images, originals, shift_by_brightness), ctx)
    assert values.keys() == Quality.measures.keys()
    moved = 10 * images.mean((1, 2, 3)) / 255
    for name in ("displacement median", "displacement 99th percentile"):
        assert values[name] == pytest.approx(moved, rel=1e-5)
        assert values[f"{name} in mm"] == pytest.approx(moved * [0.5, np.nan, 2], rel=1e-5, nan_ok=True)
    assert [values[name].tolist() for name in ("Jacobian minimum", "Jacobian maximum", "folded pixels")] == [
        [1, 1, 1], [1, 1, 1], [0, 0, 0],
    ]  # fmt: skip


def test_measures_that_no_image_has_are_left_out(rng, ctx):
    images = radiographs(rng)
    nobody_knows = split(images, spacing_x=np.nan, spacing_y=np.nan)
    task = quality()
    for originals in (split(images), nobody_knows):
        values = task.measure(ShownImages(images, originals, shift_by_brightness), ctx)
        assert values.keys() == Quality.measures.keys() - IN_MM
    values = task.measure(ShownImages(images, split(images), lambda _: None), ctx)
    assert values.keys() == Quality.measures.keys() - IN_MM - IN_PIXELS
    grey = np.full_like(images, 128)
    assert "sharpness" not in task.measure(ShownImages(images, split(grey), None), ctx)


def test_one_constant_original_has_no_sharpness(rng, ctx):
    images = radiographs(rng)
    images[1] = 128
    values = quality().measure(ShownImages(images, split(images), None), ctx)
    assert values["sharpness"] == pytest.approx([1, np.nan, 1], nan_ok=True)


def test_fitting_is_adopting(rng, ctx):
    images = radiographs(rng)
    task = Quality()
    task.fit(split(images), split(images), guidance(), ctx)
    assert task.state() == {}
    shown = ShownImages(images // 2, split(images), None)
    fitted, adopted = task.measure(shown, ctx), quality().measure(shown, ctx)
    assert fitted.keys() == adopted.keys()
    assert all((fitted[name] == adopted[name]).all() for name in fitted)


@pytest.mark.parametrize(
    ("name", "channels", "sides"),
    [
        ("test_resnet", [32, 32, 48, 192, 96], [32, 16, 8, 4, 2]),
        ("densenet121", [64, 256, 512, 1024, 1024], [32, 16, 8, 4, 2]),
        ("mobilenetv3_small_050", [16, 8, 16, 24, 288], [32, 16, 8, 4, 2]),
    ],
)
def test_maps_are_those_of_the_stages(name, channels, sides):
    network = classifier(Backbone(backbone=name))
    images = torch.rand(2, 1, 64, 64)
    maps = feature_maps(network, images)
    assert [one.shape for one in maps] == [(2, c, s, s) for c, s in zip(channels, sides, strict=True)]
    logits = network.model.forward_head(maps[-1])
    assert torch.allclose(logits, network(images), atol=1e-5), "the last stage is what the head reads"


def test_maps_of_images_that_the_network_resizes():
    network = classifier(Backbone(backbone="test_resnet", input_size=96))
    assert feature_maps(network, torch.rand(1, 1, 32, 32))[-1].shape[-2:] == (3, 3)


def test_a_transformer_gives_one_map_without_its_class_token():
    network = classifier(VIT)
    images = torch.rand(2, 1, SIDE, SIDE)
    (one,) = feature_maps(network, images)
    assert one.shape == (2, 64, 4, 4)
    tokens = network.model.forward_features(network.normalize(images))
    assert torch.equal(one[:, :, 1, 2], tokens[:, 1 + 4 * 1 + 2])


def test_a_channels_last_backbone_gives_a_map_like_any_other():
    options = {"img_size": 64, "embed_dim": 16, "depths": (1, 1), "num_heads": (1, 2), "window_size": 4}
    network = classifier(Backbone(backbone="swin_tiny_patch4_window7_224", options=options))
    images = torch.rand(2, 1, 64, 64)
    (one,) = feature_maps(network, images)
    assert one.shape == (2, 32, 8, 8)
    assert torch.equal(one, network.model.forward_features(network.normalize(images)).permute(0, 3, 1, 2))


def test_features_on_no_grid_are_an_error():
    class Flat(nn.Module):
        def __init__(self):
            super().__init__()
            self.normalize = self.model = nn.Identity()
            self.model.forward_features = lambda images: images.flatten(1)

    with pytest.raises(PrivbenchError, match="choose another backbone"):
        feature_maps(Flat(), torch.rand(1, 1, 4, 4))


@pytest.mark.parametrize("backbone", [RESNET, VIT, Backbone(backbone="densenet121")], ids=["resnet", "vit", "densenet"])
def test_maps_keep_gradients_where_these_are_enabled(backbone):
    network = classifier(backbone)
    images = torch.rand(2, 1, SIDE, SIDE, requires_grad=True)
    for one in feature_maps(network, images):
        (gradient,) = torch.autograd.grad(one.square().sum(), images, retain_graph=True)
        assert gradient.abs().sum() > 0
    with torch.no_grad():
        assert not any(one.requires_grad for one in feature_maps(network, images))


def test_an_answer_has_gradients_with_respect_to_the_stages():
    network = classifier()
    images = torch.rand(2, 1, SIDE, SIDE)
    with collected_outputs(network.model) as outputs:
        logits = network(images)
    gradients = torch.autograd.grad(logits[:, 1].sum(), outputs)
    assert all(gradient.abs().sum() > 0 for gradient in gradients)
    network(images)
    assert len(outputs) == 5, "nothing is collected outside the block"

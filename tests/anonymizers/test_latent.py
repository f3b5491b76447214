"""Methods that change codes: what they learn, and what becomes of a code."""

import numpy as np
import pytest
import torch
from privbench.anonymizers.adversarial_noise import AdversarialNoise
from privbench.anonymizers.autoencoder import Autoencoder, levels_of, restored, trained
from privbench.anonymizers.clusters import nearest
from privbench.anonymizers.k_mixing import KMixing
from privbench.anonymizers.latent_centroid import LatentCentroid
from privbench.anonymizers.latent_noise import LatentNoise, LatentNoiseParams
from scipy import stats

from privbench.base.errors import PrivbenchError
from privbench.learning.context import Pixels

SMALL = {"epochs": 2, "batch_size": 16, "codes": 8, "width": 4}
CPU = torch.device("cpu")


def learnt(method, around):
    method.fit(around.splits["train"], around.splits["val"], around.guidance, around.context())
    return method


class Bare(torch.nn.Module):
    """In the autoencoder's place: the first pixels are the code, and the code is what is painted."""

    def encode(self, images):
        return images.flatten(1)[:, :2] - 0.5

    def decode(self, codes):
        return codes[:, None, None]


@pytest.mark.parametrize(
    ("size", "levels"), [(8, 1), (16, 1), (32, 2), (64, 3), (128, 4), (224, 5), (256, 5), (320, 6)]
)
def test_images_are_halved_to_a_grid_of_8_pixels_or_less(size, levels):
    assert levels_of(size) == levels
    autoencoder = Autoencoder(size, 5, 2)
    codes = autoencoder.encode(torch.rand(2, 1, size, size))
    assert codes.shape == (2, 5)
    assert autoencoder.decode(codes).shape == (2, 1, size, size)


def test_sides_that_cannot_be_halved_are_told():
    LatentNoise().check_size(64)
    with pytest.raises(PrivbenchError, match="halves images 4 times, so their side has to be a multiple of 16, and is"):
        LatentNoise().check_size(100)


def test_it_learns_to_return_its_input_and_knows_how_its_codes_spread(around, ctx):
    params = LatentNoiseParams(**SMALL | {"epochs": 40, "width": 8, "learning_rate": 1e-2})
    train, val = around.splits["train"].images, around.splits["val"].images
    autoencoder = trained(params, train, val, ctx)
    pixels = torch.from_numpy(np.array(train)).float() / 255
    with torch.no_grad():
        codes = autoencoder.encode(pixels)
        error = (autoencoder(pixels) - pixels).square().mean()
        again = restored(params, autoencoder.state_dict())(pixels)
    assert torch.allclose(codes.mean(0), torch.zeros(8), atol=1e-4)
    assert torch.allclose(codes.std(0), torch.ones(8), atol=1e-4)
    assert error < 0.5 * (pixels - pixels.mean(0)).square().mean(), "better than the mean image"
    assert torch.equal(again, autoencoder(pixels))
    assert {row["training"] for row in ctx.curves} == {"autoencoder"}


def test_noise_is_added_to_codes_in_their_standard_deviations():
    method = LatentNoise(sigma=0.5)
    method.autoencoder = Bare()
    images = torch.rand(4000, 1, 2, 2, generator=torch.Generator().manual_seed(1))
    noise = method.anonymize(images, torch.Generator().manual_seed(2)).flatten(1) - images.flatten(1)[:, :2] + 0.5
    assert stats.kstest(noise.double().flatten().numpy() / 0.5, "norm").pvalue > 0.01


def test_there_are_no_more_pictures_than_centroids_and_each_image_has_its_nearest(around):
    method = learnt(LatentCentroid(**SMALL, clusters=3), around)
    images = torch.from_numpy(np.array(around.splits["test"].images)).float() / 255
    with torch.no_grad():
        released = method.anonymize(images, torch.Generator())
        codes, centroids = method.autoencoder.encode(images), method.state()["centroids"]
        assert len(released.unique(dim=0)) <= 3
        distances = np.linalg.norm(codes.numpy()[:, None] - centroids.numpy()[None], axis=2)
        assert np.array_equal(nearest(codes, centroids), distances.argmin(1))
        assert torch.allclose(released, method.autoencoder.decode(centroids)[distances.argmin(1)], atol=1e-5)


def test_centroids_are_of_training_images_alone(around):
    method = learnt(LatentCentroid(**SMALL, clusters=1), around)
    pixels = torch.from_numpy(np.array(around.splits["train"].images)).float() / 255
    with torch.no_grad():
        mean = method.autoencoder.encode(pixels).mean(0)
    assert torch.allclose(method.state()["centroids"][0], mean, atol=1e-5)


def test_mixed_codes_are_weighted_sums_of_the_own_one_and_others(rng, around):
    """Mean 1 of the own code; variance ρ² of each code that is mixed in (the paper's code: I + ρ N)."""
    test, k, rho = around.splits["test"], 4, 0.3
    method = KMixing(k=k, rho=rho)
    method.autoencoder = Bare()
    images = rng.integers(0, 256, (len(test.table), 1, 2, 2)).astype(np.uint8)
    codes = images.reshape(len(images), -1)[:, :2] / 255 - 0.5
    draws = []
    for seed in range(400):
        parts = method.anonymize_set(Pixels(images, CPU), test.table, torch.Generator().manual_seed(seed))
        draws.append(torch.cat(list(parts)).flatten(1).numpy())
    drawn = np.array(draws)
    owners = test.patients
    for row in range(0, len(images), 9):
        others = [np.square(codes[owners == one]).mean(0) for one in np.unique(owners) if one != owners[row]]
        variance = rho**2 * (np.square(codes[row]) + (k - 1) * np.mean(others, axis=0))
        assert np.allclose(drawn[:, row].mean(0), codes[row], atol=4 * np.sqrt(variance.max() / 400))
        assert np.allclose(drawn[:, row].var(0), variance, rtol=0.4)


def test_of_fewer_than_k_patients_nothing_is_released(around):
    table = around.splits["test"].table
    patients = table["patient"].nunique()
    assert KMixing(k=patients).published(table).all()
    assert not KMixing(k=patients + 1).published(table).any()


def test_adversarial_noise_stays_within_its_budget(around):
    method = AdversarialNoise(pretrain_epochs=1, epochs=1, batch_size=16, init_features=2, budget=5)
    learnt(method, around)
    images = torch.from_numpy(np.array(around.splits["test"].images)).float() / 255
    with torch.no_grad():
        released = method.anonymize(images, torch.Generator())
    change = (released - images).abs().max()
    assert 0 < change <= 5 / 255 + 1e-6
    extreme = method.apply(torch.ones_like(images), images)
    assert torch.allclose(extreme, (images + 5 / 255).clamp(max=1))

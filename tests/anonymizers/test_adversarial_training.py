"""How the adversarial anonymizers learn."""

import copy

import numpy as np
import pytest
import torch
from privbench.anonymizers.adversarial_training import Batch, Game, PairBatches

from privbench.base.progress import Progress
from privbench.data.pairs import Pairs
from privbench.datasets.phantom.dataset import PhantomDataset
from privbench.learning.guidance import untrained_guidance
from privbench.learning.recipes import GuidanceRecipe
from privbench.plugins.interfaces import Anonymizer, DataRequest
from privbench.plugins.registry import Registry
from privbench.protocols.schema import PairsSection
from privbench.running.loading import read_splits, write_data
from privbench.running.pairing import with_pairs

SMALL = {
    "prichexy": {"pretrain_epochs": 1, "epochs": 1, "batch_size": 16, "init_features": 2, "mu": 0.05},
    "privacy-net": {"pretrain_epochs": 1, "epochs": 1, "batch_size": 16, "features": 2},
}


@pytest.fixture(scope="module")
def splits(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    write_data(
        PhantomDataset(patients=40), DataRequest(32, 0, None, 1, Progress(quiet=True)), 0.25, folder, lambda table: None
    )
    return with_pairs(
        read_splits(folder, PhantomDataset.findings), PairsSection(guidance=20, train=40, val=10, test=10, cap=5), 0
    )


@pytest.fixture(scope="module")
def guidance():
    torch.manual_seed(0)
    network = {"backbone": "test_resnet", "epochs": 1, "batch_size": 16, "learning_rate": 1e-3}
    recipe = GuidanceRecipe(classifier=network, verifier=network | {"features": 8})
    return untrained_guidance(recipe, 14, torch.device("cpu"))


def fitted(name, splits, guidance, ctx) -> Anonymizer:
    anonymizer = Registry().create(Anonymizer, name, SMALL.get(name, {}))
    anonymizer.fit(splits["train"], splits["val"], guidance, ctx)
    return anonymizer


@pytest.mark.parametrize("name", SMALL)
def test_learned_methods_learn_to_reconstruct_and_to_deceive(name, splits, guidance, ctx):
    anonymizer = fitted(name, splits, guidance, ctx)
    titles = {row["training"] for row in ctx.curves}
    assert titles == {f"{name} pretraining", f"{name} against the guidance"}
    game = [row for row in ctx.curves if row["training"].endswith("guidance")]
    for row in game:
        assert row["val_loss"] == pytest.approx(row["val_classifier"] + row["val_verifier"], rel=1e-5)
    assert np.isfinite([value.float().sum().item() for value in anonymizer.state().values()]).all()


def test_generator_loss_is_the_papers(splits, guidance, ctx):
    """Eqs. 2 to 4 with probabilities, as they are printed."""
    anonymizer = Registry().create(Anonymizer, "prichexy", SMALL["prichexy"])
    game = Game(anonymizer, guidance.classifier, guidance.verifier, ctx)
    split, pairs = splits["train"], splits["train"].pairs
    rows = np.r_[0:4, len(pairs) - 4 : len(pairs)]
    pixels = torch.from_numpy(split.images.copy()).float() / 255
    x1, x2 = pixels[pairs.probe[rows]], pixels[pairs.reference[rows]]
    labels = torch.from_numpy(split.labels[pairs.probe[rows]])
    anonymizer.generator.eval()
    with torch.no_grad():
        losses = game.generator_losses(Batch(x1, x2, labels, torch.ones(8)))
        moved = anonymizer.anonymize(x1, torch.Generator())
        found = torch.sigmoid(guidance.classifier(moved))
        same = torch.sigmoid(guidance.verifier(moved, x2))
    entropy = -(labels * found.log() + (1 - labels) * (1 - found).log()).mean()
    assert losses["classifier"].item() == pytest.approx(entropy.item(), rel=1e-4)
    assert losses["verifier"].item() == pytest.approx(-(1 - same).log().mean().item(), rel=1e-4)


def test_a_step_moves_generator_classifier_and_verifier_in_their_modes(splits, guidance, ctx):
    """The judges stand still, in evaluation mode, for the generator's step; then each learns in training mode."""
    anonymizer = Registry().create(Anonymizer, "prichexy", SMALL["prichexy"])
    classifier, verifier = copy.deepcopy(guidance.classifier), copy.deepcopy(guidance.verifier)
    game = Game(anonymizer, classifier, verifier, ctx)
    modes: list[tuple[bool, bool]] = []
    for judge in (classifier, verifier):
        judge.model.register_forward_hook(
            lambda module, *_, judge=judge: modes.append((judge.training, module.training))
        )
    before = [copy.deepcopy(network.state_dict()) for network in (anonymizer.generator, classifier, verifier)]
    anonymizer.generator.train()
    game.step(PairBatches(splits["train"], ctx)[torch.arange(16)])
    assert modes == [(False, False)] * 3 + [(True, True)] * 2, "the verifier embeds probes and references by themselves"
    for old, network in zip(before, (anonymizer.generator, classifier, verifier), strict=True):
        weights = dict(network.named_parameters())
        assert any(not torch.equal(old[key], value) for key, value in weights.items())
    sgd = game._classifier_steps.optimizer
    assert isinstance(sgd, torch.optim.SGD)
    assert (sgd.defaults["momentum"], sgd.defaults["weight_decay"]) == (0.9, 1e-4)
    assert isinstance(game._verifier_steps.optimizer, torch.optim.Adam)
    assert isinstance(game._generator_steps.optimizer, torch.optim.Adam)


def test_the_generator_learns_to_deceive_its_verifier(splits, guidance, ctx):
    """With the judges' own learning all but stopped, the verifier's term must fall."""
    torch.manual_seed(0)
    anonymizer = Registry().create(Anonymizer, "privacy-net", {**SMALL["privacy-net"], "learning_rate": 3e-3})
    verifier = copy.deepcopy(guidance.verifier)
    torch.nn.init.normal_(verifier.fc_end.weight, std=3)  # a verifier with opinions
    game = Game(anonymizer, copy.deepcopy(guidance.classifier), verifier, ctx)
    for group in game._verifier_steps.optimizer.param_groups:
        group["lr"] = 0.0
    batch = PairBatches(splits["train"], ctx)[torch.arange(32)]
    anonymizer.generator.train()
    losses = [game.step(batch)["verifier"].item() for _ in range(25)]
    assert np.mean(losses[-3:]) < np.mean(losses[:3]) - 0.01


def test_all_pairs_are_judged_as_they_are_one_by_one(splits, guidance, ctx):
    """Though each image goes through the networks once, and stands in several pairs."""
    anonymizer = Registry().create(Anonymizer, "prichexy", SMALL["prichexy"])
    game = Game(anonymizer, guidance.classifier, guidance.verifier, ctx)
    anonymizer.generator.eval()
    pairs, seen = PairBatches(splits["train"], ctx), []
    guidance.classifier.register_forward_hook(lambda _, inputs, __: seen.append(len(inputs[0])))
    told = game.mean_losses(pairs)
    assert sum(seen) == len(np.unique(splits["train"].pairs.probe)) < len(pairs)
    with torch.no_grad():
        alone = [game.generator_losses(pairs[rows]) for rows in torch.arange(len(pairs)).split(1)]
    for name, value in told.items():
        assert float(value) == pytest.approx(np.mean([float(one[name]) for one in alone]), rel=1e-5)


def test_the_generators_gradient_is_that_of_the_verifiers_own_pass(splits, guidance, ctx):
    anonymizer = Registry().create(Anonymizer, "prichexy", SMALL["prichexy"])
    game = Game(anonymizer, guidance.classifier, guidance.verifier, ctx)
    batch = PairBatches(splits["train"], ctx)[torch.arange(16)]
    anonymizer.generator.eval()
    gradients = []
    for privacy in (
        lambda: game.generator_losses(batch)["verifier"],
        lambda: torch.nn.functional.softplus(
            guidance.verifier(anonymizer.apply(anonymizer.generator(batch.probes), batch.probes), batch.references)
        ).mean(),
    ):
        gradients.append(torch.autograd.grad(privacy(), list(anonymizer.generator.parameters())))
    for one, other in zip(*gradients, strict=True):
        assert torch.allclose(one, other, rtol=1e-4, atol=1e-9)


def test_pairs_of_a_split_index_its_own_images(splits):
    for split in splits.values():
        assert isinstance(split.pairs, Pairs)
        assert split.pairs.probe.max() < len(split.images)

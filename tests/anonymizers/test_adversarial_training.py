"""How the adversarial anonymizers learn."""

import copy

import numpy as np
import pytest
import torch
from privbench.anonymizers.adversarial_training import Game
from privbench.anonymizers.adversaries import Batch, InformedTower, PairBatches, PaperVerifier, unlinked

from privbench.base.errors import PrivbenchError
from privbench.base.progress import Progress
from privbench.data.pairs import Pairs
from privbench.datasets.phantom.dataset import PhantomDataset
from privbench.learning.guidance import untrained_guidance
from privbench.learning.recipes import EmbedderRecipe, GuidanceRecipe
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
    game = Game(anonymizer, guidance.classifier, PaperVerifier(guidance, 1e-4, ctx), ctx)
    split, pairs = splits["train"], splits["train"].pairs
    rows = np.r_[0:4, len(pairs) - 4 : len(pairs)]
    pixels = torch.from_numpy(split.images.copy()).float() / 255
    x1, x2 = pixels[pairs.probe[rows]], pixels[pairs.reference[rows]]
    labels = torch.from_numpy(split.labels[pairs.probe[rows]])
    anonymizer.generator.eval()
    with torch.no_grad():
        losses = game.generator_losses(Batch(x1, labels, x2, torch.ones(8)))
        moved = anonymizer.anonymize(x1, torch.Generator())
        found = torch.sigmoid(guidance.classifier(moved))
        same = torch.sigmoid(guidance.verifier(moved, x2))
    entropy = -(labels * found.log() + (1 - labels) * (1 - found).log()).mean()
    assert losses["classifier"].item() == pytest.approx(entropy.item(), rel=1e-4)
    assert losses["verifier"].item() == pytest.approx(-(1 - same).log().mean().item(), rel=1e-4)


def test_a_step_moves_generator_classifier_and_verifier_in_their_modes(splits, guidance, ctx):
    """The judges stand still, in evaluation mode, for the generator's step; then each learns in training mode.

    All three learn of one pass of the generator.
    """
    anonymizer = Registry().create(Anonymizer, "prichexy", SMALL["prichexy"])
    classifier, adversary = copy.deepcopy(guidance.classifier), PaperVerifier(guidance, 1e-4, ctx)
    game, verifier = Game(anonymizer, classifier, adversary, ctx), adversary.network
    modes: list[tuple[bool, bool]] = []
    for judge in (classifier, verifier):
        judge.model.register_forward_hook(
            lambda module, *_, judge=judge: modes.append((judge.training, module.training))
        )
    passes: list[bool] = []
    anonymizer.generator.register_forward_hook(lambda module, *_: passes.append(module.training))
    before = [copy.deepcopy(network.state_dict()) for network in (anonymizer.generator, classifier, verifier)]
    anonymizer.generator.train()
    game.step(PairBatches(splits["train"], ctx)[torch.arange(16)])
    assert modes == [(False, False)] * 3 + [(True, True)] * 2, "the verifier embeds probes and references by themselves"
    assert passes == [True]
    for old, network in zip(before, (anonymizer.generator, classifier, verifier), strict=True):
        weights = dict(network.named_parameters())
        assert any(not torch.equal(old[key], value) for key, value in weights.items())
    sgd = game._classifier_steps.optimizer
    assert isinstance(sgd, torch.optim.SGD)
    assert (sgd.defaults["momentum"], sgd.defaults["weight_decay"]) == (0.9, 1e-4)
    assert isinstance(adversary.optimizer, torch.optim.Adam)
    assert isinstance(game._generator_steps.optimizer, torch.optim.Adam)


def test_the_generator_learns_to_deceive_its_verifier(splits, guidance, ctx):
    """With the judges' own learning all but stopped, the verifier's term must fall."""
    torch.manual_seed(0)
    anonymizer = Registry().create(Anonymizer, "privacy-net", {**SMALL["privacy-net"], "learning_rate": 3e-3})
    adversary = PaperVerifier(guidance, 1e-12, ctx)
    torch.nn.init.normal_(adversary.network.fc_end.weight, std=3)  # a verifier with opinions
    game = Game(anonymizer, copy.deepcopy(guidance.classifier), adversary, ctx)
    batch = PairBatches(splits["train"], ctx)[torch.arange(32)]
    anonymizer.generator.train()
    losses = [game.step(batch)["verifier"].item() for _ in range(25)]
    assert np.mean(losses[-3:]) < np.mean(losses[:3]) - 0.01


def test_the_generators_gradient_is_that_of_the_verifiers_own_pass(splits, guidance, ctx):
    anonymizer = Registry().create(Anonymizer, "prichexy", SMALL["prichexy"])
    game = Game(anonymizer, guidance.classifier, PaperVerifier(guidance, 1e-4, ctx), ctx)
    batch = PairBatches(splits["train"], ctx)[torch.arange(16)]
    anonymizer.generator.eval()
    gradients = []
    for privacy in (
        lambda: game.generator_losses(batch)["verifier"],
        lambda: torch.nn.functional.softplus(
            guidance.verifier(anonymizer.apply(anonymizer.generator(batch.probes), batch.probes), batch.sought)
        ).mean(),
    ):
        gradients.append(torch.autograd.grad(privacy(), list(anonymizer.generator.parameters())))
    for one, other in zip(*gradients, strict=True):
        assert torch.allclose(one, other, rtol=1e-4, atol=1e-9)


def test_pairs_of_a_split_index_its_own_images(splits):
    for split in splits.values():
        assert isinstance(split.pairs, Pairs)
        assert split.pairs.probe.max() < len(split.images)


EMBEDDER = {"backbone": "test_resnet", "features": 8, "epochs": 1, "steps": 3, "batch_size": 8, "learning_rate": 1e-3}


@pytest.fixture
def tower(splits, ctx):
    return InformedTower(EmbedderRecipe(**EMBEDDER), splits["train"], splits["val"], 1e-3, ctx)


def test_what_is_not_linked_is_the_papers_term_with_as_many_answers_as_patients():
    logits = torch.randn(5, 7, generator=torch.Generator().manual_seed(0)) * 3
    right = torch.tensor([0, 6, 3, 3, 1])
    p = logits.double().softmax(1)[torch.arange(5), right]
    assert unlinked(logits, right).item() == pytest.approx(-(1 - p).log().mean().item(), rel=1e-5)
    sure = torch.full((1, 3), -200.0)
    sure[0, 1] = 200.0  # 1 - p has no number, and its logarithm has one
    assert unlinked(sure, torch.tensor([1])).item() == pytest.approx(400 - np.log(2), rel=1e-6)


def test_an_informed_adversary_is_shown_a_patient_twice_among_others(splits, tower):
    """Of another visit where there is one; the right answer is the patient's, and no other patient is drawn twice."""
    split, (teacher, pixels) = splits["train"], (tower._teacher, torch.from_numpy(splits["train"].images.copy()) / 255)
    with torch.no_grad():
        points = teacher(pixels).cpu()

    def rows_of(images, among):
        distances = torch.cdist(images.flatten(1), among.flatten(1), compute_mode="donot_use_mm_for_euclid_dist")
        assert distances.min(1).values.max() < 1e-3
        return distances.argmin(1).numpy()

    for batches, rows in ((tower.training(split), torch.arange(12)), (tower.validation(split), torch.arange(1, 5))):
        batch = batches[rows]
        probe, sought = rows_of(batch.probes, pixels), rows_of(batch.sought, points)
        own = split.patients[sought][batch.right.numpy()]
        assert (split.patients[probe] == own).all()
        assert len(set(split.patients[sought])) == len(sought)
        assert torch.equal(batch.labels, torch.from_numpy(split.labels[probe]))
        several = np.array([len(set(split.visits[split.patients == patient])) > 1 for patient in own])
        apart = split.visits[probe] != split.visits[sought][batch.right.numpy()]
        assert several.any()
        assert (apart == several).all()


def test_an_informed_adversary_is_validated_on_the_same_patients_in_every_epoch(splits, tower):
    one, two = (tower.validation(splits["val"]) for _ in range(2))
    everyone = torch.arange(len(one))
    for first, second in zip(one[everyone], two[everyone], strict=True):
        assert torch.equal(first, second)


def test_epochs_are_chosen_by_patients_who_come_again_among_all(splits, tower):
    """Of one visit the same original would be both what is released and what is looked for."""
    split = splits["train"]
    visits = [len(set(split.visits[split.patients == patient])) for patient in np.unique(split.patients)]
    batches = tower.validation(split)
    batch = batches[torch.arange(len(batches))]
    assert 0 < len(batches) == sum(count > 1 for count in visits) < len(visits) == len(batch.sought)
    assert len(set(batch.right.tolist())) == len(batches)
    once = split.among(np.unique(split.patients, return_index=True)[1])
    assert len(tower.validation(once)) == len(visits), "where nobody comes again, all count"


def test_an_informed_adversary_learns_along_and_its_teacher_does_not(splits, guidance, tower, ctx):
    anonymizer = Registry().create(Anonymizer, "prichexy", SMALL["prichexy"])
    game, batches = Game(anonymizer, copy.deepcopy(guidance.classifier), tower, ctx), tower.training(splits["train"])
    before, teacher = copy.deepcopy(tower.network.state_dict()), copy.deepcopy(tower._teacher.state_dict())
    anonymizer.generator.train()
    losses = game.step(batches[torch.arange(12)])
    assert losses["loss"].item() == pytest.approx((losses["classifier"] + losses["verifier"]).item(), rel=1e-6)
    assert any(not torch.equal(before[key], value) for key, value in tower.network.named_parameters())
    assert all(torch.equal(teacher[key], value) for key, value in tower._teacher.state_dict().items())


def test_a_generator_hides_patients_from_an_informed_adversary_that_stands_still(splits, guidance, ctx):
    torch.manual_seed(0)
    still = InformedTower(EmbedderRecipe(**EMBEDDER), splits["train"], splits["val"], 1e-12, ctx)
    anonymizer = Registry().create(Anonymizer, "privacy-net", {**SMALL["privacy-net"], "learning_rate": 3e-3})
    game = Game(anonymizer, copy.deepcopy(guidance.classifier), still, ctx)
    batch = still.training(splits["train"])[torch.arange(24)]
    anonymizer.generator.train()
    losses = [game.step(batch)["verifier"].item() for _ in range(25)]
    assert np.mean(losses[-3:]) < np.mean(losses[:3]) - 0.005


def test_a_method_learns_against_the_adversary_that_it_is_told(splits, guidance, ctx):
    told = SMALL["prichexy"] | {"adversary": "informed", "embedder": EMBEDDER}
    Registry().create(Anonymizer, "prichexy", told).fit(splits["train"], splits["val"], guidance, ctx)
    assert {row["training"] for row in ctx.curves} == {
        "prichexy pretraining",
        "the adversary's embedder",
        "prichexy against the guidance",
    }


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"adversary": "informed"}, "needs the recipe of its embedder"),
        ({"embedder": EMBEDDER | {"init": "guidance"}}, "the publisher's own"),
        ({"embedder": EMBEDDER | {"weights_file": "a.safetensors"}}, "the publisher's own"),
    ],
)
def test_an_adversary_that_cannot_be_is_told(told, said):
    with pytest.raises(PrivbenchError, match=said):
        Registry().create(Anonymizer, "prichexy", told)

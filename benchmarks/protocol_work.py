"""What the networks of a protocol do: how many images each trains on and reads, stage by stage.

Counted are networks: data are drawn or decoded, releases undone, copies looked for and figures made beside them, on the
processor. A training with patience is taken to end after so many epochs; distillation is taken to need all its rounds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from privbench.learning.recipes import Backbone, ClassifierRecipe, EmbedderRecipe, Recipe, VerifierRecipe
from privbench.plugins.interfaces import Attack
from privbench.plugins.registry import Registry
from privbench.protocols.kinds import CONTROL, Kind
from privbench.protocols.modes import kinds_of
from privbench.protocols.scenarios import threat_of
from privbench.protocols.schema import Protocol

STOPS_AFTER = 15


@dataclass(frozen=True)
class Sizes:
    """Images of each split."""

    train: int
    val: int
    test: int


def sizes_of(images: int, test: int, validation: float) -> Sizes:
    """Of so many train_val images, of whose patients that share is held out, with as many images a patient in both."""
    held_out = round(images * validation)
    return Sizes(images - held_out, held_out, test)


CHESTXRAY14 = (86_524, 25_596)
"""Images of the official train_val list, and of the test list (Wang et al., CVPR 2017)."""
PHANTOM = (28_340, 7_085)
"""The same of 10,000 phantom patients with 3.54 images each, a fifth of them for testing."""


@dataclass(frozen=True)
class Work:
    """What a stage's networks do. By network: images that it trains on, and images that it only reads."""

    stage: str
    trained: Mapping[str, float]
    read: Mapping[str, float]
    shared: bool = False

    def times(self, count: int) -> Work:
        """So many of it."""
        grown = ({name: count * one for name, one in part.items()} for part in (self.trained, self.read))
        return Work(self.stage, *grown, self.shared)


def network_of(recipe: Backbone, size: int) -> str:
    """What rates call a network: its backbone and the pixels a side that it sees."""
    return f"{recipe.backbone}@{recipe.input_size or size}"


def epochs_of(recipe: Recipe, stops_after: int) -> int:
    """How many epochs a training is taken to last."""
    return recipe.epochs if recipe.patience is None else min(recipe.epochs, stops_after)


def guidance_work(protocol: Protocol, sizes: Sizes, stops_after: int = STOPS_AFTER) -> list[Work]:
    """Classifier, verifier and embedder, which all methods share."""
    told, size = protocol.guidance, protocol.data.size
    work = [_reading("classifier", told.classifier, size, sizes, stops_after)]
    work.append(_verifier("verifier", told.verifier, protocol.pairs.guidance, protocol, sizes, stops_after))
    if told.embedder is not None:
        work.append(_embedder("embedder", told.embedder, size, sizes, stops_after))
    return [Work(one.stage, one.trained, one.read, shared=True) for one in work]


def attack_work(protocol: Protocol, sizes: Sizes, stops_after: int = STOPS_AFTER) -> Iterator[Work]:
    """Every attack: its controls on originals, which all methods share, and what each method takes."""
    registry = Registry()
    for label, section in protocol.attacks.items():
        attack = registry.create(Attack, section.attack, section.params)
        if not attack.trained or attack.infers_membership:
            continue
        across = {threat_of(one).train: threat_of(one) for one in section.scenarios}
        for kinds in (CONTROL, *across):
            of_originals = kinds == CONTROL
            fit = _attack(f"{label} {kinds}", section.attack, attack.params, of_originals, protocol, sizes, stops_after)
            seeds = protocol.certificate.seeds if of_originals else section.seeds
            yield Work(fit.stage, fit.trained, fit.read, shared=of_originals).times(seeds)
        network = network_of(attack.params, protocol.data.size)
        if section.attack == "attributes":
            own = sizes.test
        else:
            in_pairs = min(sizes.test, 2 * protocol.pairs.test) + 3 * min(sizes.val, 2 * protocol.pairs.val)
            own = 2 * (sizes.test + sizes.val + in_pairs)
        yield Work(f"{label}, scores", {}, {network: own}).times(section.seeds * len(section.scenarios))
        yield Work(f"{label}, scores of originals", {}, {network: own / 2}, shared=True).times(
            protocol.certificate.seeds
        )


def utility_work(protocol: Protocol, sizes: Sizes, stops_after: int = STOPS_AFTER) -> Iterator[Work]:
    """Classification as the guidance does it: a training a seed where a mode asks for one; and what the rest reads."""
    recipe = protocol.guidance.classifier
    network = network_of(recipe, protocol.data.size)
    for label, section in protocol.utilities.items():
        if section.task == "classification":
            modes = [mode for mode in section.modes if kinds_of(mode).train is not Kind.ORIGINAL]
            if modes:
                fit = _reading(f"{label}, retrained", recipe, protocol.data.size, sizes, stops_after)
                yield fit.times(section.seeds)
            reads = 1 + section.seeds * len(modes)
            yield Work(f"{label}, read", {}, {network: reads * (sizes.val + sizes.test)})
        elif section.task == "quality":
            yield Work(label, {}, {network: 2 * sizes.test})


def method_work(protocol: Protocol, sizes: Sizes, anonymizer: str) -> list[Work]:
    """The anonymizer's own training, against the paper's adversary, and release; one that trains nothing has none."""
    params = protocol.anonymizers.get(anonymizer, {})
    if "epochs" not in params:
        return []
    size, guidance, pairs = protocol.data.size, protocol.guidance, protocol.pairs
    own, all_images = f"{anonymizer}@{size}", sizes.train + sizes.val + sizes.test
    if "pretrain_epochs" not in params:  # an autoencoder, which learns to reconstruct and nothing else
        epochs = params["epochs"]
        return [Work(anonymizer, {own: epochs * sizes.train}, {own: epochs * sizes.val + all_images})]
    classifier, verifier = network_of(guidance.classifier, size), network_of(guidance.verifier, size)
    first, then = params["pretrain_epochs"], params["epochs"]
    fit: dict[str, float] = defaultdict(float)
    fit[own] += first * sizes.train + then * pairs.train
    # Both judges see each pair twice: where the generator learns of them, and where they learn of it. The verifier sees
    # two images; the original it only reads in the first place, where nothing is learnt of it.
    fit[classifier] += 2 * then * pairs.train
    fit[verifier] += 3 * then * pairs.train
    read: dict[str, float] = defaultdict(float)
    read[own] += first * sizes.val + then * pairs.val + all_images
    read[classifier] += then * pairs.val
    read[verifier] += then * pairs.train + 2 * then * pairs.val
    return [Work(anonymizer, dict(fit), dict(read))]


def protocol_work(protocol: Protocol, sizes: Sizes, anonymizers: Iterable[str], stops_after: int) -> list[Work]:
    """All of it for these methods; what they share counts once, and of a release that is the data nothing else."""
    always = [*guidance_work(protocol, sizes, stops_after), *attack_work(protocol, sizes, stops_after)]
    shared, own = [one for one in always if one.shared], [one for one in always if not one.shared]
    own += utility_work(protocol, sizes, stops_after)
    work = list(shared)
    for anonymizer in anonymizers:
        work += [] if anonymizer == "identity" else [*method_work(protocol, sizes, anonymizer), *own]
    return work


def totals(work: Iterable[Work]) -> dict[str, tuple[float, float]]:
    """By network, the images that it trains on and those that it reads."""
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for one in work:
        for place, part in enumerate((one.trained, one.read)):
            for name, images in part.items():
                sums[name][place] += images
    return {name: (trained, read) for name, (trained, read) in sums.items()}


def hours(work: Iterable[Work], rates: Mapping[str, Mapping[str, float]]) -> float:
    """From images a second, by network: `train` and `read`. Raises KeyError for a network without rates."""
    return (
        sum(
            trained / rates[name]["train"] + read / rates[name]["read"]
            for name, (trained, read) in totals(work).items()
        )
        / 3600
    )


def operations(work: Iterable[Work], rates: Mapping[str, Mapping[str, float]]) -> float:
    """Floating-point operations, from those of an image, by network: `train_flops` and `read_flops`."""
    return sum(
        trained * rates[name]["train_flops"] + read * rates[name]["read_flops"]
        for name, (trained, read) in totals(work).items()
    )


def _reading(stage: str, recipe: ClassifierRecipe, size: int, sizes: Sizes, stops_after: int) -> Work:
    """A classifier that looks at all training images an epoch, and at all of validation."""
    epochs, name = epochs_of(recipe, stops_after), network_of(recipe, size)
    return Work(stage, {name: epochs * sizes.train}, {name: epochs * sizes.val})


def _verifier(
    stage: str, recipe: VerifierRecipe, pairs: int, protocol: Protocol, sizes: Sizes, stops_after: int
) -> Work:
    epochs, name = epochs_of(recipe, stops_after), network_of(recipe, protocol.data.size)
    an_epoch = pairs if recipe.steps is None else recipe.steps * recipe.batch_size
    held_out = min(2 * protocol.pairs.val, 2 * sizes.val)
    return Work(stage, {name: 2 * epochs * an_epoch}, {name: epochs * held_out})


def _embedder(stage: str, recipe: EmbedderRecipe, size: int, sizes: Sizes, stops_after: int) -> Work:
    epochs, name = epochs_of(recipe, stops_after), network_of(recipe, size)
    return Work(stage, {name: 2 * epochs * recipe.steps * recipe.batch_size}, {name: epochs * sizes.val})


def _attack(
    stage: str, name: str, recipe: Any, of_originals: bool, protocol: Protocol, sizes: Sizes, stops_after: int
) -> Work:
    """One training of an attack."""
    size = protocol.data.size
    if name == "siamese":
        return _verifier(stage, recipe, protocol.pairs.train, protocol, sizes, stops_after)
    if name == "attributes":
        return _reading(stage, recipe, size, sizes, stops_after)
    network = network_of(recipe, size)
    if name == "distillation":
        if of_originals:  # the teacher knows all there is to know
            return Work(stage, {}, {network: sizes.val})
        rounds = recipe.rounds
        seen = recipe.epochs * recipe.steps * recipe.batch_size * (2**rounds - 1)
        looks = (rounds * recipe.epochs + rounds + 2) * sizes.val + (rounds + 1) * sizes.train
        return Work(stage, {network: seen}, {network: looks})
    fit = _embedder(stage, recipe, size, sizes, stops_after)
    looks = {network: 2 * fit.read[network]}  # probes and references
    if name != "restoration" or of_originals:
        return Work(stage, fit.trained, looks)
    restorer = f"restorer{recipe.restorer.width}@{size}"
    epochs = recipe.restorer.epochs
    again = epochs * sizes.val + sizes.train + recipe.epochs * sizes.val
    return Work(stage, {**fit.trained, restorer: epochs * sizes.train}, {**looks, restorer: again})

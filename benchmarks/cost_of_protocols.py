"""What protocols cost: how many images their networks train on and read, and, from measured rates, how many hours.

    python benchmarks/cost_of_protocols.py measure --out rates.json          # this processor's, with one thread
    python benchmarks/cost_of_protocols.py measure --device cuda --batch 64 --out rates.json
    python benchmarks/cost_of_protocols.py project --rates rates.json                      # else by this repository's

`measure` times training steps and forward passes of every network of `paper` and `standard`, in seconds of the process
on a processor and of the clock on a device, and counts their operations, and what a gradient keeps of an image.
`project` prints, for a new method and for the nine rows of Table 1, the images and the hours. Counted are networks:
data are drawn or decoded, releases undone, copies looked for and figures made beside them, on the processor. A training
with patience is taken to end after so many epochs (--stops-after); distillation is taken to need all its rounds.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from privbench.learning.recipes import Backbone, ClassifierRecipe, EmbedderRecipe, Recipe, VerifierRecipe
from privbench.plugins.interfaces import Anonymizer, Attack
from privbench.plugins.registry import Registry
from privbench.protocols.kinds import CONTROL, Kind
from privbench.protocols.modes import kinds_of
from privbench.protocols.scenarios import threat_of
from privbench.protocols.schema import Protocol, load_protocol
from privbench.sweeps.schema import load_sweep

REFERENCE = Path(__file__).parent / "reference" / "rates-cpu.json"
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
    """The anonymizer's own training and release. One that has no generator computes next to nothing."""
    params = protocol.anonymizers.get(anonymizer, {})
    if "pretrain_epochs" not in params:
        return []
    size, guidance, pairs = protocol.data.size, protocol.guidance, protocol.pairs
    own = f"{anonymizer}@{size}"
    classifier, verifier = network_of(guidance.classifier, size), network_of(guidance.verifier, size)
    first, then = params["pretrain_epochs"], params["epochs"]
    fit: dict[str, float] = defaultdict(float)
    fit[own] += first * sizes.train + then * pairs.train
    # Each pair is seen by both judges twice: where the generator learns of them, and where they learn of it.
    fit[classifier] += 2 * then * pairs.train
    fit[verifier] += 4 * then * pairs.train
    read: dict[str, float] = defaultdict(float)
    read[own] += first * sizes.val + then * pairs.val + sizes.train + sizes.val + sizes.test
    read[classifier] += then * pairs.val
    read[verifier] += 2 * then * pairs.val
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


# What is measured --------------------------------------------------------------------------------------------------


def networks(protocols: Sequence[Protocol]) -> dict[str, tuple[Any, int]]:
    """By name: every network of these protocols, and the pixels a side of the images that it sees."""
    import timm
    from privbench.attacks.restorer import Restorer

    found: dict[str, tuple[Any, int]] = {}
    for protocol in protocols:
        size, registry = protocol.data.size, Registry()
        every = protocol_work(protocol, Sizes(8, 8, 8), protocol.anonymizers, STOPS_AFTER)
        for name in totals(every):
            kind, side = name.rsplit("@", 1)
            if kind in protocol.anonymizers:
                made: Any = registry.create(Anonymizer, kind, protocol.anonymizers[kind]).generator
            elif kind.startswith("restorer"):
                made = Restorer(int(kind.removeprefix("restorer")))
            else:
                made = timm.create_model(kind, num_classes=128)
            found[name] = (made, int(side))
    assert size
    return found


MEASURED = ("paper", "standard")
"""The protocols whose networks are measured."""


def measure(
    device: str, precision: str, batch: int, threads: int, seconds: float, protocols: Sequence[str] = MEASURED
) -> dict[str, dict[str, float]]:
    """Images a second, and operations an image, of each network of these protocols: training and reading."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from privbench.learning.device import create_fabric

    torch.set_num_threads(threads)
    fabric, rates = create_fabric(device, precision), {}
    for name, (made, side) in networks(list(map(load_protocol, protocols))).items():
        network, optimizer = fabric.setup(made, torch.optim.Adam(made.parameters(), fused=True))
        channels = next(one.in_channels for one in made.modules() if isinstance(one, torch.nn.Conv2d))
        images = torch.rand(batch, channels, side, side, device=fabric.device)
        images = images.contiguous(memory_format=torch.channels_last)

        def step(network: Any = network, optimizer: Any = optimizer, images: Any = images) -> None:
            optimizer.zero_grad()
            fabric.backward(network(images).float().square().mean())
            optimizer.step()

        def read(network: Any = network, images: Any = images) -> None:
            with torch.no_grad():
                network(images)

        told: dict[str, float] = {"kept_mib": kept_mib(made, images)}
        for kind, work in (("train", step), ("read", read)):
            made.train(kind == "train")
            with FlopCounterMode(display=False) as counter:
                work()
            told[f"{kind}_flops"] = counter.get_total_flops() / batch
            told[kind] = batch / _seconds(work, fabric.device.type, seconds)
        rates[name] = {key: round(value, 3) for key, value in told.items()}
        print(name, rates[name], flush=True)
    return rates


def kept_mib(network: Any, images: Any) -> float:
    """What is kept for the gradient of an image more, in single precision. Shape: images (2 or more, C, H, W)."""
    import torch

    sizes: dict[int, int] = {}

    def keep(tensor: Any) -> Any:
        sizes[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    def total(batch: Any) -> int:
        sizes.clear()
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            loss = network.train()(batch).float().square().mean()
        del loss
        return sum(sizes.values())

    half = len(images) // 2
    return (total(images) - total(images[:half])) / (len(images) - half) / 2**20


def _seconds(work: Any, device: str, lasts: float) -> float:
    """Of the fastest of several steps: of the process on a processor, which other work may share; else of the clock."""
    import torch

    clock = time.process_time if device == "cpu" else time.perf_counter
    best, begun = float("inf"), clock()
    while clock() - begun < lasts:
        start = clock()
        work()
        if device == "cuda":
            torch.cuda.synchronize()
        best = min(best, clock() - start)
    return best


# What is printed ---------------------------------------------------------------------------------------------------


def project(rates: Mapping[str, Any], stops_after: int) -> None:
    """Prints a table for a new method (PriCheXy-Net's kind), for one that learns nothing, and for Table 1."""
    rows = [row.anonymizer for row in load_sweep("table1").rows]
    kinds = {
        "one that trains no network": ["dp-pix"],
        "one like PriCheXy-Net": ["prichexy"],
        "Table 1's nine rows": rows,
    }
    heads = ["protocol", "methods", "million images trained on", "read", "PFLOP", "hours"]
    own = rates["networks"]
    print(f"rates: {rates['device']}\n")
    print(f"| {' | '.join(heads)} |\n{'| --- ' * len(heads)}|")
    for name, told in (("paper", CHESTXRAY14), ("standard", CHESTXRAY14), ("standard-phantom", PHANTOM)):
        protocol = load_protocol(name)
        sizes = sizes_of(*told, validation=protocol.data.validation)
        for kind, methods in kinds.items():
            work = protocol_work(protocol, sizes, methods, stops_after)
            trained, read = (sum(part) / 1e6 for part in zip(*totals(work).values(), strict=True))
            cells = [
                f"{trained:.1f}",
                f"{read:.1f}",
                f"{operations(work, own) / 1e15:,.0f}",
                f"{hours(work, own):,.0f}",
            ]
            print(f"| `{name}` | {kind} | {' | '.join(cells)} |")


def stages(name: str, anonymizer: str, stops_after: int) -> None:
    """Prints every stage of a protocol for one method."""
    protocol = load_protocol(name)
    told = PHANTOM if protocol.data.dataset == "phantom" else CHESTXRAY14
    sizes = sizes_of(*told, validation=protocol.data.validation)
    print("| stage | shared | network | thousand images trained on | read |\n| --- | --- | --- | --- | --- |")
    for one in protocol_work(protocol, sizes, [anonymizer], stops_after):
        for network, (trained, read) in totals([one]).items():
            shared = "yes" if one.shared else ""
            print(f"| {one.stage} | {shared} | {network} | {trained / 1e3:.0f} | {read / 1e3:.0f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    measuring = commands.add_parser("measure")
    measuring.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    measuring.add_argument("--precision", default="32-true")
    measuring.add_argument("--batch", type=int, default=4)
    measuring.add_argument("--threads", type=int, default=1)
    measuring.add_argument("--seconds", type=float, default=8.0)
    measuring.add_argument("--out", type=Path, required=True)
    projecting = commands.add_parser("project")
    projecting.add_argument("--rates", type=Path, default=REFERENCE, help="what measure wrote")
    projecting.add_argument("--stops-after", type=int, default=STOPS_AFTER)
    listing = commands.add_parser("stages")
    listing.add_argument("protocol")
    listing.add_argument("--anonymizer", default="prichexy")
    listing.add_argument("--stops-after", type=int, default=STOPS_AFTER)
    told = parser.parse_args()
    if told.command == "measure":
        from privbench.running.environment import device

        where = device(told.device, told.precision, told.threads)
        rates = measure(told.device, told.precision, told.batch, told.threads, told.seconds)
        about = f"{where['name']}, {told.precision}, batches of {told.batch}"
        about += f", {told.threads} thread" if told.device == "cpu" else ""
        told.out.write_text(json.dumps({"device": about, "networks": rates}, indent=1) + "\n", encoding="utf-8")
    elif told.command == "project":
        project(json.loads(told.rates.read_text(encoding="utf-8")), told.stops_after)
    else:
        stages(told.protocol, told.anonymizer, told.stops_after)


if __name__ == "__main__":
    main()

"""A run, stage by stage: data, guidance, anonymizer, release, attacks, utility."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from lightning_fabric import Fabric
from safetensors.torch import load_file

from ..base.errors import PrivbenchError
from ..base.files import digest_of
from ..base.progress import Progress, log
from ..data.arrays import ArrayWriter, read_array
from ..data.gallery import KnownGallery
from ..data.splits import SPLITS, Split
from ..learning.classifier import fit_classifier
from ..learning.context import Context
from ..learning.guidance import Guidance
from ..learning.networks import Classifier, Verifier
from ..learning.recipes import Backbone
from ..learning.verifier import fit_verifier
from ..learning.weights import weights_source, without_weights
from ..plugins.interfaces import Anonymizer, Attack, DataRequest, Dataset, LinkageAttack, UtilityTask
from ..plugins.registry import identity, is_own
from ..protocols.schema import Protocol, fingerprint_of
from ..record.scores import AttackScores
from .attack_stages import AttackStages, release_name
from .choices import check_floor, check_utilities, choose_attacks, choose_utilities
from .loading import guidance_pairs, read_splits, write_data
from .release import write_release
from .stages import STATE, VERSIONS, Stages, save_state
from .store import Store
from .utility_stages import UtilityStages


class Scores(NamedTuple):
    """Everything that a run's figures derive from."""

    attacks: AttackScores
    readings: pd.DataFrame
    measurements: pd.DataFrame


@dataclass
class Pipeline:
    """Everything that a run needs; its stages are the methods, in order."""

    protocol: Protocol
    dataset: Dataset
    anonymizer: Anonymizer
    given: Sequence[str]
    attack: Callable[[str], Attack]
    floor: Callable[[], LinkageAttack]
    utility: Callable[[str], UtilityTask]
    request: DataRequest
    store: Store
    fabric: Fabric
    precision: str
    progress: Progress
    warnings: list[str] = field(default_factory=list)
    splits: dict[str, Split] = field(default_factory=dict)
    released: dict[str, Split] = field(default_factory=dict)
    attacks: dict[str, Attack] = field(default_factory=dict)
    utilities: dict[str, UtilityTask] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.anonymizer.check_size(self.protocol.data.size)
        self.attacks, left_out = choose_attacks(self.protocol, self.attack, self.anonymizer)
        check_floor(self.floor())
        check_utilities(self.protocol, self.utility)
        self._source = self.dataset.source(self.request)
        self.stages = Stages(self.store, self.fabric, self.precision, self.protocol.seed, self.progress)
        self._warn(*left_out)

    def run(self) -> Scores:
        """Runs every stage that is not in the store; returns the scores of the attacks and of the utility tasks."""
        guidance = self.prepare()
        attacks = self.attack_stages(guidance).run(list(self.attacks))
        readings, measurements = self.utility_stages(guidance).run(list(self.utilities))
        return Scores(attacks, readings, measurements)

    def prepare(self) -> Guidance:
        """Everything up to the release."""
        self._load_data()
        self.utilities, left_out = choose_utilities(self.protocol, self.utility, self.splits["test"])
        self._warn(*left_out)
        guidance = self._make_guidance()
        self._fit_anonymizer(guidance)
        self._release()
        return guidance

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the protocol, the versions of what carries it out, and the digest of the data that it read."""
        return fingerprint_of(self.terms, self.stages.made["data"].digest)

    @property
    def key(self) -> str:
        """SHA-256 of all that decides the run's scores, known before anything is computed."""
        anonymizer = identity(self.anonymizer, code=not is_own(self.anonymizer))
        return digest_of(self.terms | {"anonymizer": anonymizer, "source": self._source})

    @property
    def terms(self) -> dict[str, Any]:
        """The protocol and what carries it out. Foreign plugins count with their source, ours with their version."""
        attacks, utilities = map(self.attack, self.protocol.attacks), map(self.utility, self.protocol.utilities)
        plugins = [self.dataset, self.floor(), *attacks, *utilities]
        guidance = self.protocol.guidance
        return {
            "protocol": self.protocol.fixed(),
            "plugins": [identity(plugin, code=not is_own(plugin)) for plugin in plugins],
            "weights": [weights_source(backbone) for backbone in (guidance.classifier, guidance.verifier)],
            "stages": VERSIONS,
        }

    def _load_data(self) -> None:
        protocol = self.protocol
        stage = self.stages.make(
            "data",
            {
                **identity(self.dataset, code=True),
                "source": self._source,
                "size": protocol.data.size,
                "validation": protocol.data.validation,
            },
            [],
            lambda folder, _: write_data(self.dataset, self.request, protocol.data.validation, folder),
        )
        self.splits = read_splits(stage.folder, self.dataset.findings, protocol.pairs, protocol.seed)
        for name, split in self.splits.items():
            wanted = getattr(protocol.pairs, name)
            if protocol.pairs.file(name) is None and len(split.pairs) < wanted - wanted % 2:
                self._warn(f"the {name} split has {len(split.pairs)} verification pairs, {wanted} were asked for")

        labels = self.splits["test"].labels
        if not ((labels == 1).any(0) & (labels == 0).any(0)).any():
            raise PrivbenchError(
                "No finding is both present and absent among the test images, so utility cannot be judged: "
                "use a test split with ill and healthy patients."
            )

    def _make_guidance(self) -> Guidance:
        recipe, train, val, device = (
            self.protocol.guidance,
            self.splits["train"],
            self.splits["val"],
            self.fabric.device,
        )

        def make_classifier(folder: Path, ctx: Context) -> None:
            network = fit_classifier(train, val, recipe.classifier, ctx, "guidance classifier")
            save_state(network.state_dict(), folder)

        def make_verifier(folder: Path, ctx: Context) -> None:
            pairs = guidance_pairs(train, self.protocol.pairs, self.protocol.seed)
            known = KnownGallery(train.images, train.images, pairs=pairs, table=train.table)
            known_val = KnownGallery(val.images, val.images, pairs=val.pairs, table=val.table)
            network = fit_verifier(known, known_val, recipe.verifier, ctx, "guidance verifier")
            save_state(network.state_dict(), folder)

        stage = self.stages.make("classifier", _config(recipe.classifier), ["data"], make_classifier)
        classifier = Classifier(without_weights(recipe.classifier), len(self.dataset.findings))
        classifier.load_state_dict(load_file(stage.folder / STATE))
        config = _config(recipe.verifier) | self._pairs("guidance", "val")
        stage = self.stages.make("verifier", config, ["data"], make_verifier)
        verifier = Verifier(without_weights(recipe.verifier), recipe.verifier.features)
        verifier.load_state_dict(load_file(stage.folder / STATE))
        return Guidance(recipe, classifier.to(device).eval(), verifier.to(device).eval())

    def _fit_anonymizer(self, guidance: Guidance) -> None:
        def fit(folder: Path, ctx: Context) -> None:
            self.anonymizer.fit(self.splits["train"], self.splits["val"], guidance, ctx)
            save_state(self.anonymizer.state(), folder)

        config = identity(self.anonymizer, code=True) | self._pairs("train", "val")
        stage = self.stages.make("anonymizer", config, ["data", "classifier", "verifier"], fit)
        self.anonymizer.load_state(load_file(stage.folder / STATE), self.fabric.device)

    def _release(self) -> None:
        images = self._draw_release(0)
        self.released = {name: split.with_images(images[name]) for name, split in self.splits.items()}

    def _draw_release(self, number: int) -> dict[str, np.ndarray]:
        """The released images of every split. The release under attack is number 0; others draw other noise."""

        def write(folder: Path, ctx: Context) -> None:
            for name in SPLITS:
                images = self.splits[name].images
                with ArrayWriter(folder / f"{name}.npy", images.shape) as writer:
                    part = replace(ctx, stage=f"{release_name(number)} of {name}")
                    write_release(self.anonymizer, images, part, writer)

        config = identity(self.anonymizer, code=True) | {"number": number}
        stage = self.stages.make(release_name(number), config, ["data", "anonymizer"], write)
        return {name: read_array(stage.folder / f"{name}.npy") for name in SPLITS}

    def attack_stages(self, guidance: Guidance) -> AttackStages:
        """What carries out attacks on the release; further releases are drawn where an attack wants them."""
        further = range(1, max(attack.releases for attack in self.attacks.values()))
        first = {name: split.images for name, split in self.released.items()}
        return AttackStages(
            stages=self.stages,
            protocol=self.protocol,
            create=self.attack,
            floor=self.floor,
            splits=self.splits,
            released=[first, *map(self._draw_release, further)],
            unchanged=self._unchanged,
            guidance=guidance,
            pairs=self._pairs("train", "val", "test"),
        )

    def utility_stages(self, guidance: Guidance) -> UtilityStages:
        """What carries out the utility tasks on originals and on the release."""
        return UtilityStages(
            stages=self.stages,
            sections=self.protocol.utilities,
            create=self.utility,
            originals=self.splits,
            released=self.released,
            unchanged=self._unchanged,
            anonymizer=self.anonymizer,
            guidance=guidance,
        )

    @cached_property
    def _unchanged(self) -> bool:
        """Whether the release is the original data to the bit."""
        return all(np.array_equal(self.released[name].images, self.splits[name].images) for name in reversed(SPLITS))

    def _pairs(self, *names: str) -> dict[str, Any]:
        """What decides the pairs of the named sets, for a stage's configuration."""
        pairs = self.protocol.fixed()["pairs"]
        return {"pairs": {key: pairs.get(key) for name in names for key in ("cap", name, f"{name}_file")}}

    def _warn(self, *messages: str) -> None:
        for message in messages:
            log.warning(message)
            self.warnings.append(message)


def _config(recipe: Backbone) -> dict[str, Any]:
    """What decides a guidance network, beside the data."""
    return {"recipe": recipe.model_dump(mode="json"), "weights": weights_source(recipe)}

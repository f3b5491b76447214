"""A run, stage by stage: data, guidance, anonymizer, release, attacks, utility."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import timm
import torch
from lightning_fabric import Fabric
from safetensors.torch import load_file, save_file
from torch import Tensor

from .classification import fit_classifier
from .context import Context
from .data.arrays import ArrayWriter, read_array
from .data.loading import guidance_pairs, read_splits, write_data
from .data.splits import SPLITS, Split
from .errors import PrivbenchError
from .guidance import Guidance
from .interfaces import Anonymizer, Attack, DataRequest, Dataset, Gallery, Plugin, UtilityTask
from .networks import Backbone, Classifier, Verifier, weights_source
from .progress import Progress, log
from .protocol import Protocol, digest_of
from .registry import code_digest, identity, is_own
from .release import write_release
from .scores import attack_scores, read_scores, utility_scores, write_scores
from .seeds import global_seed
from .store import Stage, Store
from .verification import fit_verifier

# Go up with every change of the harness that changes what the stage puts out.
VERSIONS = {
    "data": "1",
    "classifier": "1",
    "verifier": "1",
    "anonymizer": "1",
    "release": "1",
    "attack": "1",
    "utility": "1",
}

STATE, CURVES, RELEASE, SCORES = "state.safetensors", "curves.json", "release.npy", "scores.parquet"


@dataclass
class Pipeline:
    """Everything that a run needs; the stages are its methods, in order, and `stages` what they left."""

    protocol: Protocol
    dataset: Dataset
    anonymizer: Anonymizer
    given: Sequence[str]
    attack: Callable[[], Attack]
    utility: UtilityTask
    request: DataRequest
    store: Store
    fabric: Fabric
    precision: str
    progress: Progress
    stages: dict[str, Stage] = field(default_factory=dict)
    curves: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    splits: dict[str, Split] = field(default_factory=dict)
    released: dict[str, Split] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.anonymizer.check_size(self.protocol.data.size)
        self._source = self.dataset.source(self.request)

    def run(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Runs every stage that is not in the store; returns the scores of the attack and of the utility task."""
        self._load_data()
        guidance = self._make_guidance()
        self._fit_anonymizer(guidance)
        self._release()
        attack = pd.concat([self._attack(seed) for seed in range(self.protocol.attack.seeds)], ignore_index=True)
        return attack, self._utility(guidance)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the protocol, the versions of what carries it out, and the digest of the data that it read."""
        return digest_of(self._terms() | {"data": self.stages["data"].digest})

    @property
    def key(self) -> str:
        """SHA-256 of all that decides the run's scores, known before anything is computed."""
        anonymizer = identity(self.anonymizer, code=not is_own(self.anonymizer))
        return digest_of(self._terms() | {"anonymizer": anonymizer, "source": self._source})

    def _terms(self) -> dict[str, Any]:
        """The protocol and what carries it out. Foreign plugins count with their source, ours with their version."""
        plugins = (self.dataset, self.attack(), self.utility)
        return {
            "protocol": self.protocol.fixed(),
            "plugins": [identity(plugin, code=not is_own(plugin)) for plugin in plugins],
            "stages": VERSIONS,
        }

    def _load_data(self) -> None:
        protocol = self.protocol
        stage = self._stage(
            "data",
            {
                **identity(self.dataset, code=True),
                "source": self._source,
                "size": protocol.data.size,
                "validation": protocol.data.validation,
            },
            {},
            lambda folder: write_data(self.dataset, self.request, protocol.data.validation, folder),
        )
        self.splits = read_splits(stage.folder, self.dataset.findings, protocol.pairs, protocol.seed)
        for name, split in self.splits.items():
            wanted = getattr(protocol.pairs, name)
            if protocol.pairs.file(name) is None and len(split.pairs) < wanted - wanted % 2:
                self._warn(f"the {name} split has {len(split.pairs)} verification pairs, {wanted} were asked for")

        present = self.splits["test"].labels.mean(0)
        if not ((present > 0) & (present < 1)).any():
            raise PrivbenchError(
                "No finding is both present and absent among the test images, so utility cannot be judged: "
                "use a test split with ill and healthy patients."
            )

    def _make_guidance(self) -> Guidance:
        recipe, splits, device = self.protocol.guidance, self.splits, self.fabric.device

        def make_classifier(ctx: Context) -> dict[str, Tensor]:
            return fit_classifier(
                splits["train"], splits["val"], recipe.classifier, ctx, "guidance classifier"
            ).state_dict()

        def make_verifier(ctx: Context) -> dict[str, Tensor]:
            train, val = (Gallery(splits[s].images, splits[s].images, splits[s].pairs) for s in ("train", "val"))
            pairs = guidance_pairs(splits["train"], self.protocol.pairs, self.protocol.seed)
            wide = Gallery(train.probes, train.references, pairs)
            return fit_verifier(wide, val, recipe.verifier, ctx, "guidance verifier").state_dict()

        classifier = Classifier(_without_weights(recipe.classifier), len(self.dataset.findings))
        classifier.load_state_dict(self._trained("classifier", {}, make_classifier, recipe.classifier))
        verifier = Verifier(_without_weights(recipe.verifier), recipe.verifier.features)
        verifier.load_state_dict(
            self._trained("verifier", self._pairs("guidance", "val"), make_verifier, recipe.verifier)
        )
        return Guidance(classifier.to(device).eval(), verifier.to(device).eval())

    def _trained(
        self,
        name: str,
        config: dict[str, Any],
        make: Callable[[Context], dict[str, Tensor]],
        recipe: Backbone,
    ) -> dict[str, Tensor]:
        """The state of a guidance network, from a stage of its own."""
        config = {
            **config,
            "recipe": recipe.model_dump(mode="json"),
            "weights": weights_source(recipe),
        }
        stage = self._trained_stage(name, config, {"data": self.stages["data"].digest}, lambda ctx, _: make(ctx))
        return load_file(stage.folder / STATE)

    def _fit_anonymizer(self, guidance: Guidance) -> None:
        anonymizer, splits = self.anonymizer, self.splits

        def fit(ctx: Context, folder: Path) -> dict[str, Tensor]:
            anonymizer.fit(splits["train"], splits["val"], guidance, ctx)
            return anonymizer.state()

        stage = self._trained_stage(
            "anonymizer",
            {
                **identity(anonymizer, code=True),
                **self._pairs("train", "val"),
            },
            {name: self.stages[name].digest for name in ("data", "classifier", "verifier")},
            fit,
        )
        anonymizer.load_state(load_file(stage.folder / STATE), self.fabric.device)

    def _release(self) -> None:
        def write(folder: Path) -> None:
            for name in SPLITS:
                images = self.splits[name].images
                with ArrayWriter(folder / f"{name}.npy", images.shape) as writer:
                    write_release(self.anonymizer, images, self._context(f"release of {name}"), writer)

        stage = self._stage(
            "release",
            identity(self.anonymizer, code=True),
            {name: self.stages[name].digest for name in ("data", "anonymizer")},
            write,
        )
        self.released = {
            name: split.with_images(read_array(stage.folder / f"{name}.npy")) for name, split in self.splits.items()
        }

    def _attack(self, seed: int) -> pd.DataFrame:
        section = self.protocol.attack

        def make(folder: Path) -> None:
            ctx = self._context(f"attack {seed}")
            attack = self.attack()
            attack.fit(self._gallery("train", section.train), self._gallery("val", section.train), ctx)
            scores = attack.similarity(self._gallery("test", section.test), ctx)
            write_scores(attack_scores(self.splits["test"], scores, seed), folder / SCORES)
            _write_curves(ctx, folder)

        config = {
            **identity(self.attack(), code=True),
            "train": section.train,
            "test": section.test,
            **self._pairs("train", "val", "test"),
            "number": seed,
        }
        stage = self._stage(f"attack-{seed}", config, self._released_digests(), make)
        self.curves += _read_curves(stage)
        return read_scores(stage.folder / SCORES)

    def _gallery(self, split: str, images: str) -> Gallery:
        """The images of a scenario, such as AO: anonymized probes, original references."""
        source = {"O": self.splits[split].images, "A": self.released[split].images}
        return Gallery(source[images[0]], source[images[1]], self.splits[split].pairs)

    def _utility(self, guidance: Guidance) -> pd.DataFrame:
        def make(folder: Path) -> None:
            ctx = self._context("utility")
            self.utility.fit(self.released["train"], self.released["val"], guidance, ctx)
            scores = self.utility.predict(self.released["test"].images, ctx)
            write_scores(utility_scores(self.released["test"], scores), folder / SCORES)
            _write_curves(ctx, folder)

        inputs = self._released_digests() | {"classifier": self.stages["classifier"].digest}
        stage = self._stage("utility", identity(self.utility, code=True), inputs, make)
        self.curves += _read_curves(stage)
        return read_scores(stage.folder / SCORES)

    def _released_digests(self) -> dict[str, str]:
        return {name: self.stages[name].digest for name in ("data", "release")}

    def _trained_stage(
        self,
        name: str,
        config: dict[str, Any],
        inputs: dict[str, str],
        make: Callable[[Context, Path], dict[str, Tensor]],
    ) -> Stage:
        """A stage that leaves weights and training curves."""

        def produce(folder: Path) -> None:
            ctx = self._context(name)
            state = make(ctx, folder)
            save_file({key: value.detach().cpu().contiguous() for key, value in state.items()}, folder / STATE)
            _write_curves(ctx, folder)

        stage = self._stage(name, config, inputs, produce)
        self.curves += _read_curves(stage)
        return stage

    def _stage(
        self, name: str, config: dict[str, Any], inputs: dict[str, str], produce: Callable[[Path], None]
    ) -> Stage:
        """A stage from the store; what every stage depends on joins its configuration."""
        kind = name.split("-")[0]
        surroundings = {"seed": self.protocol.seed, "harness": code_digest(Plugin)}
        if inputs:  # what reads other stages computes; the data is the same wherever it is read
            surroundings |= {
                "device": self.fabric.device.type,
                "precision": self.precision,
                "torch": torch.__version__,
                "timm": timm.__version__,
            }

        def produce_seeded(folder: Path) -> None:
            with global_seed(self.protocol.seed, name):  # for whatever draws without a generator
                produce(folder)

        log.info("%s …", name)
        stage = self.store.stage(kind, VERSIONS[kind], {**config, **surroundings}, inputs, produce_seeded)
        self.stages[name] = stage
        done = "already there" if stage.cached else f"{stage.manifest.seconds:.1f} s"
        log.info("%s: %s", name, done)
        return stage

    def _pairs(self, *names: str) -> dict[str, Any]:
        """What decides the pairs of the named sets, for a stage's configuration."""
        pairs = self.protocol.fixed()["pairs"]
        return {"pairs": {key: pairs.get(key) for name in names for key in ("cap", name, f"{name}_file")}}

    def _context(self, stage: str) -> Context:
        return Context(self.fabric, self.protocol.seed, stage, self.progress)

    def _warn(self, message: str) -> None:
        log.warning(message)
        self.warnings.append(message)


def _without_weights(backbone: Backbone) -> Backbone:
    """The same network with random weights, for a state that is about to be loaded."""
    return backbone.model_copy(update={"pretrained": False})


def _write_curves(ctx: Context, folder: Path) -> None:
    (folder / CURVES).write_text(json.dumps(ctx.curves, indent=1), encoding="utf-8")


def _read_curves(stage: Stage) -> list[dict[str, Any]]:
    curves: list[dict[str, Any]] = json.loads((stage.folder / CURVES).read_text(encoding="utf-8"))
    return curves

"""The attacks of a run, stage by stage: each is trained once a kind of images, and tested in every scenario."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from safetensors.torch import load_file

from ..base.errors import PrivbenchError
from ..data.gallery import Gallery, KnownGallery
from ..data.pairs import Pairs
from ..data.splits import COLUMNS, Split
from ..learning.context import Context
from ..learning.guidance import Guidance
from ..plugins.interfaces import Attack, InferenceAttack, LinkageAttack
from ..plugins.registry import identity
from ..protocols.scenarios import SCENARIOS
from ..protocols.schema import FLOOR, Protocol
from ..record.scores import (
    CONTROL,
    INFERENCE_COLUMNS,
    LINKAGE_COLUMNS,
    RETRIEVAL_COLUMNS,
    AttackOrigin,
    AttackScores,
    inference_scores,
    joined,
    linkage_scores,
    read_scores,
    retrieval_ranks,
    write_scores,
)
from .stages import STATE, Stages, save_state

_LINKAGE, _RETRIEVAL, _INFERENCE, _MEASURES = (
    "linkage.parquet",
    "retrieval.parquet",
    "inference.parquet",
    "measures.json",
)


@dataclass(frozen=True)
class AttackStages:
    """What the attacks of a run are made from.

    `released` holds the releases by number and split, the first of them the one under attack; `unchanged` tells that
    it is the original data to the bit. Then anonymized images are taken for the originals that they are, and no attack
    is trained twice on the same. `pairs` and `budget` tell, for the cache keys, which training data the splits hold.
    """

    stages: Stages
    protocol: Protocol
    create: Callable[[str], Attack]
    floor: Callable[[], LinkageAttack]
    splits: Mapping[str, Split]
    released: Sequence[Mapping[str, np.ndarray]]
    unchanged: bool
    guidance: Guidance
    pairs: Mapping[str, Any]
    budget: Mapping[str, Any] = field(default_factory=dict)

    def link(self, origin: AttackOrigin) -> pd.DataFrame:
        """The linkage scores of one attack in one scenario. Raises PrivbenchError where it links nothing."""
        attack = self.create(origin.attack)
        if not isinstance(attack, LinkageAttack):
            raise PrivbenchError(f"The attack {origin.attack} infers attributes and links no images: choose another.")
        return self._link(attack, origin)[0]

    def run(self, labels: Sequence[str]) -> AttackScores:
        """Carries out the attacks of those names in all their scenarios, and each on originals, as a control."""
        linkage, retrieval, inference, measures = [self._floor_scores()], [], [], {}
        for label in labels:
            section, attack = self.protocol.attacks[label], self.create(label)
            needs_control = attack.trained or isinstance(attack, InferenceAttack)
            controls = [(CONTROL, seed) for seed in range(self.protocol.certificate.seeds)] if needs_control else []
            for scenario, seed in [*controls, *((s, n) for s in section.scenarios for n in range(section.seeds))]:
                origin, fresh = AttackOrigin(label, scenario, seed), self.create(label)
                if isinstance(fresh, InferenceAttack):
                    inference.append(self._infer(fresh, origin))
                elif isinstance(fresh, LinkageAttack):
                    pairs, ranks, measures[origin] = self._link(fresh, origin)
                    linkage.append(pairs)
                    retrieval.append(ranks)
        return AttackScores(
            joined(linkage, LINKAGE_COLUMNS),
            joined(retrieval, RETRIEVAL_COLUMNS),
            joined(inference, INFERENCE_COLUMNS),
            measures,
        )

    def _floor_scores(self) -> pd.DataFrame:
        """What the attack without training says about the original test pairs."""
        origin, test = AttackOrigin(FLOOR, CONTROL, 0), self.splits["test"]
        gallery, pairs = Gallery(test.images, test.images), test.pairs

        def make(folder: Path, ctx: Context) -> None:
            scores = self.floor().similarity(gallery, pairs.probe, pairs.reference, ctx)
            write_scores(linkage_scores(origin, test, "test", "OO", pairs, scores), folder / _LINKAGE)

        config = identity(self.floor(), code=True) | dict(self.pairs) | {"label": FLOOR}
        return read_scores(self.stages.make(f"linkage {FLOOR}", config, ["data"], make).folder / _LINKAGE)

    def _kinds(self, scenario: str) -> tuple[str, str]:
        """The images that an attack is trained on and tested on."""
        if scenario == CONTROL:
            return "OO", "OO"
        threat = SCENARIOS[scenario]  # type: ignore[index]  # the protocol holds no others
        return threat.train, threat.test

    def _fit(self, attack: Attack, origin: AttackOrigin, kinds: str) -> str:
        """Trains the attack on that kind of images, or takes over what was learnt; returns the stage's name."""
        kinds = self._distinct(kinds)
        name = f"attack {origin.attack} {kinds} {origin.seed}"
        digests = self._inputs(attack, kinds)

        def make(folder: Path, ctx: Context) -> None:
            attack.fit(self._known("train", kinds, attack), self._known("val", kinds, attack), self.guidance, ctx)
            save_state(attack.state(), folder)

        config = identity(attack, code=True) | dict(self.pairs) | {"budget": dict(self.budget)}
        config |= {"label": origin.attack, "images": kinds, "number": origin.seed}
        stage = self.stages.make(name, config, [*digests, "classifier", "verifier"], make)
        attack.load_state(load_file(stage.folder / STATE), self.stages.device)
        return name

    def _link(self, attack: LinkageAttack, origin: AttackOrigin) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, float]]:
        """Scores of pairs, ranks over the gallery, and the attack's own figures."""
        train, test = self._kinds(origin.scenario)
        fitted = self._fit(attack, origin, train)

        def make(folder: Path, ctx: Context) -> None:
            parts = []
            for name, kinds in dict.fromkeys([("train", train), ("val", train), ("val", test), ("test", test)]):
                split = self.splits[name]
                pairs = _some(split.pairs, len(self.splits["val"].pairs)) if name == "train" else split.pairs
                gallery, place = _shuffled(self._gallery(name, self._distinct(kinds), attack), ctx)
                scores = attack.similarity(gallery, place[pairs.probe], place[pairs.reference], ctx)
                parts.append(linkage_scores(origin, split, name, kinds, pairs, scores))
            write_scores(pd.concat(parts, ignore_index=True), folder / _LINKAGE)
            gallery = self._gallery("test", self._distinct(test), attack)
            shuffled, place = _shuffled(gallery, ctx)
            similarity = attack.similarity_matrix(shuffled, ctx)[np.ix_(place, place)]
            ranks = retrieval_ranks(origin, self.splits["test"], similarity, ctx.numpy_generator("ties"))
            write_scores(ranks, folder / _RETRIEVAL)
            measures = attack.measures(gallery, self.splits["test"].images, ctx) if test[0] == "A" else {}
            (folder / _MEASURES).write_text(json.dumps(measures), encoding="utf-8")

        stage = self._score("linkage", attack, origin, fitted, make)
        measures = json.loads((stage / _MEASURES).read_text(encoding="utf-8"))
        return read_scores(stage / _LINKAGE), read_scores(stage / _RETRIEVAL), measures

    def _infer(self, attack: InferenceAttack, origin: AttackOrigin) -> pd.DataFrame:
        train, test = self._kinds(origin.scenario)
        fitted = self._fit(attack, origin, train)

        def make(folder: Path, ctx: Context) -> None:
            inferred = attack.infer(self._gallery("test", self._distinct(test), attack), ctx)
            write_scores(inference_scores(origin, self.splits["test"], inferred), folder / _INFERENCE)

        return read_scores(self._score("inference", attack, origin, fitted, make) / _INFERENCE)

    def _score(
        self, kind: str, attack: Attack, origin: AttackOrigin, fitted: str, make: Callable[[Path, Context], None]
    ) -> Path:
        """The folder of a scoring stage, which reads what was learnt, the originals and, if need be, releases."""
        config = identity(attack, code=True) | dict(self.pairs) | {"budget": dict(self.budget)}
        config |= {"label": origin.attack, "scenario": origin.scenario, "number": origin.seed}
        inputs = [*self._inputs(attack, "".join(map(self._distinct, self._kinds(origin.scenario)))), fitted]
        return self.stages.make(f"{kind} {origin.attack} {origin.scenario} {origin.seed}", config, inputs, make).folder

    def _distinct(self, kinds: str) -> str:
        return kinds.replace("A", "O") if self.unchanged else kinds

    def _inputs(self, attack: Attack, kinds: str) -> list[str]:
        """The stages that hold the images which the attack sees."""
        releases = min(attack.releases, len(self.released)) if "A" in kinds else 0
        return ["data", *(release_name(number) for number in range(releases))]

    def _gallery(self, split: str, kinds: str, attack: Attack) -> Gallery:
        """The images of those kinds, such as AO: anonymized probes, original references."""
        source = {"O": self.splits[split].images, "A": self.released[0][split]}
        more = [release[split] for release in self.released[1 : attack.releases]] if kinds[0] == "A" else []
        return Gallery(source[kinds[0]], source[kinds[1]], tuple(more))

    def _known(self, split: str, kinds: str, attack: Attack) -> KnownGallery:
        part, gallery = self.splits[split], self._gallery(split, kinds, attack)
        table = part.table[[column for column in COLUMNS if column != "split"]]
        return KnownGallery(gallery.probes, gallery.references, gallery.releases, pairs=part.pairs, table=table)


def release_name(number: int) -> str:
    """The name of a release's stage; the first is the one that is published."""
    return f"release {number}" if number else "release"


def _shuffled(gallery: Gallery, ctx: Context) -> tuple[Gallery, np.ndarray]:
    """The gallery in random order, and the new place of each row: in its own order it is sorted by patient."""
    order = ctx.numpy_generator("gallery").permutation(len(gallery.probes))
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return gallery.rows(order), place


def _some(pairs: Pairs, count: int) -> Pairs:
    """At most that many pairs, spread evenly over the list, so that both kinds stay in proportion."""
    rows = np.linspace(0, len(pairs) - 1, min(count, len(pairs))).astype(np.int64)
    return Pairs(pairs.probe[rows], pairs.reference[rows], pairs.mated[rows])

"""The attacks of a run, stage by stage: each is trained once a kind of images, and tested in every scenario."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..base.errors import PrivbenchError
from ..data.gallery import Gallery
from ..data.pairs import Pairs
from ..data.splits import pairs_digests
from ..learning.context import Context
from ..learning.states import load_state
from ..plugins.interfaces import Attack, InferenceAttack, LinkageAttack
from ..protocols.kinds import CONTROL, Compared, Kind
from ..protocols.scenarios import FLOOR, threat_of
from ..record.scores import (
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
from .attack_galleries import AttackGalleries
from .stage_names import CLASSIFIER, DATA, INFERENCE_FILE, LINKAGE_FILE, RETRIEVAL_FILE, VERIFIER, StageName

if TYPE_CHECKING:
    from ..learning.guidance import Guidance
    from ..protocols.schema import Protocol
    from .stages import Produce, Stages

_MEASURES = "measures.json"


@dataclass(frozen=True)
class AttackStages:
    """What the attacks of a run are made from. `budget` tells, for the keys, to which rows the training was cut."""

    stages: Stages
    protocol: Protocol
    create: Callable[[str], Attack]
    floor: Callable[[], LinkageAttack]
    galleries: AttackGalleries
    guidance: Guidance
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
        origin, test, attack = AttackOrigin(FLOOR, CONTROL, 0), self.galleries.splits["test"], self.floor()
        gallery, pairs = Gallery(test.images, test.images), test.pairs

        def produce(folder: Path, ctx: Context) -> None:
            scores = attack.similarity(gallery, pairs.probe, pairs.reference, ctx)
            write_scores(linkage_scores(origin, test, "test", Compared.ORIGINALS, pairs, scores), folder / LINKAGE_FILE)

        config = attack.terms() | self._pairs("test") | {"label": FLOOR}
        stage = self.stages.make(StageName("linkage", (FLOOR,)), config, [DATA], produce, [attack])
        return read_scores(stage.folder / LINKAGE_FILE)

    def _fit(self, attack: Attack, origin: AttackOrigin) -> StageName:
        """Trains the attack for its scenario, or takes over what was learnt; returns the stage's name."""
        kinds = self.galleries.distinct(threat_of(origin.scenario).train)
        name = StageName("attack", (origin.attack, kinds), origin.seed)
        config = attack.terms() | self._pairs("train", "val") | {"budget": dict(self.budget)}
        config |= {"label": origin.attack, "images": kinds, "number": origin.seed}
        inputs = [*self.galleries.inputs(attack, kinds), CLASSIFIER, VERIFIER]
        produce = self.galleries.fitting(attack, kinds, self.guidance)
        stage = self.stages.make(name, config, inputs, produce, [attack])
        attack.load_state(load_state(stage.folder), self.stages.device)
        return name

    def _link(self, attack: LinkageAttack, origin: AttackOrigin) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, float]]:
        """Scores of pairs, ranks over the gallery, and the attack's own figures."""
        fitted, threat, galleries = self._fit(attack, origin), threat_of(origin.scenario), self.galleries
        train, test = threat.train, threat.test

        def produce(folder: Path, ctx: Context) -> None:
            parts = []
            for name, kinds in dict.fromkeys([("train", train), ("val", train), ("val", test), ("test", test)]):
                split = galleries.splits[name]
                pairs = _some(split.pairs, len(galleries.splits["val"].pairs)) if name == "train" else split.pairs
                gallery, place = _shuffled(galleries.gallery(name, galleries.distinct(kinds), attack), ctx)
                scores = attack.similarity(gallery, place[pairs.probe], place[pairs.reference], ctx)
                parts.append(linkage_scores(origin, split, name, kinds, pairs, scores))
            write_scores(pd.concat(parts, ignore_index=True), folder / LINKAGE_FILE)
            gallery = galleries.gallery("test", galleries.distinct(test), attack)
            shuffled, place = _shuffled(gallery, ctx)
            similarity = attack.similarity_matrix(shuffled, ctx)[np.ix_(place, place)]
            ranks = retrieval_ranks(origin, galleries.splits["test"], similarity, ctx.numpy_generator("ties"))
            write_scores(ranks, folder / RETRIEVAL_FILE)
            originals = galleries.splits["test"].images
            measures = attack.measures(gallery, originals, ctx) if test.probes is Kind.ANONYMIZED else {}
            if odd := [name for name, value in measures.items() if not np.isfinite(value)]:
                raise PrivbenchError(
                    f"The attack {origin.attack!r} measured {odd[0]} as {measures[odd[0]]}, which is no number: "
                    "mend the plugin, or leave the measure out."
                )
            (folder / _MEASURES).write_text(json.dumps(measures), encoding="utf-8")

        folder = self._score("linkage", attack, origin, fitted, produce)
        measures = json.loads((folder / _MEASURES).read_text(encoding="utf-8"))
        return read_scores(folder / LINKAGE_FILE), read_scores(folder / RETRIEVAL_FILE), measures

    def _infer(self, attack: InferenceAttack, origin: AttackOrigin) -> pd.DataFrame:
        fitted, kinds = self._fit(attack, origin), self.galleries.distinct(threat_of(origin.scenario).test)

        def produce(folder: Path, ctx: Context) -> None:
            inferred = attack.infer(self.galleries.gallery("test", kinds, attack), ctx)
            write_scores(inference_scores(origin, self.galleries.splits["test"], inferred), folder / INFERENCE_FILE)

        return read_scores(self._score("inference", attack, origin, fitted, produce) / INFERENCE_FILE)

    def _score(self, kind: str, attack: Attack, origin: AttackOrigin, fitted: StageName, produce: Produce) -> Path:
        """The folder of a scoring stage, which reads what was learnt, the originals and, if need be, releases."""
        config = attack.terms() | self._pairs("train", "val", "test") | {"budget": dict(self.budget)}
        config |= {"label": origin.attack, "scenario": origin.scenario, "number": origin.seed}
        threat = threat_of(origin.scenario)
        kinds = (self.galleries.distinct(kinds) for kinds in (threat.train, threat.test))
        images = dict.fromkeys(name for one in kinds for name in self.galleries.inputs(attack, one))
        name = StageName(kind, (origin.attack, origin.scenario), origin.seed)
        return self.stages.make(name, config, [*images, fitted], produce, [attack]).folder

    def _pairs(self, *names: str) -> dict[str, Any]:
        return pairs_digests(self.galleries.splits, *names)


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

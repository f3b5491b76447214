"""The attacks of a run, stage by stage: each is trained once a kind of images, and tested in every scenario."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..base.errors import PrivbenchError
from ..data.gallery import Gallery
from ..data.pairs import Pairs
from ..data.patients import one_a_patient
from ..data.splits import SPLITS, Split, pairs_digests
from ..metrics.retrieval import by_picture
from ..plugins.interfaces import Attack, InferenceAttack, LinkageAttack
from ..protocols.kinds import CONTROL, Compared, Kind
from ..protocols.scenarios import FLOOR, threat_of
from ..record.scores import (
    AttackOrigin,
    gallery_searches,
    inference_scores,
    joined,
    linkage_scores,
    own_image_ranks,
    retrieval_ranks,
    write_scores,
)
from .attack_galleries import known_gallery, told_apart
from .fitting import keep_what_is_learnt
from .ledgers import learnt_from, ledger_terms
from .membership import InferMembership
from .pictures import pictures_of, set_aside
from .scoring import Scoring, there
from .source import Common, Shown, Source
from .stage_names import (
    INFERENCE_FILE,
    LINKAGE_FILE,
    MATCHES_FILE,
    MEASURES_FILE,
    RETRIEVAL_FILE,
    SEARCH_FILE,
    StageName,
)

if TYPE_CHECKING:
    from ..engine.node import Node, Reads, Work
    from ..learning.context import Context
    from ..protocols.schema import Protocol

SIMILARITIES = 2**25
"""Of probes and references that are held at once at the most: 128 MiB."""
MATCHED = 500
"""Test images at the most, one a patient, whose releases are to find their own originals."""


@dataclass(frozen=True)
class ScoreFloor:
    """What the attack without training says about the original test pairs."""

    attack: LinkageAttack
    source: Source

    def __call__(self, reads: Reads, folder: Path, ctx: Context) -> None:
        origin, test = AttackOrigin(FLOOR, CONTROL, 0), self.source.shown(reads).attacked("test")
        images, pairs = Gallery(test.images, test.images), test.pairs
        scores = self.attack.anew().similarity(images, pairs.probe, pairs.reference, ctx)
        write_scores(linkage_scores(origin, test, "test", Compared.ORIGINALS, pairs, scores), folder / LINKAGE_FILE)


@dataclass(frozen=True)
class FitAttack:
    """Fits an attack to training and validation images of those kinds."""

    attack: Attack
    kinds: Compared
    source: Source

    def __call__(self, reads: Reads, folder: Path, ctx: Context) -> None:
        shown, guidance = self.source.shown(reads), self.source.guidance(reads, ctx.device)
        train, val = (known_gallery(shown, split, self.kinds, self.attack) for split in ("train", "val"))
        ledger = learnt_from(self.source, reads, self.attack.params)
        keep_what_is_learnt(self.attack, lambda one: one.fit(train, val, guidance, ctx), folder, ledger)


class LinkImages(Scoring[LinkageAttack]):
    """Scores of pairs, ranks over the gallery, searches of it for patients and images, and the attack's own figures."""

    def __call__(self, reads: Reads, folder: Path, ctx: Context) -> None:
        attack, shown = self._ready(reads, ctx)
        self._pairs(attack, shown, folder, ctx)
        kinds = threat_of(self.origin.scenario).test
        splits = {name: shown.attacked(name) for name in SPLITS} if kinds is Compared.RELEASES else shown.originals
        # Validation images tell an attacker from when on he may believe the best match.
        searched = ("val", "test") if kinds is Compared.ACROSS else ()
        searches = []
        for name in dict.fromkeys([*searched, "test"]):
            ranks, found = self._search(attack, shown, splits[name], name, name in searched, ctx)
            if name == "test":
                write_scores(_of_released(ranks, "probe", shown, name), folder / RETRIEVAL_FILE)
            searches += [_of_released(one, "probe", shown, name) for one in found]
        if searches:
            write_scores(pd.concat(searches, ignore_index=True), folder / SEARCH_FILE)
            self._matches(attack, shown, folder, ctx)
        self._measures(attack, shown, folder, ctx)

    def _search(
        self, attack: LinkageAttack, shown: Shown, split: Split, name: str, searched: bool, ctx: Context
    ) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
        """Ranks over the gallery of the test split, and searches of that split's where it is searched.

        Both are made of some probes at a time: of all, similarities would be the square of the images.
        """
        kinds = threat_of(self.origin.scenario).test
        gallery = self._searched(attack, shown, name, kinds)
        pictures = pictures_of(gallery) if kinds is Compared.RELEASES else None
        files = pictures_of(gallery, _is_released(shown, name)) if kinds is Compared.ACROSS else None
        shuffled, place = _shuffled(gallery, ctx)
        similarity_of = attack.similarity_by_rows(shuffled, ctx)
        ties, drawn = (ctx.numpy_generator(stream) for stream in ("ties", f"searches {name}"))
        ranks, searches = [], []
        for rows in np.array_split(np.arange(len(place)), -(-(len(place) ** 2) // SIMILARITIES)):
            similarity = similarity_of(place[rows])[:, place]
            aside = None if files is None else set_aside(files, split.patients, split.visits, rows)
            if name == "test":
                ranks.append(retrieval_ranks(self.origin, split, similarity, ties, rows, pictures, aside))
            if searched:
                searches.append(gallery_searches(self.origin, split, name, similarity, drawn, rows, aside))
        return joined(ranks, split) if ranks else pd.DataFrame(), [joined(searches, split)] if searches else []

    def _pairs(self, attack: LinkageAttack, shown: Shown, folder: Path, ctx: Context) -> None:
        train, test = (kinds := threat_of(self.origin.scenario)).train, kinds.test
        parts = []
        for name, kind in dict.fromkeys([("train", train), ("val", train), ("val", test), ("test", test)]):
            split, images = shown.attacked(name), self._gallery(attack, shown, name, kind)
            pairs = told_apart(images, split, kind)
            if name == "train":
                pairs = _some(pairs, len(shown.originals["val"].pairs))
            images, place = _shuffled(images, ctx)
            scores = attack.similarity(images, place[pairs.probe], place[pairs.reference], ctx)
            parts.append(linkage_scores(self.origin, split, name, kind, pairs, scores))
        write_scores(pd.concat(parts, ignore_index=True), folder / LINKAGE_FILE)

    def _matches(self, attack: LinkageAttack, shown: Shown, folder: Path, ctx: Context) -> None:
        """Of an attack that knows no single images there is no file."""
        split, kinds = shown.originals["test"], threat_of(self.origin.scenario).test
        rows = _to_be_matched(split.patients, shown.rows("test"))
        gallery = self._searched(attack, shown, "test", kinds).rows(rows)
        images, place = _shuffled(gallery, ctx)
        similarity = attack.image_similarity(images, ctx)
        if similarity is not None:
            pictures = pictures_of(gallery, _is_released(shown, "test")[rows])
            first, similarity = by_picture(similarity[np.ix_(place, place)], pictures)
            ranks = own_image_ranks(self.origin, split, rows[first], similarity, ctx.numpy_generator("equally alike"))
            write_scores(_of_released(ranks, "image", shown, "test"), folder / MATCHES_FILE)

    def _measures(self, attack: LinkageAttack, shown: Shown, folder: Path, ctx: Context) -> None:
        kinds = threat_of(self.origin.scenario).test
        measures: dict[str, float] = {}
        if kinds.probes is Kind.ANONYMIZED:
            test = self._gallery(attack, shown, "test", kinds)
            measures = attack.measures(test, shown.attacked("test").images, ctx)
        if odd := [name for name, value in measures.items() if not np.isfinite(value)]:
            raise PrivbenchError(
                f"The attack {self.origin.attack!r} measured {odd[0]} as {measures[odd[0]]}, which is no number: "
                "mend the plugin, or leave the measure out."
            )
        (folder / MEASURES_FILE).write_text(json.dumps(measures), encoding="utf-8")


class InferAttributes(Scoring[InferenceAttack]):
    """Attributes of the patients on the test images."""

    def __call__(self, reads: Reads, folder: Path, ctx: Context) -> None:
        attack, shown = self._ready(reads, ctx)
        inferred = attack.infer(self._gallery(attack, shown, "test", threat_of(self.origin.scenario).test), ctx)
        write_scores(inference_scores(self.origin, shown.attacked("test"), inferred), folder / INFERENCE_FILE)


@dataclass(frozen=True)
class AttackStages:
    """The attacks of a run. `budget` tells, for the keys, to which rows the training was cut."""

    common: Common
    protocol: Protocol
    create: Callable[[str], Attack]
    floor: Callable[[], LinkageAttack]
    budget: Mapping[str, Any] = field(default_factory=dict)

    def nodes(self, labels: Sequence[str], unchanged: bool) -> list[Node]:
        """What scores the attacks of those names in all their scenarios, and each on originals, as a control."""
        return [self._floor(), *(self.score(origin, unchanged) for origin in self._origins(labels))]

    def _origins(self, labels: Sequence[str]) -> Iterator[AttackOrigin]:
        for label in labels:
            section, attack = self.protocol.attacks[label], self.create(label)
            if attack.trained or isinstance(attack, InferenceAttack):
                yield from (AttackOrigin(label, CONTROL, seed) for seed in range(self.protocol.certificate.seeds))
            yield from (AttackOrigin(label, one, seed) for one in section.scenarios for seed in range(section.seeds))

    def _floor(self) -> Node:
        attack, common = self.floor(), self.common
        config = attack.terms() | self._pairs("test") | {"label": FLOOR}
        work = ScoreFloor(attack, common.source)
        return common.nodes.node(StageName("linkage", (FLOOR,)), config, [common.data], work, [attack])

    def score(self, origin: AttackOrigin, unchanged: bool) -> Node:
        """What scores one attack in one scenario; it reads what was learnt, the originals and, if need be, releases.

        Where the release is `unchanged`, its images are taken for the originals that they are, and no attack is trained
        twice on the same.
        """
        attack, threat, common = self.create(origin.attack), threat_of(origin.scenario), self.common
        train, test = there(threat.train, unchanged), there(threat.test, unchanged)
        fitted = self._fit(attack, origin, train)
        config = attack.terms() | self._pairs("train", "val", "test") | {"budget": dict(self.budget)}
        config |= {"label": origin.attack, "scenario": origin.scenario, "number": origin.seed}
        images = dict.fromkeys([*self._images(attack, train), *self._images(attack, test)])
        kind, work = self._scoring(attack, origin, unchanged, fitted.name)
        name = StageName(kind, (origin.attack, origin.scenario), origin.seed)
        return common.nodes.node(name, config, [*images, fitted], work, [attack])

    def _scoring(self, attack: Attack, origin: AttackOrigin, unchanged: bool, fitted: StageName) -> tuple[str, Work]:
        source = self.common.source
        if isinstance(attack, LinkageAttack):
            return "linkage", LinkImages(attack, origin, unchanged, fitted, source)
        assert isinstance(attack, InferenceAttack)  # there is no third kind
        infer = InferMembership if attack.infers_membership else InferAttributes
        return "inference", infer(attack, origin, unchanged, fitted, source)

    def _fit(self, attack: Attack, origin: AttackOrigin, kinds: Compared) -> Node:
        """What trains the attack for a scenario; scenarios that train on the same images share it."""
        name = StageName("attack", (origin.attack, kinds), origin.seed)
        config = attack.terms() | self._pairs("train", "val") | {"budget": dict(self.budget)}
        config |= {"label": origin.attack, "images": kinds, "number": origin.seed}
        config |= ledger_terms(self.common.source, attack.params)
        inputs = [*self._images(attack, kinds), *self.common.guidance]
        if attack.has_teacher and self.common.embedder is not None:
            inputs.append(self.common.embedder)
        return self.common.nodes.node(name, config, inputs, FitAttack(attack, kinds, self.common.source), [attack])

    def _images(self, attack: Attack, kinds: Compared) -> list[Node]:
        """What holds the images which the attack sees."""
        data, releases = self.common.data, self.common.releases
        return [data] if kinds is Compared.ORIGINALS else [data, *releases[: attack.releases]]

    def _pairs(self, *names: str) -> dict[str, Any]:
        return pairs_digests(self.common.source.pairs, *names)


def _shuffled(gallery: Gallery, ctx: Context) -> tuple[Gallery, np.ndarray]:
    """The gallery in random order, and the new place of each row: in its own order it is sorted by patient."""
    order = ctx.numpy_generator("gallery").permutation(len(gallery.probes))
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return gallery.rows(order), place


def _is_released(shown: Shown, split: str) -> np.ndarray:
    """Of each original of a split, whether it is released. Shape: (N,), bool."""
    return np.isin(np.arange(len(shown.originals[split].images)), shown.rows(split))


def _of_released(scores: pd.DataFrame, column: str, shown: Shown, split: str) -> pd.DataFrame:
    """Those rows whose image in that column is released."""
    if split not in shown.published:
        return scores
    released = shown.originals[split].told["image"].iloc[shown.published[split]]
    return scores[scores[column].isin(released)].reset_index(drop=True)


def _to_be_matched(patients: np.ndarray, released: np.ndarray) -> np.ndarray:
    """A row of each of MATCHED patients: a released one, where there is any. Shape: (N,) and (n,), int, to (m,)."""
    own = released[one_a_patient(patients[released], MATCHED)]
    others = np.flatnonzero(~np.isin(patients, patients[released]))
    room = MATCHED - len(own)
    return np.concatenate([own, others[one_a_patient(patients[others], room)]]) if len(others) and room else own


def _some(pairs: Pairs, count: int) -> Pairs:
    """At most that many pairs, spread evenly over the list, so that both kinds stay in proportion."""
    rows = np.linspace(0, len(pairs) - 1, min(count, len(pairs))).astype(np.int64)
    return Pairs(pairs.probe[rows], pairs.reference[rows], pairs.mated[rows])

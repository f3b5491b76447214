"""A run, stage by stage: data, guidance, anonymizer, release, attacks, utility."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..base.files import digest_of
from ..base.progress import log
from ..data.notices import log_notice, read_notices
from ..data.splits import SPLITS, Split
from ..learning.guidance import Guidance
from ..learning.states import STATE
from ..learning.weights import weights_source
from ..plugins.code import stated
from ..plugins.interfaces import Anonymizer, Attack, DataRequest, Dataset, LinkageAttack, UtilityTask
from ..protocols.schema import Protocol, fingerprint_of, without_places
from ..record.scores import AttackScores
from .attack_galleries import AttackGalleries
from .attack_stages import AttackStages
from .choices import check_floor, check_places, check_utilities, choose_attacks, choose_utilities
from .examples import keep_examples
from .guidance_stages import make_guidance
from .loading import data_stage, read_splits
from .pairing import guidance_pairs, with_pairs
from .rehearsal import rehearse
from .release import Fitted, draw_release, fit_anonymizer
from .stage_names import ANONYMIZER, DATA, RELEASE, VERSIONS, StageName
from .stages import Stages
from .utility_stages import UtilityStages

if TYPE_CHECKING:
    from lightning_fabric import Fabric

    from .store import Stage, Store


@dataclass(frozen=True)
class Prepared:
    """What attacks and utility tasks are carried out on; `released` holds the release that is published."""

    stages: Stages
    splits: Mapping[str, Split]
    guidance: Guidance
    fitted: Fitted
    released: Mapping[str, Split]
    warnings: Sequence[str]

    @cached_property
    def unchanged(self) -> bool:
        """Whether the release is the original data to the bit."""
        return all(np.array_equal(self.released[name].images, self.splits[name].images) for name in reversed(SPLITS))


@dataclass(frozen=True)
class Made:
    """Everything that a run's stages put out. `warnings` are what they told of the data and of what was left out."""

    attacks: AttackScores
    readings: pd.DataFrame
    measurements: pd.DataFrame
    examples: Path
    anonymizer_state: Path
    data_digest: str
    stages: Mapping[StageName, Stage]
    curves: Sequence[Mapping[str, Any]]
    warnings: Sequence[str]


@dataclass
class Pipeline:
    """Everything that a run needs; `run` carries it out."""

    protocol: Protocol
    dataset: Dataset
    anonymizer: Anonymizer
    attack: Callable[[str], Attack]
    floor: Callable[[], LinkageAttack]
    utility: Callable[[str], UtilityTask]
    request: DataRequest
    store: Store
    fabric: Fabric
    precision: str

    def __post_init__(self) -> None:
        """Raises PrivbenchError for every mistake that can be told before anything is computed."""
        self.anonymizer.check_size(self.protocol.data.size)
        self.attacks, self._left_out = choose_attacks(self.protocol, self.attack, self.anonymizer)
        check_floor(self.floor())
        check_utilities(self.protocol, self.utility)
        self._source = self.dataset.source(self.request)
        self.terms = self._terms()  # asks every plugin for its inputs, and timm for the networks
        check_places([self.terms, self.anonymizer.terms(), without_places(self.protocol.model_dump(mode="json"))])

    @property
    def key(self) -> str:
        """SHA-256 of all that decides the run's scores, known before anything is computed."""
        return digest_of(self.terms | {"anonymizer": stated(self.anonymizer), "source": self._source})

    @property
    def versions(self) -> tuple[dict[str, str], dict[str, str]]:
        """The versions of the attacks and of the utility tasks, by their names in the protocol."""
        attacks = {label: attack.version for label, attack in self.attacks.items()}
        return attacks, {label: self.utility(label).version for label in self.protocol.utilities}

    def _terms(self) -> dict[str, Any]:
        """The protocol and what carries it out. Foreign plugins count with their source, ours with their version."""
        attacks, utilities = map(self.attack, self.protocol.attacks), map(self.utility, self.protocol.utilities)
        plugins = [self.dataset, self.floor(), *attacks, *utilities]
        guidance = self.protocol.guidance
        return {
            "protocol": self.protocol.fixed(),
            "plugins": [stated(plugin) for plugin in plugins],
            "weights": [weights_source(backbone) for backbone in (guidance.classifier, guidance.verifier)],
            "stages": VERSIONS,
        }

    def run(self) -> Made:
        """Carries out every stage that is not in the store."""
        prepared = self.prepare()
        utilities, left_out = choose_utilities(self.protocol, self.utility, prepared.splits["test"])
        _warn(left_out)
        attacks = self.attack_stages(prepared).run(list(self.attacks))
        readings, measurements = self._utility_stages(prepared).run(list(utilities))
        examples = keep_examples(prepared.stages, prepared.fitted, prepared.splits, prepared.released)
        prepared.stages.confirm()
        made = prepared.stages.made
        return Made(
            attacks=attacks,
            readings=readings,
            measurements=measurements,
            examples=examples,
            anonymizer_state=made[ANONYMIZER].folder / STATE,
            data_digest=made[DATA].digest,
            stages=made,
            curves=prepared.stages.curves,
            warnings=[*self._left_out, *prepared.warnings, *left_out],
        )

    def prepare(self) -> Prepared:
        """Everything up to the release."""
        _warn(self._left_out)
        protocol = self.protocol
        stages = Stages(self.store, self.fabric, self.precision, protocol.seed, self.request.progress)

        def check(table: pd.DataFrame) -> None:
            rehearse(protocol, table, self.dataset.findings, self.attacks)

        data = data_stage(stages, self.dataset, self._source, self.request, protocol.data.validation, check)
        read = read_splits(data.folder, self.dataset.findings)
        if data.cached:  # when it was made, it may have been for another protocol
            check(pd.concat([split.table for split in read.values()], ignore_index=True))
        splits = with_pairs(read, protocol.pairs, protocol.seed)
        notices, few = read_notices(data.folder), _few_pairs(protocol, splits)
        for notice in notices:
            log_notice(notice)
        _warn(few)
        warnings = [*(notice.text for notice in notices), *few]
        pairs = guidance_pairs(splits["train"], protocol.pairs, protocol.seed)
        guidance = make_guidance(stages, protocol.guidance, splits, pairs)
        fitted = fit_anonymizer(stages, self.anonymizer, splits, guidance)
        images = draw_release(stages, fitted, splits)
        released = {name: split.with_images(images[name]) for name, split in splits.items()}
        return Prepared(stages, splits, guidance, fitted, released, warnings)

    def attack_stages(self, prepared: Prepared) -> AttackStages:
        """What carries out attacks on the release; further releases are drawn where an attack wants them."""
        first = {name: split.images for name, split in prepared.released.items()}
        further = [
            draw_release(prepared.stages, prepared.fitted, prepared.splits, StageName(RELEASE.kind, number=number))
            for number in range(1, max(attack.releases for attack in self.attacks.values()))
        ]
        return AttackStages(
            stages=prepared.stages,
            protocol=self.protocol,
            create=self.attack,
            floor=self.floor,
            galleries=AttackGalleries(prepared.splits, [first, *further], prepared.unchanged),
            guidance=prepared.guidance,
        )

    def _utility_stages(self, prepared: Prepared) -> UtilityStages:
        """What carries out the utility tasks on originals and on the release."""
        return UtilityStages(
            stages=prepared.stages,
            sections=self.protocol.utilities,
            create=self.utility,
            originals=prepared.splits,
            released=prepared.released,
            unchanged=prepared.unchanged,
            fitted=prepared.fitted,
            guidance=prepared.guidance,
        )

    def fingerprint(self, data_digest: str) -> str:
        """SHA-256 of the protocol, the versions of what carries it out, and the digest of the data that it read."""
        return fingerprint_of(self.terms, data_digest)


def _few_pairs(protocol: Protocol, splits: Mapping[str, Split]) -> list[str]:
    """Where fewer pairs could be drawn than the protocol asks for."""
    told = []
    for name, split in splits.items():
        wanted = getattr(protocol.pairs, name)
        if protocol.pairs.file(name) is None and len(split.pairs) < wanted - wanted % 2:
            told.append(f"the {name} split has {len(split.pairs)} verification pairs, {wanted} were asked for")
    return told


def _warn(messages: Sequence[str]) -> None:
    for message in messages:
        log.warning(message)

"""A run as a graph: data, guidance, anonymizer, release, attacks, utility, and the figures of it all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..base.errors import PrivbenchError
from ..base.files import digest_of
from ..data.notices import Notice, read_notices
from ..data.pairs import NO_PAIRS, Pairs
from ..data.splits import SPLITS, Split, pairs_digests
from ..data.visits import untold_visits
from ..engine.node import Instead, Node
from ..engine.todo import resolved
from ..plugins.code import stated
from ..plugins.interfaces import Anonymizer, Attack, LinkageAttack
from ..protocols.schema import Protocol, without_places
from ..record.run import released_text
from .any_run import AnyRun
from .attack_stages import AttackStages
from .choices import (
    IMAGES_ALONE,
    NO_PATIENTS,
    check_findings,
    check_floor,
    check_patients,
    check_places,
    check_utilities,
    choose_attacks,
    choose_utilities,
)
from .contamination import brought, contamination_notices, judged
from .copies import copy_nodes
from .examples import KeepExamples
from .guidance_stages import guidance_nodes
from .ledgers import ledger_terms
from .loading import read_splits
from .pairing import guidance_pairs, with_pairs
from .publication import Publication, publication_of
from .rehearsal import Rehearsal
from .release import FitAnonymizer, Release
from .scored import Evaluate
from .source import Common, Source
from .stage_names import ANONYMIZER, EXAMPLES, FIGURES, IMAGES_FILE, RELEASE, VERSIONS, StageName
from .utility_stages import UtilityStages

if TYPE_CHECKING:
    from ..engine.store import Stage
    from ..record.weights import WeightsRecord


@dataclass(frozen=True)
class RunGraph:
    """The nodes that a run's folder is made of; the notices are of the data, of weights and of what is left out.

    `weights` are those that the run does not learn itself; `publication` tells what of the data is released.
    """

    common: Common
    attacks: AttackStages
    figures: Node
    examples: Node
    notices: Sequence[Notice]
    weights: Sequence[WeightsRecord] = ()
    publication: Publication = field(default_factory=Publication)

    @property
    def warnings(self) -> list[str]:
        """What the record tells of the data and of what is left out."""
        return [notice.text for notice in self.notices]

    @property
    def nodes(self) -> tuple[Node, ...]:
        """What has to be made, with all that it reads."""
        return self.examples, self.figures

    def unchanged(self, made: Mapping[Node, Stage]) -> bool:
        """Whether the release, which is made, is the data to the bit."""
        return resolved(self.figures, made) is not self.figures


@dataclass(frozen=True)
class DrawnPairs:
    """What the protocol draws of the data: the splits with their pairs, those of the guidance verifier, and notices.

    `attacked` are the pairs of each split that attacks are trained and tested on, whose images are all released. Data
    that name no patients have neither pairs nor a verifier.
    """

    splits: Mapping[str, Split]
    publication: Publication
    guidance: Pairs | None
    attacked: Mapping[str, Pairs]
    notices: Sequence[Notice]


@dataclass(kw_only=True)
class Pipeline(AnyRun):
    """Everything that decides a run. `told` is known of the release before, for whoever reads the figures."""

    versions = VERSIONS

    anonymizer: Anonymizer
    attack: Callable[[str], Attack]
    floor: Callable[[], LinkageAttack]
    told: Sequence[Notice] = ()

    def __post_init__(self) -> None:
        """Raises PrivbenchError for every mistake that can be told before anything is computed."""
        self.anonymizer.check_size(self.protocol.data.size)
        self.attacks, self._left_out = choose_attacks(self.protocol, self.attack, self.anonymizer)
        if self.unjudged is not None:
            self.attacks, self._left_out = {}, [f"privacy was not judged: {self.unjudged}", IMAGES_ALONE]
        check_floor(self.floor())
        check_utilities(self.protocol, self.utility)
        self._source = self.dataset.source(self.request)
        check_findings(self.anonymizer, self.dataset.findings)
        check_patients(self.anonymizer, self.dataset)
        self.terms = self._terms()  # asks every plugin for its inputs, and timm for the networks
        check_places([self.terms, self.anonymizer.terms(), without_places(self.protocol.model_dump(mode="json"))])
        self._brought = brought(
            self.protocol,
            self.anonymizer,
            self.attacks,
            self.utility,
            len(self.dataset.findings),
            self.dataset.names_patients,
        )

    @property
    def unjudged(self) -> str | None:
        """Why privacy is not judged, in a clause; None where it is."""
        return None if self.dataset.names_patients else NO_PATIENTS

    @property
    def key(self) -> str:
        """SHA-256 of all that decides the run's scores, known before anything is computed."""
        return digest_of(self.terms | {"anonymizer": stated(self.anonymizer), "source": self._source})

    def _terms(self) -> dict[str, Any]:
        """What carries the protocol out, and what keeps runs apart beside it.

        Attacks that a release made elsewhere gives no occasion for count as well: who faced them is not compared with
        who was spared them.
        """
        attacks, utilities = map(self.attack, self.protocol.attacks), map(self.utility, self.protocol.utilities)
        terms = self._carried_out_by([self.dataset, self.floor(), *attacks, *utilities])
        if self.unjudged is not None:
            return terms | {"unjudged": self.unjudged}
        spared = [label for label in self.protocol.attacks if label not in self.attacks]
        return terms | ({"spared": spared} if self.anonymizer.made_elsewhere and spared else {})

    @property
    def _check(self) -> Rehearsal:
        return Rehearsal(self.protocol, self.dataset.findings, self.attacks, self.dataset.names_patients)

    def graph(self, data: Stage | None, drawn: dict[str, DrawnPairs] | None = None) -> RunGraph:
        """Everything that follows the data.

        Args:
            data: its stage; None where it is not made yet. Then no pairs are known, and whatever the data may lack but
                findings is taken to be there: enough to tell what will be made.
            drawn: what the runs of one command have drawn so far, which is drawn and rehearsed once; added to.

        Raises:
            PrivbenchError: the data do not serve the protocol.
        """
        of_guidance = None if self.unjudged else NO_PAIRS
        publication = Publication()
        of_splits: Mapping[str, Pairs] = dict.fromkeys(SPLITS, NO_PAIRS)
        attacked = of_splits
        knows, notices = self._may_know, [*self.told, *map(Notice, self._left_out)]
        collection = self.dataset.collection(self.request)
        weights: list[WeightsRecord] = []
        if data is not None:
            of_data = self._drawn(data, {} if drawn is None else drawn)
            publication = of_data.publication
            of_splits, of_guidance = {name: split.pairs for name, split in of_data.splits.items()}, of_data.guidance
            attacked, knows = of_data.attacked, of_data.splits["test"].knows
            weights = judged(self._brought, collection, of_data.splits, self.allow_contamination)
            notices += [*of_data.notices, *contamination_notices(weights)]
        utilities, left_out = choose_utilities(self.protocol, self.utility, knows)
        notices += map(Notice, left_out)
        whole = Source(tuple(self.dataset.findings), self.protocol.guidance, of_splits, collection=collection)
        source = replace(whole, pairs=attacked, published=publication.rows)
        common = self._common(whole, source, of_guidance, publication)
        attacks = AttackStages(common, self.protocol, self.attack, self.floor)
        tasks = UtilityStages(common, self.protocol.utilities, self.utility, self.anonymizer)

        def figures(unchanged: bool) -> Node:
            scores = tasks.nodes(utilities, unchanged)
            if self.unjudged is None:
                # Whose radiographs are published is a question of patients, too.
                scores = [*attacks.nodes(list(self.attacks), unchanged), *scores, *copy_nodes(common, unchanged)]
            return self._figures(scores)

        # Of a release that is the data to the bit nothing is trained twice on the same.
        instead = Instead(common.data, common.releases[0], IMAGES_FILE, figures(True))
        examples = common.nodes.node(
            EXAMPLES,
            self.anonymizer.terms(),
            [common.data, common.releases[0], common.anonymizer],
            KeepExamples(self.anonymizer, source),
            [self.anonymizer],
        )
        scored = replace(figures(False), instead=instead)
        return RunGraph(common, attacks, scored, examples, notices, weights, publication)

    def _may_know(self, what: str) -> bool:
        """Whether the data set may tell findings, masks or locations, as far as is known before it is read."""
        return what != "findings" or bool(self.dataset.findings)

    def _drawn(self, data: Stage, known: dict[str, DrawnPairs]) -> DrawnPairs:
        # What a method leaves out is known only once the data are read, which all that leave out nothing share.
        method = stated(self.anonymizer) if self.anonymizer.leaves_out else None
        key = digest_of([data.key, self.protocol.fixed(), list(self.attacks), method])
        if key not in known:
            known[key] = self._draw(data)
        return known[key]

    def _draw(self, data: Stage) -> DrawnPairs:
        read = read_splits(data.folder, self.dataset.findings)
        publication = publication_of(self.anonymizer, read)
        section, seed = self.protocol.pairs, self.protocol.seed
        table = pd.concat([split.table for split in read.values()], ignore_index=True)
        self._check(table)  # it was made for another protocol, maybe, or for another run of the same command
        if self.unjudged is not None:
            return DrawnPairs(read, publication, None, dict.fromkeys(read, NO_PAIRS), read_notices(data.folder))
        splits = attacked = with_pairs(read, section, seed)
        if publication.rows:
            try:
                self._check(table, publication.rows)
            except PrivbenchError as error:
                text = released_text(publication.released)
                raise PrivbenchError(f"Too little is released to be judged, {text}: {error}") from error
            attacked = with_pairs(read, section, seed, publication.rows)
        pairs = guidance_pairs(splits["train"], section, seed)
        told = [*_few_pairs(self.protocol, attacked), *_untold_visits(self.protocol, splits)]
        of_attacks = {name: split.pairs for name, split in attacked.items()}
        return DrawnPairs(splits, publication, pairs, of_attacks, [*read_notices(data.folder), *map(Notice, told)])

    def _common(self, source: Source, published: Source, pairs: Pairs | None, publication: Publication) -> Common:
        """The guidance and the anonymizer, which know all originals; and what shows the images that are released."""
        nodes, anonymizer = self._nodes, self.anonymizer
        classifier, verifier, embedder = guidance_nodes(nodes, self.data, source, pairs)
        config = anonymizer.terms() | pairs_digests(source.pairs, "train", "val")
        config |= ledger_terms(source, anonymizer.params)
        inputs = [self.data, classifier, *([] if verifier is None else [verifier])]
        shown = replace(nodes, more=publication.terms)
        fitted = nodes.node(ANONYMIZER, config, inputs, FitAnonymizer(anonymizer, source), [anonymizer])

        def release(number: int) -> Node:
            name = RELEASE if number == 0 else StageName(RELEASE.kind, number=number)
            work = Release(anonymizer, name, published)
            return shown.node(name, anonymizer.terms() | {"number": number}, [self.data, fitted], work, [anonymizer])

        count = max((attack.releases for attack in self.attacks.values()), default=1)
        releases = tuple(map(release, range(count)))
        return Common(shown, published, self.data, classifier, verifier, embedder, fitted, releases)

    def _figures(self, scores: Sequence[Node]) -> Node:
        attacks = {label: attack.version for label, attack in self.attacks.items()}
        utilities = {label: self.utility(label).version for label in self.protocol.utilities}
        order = [list(self.protocol.attacks), list(self.protocol.utilities)]  # which a digest of tables does not tell
        config = {"protocol": self.terms["protocol"], "attacks": attacks, "utilities": utilities, "order": order}
        return self._nodes.node(FIGURES, config, scores, Evaluate(self.protocol, attacks, utilities))


def _few_pairs(protocol: Protocol, splits: Mapping[str, Split]) -> list[str]:
    """Where fewer pairs could be drawn than the protocol asks for."""
    told = []
    for name, split in splits.items():
        wanted = getattr(protocol.pairs, name)
        if protocol.pairs.file(name) is None and len(split.pairs) < wanted - wanted % 2:
            told.append(f"the {name} split has {len(split.pairs)} verification pairs, {wanted} were asked for")
    return told


def _untold_visits(protocol: Protocol, splits: Mapping[str, Split]) -> list[str]:
    """Where pictures of one visit may stand as a mated pair, because nobody tells that they are of one."""
    rows = np.concatenate([untold_visits(split.table) for split in splits.values()])
    if protocol.pairs.within_study or not rows.any():
        return []
    return [
        f"the studies of {rows.sum()} of {len(rows)} images are not known: two pictures of one visit may count as a "
        "mated pair, and are easier to link"
    ]

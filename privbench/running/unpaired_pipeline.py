"""The run of an unpaired release as a graph: data, released images, what they are like, utility, and the figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..base.errors import PrivbenchError
from ..base.files import digest_of
from ..base.seeds import numpy_generator
from ..data.notices import Notice, read_notices
from ..data.pairs import NO_PAIRS, Pairs
from ..data.splits import SPLITS
from ..engine.node import Node
from ..evaluate.unpaired import Provenance
from ..plugins.code import stated
from ..plugins.interfaces import ReadingTask
from ..protocols.schema import UtilitySection, without_places
from ..record.unpaired import WHY_UNPAIRED
from .any_run import AnyRun
from .choices import check_places, choose_utilities
from .contamination import brought, contamination_notices, judged
from .copies import originals_alike
from .found_release import FoundRelease
from .guidance_stages import guidance_nodes
from .loading import read_splits
from .pairing import guidance_pairs, with_pairs
from .publication import Publication
from .rehearsal import Rehearsal
from .scored import EvaluateUnpaired
from .source import Common, Source
from .stage_names import DRAWS, FIGURES, LABELLED, NEAREST, NEARNESS, UNPAIRED_VERSIONS, VERSIONS
from .unpaired_release import UnpairedRelease
from .unpaired_stages import CompareDraws, CompareOriginalsWithDraws, DrawnSource, LabelDraws, TakeDraws, drawn_rows
from .utility_stages import UtilityStages

if TYPE_CHECKING:
    from ..engine.store import Stage
    from ..record.weights import WeightsRecord
    from .pipeline import DrawnPairs

_MODE = "retrained-transfer"
"""The one mode that needs no original beside a released image: it learns from the release and reads originals."""
_FEWEST = 2
"""Released images with findings that a task can learn from: one to learn, one to validate."""


@dataclass(frozen=True)
class UnpairedGraph:
    """The nodes that the folder of an unpaired release's run is made of; see `RunGraph`."""

    figures: Node
    notices: Sequence[Notice]
    weights: Sequence[WeightsRecord]
    publication: Publication = field(default_factory=Publication)

    @property
    def warnings(self) -> list[str]:
        """What the record tells of the data, the release, and of what is left out."""
        return [notice.text for notice in self.notices]

    @property
    def nodes(self) -> tuple[Node, ...]:
        """What has to be made, with all that it reads."""
        return (self.figures,)


@dataclass(kw_only=True)
class UnpairedPipeline(AnyRun):
    """Everything that decides the run of an unpaired release."""

    versions = VERSIONS | UNPAIRED_VERSIONS

    told: UnpairedRelease

    def __post_init__(self) -> None:
        """Raises PrivbenchError for every mistake that can be told before anything is computed."""
        tasks = {label: self.utility(label) for label in self.protocol.utilities}
        self._tasks = [
            label for label, task in tasks.items()
            if self.told.labels is not None and isinstance(task, ReadingTask) and _MODE in task.modes
        ]  # fmt: skip
        sections = {
            label: section.model_copy(update={"modes": (_MODE,)}) if label in self._tasks else section
            for label, section in self.protocol.utilities.items()
        }
        self.protocol = self.protocol.model_copy(update={"utilities": sections})
        if self._tasks and self.told.labelled_pictures < _FEWEST:
            raise PrivbenchError(
                "Fewer than two different released images have findings: label more, or leave out --findings."
            )
        self._source = self.dataset.source(self.request)
        self.terms = self._terms()
        check_places([self.terms, self.anonymizer.terms(), without_places(self.protocol.model_dump(mode="json"))])
        used = self.protocol.model_copy(update={"utilities": self._sections})
        findings = len(self.dataset.findings)
        self._brought = brought(used, self.anonymizer, {}, self.utility, findings, True) if self._tasks else []

    @property
    def anonymizer(self) -> FoundRelease:
        """What stands for the method: its name and parameters, and the digests of its images."""
        return self.told.images

    @property
    def provenance(self) -> Provenance:
        return self.told.provenance

    @property
    def key(self) -> str:
        """SHA-256 of all that decides the run's scores, known before anything is computed."""
        return digest_of(
            self.terms | {"anonymizer": stated(self.anonymizer), "source": self._source, "labels": self._labels}
        )

    @property
    def _labels(self) -> str:
        return "" if self.told.labels is None else digest_of(np.nan_to_num(self.told.labels, nan=-1).tolist())

    @property
    def _sections(self) -> dict[str, UtilitySection]:
        return {label: self.protocol.utilities[label] for label in self._tasks}

    def _terms(self) -> dict[str, Any]:
        """What makes such runs comparable: the protocol, what carries it out, and whom the generator learnt from."""
        carried_out = self._carried_out_by([self.dataset, *map(self.utility, self._tasks)])
        return carried_out | {"unpaired": self.provenance.terms(), "unjudged": self.unjudged}

    @property
    def unjudged(self) -> str:
        """Why nobody was looked for in the release, in a clause."""
        return WHY_UNPAIRED

    @property
    def _check(self) -> Rehearsal:
        return Rehearsal(self.protocol, self.dataset.findings, {}, linkage=False, utility=bool(self._tasks))

    def graph(self, data: Stage | None, drawn: dict[str, DrawnPairs] | None = None) -> UnpairedGraph:
        """Everything that follows the data; None where these are not made yet. `drawn` is of other runs.

        Raises PrivbenchError where the data do not serve the protocol.
        """
        pairs: Mapping[str, Pairs] = dict.fromkeys(SPLITS, NO_PAIRS)
        guidance, notices = NO_PAIRS, [*self.told.notices]
        collection = self.dataset.collection(self.request)
        weights: list[WeightsRecord] = []
        if data is not None:
            splits = read_splits(data.folder, self.dataset.findings)
            self._check(pd.concat([split.table for split in splits.values()], ignore_index=True))
            notices += read_notices(data.folder)
            if self._tasks:
                paired = with_pairs(splits, self.protocol.pairs, self.protocol.seed)
                pairs = {name: split.pairs for name, split in paired.items()}
                guidance = guidance_pairs(paired["train"], self.protocol.pairs, self.protocol.seed)
            weights = judged(self._brought, collection, splits, self.allow_contamination)
            notices += contamination_notices(weights)
        notices += map(Notice, self._left_out())
        source = Source(tuple(self.dataset.findings), self.protocol.guidance, pairs, collection=collection)
        nodes, release, told = self._nodes, self.anonymizer, self.provenance
        size, names = self.protocol.data.size, tuple(release.params.release_files)
        draws = nodes.node(DRAWS, release.terms() | {"size": size}, [], TakeDraws(release, size), [release])
        learnt = {"learnt_from": list(told.learnt_from)}
        work = CompareDraws(source, names, tuple(told.learnt_from))
        inputs = [self.data, draws]
        scores = [
            nodes.node(NEAREST, learnt, inputs, work),
            nodes.node(NEARNESS, {}, inputs, CompareOriginalsWithDraws(source)),
            originals_alike(nodes, self.data, source),
            *self._utilities(source, draws, guidance),
        ]
        versions = {label: self.utility(label).version for label in self.protocol.utilities}
        config = {"protocol": self.terms["protocol"], "utilities": versions, "unpaired": self.terms["unpaired"]}
        config |= {"order": list(self.protocol.utilities)}
        figures = nodes.node(FIGURES, config, scores, EvaluateUnpaired(self.protocol, versions, told))
        return UnpairedGraph(figures, notices, weights)

    def _left_out(self) -> list[str]:
        """Which utility tasks are not carried out, and why."""
        labelled = self.told.labels is not None
        told = (
            [] if labelled else ["utility is not judged: nobody said which findings released images show (--findings)"]
        )
        others = [label for label in self.protocol.utilities if label not in self._tasks] if labelled else []
        return told + [f"{label} is left out: it needs an original beside a released image" for label in others]

    def _utilities(self, source: Source, draws: Node, pairs: Pairs) -> list[Node]:
        """What tasks read on originals that learnt from released images with findings, and from originals."""
        if self.told.labels is None or not self._tasks:
            return []
        rng = numpy_generator(self.protocol.seed, "released images for validation")
        rows = drawn_rows(self.told.labels, self.told.digests, self.protocol.data.validation, rng)
        nodes = self._nodes
        names = tuple(self.anonymizer.params.release_files)
        work = LabelDraws(names, source.findings, self.told.labels, rows)
        config = {"labels": self._labels, "rows": {name: part.tolist() for name, part in rows.items()}}
        labelled = nodes.node(LABELLED, config, [draws], work)
        drawn = DrawnSource(source.findings, source.recipe, source.pairs, collection=source.collection)
        classifier, verifier, embedder = guidance_nodes(nodes, self.data, source, pairs)
        common = Common(nodes, drawn, self.data, classifier, verifier, embedder, labelled, (labelled,))
        chosen, _ = choose_utilities(self.protocol, self.utility, lambda what: what == "findings")
        stages = UtilityStages(common, self._sections, self.utility, self.anonymizer)
        return stages.nodes([label for label in chosen if label in self._tasks], unchanged=False)

"""What paired and unpaired runs share: protocol and data set, what carries a run out, and the stage of the data."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from ..engine.node import Conditions, Node, Nodes
from ..learning.weights import weights_source
from ..plugins.code import stated
from ..plugins.interfaces import DataRequest, Dataset, Plugin, UtilityTask
from ..protocols.schema import Protocol, fingerprint_of
from .loading import Check, ReadData, data_node
from .publication import Publication

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..engine.store import Store


@dataclass(kw_only=True)
class AnyRun(ABC):
    """What decides any run, and the stage that each reads.

    Who derives from it sets `_source`, which tells the data set's source from others, and `terms`, of what makes runs
    comparable.
    """

    versions: ClassVar[Mapping[str, str]]
    """Of the kinds of stages that it has."""

    protocol: Protocol
    dataset: Dataset
    utility: Callable[[str], UtilityTask]
    request: DataRequest
    store: Store
    device: str
    precision: str
    batch: str = "protocol"
    allow_contamination: bool = False

    _source: dict[str, Any] = field(init=False)
    terms: dict[str, Any] = field(init=False)

    @property
    @abstractmethod
    def _check(self) -> Check:
        """What the table has to pass before an image is read."""

    @cached_property
    def _nodes(self) -> Nodes:
        protocol = self.protocol
        told = Conditions(
            protocol.seed,
            self.device,
            self.precision,
            protocol.threads,
            self.batch,
            protocol.tf32,
            protocol.compile,
        )
        return Nodes(self.versions, told)

    @cached_property
    def data(self) -> Node:
        """The node of the data, which everything else reads, and all runs on them share."""
        section, request = self.protocol.data, self.request
        told = section.size, section.fit, section.validation
        read = request.root, request.workers, request.exclude
        work = ReadData(self.dataset, *told, *read, self._check, self.store.decoded.absolute())
        return data_node(self._nodes, work, self._source)

    def _carried_out_by(self, plugins: Iterable[Plugin]) -> dict[str, Any]:
        """The protocol and what carries it out. Foreign plugins count with their source, ours with their version."""
        guidance = self.protocol.guidance
        return {
            "protocol": self.protocol.fixed(),
            "plugins": [stated(plugin) for plugin in plugins],
            "weights": [
                weights_source(one) for one in (guidance.classifier, guidance.verifier, guidance.embedder) if one
            ],
            "stages": self.versions,
        }

    def terms_of(self, publication: Publication) -> dict[str, Any]:
        """What makes runs comparable beside the data: figures of other images of theirs are not."""
        return self.terms | publication.terms

    def fingerprint(self, data_digest: str, publication: Publication | None = None) -> str:
        """SHA-256 of the protocol, the versions of what carries it out, and the digest of the data that it read.

        `publication` tells what of these is released; None where all is.
        """
        return fingerprint_of(self.terms_of(publication or Publication()), data_digest)

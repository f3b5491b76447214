"""Under what runs are made, whatever the anonymizer; and a run's pipeline, made ready under it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..base.errors import PrivbenchError
from ..base.progress import Progress
from ..data.exclusion import Exclusion, read_exclusion
from ..data.notices import Notice
from ..engine.executors.choice import Means
from ..engine.resources import cores
from ..engine.store import Store, default_store
from ..learning.device import BATCHES, chosen_device
from ..plugins.interfaces import Anonymizer, Attack, DataRequest, Dataset, LinkageAttack, UtilityTask
from ..plugins.registry import Registry
from ..protocols.schema import Protocol, load_protocol
from .pipeline import Pipeline
from .unpaired_pipeline import UnpairedPipeline
from .unpaired_release import UnpairedRelease


@dataclass(frozen=True)
class Setting:
    """What all runs of one command share.

    Args:
        protocol: a built-in protocol, or the path of a TOML file.
        overrides: `section.field=value` changes of the protocol.
        dataset: another data set than the protocol's.
        data_root: the folder of a data set that lies on disk.
        seed: another seed than the protocol's.
        store: the folder of cached stages; else PRIVBENCH_STORE, else ~/.cache/privbench.
        device: auto, cpu, cuda, mps, or cuda:1 of several.
        precision: 32-true, bf16-mixed or 16-mixed.
        batch: protocol; or auto, which computes batches that do not fit the device's memory in parts.
        means: with what stages are made.
        registry: where plugins are looked up.
        allow_contamination: make runs whose weights saw test patients too, which then stands beside every figure.
    """

    protocol: str = "quick"
    overrides: Sequence[str] = ()
    dataset: str | None = None
    data_root: Path | None = None
    seed: int | None = None
    store: Path | None = None
    device: str = "auto"
    precision: str = "32-true"
    batch: str = "protocol"
    means: Means = field(default_factory=Means)
    registry: Registry = field(default_factory=Registry)
    allow_contamination: bool = False

    def load(self, more: Sequence[str] = ()) -> Protocol:
        """The protocol, with the changes of the setting and more. Raises PrivbenchError as `load_protocol`."""
        first = []
        if self.dataset is not None and self.dataset != load_protocol(self.protocol).data.dataset:
            first += [f"data.dataset={self.dataset}", "data.params={}"]
        if self.seed is not None:
            first.append(f"seed={self.seed}")
        return load_protocol(self.protocol, [*first, *self.overrides, *more])  # the user's own win

    def data(self, protocol: Protocol) -> tuple[Dataset, DataRequest]:
        """A protocol's data set, and how it is to be read. Raises PrivbenchError for every mistake in that."""
        data, helpers = protocol.data, self.means.jobs or cores()
        exclude = Exclusion() if data.exclude_file is None else read_exclusion(data.exclude_file)
        dataset = self.registry.create(Dataset, data.dataset, data.params)
        quiet = Progress(quiet=True)
        return dataset, DataRequest(
            data.size, protocol.seed, self.data_root, helpers, quiet, fit=data.fit, exclude=exclude
        )

    def pipeline(self, protocol: Protocol, anonymizer: Anonymizer, told: Sequence[Notice] = ()) -> Pipeline:
        """What decides the run of an anonymizer under a protocol; `told` is known of its release before.

        Raises PrivbenchError for every mistake in it.
        """
        registry = self.registry
        return Pipeline(
            anonymizer=anonymizer,
            attack=lambda label: registry.create(
                Attack, protocol.attacks[label].attack, protocol.attacks[label].params
            ),
            floor=lambda: registry.create(LinkageAttack, protocol.certificate.floor, protocol.certificate.floor_params),
            told=told,
            **self._of_any_run(protocol),
        )

    def unpaired(self, protocol: Protocol, release: UnpairedRelease) -> UnpairedPipeline:
        """What decides the run of an unpaired release. Raises PrivbenchError for every mistake in it."""
        return UnpairedPipeline(told=release, **self._of_any_run(protocol))

    def _of_any_run(self, protocol: Protocol) -> dict[str, Any]:
        """The fields of `AnyRun`. Raises PrivbenchError where the machine, or the data set, is told wrongly."""
        if self.batch not in BATCHES:
            raise PrivbenchError(f"There is no batch {self.batch!r}: choose one of {', '.join(BATCHES)}.")
        if self.batch == "auto" and (self.precision == "16-mixed" or self.device == "mps"):
            raise PrivbenchError(
                "--batch auto computes no batch in parts with 16-mixed or on mps: choose bf16-mixed or 32-true, and "
                "cuda or cpu."
            )
        dataset, request = self.data(protocol)
        return {
            "protocol": protocol,
            "dataset": dataset,
            "utility": lambda label: self.registry.create(
                UtilityTask, protocol.utilities[label].task, protocol.utilities[label].params
            ),
            "request": request,
            "store": Store(default_store() if self.store is None else self.store),
            "device": chosen_device(self.device, self.precision, elsewhere=self.means.name == "ray"),
            "precision": self.precision,
            "batch": self.batch,
            "allow_contamination": self.allow_contamination,
        }

    def anonymizer(self, named: str | Anonymizer, params: Mapping[str, Any], protocol: Protocol) -> Anonymizer:
        """The method of that name, with these parameters, the protocol's and its own; or the one handed over."""
        registry = self.registry
        if isinstance(named, str):
            return registry.create(Anonymizer, named, protocol.anonymizers.get(named, {}) | dict(params))
        if params:
            raise PrivbenchError("An anonymizer that is handed over holds its parameters: leave out params.")
        if named.name not in registry.names("anonymizer") or registry.get("anonymizer", named.name) is not type(named):
            registry.add(type(named))
        return named

"""The stages of a run before they are made: what each is to be made from, and by what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ..base.code import is_ours, modules_of, reached_from
from ..base.files import digest_of
from ..plugins.code import code_of
from .manifest import key_of

if TYPE_CHECKING:  # what only carries stages about cannot change what comes out of them
    from ..learning.context import Context
    from ..learning.recipes import Compiled
    from ..plugins.interfaces import Plugin


@dataclass(frozen=True)
class StageName:
    """A stage of a run: its kind; what it is of, such as an attack; its number among several alike.

    As text, such as `attack contrastive AO 0`, it stands in run.json and names its streams of random numbers.
    """

    kind: str
    of: tuple[str, ...] = ()
    number: int | None = None

    def __str__(self) -> str:
        return " ".join([self.kind, *self.of, *([] if self.number is None else [str(self.number)])])


Reads = Mapping[StageName, Path]
"""The folders of the stages that a work reads."""


class Work(Protocol):
    """Makes a stage. It travels to other processes, so it is a frozen dataclass, defined in a module."""

    def __call__(self, reads: Reads, folder: Path, ctx: Context) -> None:
        """Fills the stage's folder; the context collects the training curves."""


@dataclass(frozen=True)
class Conditions:
    """What every stage of a run shares.

    `device` is a type, such as cpu, or one of several, such as cuda:1; `threads` are those of one stage's work; `batch`
    is auto where one that does not fit the device's memory is computed in parts. `tf32` and `compile` are as the
    protocol has them.
    """

    seed: int
    device: str
    precision: str
    threads: int
    batch: str = "protocol"
    tf32: bool | None = None
    compile: Compiled | None = None

    @property
    def device_type(self) -> str:
        """Figures hang on it, and not on which one of several it is."""
        return self.device.partition(":")[0]


@dataclass(frozen=True, eq=False)
class Node:
    """A stage that is to be made. Two are equal where they are made by the same from the same.

    `config` holds, as JSON values, all that can change what comes out beside what it reads. Where the release turns out
    to be the data to the bit, `instead` is made.
    """

    name: StageName
    version: str
    config: Mapping[str, Any]
    inputs: tuple[Node, ...]
    work: Work
    conditions: Conditions
    instead: Instead | None = None
    reached: Reached | None = None

    @cached_property
    def identity(self) -> str:
        """What tells nodes apart before anything is made; a stage's key, which holds contents, is known later."""
        inputs = [node.identity for node in self.inputs]
        told = [self.name.kind, str(self.name), self.version, self.config, inputs]
        return digest_of([*told, None if self.instead is None else self.instead.node.identity])

    def key(self, digests: Mapping[str, str]) -> str:
        """Where the stage belongs in the store; the digests are those of all that it reads, by name."""
        return key_of(self.name.kind, self.version, self.config, digests)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Node) and self.identity == other.identity

    def __hash__(self) -> int:
        return hash(self.identity)


@dataclass(frozen=True)
class Instead:
    """Where both stages hold the same file of that name, this node stands for the one that says so."""

    first: Node
    second: Node
    file: str
    node: Node


@dataclass(frozen=True)
class Reached:
    """The code of privbench that a stage is made by: where it begins, its digest, and the versions of its libraries."""

    modules: frozenset[str]
    digest: str
    libraries: Mapping[str, str]

    @property
    def is_here(self) -> bool:
        """Whether this process has the same, which may be on another machine, or have begun after an edit."""
        return (self.digest, self.libraries) == _reached(self.modules)


@cache
def _reached(modules: frozenset[str]) -> tuple[str, Mapping[str, str]]:
    code = reached_from(modules)
    return code.digest, code.libraries


@dataclass(frozen=True)
class Nodes:
    """Makes the nodes of a run. `more` are JSON values that all of them depend on."""

    versions: Mapping[str, str]
    conditions: Conditions
    more: Mapping[str, Any] = field(default_factory=dict)

    def node(
        self,
        name: StageName,
        config: Mapping[str, Any],
        inputs: Sequence[Node],
        work: Work,
        plugins: Sequence[Plugin] = (),
        instead: Instead | None = None,
    ) -> Node:
        """The named node.

        Its configuration gets all else that can change its output: seed, threads, device, and the code that can be
        reached with the versions of its libraries. That is the code of the module that the work stands in, of the
        plugins, and of the works of the stages that it reads: what writes a stage also reads it.

        Args:
            name: its kind decides the version.
            config: JSON values that it depends on.
            inputs: what it reads.
            work: fills the folder.
            plugins: what it is handed and calls.
            instead: what is made in its place where the release is the data to the bit.
        """
        modules = {type(one).__module__ for one in (work, *(node.work for node in inputs))}
        classes = {type(one) for plugin in plugins for one in with_parts(plugin)}
        # What reads other stages computes; the data is the same wherever it is read, and needs no torch.
        code = code_of(modules | ({"privbench.engine.job"} if inputs else set()), classes)
        told = self.conditions
        conditions: dict[str, Any] = {"seed": told.seed, "code": code.digest, "libraries": code.libraries}
        if inputs:
            conditions |= {"device": told.device_type, "precision": told.precision, "threads": told.threads}
            if told.batch != "protocol":  # what batch norm saw then hangs on the memory that there was
                conditions |= {"batch": told.batch}
            more = {"tf32": told.tf32, "compile": told.compile}
            conditions |= {name: value for name, value in more.items() if value is not None}
        whole = {**config, **self.more, **conditions}
        ours = frozenset(filter(is_ours, modules | modules_of(classes)))
        reached = Reached(ours, *_reached(ours))
        return Node(name, self.versions[name.kind], whole, tuple(inputs), work, told, instead, reached)


def with_parts(plugin: Plugin) -> Iterator[Plugin]:
    """The plugin and all that it hands work to, at whatever depth."""
    yield plugin
    for part in plugin.parts():
        yield from with_parts(part)


def in_order(nodes: Iterable[Node]) -> list[Node]:
    """The nodes and all that they read, each once, whatever is read first."""
    ordered: dict[Node, None] = {}

    def add(node: Node) -> None:
        if node not in ordered:
            for earlier in node.inputs:
                add(earlier)
            ordered[node] = None

    for node in nodes:
        add(node)
    return list(ordered)


def readers_of(nodes: Iterable[Node]) -> dict[Node, list[Node]]:
    """Of each node those that read it, among these nodes alone."""
    readers: dict[Node, list[Node]] = {node: [] for node in nodes}
    for node in readers:
        for one in node.inputs:
            if one in readers:
                readers[one].append(node)
    return readers


def ways_of(seconds: Mapping[Node, float]) -> dict[Node, float]:
    """Of each node the seconds from its beginning to the end of the longest way that begins with it.

    The nodes come in an order in which whatever is read stands first.
    """
    readers, ways = readers_of(seconds), dict[Node, float]()
    for node in reversed(list(seconds)):
        ways[node] = seconds[node] + max((ways[reader] for reader in readers[node]), default=0.0)
    return ways

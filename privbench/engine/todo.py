"""What of a graph is still to be made, for which goals, and in which order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Generic, TypeVar

from .node import Node, in_order, readers_of, ways_of

if TYPE_CHECKING:
    from .store import Stage

Goal = TypeVar("Goal", bound=Hashable)
_UNKNOWN = 10.0
"""Seconds that a stage is taken to last whose like was never made; only the order hangs on it."""


def resolved(node: Node, made: Mapping[Node, Stage]) -> Node:
    """What is made of a node: itself, or what stands for it where two stages turned out alike."""
    told = node.instead
    if told is None or told.first not in made or told.second not in made:
        return node
    first, second = (made[one].manifest.files.get(told.file) for one in (told.first, told.second))
    return told.node if first == second else node


def needed(nodes: Iterable[Node], made: Mapping[Node, Stage]) -> list[Node]:
    """All that has to be there for these nodes, whatever is read first, as far as it is known what stands for what."""
    return in_order(resolved(node, made) for node in nodes)


def digests_read(node: Node, made: Mapping[Node, Stage]) -> dict[str, str]:
    """Those of the stages that the node reads, by name, as far as they are made."""
    return {str(one.name): made[one].digest for one in node.inputs if one in made}


class Todo(Generic[Goal]):
    """The open part of a graph. A goal is reached when all that its nodes need is made."""

    def __init__(
        self,
        goals: Mapping[Goal, Sequence[Node]],
        made: dict[Node, Stage],
        seconds_of: Callable[[Node], float | None],
    ) -> None:
        """
        Args:
            goals: the nodes that each goal asks for.
            made: what is there; `put` adds to it.
            seconds_of: what a stage will take, where that is known; it is asked once a stage.
        """
        self._goals, self._made, self.seconds_of = dict(goals), made, cache(seconds_of)
        self._arrived: set[Node] = set()
        self._plan()

    def _plan(self) -> None:
        """Looks anew at what is needed: at first, and whenever something comes to stand for something else."""
        self._missing: dict[Goal, set[Node]] = {}
        self._goals_of: dict[Node, list[Goal]] = defaultdict(list)
        for goal, nodes in self._goals.items():
            missing = [node for node in needed(nodes, self._made) if node not in self._made]
            self._missing[goal] = set(missing)
            for node in missing:
                self._goals_of[node].append(goal)
        self.open = dict.fromkeys(self._goals_of)  # whatever is read first, as for each goal
        self._inputs = {node: {one for one in node.inputs if one not in self._made} for node in self.open}
        self._readers = readers_of(self.open)
        self._decided_by: dict[Node, list[Node]] = defaultdict(list)
        for node in self.open:
            if node.instead is not None:
                self._decided_by[node.instead.first].append(node)
                self._decided_by[node.instead.second].append(node)
        seconds = {node: self.seconds_of(node) for node in self.open}
        known = {node: _UNKNOWN if one is None else one for node, one in seconds.items()}
        self.way = ways_of(known)
        self._arriving = [node for node, inputs in self._inputs.items() if not inputs]

    def arrivals(self) -> list[Node]:
        """The nodes whose inputs are there by now, each told once."""
        found = [node for node in self._arriving if node not in self._arrived and node in self.open]
        self._arrived.update(found)
        self._arriving = []
        return found

    @property
    def has_arrivals(self) -> bool:
        """Whether `arrivals` has more to tell."""
        return any(node not in self._arrived for node in self._arriving)

    def put(self, node: Node, stage: Stage) -> None:
        """A node is made."""
        self._made[node] = stage
        if any(resolved(one, self._made) is not one for one in self._decided_by.get(node, ())):
            self._plan()
            return
        self.open.pop(node, None)
        for goal in self._goals_of[node]:
            self._missing[goal].discard(node)
        for reader in self._readers.get(node, ()):  # none, where something else came to stand for it
            self._inputs[reader].discard(node)
            if not self._inputs[reader]:
                self._arriving.append(reader)

    def reached(self) -> list[Goal]:
        """The goals that are reached by now, each told once."""
        found = [goal for goal, missing in self._missing.items() if not missing]
        for goal in found:
            del self._missing[goal], self._goals[goal]
        return found

    def goals_of(self, node: Node) -> list[Goal]:
        """The goals that need the node."""
        return list(self._goals_of[node])

"""What a graph will take, before any of it is made: what is there, what is not, and how long that will last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING

from .costs import Cost, Costs
from .node import Node, in_order, readers_of, ways_of
from .todo import digests_read, needed

if TYPE_CHECKING:
    from .store import Stage, Store


@dataclass(frozen=True)
class Expected:
    """A stage: how many of the goals need it, whether it is there, and else what it will cost, where that is known.

    `critical` tells that it lies on the longest way: no number of workers makes the whole faster than these.
    """

    name: str
    goals: int
    there: bool
    cost: Cost | None
    critical: bool


@dataclass(frozen=True)
class Outlook:
    """All stages of a graph, whatever is read first; and in seconds the work, the longest way, and how long it lasts.

    Stages whose cost nobody knows count as nothing. `slots` are the stages at once.
    """

    stages: Sequence[Expected]
    work: float
    way: float
    lasts: float
    slots: int

    @property
    def unknown(self) -> int:
        """The stages that have to be made and whose cost nobody knows."""
        return sum(not one.there and one.cost is None for one in self.stages)


def outlook(goals: Mapping[str, Sequence[Node]], store: Store, slots: int) -> Outlook:
    """What it will take to reach the goals with what the store holds, so many stages at once."""
    made = stages_there(goals.values(), store)
    costs, wanted = Costs(store.root), {goal: needed(nodes, made) for goal, nodes in goals.items()}
    every = in_order(node for nodes in wanted.values() for node in nodes)
    cost_of = {node: costs.of(node, digests_read(node, made)) for node in every if node not in made}
    seconds = {node: 0.0 if cost is None else cost.seconds for node, cost in cost_of.items()}
    ways = ways_of(seconds)
    critical = set(_longest(ways))
    return Outlook(
        stages=[
            Expected(
                name=str(node.name),
                goals=sum(node in nodes for nodes in wanted.values()),
                there=node in made,
                cost=cost_of.get(node),
                critical=node in critical,
            )
            for node in every
        ],
        work=sum(seconds.values()),
        way=max(ways.values(), default=0.0),
        lasts=lasting(seconds, slots),
        slots=slots,
    )


def stages_there(goals: Iterable[Sequence[Node]], store: Store) -> dict[Node, Stage]:
    """The stages of a graph that the store holds, with all that they read."""
    made: dict[Node, Stage] = {}
    for nodes in goals:
        for _ in range(2):  # what stands for what is known when the first stages are found
            for node in needed(nodes, made):
                if node in made or any(one not in made for one in node.inputs):
                    continue
                if (stage := store.find(node.name.kind, node.key(digests_read(node, made)))) is not None:
                    made[node] = stage
    return made


def _longest(ways: Mapping[Node, float]) -> list[Node]:
    """The nodes of the longest way, in their order."""
    if not ways:
        return []
    readers = readers_of(ways)
    node = max(ways, key=lambda one: ways[one])
    way = [node]
    while readers[node]:
        node = max(readers[node], key=lambda one: ways[one])
        way.append(node)
    return way


def lasting(seconds: Mapping[Node, float], slots: int) -> float:
    """How long the nodes last, so many at once, where always the one with the longest way begins; in seconds."""
    ways, readers, number = ways_of(seconds), readers_of(seconds), count()
    waiting = {node: sum(one in seconds for one in node.inputs) for node in seconds}
    ready: list[tuple[float, int, Node]] = []
    running: list[tuple[float, int, Node]] = []
    for node, missing in waiting.items():
        if not missing:
            heappush(ready, (-ways[node], next(number), node))
    now = 0.0
    while ready or running:
        while ready and len(running) < slots:
            node = heappop(ready)[-1]
            heappush(running, (now + seconds[node], next(number), node))
        now, _, node = heappop(running)
        for reader in readers[node]:
            waiting[reader] -= 1
            if not waiting[reader]:
                heappush(ready, (-ways[reader], next(number), reader))
    return now

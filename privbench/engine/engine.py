"""Makes the stages of a graph: takes those that are there, has the others carried out, the longest way to go first."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import count
from logging import ERROR, INFO, WARNING
from math import inf
from typing import TYPE_CHECKING, Any

from ..base.errors import PrivbenchError, explain_memory_error, raise_all
from ..base.progress import log
from .costs import Cost, Costs
from .executors.interface import Executor, WorkerLost
from .job import Job
from .todo import Todo, digests_read

if TYPE_CHECKING:
    from .display import Display
    from .node import Node
    from .store import Stage, Store

_ALL = Cost(0, inf, inf)
"""Of what is to have all memory for itself."""


@dataclass
class _Open:
    """A stage that can be made now, or is: for one node, or for several of the same key.

    `title` is what people see, `way` the seconds to the end of the longest way that begins with it; `tried` counts the
    processes that died of it.
    """

    key: str
    nodes: list[Node]
    title: str
    way: float
    cost: Cost | None
    tried: int = 0

    @property
    def node(self) -> Node:
        return self.nodes[0]


class Engine:
    """Makes stages in one store for as long as its executor lives; what it made is remembered."""

    def __init__(self, store: Store, executor: Executor, display: Display, keep_going: bool = False) -> None:
        """
        Args:
            store: where stages are kept.
            executor: what carries them out.
            display: where people see it.
            keep_going: a stage that fails ends what needs it alone, and the rest is made first.
        """
        self._store, self._executor, self._display, self._keep_going = store, executor, display, keep_going
        self._costs = Costs(store.root)
        self.made: dict[Node, Stage] = {}

    def make(self, goals: Mapping[Any, Sequence[Node]], reached: Callable[[Any], None] = lambda goal: None) -> None:
        """Makes all that the goals need.

        Args:
            goals: the nodes that each goal asks for; the goals are texts. What is said of a stage begins with the goal
                that needs it, where there are several and it is needed by one.
            reached: called with each goal as soon as all that it needs is there.

        Raises:
            PrivbenchError: a stage cannot be made.
            Exception: what its work raised beside that.
        """
        self._todo: Todo[Any] = Todo(goals, self.made, self._seconds_of)
        self._several = len(goals) > 1
        self._number = count()
        self._ready: list[tuple[float, int, _Open]] = []
        self._open: dict[str, _Open] = {}
        self._running: dict[Future[Stage], _Open] = {}
        self._failed: dict[Node, Exception] = {}
        done: deque[Any] = deque()
        try:
            self._make(done, reached)
        except Exception:
            for goal in [*done, *self._todo.reached()]:  # what is whole is not lost
                reached(goal)
            raise
        self._store.clear()
        if self._failed:
            raise_all([f"The stage {self._called(node)} failed: {error}" for node, error in self._failed.items()])

    def _make(self, done: deque[Any], reached: Callable[[Any], None]) -> None:
        """Makes all; `done` holds the goals that are reached and not told yet."""
        while True:
            self._look()
            self._start()
            done += self._todo.reached()
            if done:  # one after the other: the executor is not to wait until all are told
                reached(done.popleft())
            if self._running and not self._todo.has_arrivals:
                for future in wait(self._running, timeout=0 if done else None, return_when=FIRST_COMPLETED).done:
                    self._end(future)
            elif not (self._ready or self._todo.has_arrivals or done):
                return

    def _look(self) -> None:
        """Takes what the store has of what can be made now, and lines up the rest."""
        while arrivals := self._todo.arrivals():
            for node in arrivals:
                key = node.key(digests_read(node, self.made))
                if key in self._open:
                    self._open[key].nodes.append(node)
                elif (there := self._store.find(node.name.kind, key)) is not None:
                    self._put([node], there)
                else:
                    cost = self._cost_of(node)
                    self._line_up(_Open(key, [node], self._called(node), self._todo.way[node], cost))

    def _line_up(self, one: _Open) -> None:
        self._open[one.key] = one
        heappush(self._ready, (-one.way, next(self._number), one))

    def _start(self) -> None:
        """Hands over what the executor takes, the longest way to go first; nothing overtakes what waits for room."""
        while self._ready:
            one = self._ready[0][-1]
            if one.cost is None or one.cost.memory is None:  # meanwhile one of its kind may have been made
                one.cost = self._cost_of(one.node)
            if not self._executor.takes(one.cost):
                break
            heappop(self._ready)
            if not self._is_needed(one):
                del self._open[one.key]
                continue
            self._log("%s …", one.node)
            self._display.begun(one.title)
            future = self._executor.submit(self._job(one.node, one.title), one.cost)
            self._running[future] = one
            if future.done():
                self._end(future)
        self._tell_what_is_left()

    def _end(self, future: Future[Stage]) -> None:
        one = self._running.pop(future)
        self._display.ended(one.title)
        error = future.exception()
        if error is None:
            del self._open[one.key]
            self._put(one.nodes, future.result())
            return
        if _died(error) and one.tried == 0:
            self._log(
                "%s ended for want of memory, or was killed: made again, with nothing beside it",
                one.node,
                level=WARNING,
            )
            if self._is_needed(one):
                self._line_up(replace(one, cost=_ALL, tried=1))
            return
        if isinstance(error, WorkerLost):
            error = PrivbenchError(
                f"The process that makes the stage {one.node.name} was killed twice, as systems do when memory runs "
                "out: lower --jobs, batch sizes (--set) or data.size."
            )
        error = (isinstance(error, Exception) and explain_memory_error(error)) or error
        if not (self._keep_going and isinstance(error, PrivbenchError)):
            raise error
        self._log("%s failed: %s", one.node, error, level=ERROR)
        self._failed |= dict.fromkeys(one.nodes, error)

    def _is_needed(self, one: _Open) -> bool:
        """Whether it is still to be made: meanwhile it may have been decided that something else stands for it."""
        return any(node in self._todo.open for node in one.nodes)

    def _put(self, nodes: Sequence[Node], stage: Stage) -> None:
        """Notes a stage that is there, for all nodes that it was made for."""
        said = "already there" if stage.cached else f"{stage.manifest.seconds:.1f} s"
        if not stage.cached:
            self._costs.learn(nodes[0].name.kind, stage.manifest)
        for node in nodes:
            self._log("%s: %s", node, said)
            self._todo.put(node, stage)

    def _job(self, node: Node, title: str) -> Job:
        read = {one.name: self.made[one] for one in node.inputs}
        return Job(
            title=title,
            name=node.name,
            version=node.version,
            config=node.config,
            digests=digests_read(node, self.made),
            reads={name: stage.folder.absolute() for name, stage in read.items()},
            seen={name: stage.seen for name, stage in read.items()},
            work=node.work,
            conditions=node.conditions,
            reached=node.reached,
            store=self._store.root.absolute(),
            goals=tuple(self._todo.goals_of(node)),
        )

    def _cost_of(self, node: Node) -> Cost | None:
        return self._costs.of(node, digests_read(node, self.made))

    def _seconds_of(self, node: Node) -> float | None:
        cost = self._cost_of(node)
        return None if cost is None else cost.seconds

    def _tell_what_is_left(self) -> None:
        left = self._todo.open
        known = [self._todo.seconds_of(node) for node in left]
        seconds = None
        if all(one is not None for one in known):
            work = sum(one for one in known if one is not None) / self._executor.slots
            seconds = max([work, *(self._todo.way[node] for node in left)], default=0.0)
        self._display.left(len(self.made), len(self.made) + len(left), seconds)

    def _called(self, node: Node) -> str:
        goals = self._todo.goals_of(node)
        return f"{goals[0]}: {node.name}" if self._several and len(goals) == 1 else str(node.name)

    def _log(self, text: str, node: Node, *more: object, level: int = INFO) -> None:
        """Logs for all goals that need the node: each run has a log of its own. The text begins with the node."""
        log.log(level, text, self._called(node), *more, extra={"goals": self._todo.goals_of(node)})


def _died(error: BaseException) -> bool:
    """Whether a stage ended for want of memory, or of its process, and not of itself."""
    return isinstance(error, WorkerLost) or (isinstance(error, Exception) and explain_memory_error(error) is not None)

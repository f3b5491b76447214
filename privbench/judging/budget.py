"""How much an attacker's means matter: the worst-case attack with fewer patients, fewer images, or other training.

A privacy figure that still falls when the attacker gets more is a figure of the attacker, and not of the anonymizer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..base.errors import PrivbenchError
from ..base.files import digest_of
from ..base.seeds import numpy_generator
from ..data.notices import log_notice
from ..data.pairs import draw_pairs
from ..data.splits import Split
from ..evaluate.linkage import auc_estimate, part_of
from ..evaluate.resampling import Resampling, certain
from ..plugins.interfaces import Attack
from ..protocols.scenarios import SCENARIOS, Scenario
from ..protocols.schema import Protocol
from ..record.run import RunRecord
from ..record.scores import AttackOrigin, read_scores
from ..running.attack_stages import AttackStages
from ..running.guidance_stages import embedder_node
from ..running.loading import read_splits
from ..running.pairing import visits_apart
from ..running.pipeline import Pipeline, RunGraph
from ..running.source import Common, Source
from ..running.stage_names import LINKAGE_FILE
from .terms import differences

if TYPE_CHECKING:
    from ..engine.engine import Engine

SHARES = (0.125, 0.25, 0.5, 1.0)
"""Of the attacker's patients or images; all of them is the run's own budget."""
EFFORTS = (0.25, 0.5, 1.0, 2.0)
"""Of the epochs of the attack and of its teacher; twice the run's own tells whether it was trained to its end."""
STILL_RISING = 0.01
"""A last step of the curve that raises the AUC by more than this means that the attack is not saturated."""


@dataclass(frozen=True)
class Point:
    """The attack under one budget. `factor` is relative to the run's own, `amount` in patients, images or epochs."""

    axis: str
    factor: float
    amount: int
    auc: float
    low: float
    high: float


def budget_curve(pipeline: Pipeline, engine: Engine, record: RunRecord, attack: str, scenario: Scenario) -> list[Point]:
    """The attack of that name and scenario under four budgets of each kind, with intervals over test patients.

    Patients and images are drawn by seed, the smaller draw always within the larger. Their pairs are drawn anew
    or, where the protocol names a list of training pairs, those of the list. Steps are the recipe's epochs. The teacher
    of an attack that has one is the attacker's as well: it is trained anew on the same images, or for as much longer.

    Raises:
        PrivbenchError: the run did not carry out that attack, the pipeline is another one than the run's, or a list of
            pairs holds too few of a smaller draw.
    """
    if pipeline.key != record.key:
        fields = differences(record.terms, pipeline.terms)[:3]
        raise PrivbenchError(
            f"The run of {record.label} was made by another version of privbench, of its plugins or of its data"
            f"{' (' + '; '.join(fields) + ')' if fields else ''}: run it again with --overwrite."
        )
    if not any((result.name, result.scenario) == (attack, scenario) for result in record.attacks):
        told = ", ".join(result.label for result in record.attacks)
        raise PrivbenchError(f"The run has no attack {attack} ({scenario}): choose one of {told}.")
    engine.make({attack: [pipeline.data]})
    graph = pipeline.graph(engine.made[pipeline.data])
    if graph.publication.rows:
        raise PrivbenchError(
            f"Not all images of {record.label} are released, which budgets take for granted: judge a whole release."
        )
    for notice in graph.notices:
        log_notice(notice)
    engine.make({attack: graph.common.releases[:1]})
    unchanged = graph.unchanged(engine.made)
    splits = read_splits(engine.made[pipeline.data].folder, tuple(pipeline.dataset.findings))
    budgets = _budgets(pipeline, graph, attack, splits["train"])
    origins = [AttackOrigin(attack, scenario, seed) for seed in range(pipeline.protocol.attacks[attack].seeds)]
    nodes = {one.title: [one.stages.score(origin, unchanged) for origin in origins] for one in budgets}
    engine.make(nodes)
    resampling = Resampling.of(pipeline.protocol, splits["test"].told["patient"].to_numpy())
    return [
        _point(one, resampling, pipeline.protocol, scenario, [engine.made[node].folder for node in told])
        for one, told in zip(budgets, nodes.values(), strict=True)
    ]


@dataclass(frozen=True)
class _Budget:
    """What an attacker has, and the attacks that are carried out with it."""

    axis: str
    factor: float
    amount: int
    stages: AttackStages

    @property
    def title(self) -> str:
        """By the factor: of few epochs, a quarter and a half may be as many."""
        return f"{self.factor:g} of the {self.axis}"


def _budgets(pipeline: Pipeline, graph: RunGraph, attack: str, train: Split) -> list[_Budget]:
    base, seed, found = graph.attacks, pipeline.protocol.seed, []
    for axis, total in (("patients", len(np.unique(train.patients))), ("images", len(train.images))):
        for share in SHARES:
            amount = max(2, round(share * total))
            cut = base if share == 1 else _with_training_rows(base, train, _share(train, axis, share, seed))
            found.append(_Budget(axis, share, amount, cut))
    epochs: int = getattr(pipeline.attack(attack).params, "epochs", 0)
    for effort in EFFORTS if epochs else ():  # an attack without epochs needs no training
        amount = max(1, round(effort * epochs))
        found.append(_Budget("epochs", effort, amount, base if effort == 1 else _with_epochs(base, amount, effort)))
    return found


def unsaturated(points: Sequence[Point]) -> list[str]:
    """The axes on which the last step still raised the attack's AUC, so that its figure is a lower bound."""
    rising = []
    for axis in dict.fromkeys(point.axis for point in points):
        curve = [point.auc for point in points if point.axis == axis]
        if curve[-1] - curve[-2] > STILL_RISING:
            rising.append(axis)
    return rising


def _share(train: Split, axis: str, share: float, seed: int) -> np.ndarray:
    """Rows of that share of the patients or of the images, in order."""
    rng = numpy_generator(seed, "budget", axis)
    if axis == "images":
        return np.sort(rng.permutation(len(train.images))[: max(2, round(share * len(train.images)))])
    patients = rng.permutation(np.unique(train.patients))
    return np.flatnonzero(np.isin(train.patients, patients[: max(2, round(share * len(patients)))]))


def _with_training_rows(base: AttackStages, train: Split, rows: np.ndarray) -> AttackStages:
    """The same attacks by an attacker who has only those training images."""
    source, protocol = base.common.source, base.protocol
    pairs = protocol.pairs
    if (listed := pairs.file("train")) is not None:
        fewer = source.pairs["train"].among(rows)
        if not fewer.mated.any() or fewer.mated.all():
            raise PrivbenchError(
                f"{len(rows)} of {len(train.images)} training images hold no mated and non-mated pair of {listed}: "
                "list more pairs, or run without pairs.train_file."
            )
    else:
        rng = numpy_generator(protocol.seed, "budget", "pairs")
        visits = visits_apart(train, pairs)
        visits = None if visits is None else visits[rows]
        fewer = draw_pairs(train.patients[rows], pairs.train, pairs.cap, rng, "train", visits)
    cut = replace(source, pairs={**source.pairs, "train": fewer}, rows=rows)
    budget = {"rows": digest_of(rows.tolist())}
    return replace(base, common=_with_source(base.common, cut, budget), budget=budget)


def _with_epochs(base: AttackStages, epochs: int, effort: float) -> AttackStages:
    """The same attacks, trained for that many epochs, and their teacher for that factor of its own."""

    def create(label: str) -> Attack:
        attack = base.create(label)
        # Field by field, because a dump would leave out what tells where something lies.
        return type(attack)(**dict(attack.params) | {"epochs": epochs})

    return replace(base, create=create, common=_with_longer_teaching(base.common, effort))


def _with_longer_teaching(common: Common, effort: float) -> Common:
    recipe = common.source.recipe
    if recipe.embedder is None:
        return common
    embedder = recipe.embedder.model_copy(update={"epochs": max(1, round(effort * recipe.embedder.epochs))})
    return _with_source(common, replace(common.source, recipe=recipe.model_copy(update={"embedder": embedder})), {})


def _with_source(common: Common, source: Source, budget: Mapping[str, Any]) -> Common:
    """What attacks read, from another source. The embedder is the attacker's own, trained on what he has."""
    return replace(common, source=source, embedder=embedder_node(common.nodes, common.data, source, budget))


def _point(
    one: _Budget, resampling: Resampling, protocol: Protocol, scenario: Scenario, folders: Sequence[Path]
) -> Point:
    scores = pd.concat([read_scores(folder / LINKAGE_FILE) for folder in folders], ignore_index=True)
    test = part_of(scores, "test", SCENARIOS[scenario].test)
    estimate = auc_estimate(test, resampling)
    interval = certain(estimate.interval(protocol.statistics))
    return Point(one.axis, one.factor, one.amount, estimate.value, interval.low, interval.high)

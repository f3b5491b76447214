"""Runs, planned and carried out, for the command line and for Python."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from .base.errors import PrivbenchError
from .base.files import write_text
from .base.progress import Progress, informed, log
from .data.notices import Notice, log_notice
from .engine.display import Display
from .engine.engine import Engine
from .engine.executors.choice import open_executor
from .engine.job import curves_of
from .engine.node import Node
from .engine.outlook import Outlook, stages_there
from .engine.outlook import outlook as outlook_of
from .engine.store import Stage
from .engine.todo import needed
from .learning.states import STATE
from .plugins.interfaces import Anonymizer
from .record.estimates import FILE as ESTIMATES
from .record.examples import read_examples
from .record.figures import read_figures
from .record.folder import (
    ANONYMIZER,
    ANONYMIZER_STATE,
    CONTACT_SHEET,
    CURVES,
    CURVES_PLOT,
    EXAMPLES,
    files_of,
    seal,
    write_run_scores,
    write_unpaired_scores,
)
from .record.run import RunRecord
from .report.plots.contact_sheet import draw_contact_sheet
from .report.plots.training_curves import write_training
from .running.audit import Claim, found_release
from .running.pipeline import DrawnPairs, Pipeline, RunGraph
from .running.recording import record_of, split_trainings
from .running.run_folder import LOG, RunFolder, folder_name
from .running.scored import read_run_scores, read_unpaired_scores
from .running.setting import Setting
from .running.stage_names import ANONYMIZER as ANONYMIZER_STAGE
from .running.stage_names import EXAMPLES as EXAMPLES_STAGE
from .running.stage_names import FIGURES
from .running.unpaired_claim import UnpairedClaim, unpaired_release
from .running.unpaired_pipeline import UnpairedGraph, UnpairedPipeline


@dataclass(frozen=True)
class Run:
    """A finished run: what it found, and where everything lies."""

    record: RunRecord
    folder: Path


@dataclass(frozen=True)
class Plan:
    """A run that may begin: nothing is wrong with what it was told, and nothing is in its way."""

    pipeline: Pipeline | UnpairedPipeline
    given: Sequence[str]
    folder: RunFolder

    @property
    def title(self) -> str:
        """What the run is called beside others of its command: its folder."""
        return self.folder.path.name


def plan(
    anonymizer: str | Anonymizer, params: Mapping[str, Any], setting: Setting, out: Path | None, overwrite: bool
) -> Plan:
    """The run of an anonymizer in a setting; the arguments are those of `privbench.run`.

    Raises:
        PrivbenchError: a mistake that can be told before anything is computed.
    """
    protocol = setting.load()
    method = setting.anonymizer(anonymizer, params, protocol)
    given = sorted(method.params.model_fields_set if isinstance(anonymizer, Anonymizer) else params)
    return _planned(setting.pipeline(protocol, method), given, out, overwrite)


def plan_audit(claim: Claim | UnpairedClaim, setting: Setting, out: Path | None, overwrite: bool) -> Plan:
    """The run that judges a release which lies in a folder.

    Raises:
        PrivbenchError: a mistake that can be told before anything is computed.
    """
    protocol = setting.load()
    given = sorted(claim.params)
    if isinstance(claim, UnpairedClaim):
        return _planned(setting.unpaired(protocol, unpaired_release(claim, setting, protocol)), given, out, overwrite)
    release, told = found_release(claim, setting, protocol)
    return _planned(setting.pipeline(protocol, release, told), given, out, overwrite)


def _planned(pipeline: Pipeline | UnpairedPipeline, given: Sequence[str], out: Path | None, overwrite: bool) -> Plan:
    place = _default_folder(pipeline, given) if out is None else out
    folder = RunFolder(place, pipeline.key, overwrite)
    _check_apart(place, pipeline.store.root)
    return Plan(pipeline, given, folder)


def carry_out(
    plans: Sequence[Plan],
    setting: Setting,
    progress: Progress,
    finished: Callable[[Run], None] = lambda done: None,
) -> list[Run]:
    """Makes what the store does not hold, for all runs together, and writes each run's folder as soon as it can.

    Args:
        plans: the runs, in one store.
        setting: which they were planned in.
        progress: where it is shown.
        finished: called with each run when its folder is in place.

    Raises:
        PrivbenchError: a stage cannot be made, or a folder not be written.
    """
    runs: dict[str, Run] = {}
    by_title = {one.title: one for one in plans}
    if len(by_title) < len(plans):
        raise PrivbenchError("Two of the runs go to folders of one name: give each a name of its own.")
    with informed(), ExitStack() as stack:  # the runs' own logs end in any order
        open_folders = {}
        for title in sorted(by_title):  # one order for all commands, so that no two wait for each other
            own = stack.enter_context(ExitStack())
            open_folders[title] = own, own.enter_context(by_title[title].folder.filled(title))
        engine = stack.enter_context(engine_for(plans[0].pipeline, setting, progress))
        for one in plans:
            called = one.title if len(plans) > 1 else one.pipeline.anonymizer.name
            log.info("run %s under protocol %s", called, one.pipeline.protocol.name, extra={"goals": [one.title]})
        engine.make({title: [one.pipeline.data] for title, one in by_title.items()})
        drawn: dict[str, DrawnPairs] = {}
        graphs = {title: one.pipeline.graph(engine.made[one.pipeline.data], drawn) for title, one in by_title.items()}
        _tell(graphs)

        def finish(title: str) -> None:
            own, part = open_folders[title]
            record = _write(by_title[title], graphs[title], engine.made, part)
            own.close()  # puts the folder in place
            runs[title] = Run(record, by_title[title].folder.path)
            finished(runs[title])

        engine.make({title: graph.nodes for title, graph in graphs.items()}, finish)
    return [runs[one.title] for one in plans]


def outlook(plans: Sequence[Plan], setting: Setting) -> Outlook:
    """What it will take to carry the runs out. Raises PrivbenchError where the data do not serve the protocol."""
    goals: dict[str, Sequence[Node]] = {}
    drawn: dict[str, DrawnPairs] = {}
    for one in plans:
        pipeline = one.pipeline
        data = stages_there([[pipeline.data]], pipeline.store).get(pipeline.data)
        goals[one.title] = pipeline.graph(data, drawn).nodes
    first = plans[0].pipeline
    return outlook_of(goals, first.store, setting.means.slots(first.protocol.threads))


@contextmanager
def engine_for(pipeline: Pipeline | UnpairedPipeline, setting: Setting, progress: Progress) -> Iterator[Engine]:
    """What makes stages in a pipeline's store; when the block ends, however it does, nothing is left half made."""
    display = Display(progress)
    plugins = setting.registry.handed_over()
    store, threads = pipeline.store, pipeline.protocol.threads
    executor = open_executor(setting.means, store.root, pipeline.device, threads, plugins, display.tell)
    with progress.live():
        try:
            with executor:
                yield Engine(store, executor, display, setting.means.keep_going)
        finally:
            store.clear()


def _tell(graphs: Mapping[str, RunGraph | UnpairedGraph]) -> None:
    """Says what was told of the data and of what is left out: once, and in the logs of the runs that it concerns."""
    titles: dict[Notice, list[str]] = {}
    for title, graph in graphs.items():
        for notice in graph.notices:
            titles.setdefault(notice, []).append(title)
    for notice, goals in titles.items():
        log_notice(notice, goals)


def _write(planned: Plan, graph: RunGraph | UnpairedGraph, made: Mapping[Node, Stage], part: Path) -> RunRecord:
    """Writes everything into a run's folder."""
    stages = {node.name: made[node] for node in needed(graph.nodes, made)}
    for stage in stages.values():
        stage.confirm()
    figures = read_figures(stages[FIGURES].folder)
    rows = [row for stage in stages.values() for row in curves_of(stage)]
    record = record_of(
        planned.pipeline,
        stages,
        figures,
        graph.warnings,
        planned.given,
        graph.weights,
        graph.publication,
        split_trainings(rows),
    )
    reads = {name: stage.folder for name, stage in stages.items()}
    shutil.copyfile(stages[FIGURES].folder / ESTIMATES, part / ESTIMATES)
    write_text(part / ANONYMIZER, record.anonymizer.model_dump_json(indent=1))
    if record.unpaired is not None:
        write_unpaired_scores(part, *read_unpaired_scores(reads))
    else:
        write_run_scores(part, *read_run_scores(reads))
        shutil.copyfile(stages[ANONYMIZER_STAGE].folder / STATE, part / ANONYMIZER_STATE)
    if record.public and record.unpaired is None:
        examples = stages[EXAMPLES_STAGE].folder / EXAMPLES
        shutil.copyfile(examples, part / EXAMPLES)
        draw_contact_sheet(read_examples(examples), record.label, part / CONTACT_SHEET)
    curves = pd.DataFrame(rows)
    curves.to_csv(part / CURVES, index=False)
    if CURVES_PLOT in files_of(record):
        write_training(curves, part / CURVES_PLOT)
    log.info("fingerprint %s", record.fingerprint, extra={"goals": [planned.title]})
    return seal(part, record, without=LOG)


def _check_apart(out: Path, store: Path) -> None:
    """Raises PrivbenchError where the store lies in the run folder, which is replaced as a whole, or is it."""
    if store.resolve().is_relative_to(out.resolve()):
        raise PrivbenchError(f"The store {store} lies in the run folder {out}: choose another --store or --out.")


def _default_folder(pipeline: Pipeline | UnpairedPipeline, given: Sequence[str]) -> Path:
    """Below runs/, named after the run."""
    anonymizer, protocol = pipeline.anonymizer, pipeline.protocol
    params = anonymizer.params.model_dump()  # without what tells where something lies
    told = {name: params[name] for name in given if name in params}
    more = [protocol.data.dataset, protocol.name]
    return Path("runs") / f"{folder_name(anonymizer.name, told, more)}-{pipeline.key[:8]}"

"""The run folder: everything that a run produced, put in place whole."""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from filelock import FileLock

from ..base.errors import PrivbenchError
from ..base.files import digest_of
from ..base.progress import log
from ..evaluate.run import Evaluation, evaluate, warnings_of
from ..plugins.registry import code_digest
from ..record.estimates import FILE as ESTIMATES
from ..record.estimates import write_estimates
from ..record.folder import (
    ANONYMIZER,
    EXAMPLES,
    INFERENCE_SCORES,
    LINKAGE_SCORES,
    MEASUREMENTS,
    MEASURES,
    RETRIEVAL_SCORES,
    UTILITY_SCORES,
    digests,
)
from ..record.run import FILE, AnonymizerRecord, RunRecord, StageRecord, read_run
from ..record.scores import write_scores
from ..report.contact_sheet import draw_contact_sheet
from ..report.curves import draw_curves
from . import environment
from .examples import examples_of, write_examples
from .pipeline import Pipeline
from .stages import STATE


class RunFolder:
    """Where a run goes. The folder appears when the run is finished, and not before."""

    def __init__(self, pipeline: Pipeline, path: Path | None, overwrite: bool) -> None:
        self._pipeline = pipeline
        self.path = path or Path("runs") / f"{_slug(pipeline)}-{pipeline.key[:8]}"
        self._overwrite = overwrite
        whole = self.path.resolve()
        self._part = whole.with_name(f".{whole.name}.unfinished")
        self._old = whole.with_name(f".{whole.name}.replaced")
        # Beside the folder it would stay for ever; in the store it would not keep two stores' runs apart.
        self._lock = Path(tempfile.gettempdir()) / f"privbench-{digest_of(str(whole))[:24]}.lock"
        self._check_free()

    def _check_free(self) -> None:
        if not self.path.exists():
            return
        if not (self.path / FILE).is_file():
            raise PrivbenchError(f"{self.path} exists and is no run folder: choose another --out.")
        if not self._overwrite and read_run(self.path).key != self._pipeline.key:
            raise PrivbenchError(
                f"{self.path} holds another run: choose another --out, or replace it with --overwrite."
            )

    def write(self) -> RunRecord:
        """Carries out the run and puts its folder in place."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self._lock):
            shutil.rmtree(self._part, ignore_errors=True)
            (self._part / "scores").mkdir(parents=True)
            try:
                with _log_to(self._part / "log.txt"):
                    record = self._fill()
                self._put_in_place()
            finally:
                shutil.rmtree(self._part, ignore_errors=True)
        return record

    def _fill(self) -> RunRecord:
        pipeline, folder = self._pipeline, self._part
        log.info("run %s under protocol %s", pipeline.anonymizer.name, pipeline.protocol.name)
        scores = pipeline.run()
        attack_scores = scores.attacks
        write_scores(attack_scores.linkage, folder / LINKAGE_SCORES)
        write_scores(attack_scores.retrieval, folder / RETRIEVAL_SCORES)
        write_scores(attack_scores.inference, folder / INFERENCE_SCORES)
        told = [{"origin": asdict(origin), "measures": own} for origin, own in attack_scores.measures.items()]
        (folder / MEASURES).write_text(json.dumps(told, indent=1), encoding="utf-8")
        write_scores(scores.readings, folder / UTILITY_SCORES)
        write_scores(scores.measurements, folder / MEASUREMENTS)
        evaluation = evaluate(
            attack_scores,
            scores.readings,
            scores.measurements,
            pipeline.protocol,
            {label: attack.version for label, attack in pipeline.attacks.items()},
            {label: task.version for label, task in pipeline.utilities.items()},
        )
        write_estimates(evaluation.estimates, folder / ESTIMATES)
        record = self._record(evaluation)
        shutil.copyfile(pipeline.stages.made["anonymizer"].folder / STATE, folder / "anonymizer.safetensors")
        (folder / ANONYMIZER).write_text(record.anonymizer.model_dump_json(indent=1), encoding="utf-8")
        test, released = pipeline.splits["test"], pipeline.released["test"]
        examples = examples_of(pipeline.anonymizer, test, released, pipeline.fabric.device)
        write_examples(examples, folder / EXAMPLES)
        draw_contact_sheet(examples.originals, examples.released, record.label, folder / "contact_sheet.png")
        curves = pd.DataFrame(pipeline.stages.curves)
        curves.to_csv(folder / "training_curves.csv", index=False)
        draw_curves(curves, folder / "training_curves.png")
        record = record.model_copy(update={"files": digests(folder, without="log.txt")})
        (folder / FILE).write_text(record.model_dump_json(indent=1), encoding="utf-8")
        log.info("fingerprint %s", record.fingerprint)
        return record

    def _record(self, evaluation: Evaluation) -> RunRecord:
        pipeline = self._pipeline
        anonymizer, protocol = pipeline.anonymizer, pipeline.protocol
        return RunRecord(
            key=pipeline.key,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            protocol=protocol.model_dump(mode="json"),
            fingerprint=pipeline.fingerprint,
            data_digest=pipeline.stages.made["data"].digest,
            terms=pipeline.terms,
            anonymizer=AnonymizerRecord(
                name=anonymizer.name,
                version=anonymizer.version,
                deterministic=anonymizer.deterministic,
                params=anonymizer.params.model_dump(mode="json"),
                given=list(pipeline.given),
                code=code_digest(type(anonymizer)),
            ),
            worst_case=evaluation.worst_case,
            attacks=evaluation.attacks,
            inferences=evaluation.inferences,
            utilities=evaluation.utilities,
            measurements=evaluation.measurements,
            warnings=[*pipeline.warnings, *warnings_of(evaluation)],
            stages=[
                StageRecord(
                    name=name,
                    key=stage.key,
                    seconds=stage.manifest.seconds,
                    peak_memory_mib=stage.manifest.peak_memory_mib,
                    cached=stage.cached,
                )
                for name, stage in pipeline.stages.made.items()
            ],
            versions=environment.versions(),
            device=environment.device(pipeline.fabric, pipeline.precision),
            git=environment.git(),
            files={},
        )

    def _put_in_place(self) -> None:
        """Renames; an older run in the way is moved aside first and deleted last."""
        self._check_free()  # once more: hours may have passed
        shutil.rmtree(self._old, ignore_errors=True)
        if self.path.exists():
            self.path.rename(self._old)
        self._part.rename(self.path)
        shutil.rmtree(self._old, ignore_errors=True)


def _slug(pipeline: Pipeline) -> str:
    """A folder name that tells the method, what was said of it, the data and the protocol."""
    params = pipeline.anonymizer.params.model_dump()
    told = [f"{name}{params[name]}" for name in pipeline.given if not isinstance(params[name], dict | list)]
    words = [pipeline.anonymizer.name, *told, pipeline.protocol.data.dataset, pipeline.protocol.name]
    return "-".join("".join(c if c.isalnum() or c in "._" else "-" for c in word) for word in words)


@contextmanager
def _log_to(path: Path) -> Iterator[None]:
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    before = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(before)
        handler.close()

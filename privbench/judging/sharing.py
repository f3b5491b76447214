"""Runs for others: their records and scores, without what must not leave the house."""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..base.errors import PrivbenchError, raise_all
from ..base.files import digests, write_text
from ..base.marking import mark
from ..base.placing import OPTION, Place
from ..evaluate.coarse import COARSENED, coarsened
from ..plugins.interfaces import MEMBERSHIP
from ..record.folder import (
    ANONYMIZER_STATE,
    INFERENCE_SCORES,
    PATIENT_SCORES,
    PUBLIC_RUNS_HAVE,
    UTILITY_SCORES,
    files_of,
)
from ..record.nameless import without_names
from ..record.run import FILE, RunRecord, read_run
from ..record.scores import read_scores, write_scores
from ..record.shared import Withheld, without_texts
from ..running.run_folder import LOG, MARKER, folder_name, withheld_from
from .verify import verify_run


@dataclass(frozen=True)
class SharedRun:
    """A run as it is handed on: where it lies, what was withheld, and what its receiver could find out."""

    folder: Path
    withheld: Sequence[Withheld]
    warnings: Sequence[str]


def share_runs(folders: Sequence[Path], out: Path, with_weights: bool = False) -> list[SharedRun]:
    """Writes runs for others below a new folder, which appears when it is finished, and not before.

    Only what is known to tell no more than it has to is written: whatever else lies in a run's folder stays there.

    Args:
        folders: of the runs.
        out: the folder; each run gets one in it, named after its method, data set, protocol and key.
        with_weights: the anonymizer's state is written, too.

    Raises:
        PrivbenchError: a run does not hold, or cannot be verified, two are the same, or something lies at `out`.
    """
    place = Place(out, lambda folder: ())

    def check() -> None:
        if not place.is_free:
            raise PrivbenchError(f"{out} holds something: choose another {OPTION}, because nothing is written over.")

    check()
    runs = _named(list({folder.resolve(): folder for folder in folders}.values()), place.whole, with_weights)
    with place.filled(check, f"waiting for another command that fills {out}") as part:
        withheld = {name: write_shared(folder, part / name, with_weights) for name, folder in runs.items()}
    return [SharedRun(out / name, told, list(warnings_of_sharing(out / name))) for name, told in withheld.items()]


def _named(folders: Sequence[Path], out: Path, with_weights: bool) -> Mapping[str, Path]:
    """The folders of runs by what they are called at their receiver's; their own names may be of people."""
    runs: dict[str, Path] = {}
    problems = []
    for folder in folders:
        try:
            problem = why_not_shared(folder, out, with_weights)
            name = _name(read_run(folder))
        except PrivbenchError as error:
            problems.append(str(error))
            continue
        if problem is not None:
            problems.append(f"{folder} cannot be shared, because {problem}.")
        elif name in runs:
            problems.append(f"{folder} and {runs[name]} hold the same run: name one of them.")
        runs.setdefault(name, folder)
    raise_all(problems)
    return runs


def why_not_shared(folder: Path, out: Path, with_weights: bool = False) -> str | None:
    """Why a run cannot be shared, in a clause. Raises PrivbenchError where it is none, or cannot be verified."""
    if out.is_relative_to(folder.resolve()):
        return f"{OPTION} lies in it: choose a folder elsewhere"
    if wrong := next(verify_run(folder), None):
        return f"it does not hold ({wrong}): `privbench verify {folder}` tells what changed"
    if with_weights and read_run(folder).unpaired is not None:
        return "the weights of who made it are not known: leave out --with-weights"
    if with_weights and not (folder / ANONYMIZER_STATE).is_file():
        return "it was shared without its weights: leave out --with-weights"
    return None


def _name(record: RunRecord) -> str:
    """What the folder of a shared run is called."""
    method = record.anonymizer
    given = {name: method.params[name] for name in method.given if name in method.params}
    return folder_name(
        method.name, given, [record.protocol["data"]["dataset"], record.protocol["name"], record.key[:8]]
    )


def write_shared(folder: Path, part: Path, with_weights: bool = False, with_names: bool = True) -> Sequence[Withheld]:
    """Writes what others get of a run into a folder; returns what they do not get.

    Without names, whatever a score file calls by one is called by its place among all; see `without_names`.
    """
    record = read_run(folder)
    shared = without_texts(record)
    names = list(files_of(record))
    if not with_weights and ANONYMIZER_STATE in names:
        names.remove(ANONYMIZER_STATE)
    finer = () if record.public else COARSENED
    rewritten = [name for name in names if name in finer or (not with_names and name.endswith(".parquet"))]
    tables = {name: read_scores(folder / name) for name in rewritten}
    tables |= {name: coarsened(name, tables[name]) for name in rewritten if name in finer}
    if not with_names:
        tables = without_names(tables)
    for name in names:
        (part / name).parent.mkdir(parents=True, exist_ok=True)
        if name in tables:
            write_scores(tables[name], part / name)
        else:
            shutil.copyfile(folder / name, part / name)
    # Of weights that stay in the house the digest tells that they are the run's, should they ever follow.
    at_home = {name: record.files[name] for name in (ANONYMIZER_STATE,) if name in record.files}
    files = {**at_home, **digests(part, without=FILE)}
    write_text(part / FILE, shared.model_copy(update={"files": files}).model_dump_json(indent=1))
    withheld = {*withheld_from(folder), *_withheld(folder, record, shared, with_weights)}
    if not with_names:
        withheld.add(Withheld.NAMES)
    told = [one for one in Withheld if one in withheld]
    mark(part, MARKER, withheld=told)
    return told


def _withheld(folder: Path, record: RunRecord, shared: RunRecord, with_weights: bool) -> Iterator[Withheld]:
    if not with_weights and ANONYMIZER_STATE in files_of(record):
        yield Withheld.WEIGHTS
    if (folder / LOG).exists():
        yield Withheld.LOG
    there = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if not file.is_dir()}
    if there - {FILE, LOG, MARKER, *files_of(record), *PUBLIC_RUNS_HAVE}:
        yield Withheld.OTHERS
    if shared.terms != record.terms:
        yield Withheld.TEXTS
    if shared.protocol.get("description") != record.protocol.get("description"):
        yield Withheld.DESCRIPTION
    if not record.public:
        yield Withheld.AGES


def warnings_of_sharing(folder: Path) -> Iterator[str]:
    """What a shared run still tells of people, in clauses."""
    record = read_run(folder)
    if (folder / ANONYMIZER_STATE).is_file() and (record.weights or not record.public):
        yield "weights remember training images, and of some methods hold them: whoever gets these may get patients"
    if record.public:
        return
    alone, patients = patients_alone(read_scores(folder / UTILITY_SCORES))
    if patients:
        yield (
            f"{alone} of {patients} patients are the only ones with their sex, groups of ages, views and findings: "
            "whoever knows these of one of them finds his rows, so give scores only to whom you would give such a table"
        )
    if record.unpaired is not None:
        yield "the scores of membership tell whose images the generator may have learnt from, under pseudonyms"
        counts = read_scores(folder / PATIENT_SCORES)["images"]
        if alone := patients_alone_in_number(counts):
            yield (
                f"{alone} of {len(counts)} patients are the only ones with as many images: whoever knows how many "
                "there are of one of them finds his rows, and whether the generator may have learnt from him"
            )
        return
    attributes = read_scores(folder / INFERENCE_SCORES)["attribute"]
    if read := sorted(set(attributes) - {MEMBERSHIP}):
        yield f"the scores of attacks on {', '.join(read)} hold the true values, which their figures are made of"


def patients_alone_in_number(images: pd.Series) -> int:
    """How many patients no other has as many images as. Takes the number of images of each patient."""
    return int((images.value_counts() == 1).sum())


def patients_alone(readings: pd.DataFrame) -> tuple[int, int]:
    """How many patients no other is like in sex, age, view and findings of all their images, and of how many.

    Takes the scores of utility tasks, of which every label of an image counts once.
    """
    seen = ["patient", "image", "sex", "age", "view", "class", "label"]
    images: dict[tuple[str, str], list[tuple[str, ...]]] = defaultdict(list)
    for patient, image, *told in readings[seen].drop_duplicates().astype(str).itertuples(index=False):
        images[patient, image].append(tuple(told))
    patients: dict[str, list[tuple[tuple[str, ...], ...]]] = defaultdict(list)
    for (patient, _), labels in images.items():
        patients[patient].append(tuple(sorted(labels)))
    alike = Counter(tuple(sorted(own)) for own in patients.values())
    return sum(count == 1 for count in alike.values()), len(patients)

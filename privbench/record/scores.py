"""Score files: the record that every metric is derived from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pandas.api.types import is_integer_dtype
from pyarrow import ArrowException

from ..base.errors import PrivbenchError
from ..data.pairs import Pairs
from ..data.splits import Split
from ..data.table import known
from ..metrics.identification import search_gallery
from ..metrics.retrieval import NO_RIVAL, rank_mates, rank_own
from ..plugins.interfaces import MEMBERSHIP, Measure
from ..protocols.kinds import Compared, Kind

if TYPE_CHECKING:  # the search itself loads torch
    from ..metrics.copies import Nearest

LINKAGE_COLUMNS = [
    "attack", "scenario", "seed", "split", "images",
    "probe", "reference", "probe_patient", "reference_patient", "mated", "score",
]  # fmt: skip
RETRIEVAL_COLUMNS = [
    "attack", "scenario", "seed", "probe", "mate", "patient", "years", "outranked_by", "strangers", "rival",
]  # fmt: skip
MATCH_COLUMNS = ["attack", "scenario", "seed", "image", "patient", "outranked_by", "candidates"]
SEARCH_COLUMNS = ["attack", "scenario", "seed", "split", "probe", "patient", "mates", "found", "score", "lead"]
INFERENCE_COLUMNS = ["attack", "scenario", "seed", "split", "image", "patient", "attribute", "truth", "score"]
UTILITY_COLUMNS = [
    "task", "mode", "seed", "split", "image", "patient", "sex", "age", "view", "class", "label", "score",
]  # fmt: skip
MEASUREMENT_COLUMNS = ["task", "mode", "seed", "image", "patient", "measure", "value", "unit", "more_is_better"]
COPIES_COLUMNS = [
    "shown", "image", "patient", "split", "originals", "original_patients",
    "nearest", "nearest_patient", "relation", "exact", "likeness",
]  # fmt: skip
OWN_IMAGE, OWN_PATIENT, OTHER_PATIENT, NOBODY = "own image", "own patient", "another patient", "none"
"""Whose the original is that an image is most like; none where nothing is alike, as where an image is blank."""

_PATIENTS = ("patient", "probe_patient", "reference_patient", "rival")
_DIGITS = len(str(np.iinfo(np.int64).max))


@dataclass(frozen=True)
class AttackOrigin:
    """Whose scores they are: the attack's name in the protocol, the scenario (or CONTROL), the training's number."""

    attack: str
    scenario: str
    seed: int


@dataclass(frozen=True)
class TaskOrigin:
    """Whose values they are: the task's name in the protocol, the mode (or CONTROL), the training's number."""

    task: str
    mode: str
    seed: int


@dataclass
class AttackScores:
    """What all attacks of a run said, under the columns named above; and their own figures by origin.

    Runs of schemas before 7 kept no searches.
    """

    linkage: pd.DataFrame
    retrieval: pd.DataFrame
    inference: pd.DataFrame
    measures: dict[AttackOrigin, dict[str, float]]
    matches: pd.DataFrame = field(default_factory=lambda: stacked([], MATCH_COLUMNS))
    searches: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=SEARCH_COLUMNS))


def linkage_scores(
    origin: AttackOrigin, split: Split, name: str, images: Compared, pairs: Pairs, scores: np.ndarray
) -> pd.DataFrame:
    """One row a pair of the split of that name. Shape: scores (len(pairs),), larger means more alike."""
    files, patients = (split.told[column].to_numpy() for column in ("image", "patient"))
    told = pd.DataFrame(
        {
            **asdict(origin),
            "split": name,
            "images": str(images),
            "probe": files[pairs.probe],
            "reference": files[pairs.reference],
            "probe_patient": patients[pairs.probe],
            "reference_patient": patients[pairs.reference],
            "mated": pairs.mated,
            "score": _checked(scores, (len(pairs),), f"attack {origin.attack!r}"),
        },
        columns=LINKAGE_COLUMNS,
    )
    return without_order(told, split, "probe", "reference")


def retrieval_ranks(
    origin: AttackOrigin,
    test: Split,
    similarity: np.ndarray,
    rng: np.random.Generator,
    probes: np.ndarray | None = None,
    pictures: np.ndarray | None = None,
    aside: np.ndarray | None = None,
) -> pd.DataFrame:
    """One row a probe and mate of the whole test gallery, with the years between them (differences of age).

    Where there is no rival, the field is empty. `probes` are the rows whose similarity is given, else all: what is
    told of a gallery part by part is `joined`. Where releases are compared with one another, `pictures` tell which of
    them are the same file; where with originals, `aside` those that a probe is not compared with.

    Shape: similarity (n, N), n the probes, row i of which and of the references is the same radiograph; pictures (N,),
    int; aside (n, N), bool.
    """
    count, codes = len(test.images), test.patients
    checked = _checked(similarity, (count if probes is None else len(probes), count), f"attack {origin.attack!r}")
    ranks = rank_mates(checked, codes, codes, rng, test.visits, probes, pictures, aside)
    probe, mate = ranks["probe"].to_numpy(np.int64), ranks["mate"].to_numpy(np.int64)
    files, patients = (test.told[column].to_numpy(object) for column in ("image", "patient"))
    ages, rival = test.table["age"].to_numpy(float), ranks["rival"].to_numpy(np.int64)
    named = {"probe": files[probe], "mate": files[mate], "patient": patients[probe]}
    of_code = np.empty(count, object)
    of_code[codes] = patients
    named["rival"] = np.where(rival == NO_RIVAL, None, of_code[rival])
    told = ranks.assign(**asdict(origin), **named, years=np.abs(ages[probe] - ages[mate]))[RETRIEVAL_COLUMNS]
    return without_order(told, test, "probe", "mate")


def own_image_ranks(
    origin: AttackOrigin, test: Split, rows: np.ndarray, similarity: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    """One row a released image: how many other originals of the `candidates` are more alike to it than its own.

    Shape: rows (n,) of the split, whose releases and originals were compared; similarity (n, n), in their order. Of a
    picture that stands for several originals these are one candidate, and the first of them is its row.
    """
    checked = _checked(similarity, (len(rows), len(rows)), f"attack {origin.attack!r}")
    about = {
        **asdict(origin),
        **{column: test.told[column].to_numpy()[rows] for column in ("image", "patient")},
        "outranked_by": rank_own(checked, rng),
        "candidates": len(rows),
    }
    return without_order(pd.DataFrame(about, columns=MATCH_COLUMNS), test, "image")


def gallery_searches(
    origin: AttackOrigin,
    split: Split,
    name: str,
    similarity: np.ndarray,
    rng: np.random.Generator,
    probes: np.ndarray | None = None,
    aside: np.ndarray | None = None,
) -> pd.DataFrame:
    """One row a probe of the split of that name, which is searched for among all references but its own, and those
    that are `aside` of it.

    `probes` are the rows whose similarity is given, else all: what is told of a gallery part by part is `joined`.

    Shape: similarity (n, N), n the probes, row i of which and of the references is the same radiograph; aside (n, N).
    """
    count = len(split.images)
    checked = _checked(similarity, (count if probes is None else len(probes), count), f"attack {origin.attack!r}")
    found = search_gallery(checked, split.patients, rng, split.visits, probes, aside)
    files, patients = (split.told[column].to_numpy(object) for column in ("image", "patient"))
    rows = found["probe"].to_numpy(np.int64)
    told = found.assign(**asdict(origin), split=name, probe=files[rows], patient=patients[rows])[SEARCH_COLUMNS]
    return without_order(told, split, "probe")


def joined(parts: Sequence[pd.DataFrame], split: Split) -> pd.DataFrame:
    """The ranks, or the searches, of a split's gallery that were made part by part, as of all of it at once."""
    keys = [column for column in ("probe", "mate") if column in parts[0]]
    return without_order(pd.concat(parts, ignore_index=True), split, *keys) if len(parts) > 1 else parts[0]


def inference_scores(origin: AttackOrigin, test: Split, inferred: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """One row an image and attribute whose value is known. `truth` is the table's value as text."""
    parts = []
    for name, scores in inferred.items():
        checked = _checked(scores, (len(test.table),), f"attack {origin.attack!r}")
        rows = known(test.table[name])
        about = {
            **asdict(origin),
            "split": "test",
            "image": test.told["image"].to_numpy()[rows],
            "patient": test.told["patient"].to_numpy()[rows],
            "attribute": name,
            "truth": test.table.loc[rows, name].astype(str).to_numpy(),
            "score": checked[rows],
        }
        parts.append(pd.DataFrame(about, columns=INFERENCE_COLUMNS))
    return without_order(stacked(parts, INFERENCE_COLUMNS), test, "attribute", "image")


def membership_scores(
    origin: AttackOrigin, split: Split, name: str, rows: np.ndarray, scores: np.ndarray
) -> pd.DataFrame:
    """One row an image among the rows of the split of that name. `truth` is True in the training split, else False.

    Shape: rows and scores (n,), larger for members.
    """
    about = {
        **asdict(origin),
        "split": name,
        **{column: split.told[column].to_numpy()[rows] for column in ("image", "patient")},
        "attribute": MEMBERSHIP,
        "truth": str(name == "train"),
        "score": _checked(scores, (len(rows),), f"attack {origin.attack!r}"),
    }
    return without_order(pd.DataFrame(about, columns=INFERENCE_COLUMNS), split, "image")


def utility_scores(origin: TaskOrigin, name: str, split: Split, scores: np.ndarray) -> pd.DataFrame:
    """One row an image and finding whose label is known. Shape: scores (N, findings), log-odds."""
    labelled = ~np.isnan(split.labels)
    row, finding = np.nonzero(labelled)
    about = split.told[["image", "patient", "sex", "age", "view"]].iloc[row].reset_index(drop=True)
    checked = _checked(scores, split.labels.shape, f"utility task {origin.task!r}")
    told = about.assign(
        **asdict(origin),
        split=name,
        **{"class": np.array(split.findings)[finding]},
        label=split.labels[labelled].astype(np.uint8),
        score=checked[labelled],
    )[UTILITY_COLUMNS]
    return without_order(told, split, "image")


def measured_values(
    origin: TaskOrigin, test: Split, values: Mapping[str, np.ndarray], measures: Mapping[str, Measure]
) -> pd.DataFrame:
    """One row an image and measure that it has. Shape: values (N,) each, NaN where an image has none."""
    parts = []
    for name, measured in values.items():
        if name not in measures or measured.shape != (len(test.table),) or np.isinf(measured).any():
            raise PrivbenchError(
                f"The utility task {origin.task!r} returned {name!r} of shape {measured.shape}, where one number or "
                f"NaN for each of {len(test.table)} images belongs, under a name among its measures: mend the plugin."
            )
        rows = ~np.isnan(measured)
        about = {"measure": name, "value": measured[rows], **measures[name]._asdict()}
        parts.append(test.told.loc[rows, ["image", "patient"]].assign(**asdict(origin), **about))
    told = stacked(parts, MEASUREMENT_COLUMNS)[MEASUREMENT_COLUMNS].astype({"more_is_better": "boolean"})
    return without_order(told, test, "measure", "image")


def nearest_originals(
    shown: Kind, test: Split, split: str, originals: Split, near: Nearest, exact: np.ndarray
) -> pd.DataFrame:
    """One row a test image that was shown in that kind: which of the split's originals it is most like, and how much.

    Whose that is, is told too, and whether the two are equal to the bit. Shape: near and exact (N,) each.
    """
    files, patients = (originals.told[column].to_numpy(object) for column in ("image", "patient"))
    there = near.rows >= 0
    nearest, whose = (np.where(there, names[near.rows], None) for names in (files, patients))
    own_image, own_patient = nearest == test.told["image"].to_numpy(), whose == test.told["patient"].to_numpy()
    told = test.told[["image", "patient"]].assign(
        shown=str(shown),
        split=split,
        originals=len(files),
        original_patients=len(np.unique(patients)),
        nearest=nearest,
        nearest_patient=whose,
        relation=np.select([own_image, own_patient, there], [OWN_IMAGE, OWN_PATIENT, OTHER_PATIENT], NOBODY),
        exact=exact & there,
        likeness=near.likeness,
    )[COPIES_COLUMNS]
    return without_order(told, test, "image")


def without_order(scores: pd.DataFrame, split: Split, *columns: str) -> pd.DataFrame:
    """Scores in the order of the pseudonyms in those columns: the order of a table or list would tell who is who."""
    return scores.sort_values(list(columns), kind="stable", ignore_index=True) if split.pseudonymous else scores


def _checked(scores: np.ndarray, shape: tuple[int, ...], who: str) -> np.ndarray:
    """The scores, once it is sure that none is missing: a score that is no number would pass for a private one."""
    values = np.asarray(scores)
    if values.shape != shape or not np.isfinite(values).all():
        raise PrivbenchError(
            f"The {who} returned scores of shape {values.shape}, {np.count_nonzero(~np.isfinite(values))} of them no "
            f"numbers, where {shape} finite ones belong: mend the plugin, or lower its learning rate."
        )
    return values


def stacked(parts: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    """All parts below one another; without any, no row under those columns."""
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(columns))


def write_scores(scores: pd.DataFrame, path: Path) -> None:
    """Writes a score file (Parquet)."""
    scores.to_parquet(path, index=False)


def read_scores(path: Path) -> pd.DataFrame:
    """Reads a score file (Parquet). Raises PrivbenchError where it is none."""
    try:
        return _with_patients_as_texts(pd.read_parquet(path))
    except (ArrowException, OSError, ValueError) as error:
        raise PrivbenchError(f"{path} cannot be read ({error}): run it again with --overwrite.") from error


def _with_patients_as_texts(scores: pd.DataFrame) -> pd.DataFrame:
    """Scores as they are written now; older ones number their patients, and have the rival -1 where there is none.

    All get as many digits as the largest number can have, so that their order is the same in every file of a run.
    """
    numbered = [column for column in _PATIENTS if column in scores and is_integer_dtype(scores[column])]
    texts = {column: scores[column].astype(str).str.zfill(_DIGITS).where(scores[column] >= 0) for column in numbered}
    return scores.assign(**texts)

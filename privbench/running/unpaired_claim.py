"""A folder of synthetic images as somebody hands it over: its files, their findings, and what is wrong with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..base.errors import PrivbenchError, raise_all, some_of
from ..base.files import sha256
from ..data.notices import Notice
from ..data.problems import DataError, problems_of
from ..datasets.cells import read_labels
from ..datasets.folders import files_below
from ..datasets.spreadsheets import read_spreadsheet
from ..evaluate.unpaired import Provenance
from ..protocols.schema import Protocol
from .audit import Claim
from .decoding import sound_table
from .found_release import FoundRelease, ReleasedFile
from .released_files import check_claim, depth_of, is_image, released_files
from .setting import Setting
from .unpaired_release import UnpairedRelease
from .unpaired_stages import draw_name

IMAGE = "image"
"""The column of a table of findings that names released images; the others are called as the data set's findings."""
LEARNABLE = ("train", "val")
"""Splits that a generator may have learnt from. Everything is judged beside the test patients, whom it never saw."""
ASSUMED = LEARNABLE
"""What counts as learnt from where nobody said: a control arm that was learnt from, too, would excuse what it shows."""
_UNPAIRED = (
    "the release is unpaired: no one knows of which original an image was made, so patients were not looked for in it, "
    "and whether images can be linked to them is not known"
)


@dataclass(frozen=True)
class UnpairedClaim:
    """A release of no originals as somebody hands it over: its folder, and what its generator is said to be.

    `learnt_from` are splits; None where nobody says. `findings_file` tells which findings images are to show.
    """

    folder: Path
    name: str
    params: Mapping[str, Any]
    learnt_from: Sequence[str] | None = None
    findings_file: Path | None = None


def claim_of(
    folder: Path,
    name: str,
    params: Mapping[str, Any],
    map_file: Path | None,
    unpaired: bool,
    learnt_from: Sequence[str] | None,
    findings_file: Path | None,
) -> Claim | UnpairedClaim:
    """What somebody says of a folder of released images. Raises PrivbenchError where that contradicts itself."""
    if not unpaired:
        if learnt_from is not None or findings_file is not None:
            raise PrivbenchError(
                "--learnt-from and --findings are told of unpaired images: add --unpaired, or leave them out."
            )
        return Claim(folder, map_file, name, params)
    if map_file is not None:
        raise PrivbenchError(
            "--map tells of which original each image is, and --unpaired that nobody knows it: give one."
        )
    return UnpairedClaim(folder, name, params, learnt_from, findings_file)


def unpaired_release(claim: UnpairedClaim, setting: Setting, protocol: Protocol) -> UnpairedRelease:
    """The release, for a pipeline. Raises PrivbenchError for all that is wrong with the claim, its folder and table."""
    folder, problems = claim.folder, list[str]()
    check_claim(folder, claim.name, claim.params)
    learnt_from = _learnt_from(claim.learnt_from)
    dataset, request = setting.data(protocol)
    if not dataset.names_patients:
        raise PrivbenchError(
            f"The data set {dataset.name!r} names no patients, so nobody can tell whom an unpaired release remembers: "
            "choose originals of patients who are known."
        )
    request = replace(request, notice=lambda _: None)  # whoever reads the data tells it
    _check_held_out(learnt_from, sound_table(dataset, request)["split"])
    paths = sorted(path for path in files_below(folder) if is_image(path))
    if not paths:
        raise PrivbenchError(f"There is no image below {folder}: name the folder that holds the released images.")
    files = released_files(folder, paths, problems)
    notices = [Notice(_UNPAIRED)]
    depth, _ = depth_of(files, request, notices, problems)
    labels = None
    if claim.findings_file is not None:
        labels = _labels(claim.findings_file, paths, dataset.findings, problems)
    raise_all(problems)
    digests = {path: sha256(file.path) for path, file in files.items()}
    if twice := len(paths) - len(set(digests.values())):
        notices.append(Notice(f"{twice} of {len(paths)} released images are byte for byte the same as another one"))
    labelled = 0 if labels is None else int((~np.isnan(labels)).any(1).sum())
    return UnpairedRelease(
        FoundRelease(
            release_name=claim.name,
            release_root=folder.absolute(),
            release_files={
                draw_name(number): ReleasedFile(path=path, digest=digests[path]) for number, path in enumerate(paths)
            },
            release_depth=depth,
            release_fit=protocol.data.fit,
            **claim.params,
        ),
        labels,
        Provenance(learnt_from, claim.learnt_from is None, labelled, dataset.names_test(request)),
        notices,
    )


def _learnt_from(told: Sequence[str] | None) -> tuple[str, ...]:
    """The splits, each once, in their order. Raises PrivbenchError where one can have taught no generator."""
    if told is None:
        return ASSUMED
    if not told or (wrong := sorted(set(told) - set(LEARNABLE))):
        what = f"{', '.join(wrong)} is none of these" if told else "none is named"
        raise PrivbenchError(
            f"--learnt-from takes {' or '.join(LEARNABLE)}, or both with a comma, and {what}: a generator is judged "
            "beside test patients whom it never saw, so choose splits in which it learnt from no test patient."
        )
    return tuple(name for name in LEARNABLE if name in told)


def _check_held_out(learnt_from: Sequence[str], splits: pd.Series) -> None:
    """Raises PrivbenchError where a split is said to be held out that no generator made elsewhere can know."""
    if len(learnt_from) < len(LEARNABLE) and (splits == "train_val").any():
        raise PrivbenchError(
            f"--learnt-from {learnt_from[0]} says that a generator held out patients whom privbench draws for its own "
            f"validation, because the data name none: say --learnt-from {','.join(LEARNABLE)}, or name the patients "
            "who were held out, such as by val in a column split of the table."
        )


def _labels(file: Path, paths: Sequence[str], findings: Sequence[str], problems: list[str]) -> np.ndarray | None:
    """The findings of each image; what is wrong with the table is added to the problems."""
    if not findings:
        problems.append(f"The data set tells no findings, so those of {file} mean nothing: leave out --findings.")
        return None
    table = read_spreadsheet(file, (IMAGE,)).texts
    if lacking := [column for column in (IMAGE, *findings) if column not in table.columns]:
        problems.append(
            f"{file} has no column {' and no column '.join(lacking)}: give it {IMAGE}, a path below the release's "
            "folder, and the findings of the data set, 1, 0, or empty where nobody says."
        )
        return None
    told, there = table[IMAGE].tolist(), set(paths)
    if strangers := [name for name in dict.fromkeys(told) if name not in there]:
        problems.append(f"{len(strangers)} images of {file} are not in the release: {some_of(strangers)}.")
    if twice := [name for name, count in Counter(told).items() if count > 1]:
        problems.append(f"{len(twice)} images stand on several lines of {file}: {some_of(twice)}; keep one each.")
        return None
    read = {}
    for finding in findings:
        try:
            read[finding] = read_labels(pd.Series(table[finding].to_numpy(), told, name=finding), "unknown")
        except DataError as error:
            problems += [f"{file}: {problem.text}" for problem in problems_of(error, "")]
    if len(read) < len(findings):
        return None
    return pd.DataFrame(read).reindex(paths)[list(findings)].to_numpy(np.float32)

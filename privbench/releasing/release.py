"""Anonymizes a folder of radiographs: what was judged becomes what is published."""

from __future__ import annotations

import csv
import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from io import StringIO
from pathlib import Path

from ..base.errors import PrivbenchError, disk_errors_of
from ..base.files import digest_of, write_bytes
from ..base.folders import make_private
from ..base.locks import locked
from ..base.processes import map_parts_in_processes
from ..base.progress import Progress, log
from ..datasets.dicom_files import is_dicom
from ..datasets.image_files import survey_file
from ..engine.resources import cores
from ..record.manifest import ReleaseManifest
from ..running.environment import versions
from .making import Failed, Made, Making
from .method import Method
from .names import NewNames, read_or_make_key
from .sources import Sources, check_places, find_sources
from .unfinished import HIDDEN, LOCK, Unfinished, check_free, clear, mark_of

_TOGETHER = 8
"""Images that a process is handed at once: as many are held in memory at full size."""
_LEAST_DEPTH = 8


@dataclass(frozen=True)
class ReleaseOrder:
    """What is to be anonymized, by what, and where the release goes, the key and, if wanted, the map of names.

    Where `masked`, bright marks near the border are painted over before.
    """

    source: Path
    out: Path
    method: Method
    key: Path
    map: Path | None
    masked: bool
    device: str
    jobs: int | None


@dataclass
class Outcome:
    """What became of a folder: released files with their SHA-256, `kept` of them before; and what was left out."""

    files: dict[str, str] = field(default_factory=dict)
    kept: int = 0
    failures: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


def would_make(order: ReleaseOrder, progress: Progress) -> Outcome:
    """What `make_release` would do, told after every image was read; nothing is written.

    The names of released files hang on the key, so the images' own stand in their place.
    """
    _check_places(order)
    check_free(order.out)
    found = find_sources(order.source)
    making, outcome = _making(order, found, b"", 1), Outcome(others=found.others)
    _tell(outcome, [Failed("", problem) for problem in found.problems])
    for failures, part in _mapped(partial(_unreadable, making), found, list(found.images), order, progress, "reading"):
        _tell(outcome, failures)
        outcome.files |= dict.fromkeys({*part} - {one.source for one in failures}, "")
    return outcome


def make_release(order: ReleaseOrder, progress: Progress) -> Outcome:
    """Anonymizes every image once. Killed at any moment, the same order goes on with what is missing.

    Raises:
        PrivbenchError: there is nothing to be anonymized, something is in the way, or the method fails.
    """
    _check_places(order)
    clear(order.out)
    if not check_free(order.out):
        _check_map(order.map, None)
    found = find_sources(order.source)
    key = read_or_make_key(order.key)
    with _held(order.out):
        check_free(order.out)  # once more: another process may have finished it
        making = _making(order, found, key, _workers(order, len(found.images)))
        unfinished = Unfinished(order.out, _terms(making))
        _check_map(order.map, lambda content: unfinished.claimed() == _map_mark(key, content))
        marks = {name: mark_of(key, name, path) for name, path in found.images.items()}
        kept = unfinished.kept(marks.values())
        by_source = {name: kept[mark] for name, mark in marks.items() if mark in kept}
        outcome = Outcome(kept=len(by_source), others=found.others)
        _tell(outcome, [Failed("", problem) for problem in found.problems])
        # In the order of the new names: times, and places on the disk, would tell that of the old ones, and so which
        # files lay side by side as images of one patient do.
        left = sorted(marks.keys() - by_source.keys(), key=NewNames(key).file)
        for results, _ in _mapped(making, found, left, order, progress, "anonymizing"):
            _tell(outcome, results)
            for made in (one for one in results if isinstance(one, Made)):
                unfinished.add(marks[made.source], made)
                by_source[made.source] = made.name, made.digest
        outcome.files = dict(sorted(by_source.values()))
        if not outcome.files:
            unfinished.drop()
            return outcome
        if order.map is not None:
            content = _map_of({name: by_source[name][0] for name in sorted(by_source)})
            unfinished.claim(_map_mark(key, content))
            write_bytes(order.map, content, for_good=True, private=True)
        unfinished.finish(_manifest(order, outcome))
    return outcome


def _check_places(order: ReleaseOrder) -> None:
    outside = {"--key": order.key} | ({} if order.map is None else {"--map": order.map})
    check_places(order.source, order.out, outside)


def _making(order: ReleaseOrder, found: Sources, key: bytes, workers: int) -> Making:
    threads = max(1, cores() // workers) if workers > 1 else None
    return Making(order.method, order.out / HIDDEN, key, _depth(found), order.masked, order.device, threads)


def _depth(found: Sources) -> int:
    """The bits that the files of 16 need together: those of a run's data set, which is read in the same way."""
    plain = [path for path in found.images.values() if not is_dicom(path)]

    def largest(path: Path) -> int:
        with suppress(PrivbenchError):  # whoever reads it tells
            return survey_file(path).largest
        return 0

    with ThreadPoolExecutor(cores()) as pool:
        depth = max(_LEAST_DEPTH, max(pool.map(largest, plain), default=0).bit_length())
    if depth > _LEAST_DEPTH:
        log.info("files of 16 bits are taken to have %d, as their largest value needs", depth)
    return depth


def _workers(order: ReleaseOrder, images: int) -> int:
    return max(1, min(order.jobs or cores(), -(-images // _TOGETHER)))


def _terms(making: Making) -> str:
    """A digest of all that decides what is made of an image, the key among it."""
    evidence = making.method.evidence
    key = hmac.new(making.key, b"terms\0", hashlib.sha256).hexdigest()
    return digest_of([making.terms, None if evidence is None else evidence.run, key])


def _mapped(
    function: Callable[[Sequence[tuple[str, Path]]], list[Made | Failed]],
    found: Sources,
    names: Sequence[str],
    order: ReleaseOrder,
    progress: Progress,
    doing: str,
) -> Iterator[tuple[list[Made | Failed], Sequence[str]]]:
    """The function's results for some images at a time, and which these are, in their order, by all cores."""
    parts = [names[first : first + _TOGETHER] for first in range(0, len(names), _TOGETHER)]
    tasks = [[(name, found.images[name]) for name in part] for part in parts]
    workers = _workers(order, len(names))
    total = len(found.images)
    with progress.live(), progress.task(doing, total=total) as advance:
        advance(total - len(names))
        # In this process where one is enough: others take seconds to begin with.
        alone = (function(task) for task in tasks)
        with closing(alone if workers == 1 else map_parts_in_processes(function, tasks, workers, _killed)) as results:
            for result, part in zip(results, parts, strict=True):
                yield result, part
                advance(len(part))


def _killed(image: tuple[str, Path]) -> Failed:
    name, path = image
    return Failed(
        name,
        f"Image {path} makes the process end that anonymizes it, as damaged files may, or needs more memory than there "
        "is: replace it by a sound copy, or end other programs.",
    )


def _unreadable(making: Making, images: Sequence[tuple[str, Path]]) -> list[Made | Failed]:
    return [one for one in making.read(images).values() if isinstance(one, Failed)]


def _tell(outcome: Outcome, results: Sequence[Made | Failed]) -> None:
    """Says what cannot be done as soon as it is known."""
    for one in (one for one in results if isinstance(one, Failed)):
        log.warning("left out: %s", one.text)
        outcome.failures.append(one.text)


@contextmanager
def _held(out: Path) -> Iterator[None]:
    """The folder is there, and nobody else's, while the block lasts; it is gone again where nothing was put into it."""
    with disk_errors_of(out.absolute(), "OUT"):
        if not out.exists():
            make_private(out)
        try:
            with locked(out / LOCK, f"waiting for another process that fills {out}"):
                yield
        finally:
            with suppress(OSError):  # it is not empty
                out.rmdir()


def _check_map(path: Path | None, is_own: Callable[[bytes], bool] | None) -> None:
    """Raises PrivbenchError where a map lies there that this release did not write before it was interrupted."""
    if path is None or not path.exists():
        return
    if is_own is None or not (path.is_file() and is_own(path.read_bytes())):
        raise PrivbenchError(f"{path} is there, and may be the map of another release: choose another --map.")


def _map_of(names: Mapping[str, str]) -> bytes:
    """Which file became which, as CSV, for the steward alone."""
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows([("original", "released"), *names.items()])
    return text.getvalue().encode("utf-8", "surrogateescape")


def _map_mark(key: bytes, content: bytes) -> str:
    """By what a map is known to whoever has the key, and by nobody else."""
    return hmac.new(key, b"map\0" + content, hashlib.sha256).hexdigest()


def _manifest(order: ReleaseOrder, outcome: Outcome) -> ReleaseManifest:
    method = order.method
    return ReleaseManifest(
        anonymizer=method.record,
        weights=method.weights,
        size=method.size,
        fit=method.fit,
        at_trained_size=method.at_trained_size,
        masked=order.masked,
        images=len(outcome.files),
        left_out=len(outcome.failures),
        files=outcome.files,
        evidence=method.evidence,
        versions=versions(),
    ).sealed()

"""The one error that is meant for a person."""

from __future__ import annotations

import difflib
import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
_NO_SUCH_PATH = (
    errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENOTEMPTY, errno.ELOOP, errno.ENAMETOOLONG,
    errno.EBUSY,
)  # fmt: skip
_TOLD = 5


class PrivbenchError(Exception):
    """Something the user can mend, told in one sentence: what, where, and what to do."""


class OutOfMemory(PrivbenchError):
    """Work needs more memory than there is; the sentence tells what would fit."""


def raise_all(problems: Sequence[str]) -> None:
    """Raises one PrivbenchError that tells all the problems, the first five in full; none where there is none.

    Each is a sentence as an error's own would be.
    """
    if problems:
        raise PrivbenchError(told_together(problems))


def told_together(problems: Sequence[str]) -> str:
    """Sentences as one text: the only one as it is; the first five of several below one another."""
    if len(problems) == 1:
        return problems[0]
    more = [f"and {len(problems) - _TOLD} more."] if len(problems) > _TOLD else []
    return "\n- ".join([f"{len(problems)} things are wrong:", *problems[:_TOLD], *more])


def nearest(name: str, known: Iterable[str]) -> str:
    """A clause that names what is known near to `name`; all that is known where nothing is near."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(repr(n) for n in near)}?"
    return f"known are: {', '.join(known)}." if known else "none is known."


def some_of(names: Iterable[str]) -> str:
    """The first three names and how many more there are, for a sentence."""
    first, more = sorted(names)[:3], len(sorted(names)) - 3
    return ", ".join(first) + (f" and {more} more" if more > 0 else "")


@contextmanager
def disk_errors_of(place: Path, option: str) -> Iterator[None]:
    """Tells failures of the disk, while the block lasts, with the place that it writes to and the option that chose it.

    Native libraries do not tell which file they were writing, and a run writes to two disks. What names a file
    elsewhere passes, and so does what was told already: the innermost block knows best.

    Args:
        place: an absolute path; the block writes there, or beside it under a name that holds its name.
        option: such as `--out`.
    """
    try:
        yield
    except PrivbenchError:
        raise
    except Exception as error:
        explained = explain_disk_error(error, place, option) if _concerns(error, place) else None
        if explained is None:
            raise
        raise explained from error


def _concerns(error: Exception, place: Path) -> bool:
    """Whether the file that an error names, if any, belongs to the place, or to what lies above it."""
    name = getattr(error, "filename", None)
    if not isinstance(name, str | bytes):
        return True
    file, level = Path(os.path.abspath(os.fsdecode(name))), len(place.parts) - 1
    above = file.parts[:level] == place.parts[:level]
    return place.is_relative_to(file) or (above and place.name in file.parts[level])


def explain_disk_error(
    error: Exception, place: Path | None = None, option: str = "--store and --out"
) -> PrivbenchError | None:
    """Turns the failures of a full or closed disk into a sentence; None for any other error.

    Libraries that write through native code (Arrow, safetensors) lose the file's name, the error's number or even its
    type, so the text is looked at as well.
    """
    number, text = getattr(error, "errno", None), str(error)
    name = getattr(error, "filename", None) or place
    if is_full_disk(error):
        where = f"disk of {place}" if place else "disk"
        writing = f" (writing {name})" if name and not place else ""
        return PrivbenchError(
            f"The {where} is full{writing}: free some space and give the same command again, which goes on from what "
            f"is finished, or point {option} to another disk."
        )
    if number == errno.EFBIG or "File too large" in text:
        return PrivbenchError(
            f"A file{f' of {place}' if place else ''} outgrew what its disk or `ulimit -f` allows: "
            f"raise the limit, or point {option} to another disk."
        )
    if number in _FORBIDDEN:
        return PrivbenchError(f"No permission for {name}: grant it, or choose other folders with {option}.")
    if number in _NO_SUCH_PATH and name:
        return PrivbenchError(f"{name} cannot be used ({getattr(error, 'strerror', '')}): check the path.")
    if isinstance(error, ValueError) and place and "\0" in str(place):
        return PrivbenchError(f"{str(place)!r} is no path, because it holds a NUL byte: check {option}.")
    return None


def is_full_disk(error: Exception) -> bool:
    """Whether an error says that the disk has no room, in whatever guise."""
    text = str(error)
    return getattr(error, "errno", None) in _FULL or "No space left" in text or "quota exceeded" in text


def explain_memory_error(error: Exception) -> PrivbenchError | None:
    """Turns a want of memory into a sentence, whether Python, NumPy or torch tells it; None for any other error.

    Looks at name and text, because only what computes may load torch.
    """
    if isinstance(error, OutOfMemory):
        return error
    text = str(error)
    told = ("out of memory" in text.lower(), "ALLOC_FAILED" in text)  # the latter by cuBLAS and cuDNN
    on_device = type(error).__name__ == "OutOfMemoryError" or any(told)
    if isinstance(error, MemoryError) or "can't allocate memory" in text or "not enough memory" in text:
        what = "Memory"
    elif isinstance(error, RuntimeError) and on_device:
        what = "The memory of the device"
    else:
        return None
    return PrivbenchError(
        f"{what} ran out: end other programs, or lower --jobs, batch sizes (--set) or data.size; the same command goes "
        "on from what is finished."
    )

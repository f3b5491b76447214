"""The one error that is meant for a person."""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable, Sequence

_TOLD = 5


class PrivbenchError(Exception):
    """Something the user can mend, told in one sentence: what, where, and what to do."""


def raise_all(problems: Sequence[str]) -> None:
    """Raises one PrivbenchError that tells all the problems, the first five in full; none where there is none.

    Each is a sentence as an error's own would be.
    """
    if not problems:
        return
    if len(problems) == 1:
        raise PrivbenchError(problems[0])
    more = [f"and {len(problems) - _TOLD} more."] if len(problems) > _TOLD else []
    raise PrivbenchError("\n- ".join([f"{len(problems)} things are wrong:", *problems[:_TOLD], *more]))


def nearest(name: str, known: Iterable[str]) -> str:
    """A clause that names what is known near to `name`; all that is known where nothing is near."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(repr(n) for n in near)}?"
    return f"known are: {', '.join(known)}." if known else "none is known."


def explain_disk_error(error: Exception) -> PrivbenchError | None:
    """Turns the failures of a full or closed disk into a sentence; None for any other error.

    Libraries that write through native code (Arrow, safetensors) lose the file's name, the error's number or even its
    type, so the text is looked at as well.
    """
    number, name = getattr(error, "errno", None), getattr(error, "filename", None)
    if number in (errno.ENOSPC, errno.EDQUOT) or "No space left" in str(error):
        where = f" (writing {name})" if name else ""
        return PrivbenchError(
            f"The disk is full{where}: free some space, or point --store and --out to another disk; "
            "finished stages are kept and the run goes on from there."
        )
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return PrivbenchError(f"No permission for {name}: grant it, or choose other folders with --store and --out.")
    if number in (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST) and name:
        return PrivbenchError(f"{name} cannot be used ({getattr(error, 'strerror', '')}): check the path.")
    return None

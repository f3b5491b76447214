"""What a run's record vouches for with a digest, read once it is sure that it was not changed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..base.errors import PrivbenchError
from ..base.files import sha256
from .estimates import FILE, Estimate, read_estimates
from .names import FigureName
from .run import RunRecord


def require_vouched(folder: Path, record: RunRecord, name: str) -> None:
    """Raises PrivbenchError where a file of the run folder is not the one that the record has a digest of.

    The records of old schemas have none, and vouch for nothing.
    """
    if (digest := record.files.get(name)) is None:
        return
    file = folder / name
    if not file.is_file() or sha256(file) != digest:
        what = "was changed after" if file.is_file() else "is missing, and was there at the end of"
        raise PrivbenchError(
            f"{file} {what} the run: `privbench verify {folder}` tells what changed, or run it again with --overwrite."
        )


def estimates_of(
    folder: Path, record: RunRecord, names: Sequence[FigureName] | None = None
) -> dict[FigureName, Estimate]:
    """The estimates of a run of those names, of all without any.

    Raises PrivbenchError where they are not those that the record vouches for, or are no estimates of its protocol.
    """
    require_vouched(folder, record, FILE)
    estimates = read_estimates(folder / FILE, names)
    statistics = record.protocol.get("statistics")
    resamples = statistics.get("resamples") if isinstance(statistics, dict) else None
    if odd := next((name for name, one in estimates.items() if len(one.resampled) != resamples), None):
        raise PrivbenchError(
            f"{folder / FILE} holds {len(estimates[odd].resampled)} resamples of {odd}, where the protocol says "
            f"{resamples}: run it again with --overwrite."
        )
    return estimates

"""A release that somebody else made, as an anonymizer: it looks up in a folder what each image became."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from pydantic import ConfigDict, Field

from ..base.errors import PrivbenchError, raise_all, some_of
from ..base.files import digest_of, sha256
from ..base.params import Params
from ..base.progress import Progress
from ..data.squares import Fit
from ..datasets.radiographs import read_chunks
from ..plugins.interfaces import DataRequest, SetAnonymizer

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor

    from ..learning.context import Pixels


class ReleasedFile(Params):
    """Where below the folder a released image lies, and the SHA-256 of its bytes."""

    path: str
    digest: str


class FoundParams(Params):
    """Where the release lies, and what its method is called; beside them what somebody says of its parameters.

    `release_files` are by the names of the originals; `release_depth` is in bits, as a `Collection` has it.
    """

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)

    release_name: str = Field(exclude=True)
    release_root: Path = Field(exclude=True)
    release_files: dict[str, ReleasedFile] = Field(exclude=True)
    release_depth: int = Field(exclude=True)
    release_fit: Fit = Field(exclude=True)


class FoundRelease(SetAnonymizer):
    """Hands out a folder's images, under the name and the parameters that somebody says its method has."""

    name = "found"
    deterministic = True
    made_elsewhere = True
    Params = FoundParams

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.name = self.params.release_name  # type: ignore[misc]  # each release has its own

    def inputs(self) -> dict[str, str]:
        files = {name: file.digest for name, file in self.params.release_files.items()}
        return {"release": digest_of([sorted(files.items()), self.params.release_depth, self.params.release_fit])}

    def published(self, table: pd.DataFrame) -> np.ndarray:
        return table["image"].isin(list(self.params.release_files)).to_numpy(bool)

    def anonymize_set(self, images: Pixels, table: pd.DataFrame, generator: torch.Generator) -> Iterator[Tensor]:
        for part in self.pictures(table["image"], images[torch.arange(1)].shape[-1]):
            yield torch.from_numpy(part).float().div(255)

    def pictures(self, names: Iterable[str], size: int) -> Iterator[np.ndarray]:
        """The released images of these names, in parts. Shape: (n, 1, size, size), uint8.

        Raises PrivbenchError, once all are read, where files changed since they were listed, or are broken.
        """
        params = self.params
        files = [params.release_files[name] for name in names]
        paths = [params.release_root / file.path for file in files]
        broken, changed, done = list[str](), list[str](), 0
        for chunk in read_chunks(paths, None, params.release_depth, _request(size, params.release_fit)):
            rows = range(done, done := done + len(chunk.images))
            changed += [files[row].path for row in rows if _digest(paths[row]) != files[row].digest]
            broken += chunk.broken.values()
            yield chunk.images
        if changed:
            raise PrivbenchError(
                f"Since the command began, {some_of(changed)} of {len(files)} released files changed: let nobody write "
                f"into {params.release_root}, and begin again."
            )
        raise_all(broken)


def _request(size: int, fit: Fit) -> DataRequest:
    return DataRequest(size, 0, None, 1, Progress(quiet=True), fit=fit)


def _digest(path: Path) -> str:
    """Empty where there is no file any more."""
    try:
        return sha256(path)
    except OSError:
        return ""

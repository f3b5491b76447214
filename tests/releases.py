"""The release of a run as files, as somebody else would hand it over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from privbench.api import Run
from privbench.running.loading import TABLE
from privbench.running.stage_names import DATA, IMAGES_FILE, RELEASE


def stage_of(run: Run, store: Path, name: object) -> Path:
    """The folder of a stage of a run in the store."""
    key = next(stage.key for stage in run.record.stages if stage.name == str(name))
    return store / str(name) / key


def table_of(run: Run, store: Path) -> pd.DataFrame:
    """The table of the run's data, in the order of its releases."""
    return pd.read_csv(stage_of(run, store, DATA) / TABLE, dtype=str)


def write_release(
    run: Run, store: Path, folder: Path, path: Callable[[str], str | None] = lambda name: name
) -> dict[str, str]:
    """Writes the release as files that Pillow makes; of each image where it lies, as far as it has a `path`."""
    images, written = np.load(stage_of(run, store, RELEASE) / IMAGES_FILE), {}
    for name, image in zip(table_of(run, store)["image"], images, strict=True):
        if (place := path(name)) is not None:
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image[0]).save(folder / place)
            written[name] = place
    return written


def write_map(path: Path, files: dict[str, str]) -> Path:
    """A map of originals to released files."""
    pd.DataFrame({"original": list(files), "released": list(files.values())}).to_csv(path, index=False)
    return path

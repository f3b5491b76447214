"""A data set from a folder: `images.csv`, one row an image, whose column `path` tells where each image lies."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from privbench import Dataset, PrivbenchError
from privbench.interfaces import Chunk, DataRequest

CHUNK = 64


class MyDataset(Dataset):
    """Radiographs that a table lists."""

    name = "my-dataset"
    findings = ("Effusion", "Mass")  # columns of the table: 1, 0, or empty where nobody said

    def source(self, request: DataRequest) -> dict[str, Any]:
        # What tells that the files are others than those of the cached copy, without reading them all.
        files = sorted(file for file in folder(request).rglob("*") if file.is_file())
        return {"files": [[str(file.relative_to(folder(request))), file.stat().st_size] for file in files]}

    def table(self, request: DataRequest) -> pd.DataFrame:
        # Columns: image, patient, follow_up, age, sex, view, split (train, val, test, or train_val), and the findings;
        # others, such as path, are for `read` alone.
        return pd.read_csv(folder(request) / "images.csv")

    def read(self, table: pd.DataFrame, request: DataRequest) -> Iterator[Chunk]:
        for start in range(0, len(table), CHUNK):
            paths = table["path"].iloc[start : start + CHUNK]
            yield Chunk(np.stack([read_image(folder(request) / path, request.size) for path in paths]))


def folder(request: DataRequest) -> Path:
    if request.root is None:
        raise PrivbenchError("The data set lies in a folder: name it with --data-root.")
    return request.root


def read_image(path: Path, size: int) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("L").resize((size, size)), np.uint8)[None]

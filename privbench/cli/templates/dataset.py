"""A data set from a folder: `images.csv`, one row an image, whose column `path` tells where each image lies."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from privbench import Dataset, PrivbenchError
from privbench.datasets.radiographs import read_grey, survey
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
        # Columns: image, patient, split (train, val, test, or train_val) and the findings; where they are known, study,
        # follow_up, age, sex, view; others, such as path, are for `read` alone. A patient is a text: 007 is not 7.
        table = pd.read_csv(folder(request) / "images.csv", dtype={"image": str, "patient": str})
        files = {image: folder(request) / path for image, path in zip(table["image"], table["path"], strict=True)}
        with ThreadPoolExecutor(request.workers) as pool:  # 12 bits in files of 16 are found, colours are refused
            self._depth = survey(files, request.size, pool, request.notice).depth
        return table

    def read(self, table: pd.DataFrame, request: DataRequest) -> Iterator[Chunk]:
        files = [folder(request) / path for path in table["path"]]
        with ThreadPoolExecutor(request.workers) as pool:
            for start in range(0, len(files), CHUNK):
                chunk = files[start : start + CHUNK]
                told = repeat(request.size), repeat(self._depth), repeat(request.fit)
                images = pool.map(read_grey, chunk, *told)
                yield Chunk(np.stack(list(images))[:, None])


def folder(request: DataRequest) -> Path:
    if request.root is None:
        raise PrivbenchError("The data set lies in a folder: name it with --data-root.")
    return request.root

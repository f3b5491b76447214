"""NIH ChestX-ray14 in its public layout (Wang et al., CVPR 2017)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image, UnidentifiedImageError

from ..errors import PrivbenchError, nearest
from ..files import read_text
from ..interfaces import Chunk, DataRequest, Dataset
from .findings import FINDINGS

_NO_FINDING = "No Finding"
_LISTS = {"train_val": "train_val_list.txt", "test": "test_list.txt"}
_COLUMNS = {
    "Image Index": "image",
    "Patient ID": "patient",
    "Follow-up #": "follow_up",
    "Patient Age": "age",
    "Patient Gender": "sex",
    "View Position": "view",
    "Finding Labels": "labels",
}
_CHUNK = 256
_REMEDY = "ChestX-ray14 comes with it, download it from the NIH"


class ChestXray14(Dataset):
    """Images in `images/` or `images_001/images/` …, a `Data_Entry_2017*.csv`, and the two split lists."""

    name = "chestxray14"
    findings = FINDINGS

    def source(self, request: DataRequest) -> dict[str, Any]:
        root = _root(request)
        digest = hashlib.sha256()
        for file in (_entries_file(root), *(root / name for name in _LISTS.values())):
            digest.update(read_text(file, _REMEDY).encode())
        for path in (entry for _, entry in sorted(_image_files(root).items())):
            stat = path.stat()
            digest.update(f"{path.name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
        return {"files": digest.hexdigest()}

    def table(self, request: DataRequest) -> pd.DataFrame:
        root = _root(request)
        entries = _entries(_entries_file(root))
        split_of = pd.concat([_listed(root / name, split) for split, name in _LISTS.items()])
        unknown = split_of.index.difference(entries["image"])
        if len(unknown):
            raise PrivbenchError(
                f"Image {unknown[0]} stands in a split list of {root} and not in its Data_Entry_2017 table: "
                "remove it from the list or complete the table."
            )
        table = entries.merge(split_of.rename("split"), left_on="image", right_index=True)
        missing = sorted(set(table["image"]) - _image_files(root).keys())
        if missing:
            raise PrivbenchError(
                f"Image {missing[0]} is listed and not there ({len(missing)} missing below {root}): "
                "download it, or remove it from the split lists."
            )
        return table

    def read(self, table: pd.DataFrame, request: DataRequest) -> Iterator[Chunk]:
        files = _image_files(_root(request))
        # Pillow decodes and resizes without holding the interpreter's lock, so threads use all cores.
        with (
            ThreadPoolExecutor(request.workers) as pool,
            request.progress.task("decoding radiographs", total=len(table)) as advance,
        ):
            for first in range(0, len(table), _CHUNK):
                names = table["image"].iloc[first : first + _CHUNK]
                images = list(pool.map(lambda name: read_grey(files[name], request.size), names))
                yield Chunk(np.stack(images)[:, None])
                advance(len(names))


def read_grey(path: Path, size: int) -> np.ndarray:
    """A grey, RGB or RGBA image as `size` x `size` grey values. Shape: (size, size), uint8.

    Downsizing averages over the pixels that fall together (Pillow's antialiased bilinear filter).
    """
    try:
        with Image.open(path) as image:
            if image.mode.startswith("I"):  # 16 bits; older versions of Pillow call some of them I
                grey = Image.fromarray((np.asarray(image).astype(np.int32) >> 8).astype(np.uint8))
            else:
                grey = image.convert("L")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise PrivbenchError(f"Image {path} cannot be read ({error}): download it again.") from error
    if grey.size != (size, size):
        grey = grey.resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(grey)


def _root(request: DataRequest) -> Path:
    if request.root is None:
        raise PrivbenchError("The data set chestxray14 lies on disk: name its folder with --data-root.")
    if not request.root.is_dir():
        raise PrivbenchError(f"There is no folder {request.root}: name the data set's folder with --data-root.")
    return request.root


def _entries_file(root: Path) -> Path:
    found = sorted(root.glob("Data_Entry_2017*.csv"))
    if len(found) != 1:
        count = "no" if not found else "more than one"
        raise PrivbenchError(f"There is {count} Data_Entry_2017*.csv in {root}: keep exactly one.")
    return found[0]


def _image_files(root: Path) -> dict[str, Path]:
    """Every PNG of the layout, by name."""
    folders = [f for f in (root / "images", *sorted(root.glob("images_*/images"))) if f.is_dir()]
    if not folders:
        raise PrivbenchError(f"There is neither images/ nor images_001/images/ in {root}: check --data-root.")
    return {e.name: Path(e.path) for folder in folders for e in os.scandir(folder) if e.name.endswith(".png")}


def _listed(path: Path, split: str) -> pd.Series:
    names = read_text(path, _REMEDY).split()
    if not names:
        raise PrivbenchError(f"{path} lists no image: fill it.")
    return pd.Series(split, index=names)


def _entries(path: Path) -> pd.DataFrame:
    """The table with privbench's columns and one 0/1 column a finding."""
    try:
        raw = pd.read_csv(path, dtype=str, index_col=False)
    except ValueError as error:  # pandas' parser errors and undecodable text
        raise PrivbenchError(f"{path} is no CSV table ({error}): download it again.") from error
    missing = [column for column in _COLUMNS if column not in raw.columns]
    if missing:
        raise PrivbenchError(f"{path} lacks the column {missing[0]!r}: use the published table.")
    entries = raw[list(_COLUMNS)].rename(columns=_COLUMNS)
    for column in ("patient", "follow_up"):
        entries[column] = _numbers(entries, column, path)
    # The first release of the table writes ages as 058Y, the second as 58.
    entries["age"] = entries["age"].str.removesuffix("Y")
    entries["age"] = _numbers(entries, "age", path)
    labels = entries.pop("labels").fillna("").str.split("|")
    known = {*FINDINGS, _NO_FINDING}
    for image, named in zip(entries["image"], labels, strict=True):
        for label in named:
            if label not in known:
                raise PrivbenchError(f"{path}: image {image} has the unknown label {label!r}: {nearest(label, known)}")
    for finding in FINDINGS:
        entries[finding] = np.array([finding in named for named in labels], np.uint8)
    return entries


def _numbers(entries: pd.DataFrame, column: str, path: Path) -> pd.Series:
    numbers = pd.to_numeric(entries[column], errors="coerce")
    if numbers.isna().any():
        row = entries.loc[numbers.isna()].iloc[0]
        raise PrivbenchError(f"{path}: image {row['image']} has {row[column]!r} where a number for {column} belongs.")
    return numbers.astype(np.int64)

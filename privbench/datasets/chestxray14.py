"""NIH ChestX-ray14 in its public layout (Wang et al., CVPR 2017)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..base.errors import PrivbenchError
from ..base.files import read_text
from ..data.exclusion import Exclusion
from ..data.notices import SHOWN, Notice
from ..data.problems import Problem, raise_problems
from ..data.splits import MADE_FROM, SPACING
from ..data.squares import pixels_per_pixel
from ..data.table import OLDEST
from ..plugins.interfaces import Chunk, DataRequest, Dataset
from .file_problems import problems_of_pictures
from .findings import FINDINGS
from .folders import data_folder, mark_of
from .nih_boxes import BOXES, Boxes, mark_of_boxes, read_boxes, tells_places, with_locations
from .nih_entries import REMEDY, read_entries
from .radiographs import Collection, read_chunks, survey

_LISTS = {"train_val": "train_val_list.txt", "test": "test_list.txt"}
_MISTYPED = 1000  # an age of more digits is no age, and is refused as in any table
_MASKS = "masks"


class ChestXray14(Dataset):
    """Images in `images/` or `images_001/images/` …, a `Data_Entry_2017*.csv`, and the two split lists.

    Grey values of more than 8 bits are scaled from the bit depth that holds the largest value of all listed images.
    Masks of the organs are read where a folder `masks/` holds a grey PNG for every listed image, under its name: bit 1
    of a pixel's value lungs, bit 2 heart. Places of findings are those of the published `BBox_List_2017.csv`, where it
    lies there and has boxes of listed images; a finding without a box has no known place.
    """

    name = "chestxray14"
    version = "2"
    findings = FINDINGS

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self._surveyed: dict[tuple[Path, int, frozenset[str]], Collection] = {}

    def collection(self, request: DataRequest) -> str:
        return self.name

    def names_test(self, request: DataRequest) -> bool:
        return True  # in the published lists

    def source(self, request: DataRequest) -> dict[str, Any]:
        root = data_folder(request.root, self.name)
        digest = hashlib.sha256()
        for file in (_entries_file(root), *(root / name for name in _LISTS.values())):
            digest.update(read_text(file, REMEDY).encode())
        if (boxes := _boxes_file(root)) is not None:
            digest.update(read_text(boxes, REMEDY).encode())
        for files in (_image_files(root), _mask_files(root) or {}):
            for name, path in sorted(files.items()):
                digest.update(f"{name} {_seen(path)}\n".encode())
        return {"files": digest.hexdigest()}

    def table(self, request: DataRequest) -> pd.DataFrame:
        root = data_folder(request.root, self.name)
        entries = read_entries(_entries_file(root), request.exclude)
        split_of = _split_of(root, request.exclude)
        images, masks = _image_files(root), _mask_files(root)
        unknown = split_of.index.difference(entries["image"])
        missing = split_of.index.difference(list(images))
        bare = split_of.index[:0] if masks is None else split_of.index.difference(list(masks))
        told = [
            ("no entry", unknown, f"stands in a split list of {root} and not in its Data_Entry_2017 table "
                                  f"({len(unknown)} such): remove it from the list or complete the table."),
            ("missing file", missing, f"is listed and not there ({len(missing)} missing below {root}): download it, or "
                                      "remove it from the split lists."),
            ("missing mask", bare, f"has no mask in {root / _MASKS} ({len(bare)} missing): add it, or rename that "
                                   "folder to do without masks."),
        ]  # fmt: skip
        raise_problems([Problem(kind, f"Image {one[0]} {text}", tuple(one)) for kind, one, text in told if len(one)])
        listed = entries.merge(split_of.rename("split"), left_on="image", right_index=True)
        boxes = _boxes(root, split_of.index)
        if _boxes_file(root) is not None and not tells_places(boxes, listed[listed["split"] == "test"]):
            request.notice(Notice(f"{BOXES} places no finding of a test image's labels, so saliency is not measured"))
        files = [images] if masks is None else [images, masks]
        depth = self._collection(request).depth
        made_from = [
            " ".join([str(depth), *(mark_of(one[name].stat()) for one in files), *mark_of_boxes(boxes, name)])
            for name in listed["image"]
        ]
        return _with_known_ages(self._with_spacing(listed.assign(**{MADE_FROM: made_from}), request), request)

    def read(self, table: pd.DataFrame, request: DataRequest) -> Iterator[Chunk]:
        root = data_folder(request.root, self.name)
        images, masks = _image_files(root), _mask_files(root)
        names = table["image"].tolist()
        of_masks = None if masks is None else [masks[name] for name in names]
        collection = self._collection(request)
        boxes = _boxes(root, pd.Index(collection.sides))
        chunks = read_chunks([images[name] for name in names], of_masks, collection.depth, request)
        yield from with_locations(chunks, names, boxes, collection.sides, request.fit) if boxes else chunks

    def file_problems(self, images: Sequence[str], request: DataRequest) -> Sequence[Problem]:
        files = _image_files(data_folder(request.root, self.name))
        return problems_of_pictures({name: files[name] for name in images if name in files}, request)

    def _with_spacing(self, listed: pd.DataFrame, request: DataRequest) -> pd.DataFrame:
        """The table with the millimetres per pixel at the wanted size in place of those that the image spans.

        The published PNGs, too, are the originals squeezed to squares, so only files that are padded or cut are asked
        for their sides.
        """
        if request.fit == "squeeze":
            return listed.assign(**{column: listed[column] / request.size for column in SPACING})
        sides = self._collection(request).sides
        shares = np.array([
            np.divide(pixels_per_pixel(*sides[name], request.fit, request.size), sides[name])
            for name in listed["image"]
        ])  # fmt: skip
        return listed.assign(**{column: listed[column] * shares[:, axis] for axis, column in enumerate(SPACING)})

    def _collection(self, request: DataRequest) -> Collection:
        """All images of the split lists, whichever are read; they are looked at once."""
        root = data_folder(request.root, self.name)
        looked_at = root, request.size, frozenset(request.exclude.names)  # what is too small hangs on the size
        if looked_at not in self._surveyed:
            files = _image_files(root)
            listed = {name: files[name] for name in _split_of(root, request.exclude).index}
            with ThreadPoolExecutor(request.workers) as pool:
                self._surveyed[looked_at] = survey(listed, request.size, pool, request.notice)
        return self._surveyed[looked_at]


def _seen(path: Path) -> str:
    """A file's bytes and when it was changed (nanoseconds)."""
    stat = path.stat()
    return f"{stat.st_size} {stat.st_mtime_ns}"


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
    return _png_files(folders)


def _mask_files(root: Path) -> dict[str, Path] | None:
    """Every mask, by its image's name; None where there is no folder of them."""
    return _png_files([root / _MASKS]) if (root / _MASKS).is_dir() else None


def _boxes_file(root: Path) -> Path | None:
    """Where the boxes of findings are told; None where they are not. A link that leads nowhere is there, and told."""
    return root / BOXES if os.path.lexists(root / BOXES) else None


def _boxes(root: Path, listed: pd.Index) -> Boxes:
    """The boxes of all listed images, whichever are read; none where nobody tells any."""
    path = _boxes_file(root)
    return {} if path is None else read_boxes(path, listed)


def _png_files(folders: Iterable[Path]) -> dict[str, Path]:
    pngs = (e for folder in folders for e in os.scandir(folder) if e.name.endswith(".png"))
    found: dict[str, Path] = {}
    for entry in pngs:
        path = Path(entry.path)
        if not (entry.is_file(follow_symlinks=False) or path.is_file()):
            continue  # the path, and not the entry, answers for links that lead round in a circle
        if (other := found.setdefault(entry.name, path)) != path:
            raise PrivbenchError(f"{other} and {path} have the same name: keep one of them.")
    return found


def _split_of(root: Path, exclude: Exclusion) -> pd.Series:
    """The split of each listed image that is kept, by its name.

    Raises DataError where a list is empty or names one twice.
    """
    texts = {split: read_text(root / name, REMEDY).split() for split, name in _LISTS.items()}
    lists = {split: pd.Index(names)[exclude.keeps(names)] for split, names in texts.items()}
    problems = []
    for split, names in lists.items():
        if not len(names):
            problems.append(Problem("empty list", f"{root / _LISTS[split]} lists no image: fill it."))
        if len(doubled := names[names.duplicated()].unique()):
            text = f"{root / _LISTS[split]}: image {doubled[0]} is listed twice: list every image once."
            problems.append(Problem("listed twice", text, tuple(doubled)))
    if len(both := lists["train_val"].intersection(lists["test"])):
        text = f"Image {both[0]} stands in both split lists of {root} ({len(both)} such): remove it from one of them."
        problems.append(Problem("in two splits", text, tuple(both)))
    raise_problems(problems)
    return pd.concat([pd.Series(split, index=names) for split, names in lists.items()])


def _with_known_ages(table: pd.DataFrame, request: DataRequest) -> pd.DataFrame:
    """The table, in which an age that nobody reaches is unknown: the first release holds some, such as 414 years."""
    odd = (table["age"] > OLDEST) & (table["age"] < _MISTYPED)
    if odd.any():
        text = f"{odd.sum()} of {len(table)} images have ages above {OLDEST} years, which are taken for unknown"
        request.notice(Notice(text, tuple(table.loc[odd, "image"])[:SHOWN]))
    return table.assign(age=table["age"].mask(odd))

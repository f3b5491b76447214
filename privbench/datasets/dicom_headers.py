"""What the headers of DICOM files tell of their radiographs, as texts by the names of a data set's table."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..base.errors import PrivbenchError
from ..base.processes import map_in_processes
from ..data.problems import UNREADABLE, Problem
from ..plugins.interfaces import DataRequest
from .cells import view_of
from .dicom_files import is_dicom, read_header, told_of
from .dicom_pixels import survey_header
from .image_files import Survey

if TYPE_CHECKING:
    from pydicom import Dataset as Header

KEYS = ("SOPInstanceUID", "AccessionNumber", "StudyInstanceUID")
"""By what a table may name an image, the most special one first."""
PERSON = ("IssuerOfPatientID", "PatientBirthDate", "PatientName")
"""By what it shows that one PatientID is of two people, or that two are of one; no table and no record has them."""
_TASK = 256
"""Headers that a process reads at a time."""
_ORDERS = (("StudyDate", "StudyTime"), ("AcquisitionDate", "AcquisitionTime"))
_DAY = r"[0-9]{8}"
_SPACINGS = ("PixelSpacing", "ImagerPixelSpacing")
"""In the patient, where somebody calibrated it; else at the detector."""


class HeaderTexts(NamedTuple):
    """What a header tells: texts by the names of a table and of KEYS; what its pixels are, or what is wrong."""

    texts: Mapping[str, str]
    seen: Survey | Problem


class LeftOut(NamedTuple):
    """Why an image is no frontal radiograph to be read, as a clause."""

    reason: str


def read_headers(
    root: Path, names: Sequence[str], modalities: Collection[str], request: DataRequest
) -> dict[str, HeaderTexts | LeftOut]:
    """The headers of those of the files below a folder that are of DICOM, each read once, by all cores."""
    parts = [names[first : first + _TASK] for first in range(0, len(names), _TASK)]
    read = partial(_read_part, root, modalities)
    workers = min(request.workers, len(parts))
    found: dict[str, HeaderTexts | LeftOut] = {}
    with request.progress.task("reading headers", total=len(names)) as advance:
        # pydicom parses in Python, so threads would use one core.
        for part in map_in_processes(read, parts, workers) if workers > 1 else map(read, parts):
            found |= part
            advance(_TASK)
    return found


def _read_part(root: Path, modalities: Collection[str], names: Sequence[str]) -> dict[str, HeaderTexts | LeftOut]:
    return {name: _attempted(root / name, name, modalities) for name in names if is_dicom(root / name)}


def _attempted(path: Path, name: str, modalities: Collection[str]) -> HeaderTexts | LeftOut:
    try:
        with told_of(path):
            header = read_header(path)
            if (reason := _left_out(header, modalities)) is not None:
                return LeftOut(reason)
            return HeaderTexts(_texts(header), survey_header(header))
    except PrivbenchError as error:
        return HeaderTexts({}, Problem(UNREADABLE, str(error), (name,)))


def _left_out(header: Header, modalities: Collection[str]) -> str | None:
    """Why it is no frontal radiograph to be read, where it is none."""
    if text_of(header, "Modality") not in modalities:
        return f"of another modality than {' and '.join(modalities)}"
    kind = text_of(header, "ImageType").split("\\")
    if "SECONDARY" in kind[1:2] or "LOCALIZER" in kind:
        return "made from other images, or localizers (ImageType)"
    if text_of(header, "PresentationIntentType") == "FOR PROCESSING":
        return "raw, and not for presentation (PresentationIntentType)"
    view = view_told(header)
    return "of another view than PA and AP" if view and not view_of(view) else None


def _texts(header: Header) -> dict[str, str]:
    """Texts as `cells` reads them, empty where nothing is told."""
    down, across = _spacing(header)
    return {
        "patient": text_of(header, "PatientID"),
        "study": text_of(header, "StudyInstanceUID"),
        "follow_up": next(filter(None, (_order(header, *names) for names in _ORDERS)), ""),
        "age": text_of(header, "PatientAge") or _age(text_of(header, "PatientBirthDate"), text_of(header, "StudyDate")),
        "sex": text_of(header, "PatientSex"),
        "view": view_told(header),
        "spacing_x": across,
        "spacing_y": down,
        **{key: text_of(header, key) for key in (*KEYS, *PERSON)},
    }


def text_of(header: Header, name: str) -> str:
    """The value of an element as it is written, whatever its VR allows; empty where there is none."""
    element = header.get_item(name)
    value = b"" if element is None else element.value
    return (value.decode(errors="backslashreplace") if isinstance(value, bytes) else str(value or "")).strip(" \0")


def view_told(header: Header) -> str:
    """The view as it is told: by the position, else by the meaning of its code."""
    if position := text_of(header, "ViewPosition"):
        return position
    codes = header.get("ViewCodeSequence")
    return text_of(codes[0], "CodeMeaning") if codes else ""


def _order(header: Header, date: str, time: str) -> str:
    """Day and time as one number, which orders them."""
    day, clock = text_of(header, date), re.match(r"[0-9]*", text_of(header, time))
    assert clock is not None, "no digit is a match too"
    return f"{day}.{clock[0] or 0}" if re.fullmatch(_DAY, day) else ""


def _age(born: str, taken: str) -> str:
    """Whole years from one day to another, both as YYYYMMDD; nothing where either is none."""
    if not all(re.fullmatch(_DAY, day) for day in (born, taken)) or taken < born:
        return ""
    return str((int(taken) - int(born)) // 10**4)


def _spacing(header: Header) -> tuple[str, str]:
    """Millimetres from row to row, and from column to column."""
    for name in _SPACINGS:
        told = text_of(header, name).split("\\")
        if len(told) == 2 and all(_is_length(one) for one in told):
            return told[0], told[1]
    return "", ""


def _is_length(text: str) -> bool:
    try:
        return 0 < float(text) < float("inf")
    except ValueError:
        return False

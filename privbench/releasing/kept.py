"""What a released DICOM file keeps of its original's header: these attributes alone, and of each only these values.

An allowed attribute may hold anything in a foreign file. So each has a rule that knows which values the standard gives
it; whatever else stands there is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

Rule = Callable[[str], str]
"""What is written for a text, several values of it parted by backslashes; nothing where it may not pass."""

COMPUTED, FOR_PRESENTATION, FOR_PROCESSING, SECONDARY = (
    "1.2.840.10008.5.1.4.1.1.1", "1.2.840.10008.5.1.4.1.1.1.1", "1.2.840.10008.5.1.4.1.1.1.1.1",
    "1.2.840.10008.5.1.4.1.1.7",
)  # fmt: skip
MODALITIES: Mapping[str, str] = {COMPUTED: "CR", FOR_PRESENTATION: "DX", FOR_PROCESSING: "DX", SECONDARY: "OT"}
"""The classes of images that are written (SOPClassUID), and the modality where a file tells none of those below."""
_PARTS = (
    "CHEST", "LUNG", "THORAX", "RIB", "STERNUM", "CLAVICLE", "SHOULDER", "HEART", "TSPINE", "ABDOMEN", "CHESTABDOMEN",
    "CHESTABDPELVIS", "WHOLEBODY",
)  # fmt: skip
_VIEWS = ("AP", "PA", "LL", "RL", "RLD", "LLD", "RLO", "LLO", "LATERAL")  # the last one is written by some
_AXES = {"A": 0, "P": 0, "R": 1, "L": 1, "H": 2, "F": 2}
_NUMBER = re.compile(r"[-+.0-9eE ]{1,16}")
_PRECISION, _ROUGH = 4, 2  # digits of a number that are written: free ones may be the number of somebody


def _one_of(*terms: str) -> Rule:
    return lambda text: text if text in terms else ""


def rounded(value: float, digits: int) -> float:
    """To so many significant digits."""
    return float(f"{value:.{digits}g}")


def _numbers(
    least: int, most: int, lowest: float, highest: float, whole: bool = False, digits: int = _PRECISION
) -> Rule:
    """From so many to so many numbers between two, all included, written anew with so many digits."""

    def passed(text: str) -> str:
        values = [_number(one) for one in text.split("\\")]
        right = [lowest <= value <= highest and (not whole or value == int(value)) for value in values]
        if not (least <= len(values) <= most and all(right)):
            return ""
        return "\\".join(f"{rounded(value, digits):g}" for value in values)

    return passed


def _number(text: str) -> float:
    """Not a number where the text is none, as PS3.5 writes them."""
    try:
        return float(text) if _NUMBER.fullmatch(text) else float("nan")
    except ValueError:
        return float("nan")


def _directions(text: str) -> str:
    """Where rows and columns lead: letters of which no two are of one axis (PS3.3 C.7.6.1.1.1)."""
    values = [[_AXES.get(letter) for letter in value] for value in text.split("\\")]
    right = [axes and None not in axes and len(set(axes)) == len(axes) for axes in values]
    return text if len(values) == 2 and all(right) else ""


KEPT: Mapping[str, Rule] = {
    "Modality": _one_of("CR", "DX", "RG", "RF", "XA", "OT"),
    "ViewPosition": _one_of(*_VIEWS),
    "PatientOrientation": _directions,
    "Laterality": _one_of("R", "L"),
    "ImageLaterality": _one_of("R", "L", "U", "B"),
    "BodyPartExamined": _one_of(*_PARTS),
    "PixelSpacing": _numbers(2, 2, 0.01, 10),
    "ImagerPixelSpacing": _numbers(2, 2, 0.01, 10),
    "PixelAspectRatio": _numbers(2, 2, 1, 9999, whole=True),
    "PixelIntensityRelationship": _one_of("LIN", "LOG", "DISP"),
    "PixelIntensityRelationshipSign": _one_of("1", "-1"),
    "PresentationLUTShape": _one_of("IDENTITY", "INVERSE"),
    "BurnedInAnnotation": _one_of("YES"),
    "LossyImageCompression": _one_of("00", "01"),
    "LossyImageCompressionRatio": _numbers(1, 3, 1, 1000, digits=_ROUGH),
    "LossyImageCompressionMethod": _one_of(
        "ISO_10918_1", "ISO_14495_1", "ISO_15444_1", "ISO_15444_15", "ISO_13818_2", "ISO_14496_10"
    ),
    "ConversionType": _one_of("DV", "DI", "DF", "WSD", "SD", "SI", "DRW", "SYN"),
}  # fmt: skip
"""Every attribute that is taken over, and which of its values may pass."""

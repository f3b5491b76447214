"""The person behind the images: age, sex and an anatomy drawn once per patient."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from . import spreads
from .shapes import Array
from .streams import Stream, stream

MAX_VISITS = 20
_ONE_VISIT = 0.34  # share of patients with a single image
_TAIL_SCALE = 2.75  # Lomax tail of the other patients' image counts: mean 3.6 over all
_TAIL_SHAPE = 1.55
_SCALED_BY_SEX = (
    "thorax_half_width", "lung_depth", "heart_long", "heart_short", "atrium_width", "atrium_height",
    "knob_radius", "trunk_radius", "rib_radius", "clavicle_radius", "spine_half_width", "neck_half_width",
)  # fmt: skip


class Person(NamedTuple):
    """Demographics of one patient and the number of images taken."""

    sex: str
    age: int  # at the first visit, years
    visits: int


class Anatomy(NamedTuple):
    """Drawn lengths in cm and angles in radians; the fields are described in ``spreads.ANATOMY``."""

    female: bool
    thorax_half_width: float
    thorax_taper: float
    apex_roundness: float
    apex_x: Array
    lung_top: Array
    wall_modes: Array
    medial_modes: Array
    lung_depth: float
    dome_top: float
    dome_left_drop: float
    dome_rise: Array
    dome_peak: Array
    heart_x: float
    heart_y: float
    heart_long: float
    heart_short: float
    heart_angle: float
    atrium_x: float
    atrium_width: float
    atrium_height: float
    knob_x: float
    knob_y: float
    knob_radius: float
    trunk_y: float
    trunk_radius: float
    hilum_x: Array
    hilum_y: Array
    hilum_size: Array
    branch_angle: Array
    branch_length: Array
    branch_spread: Array
    branch_radius: Array
    spine_modes: Array
    spine_half_width: float
    vertebra_pitch: float
    rib_top: float
    rib_spacing: float
    rib_jitter: Array
    rib_drop: float
    rib_tilt: float
    rib_radius: float
    rib_anterior_end: float
    clavicle_y: float
    clavicle_rise: Array
    clavicle_bow: Array
    clavicle_radius: float
    scapula_x: Array
    scapula_angle: Array
    wall_thickness: float
    body_depth: float
    neck_half_width: float
    shoulder_y: float
    breast_size: float
    breast_x: float
    breast_y: float
    trachea_x: float
    trachea_radius: float


def draw_person(seed: int, patient: int) -> Person:
    """Sex, age (18 to 90) and image count (1 to 20, mean about 3.6) of one patient."""
    rng = stream(seed, patient, 0, Stream.PERSON)
    sex = "M" if rng.random() < 0.56 else "F"  # ChestX-ray14 has 56 % male images
    age = int(np.clip(rng.normal(48.0, 16.0), 18, 90))
    single, tail = rng.random() < _ONE_VISIT, rng.pareto(_TAIL_SHAPE) * _TAIL_SCALE
    return Person(sex, age, 1 if single else int(min(2 + tail, MAX_VISITS)))


def truncated(rng: np.random.Generator, table: Mapping[str, spreads.Spread], gain: float) -> dict[str, Any]:
    """One draw per entry of a spread table: float, or float32 array of ``draws`` values."""
    total = sum(spread.draws for spread in table.values())
    normal = np.clip(rng.standard_normal(total), -spreads.TRUNCATION, spreads.TRUNCATION) * gain
    drawn: dict[str, Any] = {}
    at = 0
    for name, spread in table.items():
        values = spread.mean + spread.sd * normal[at : at + spread.draws]
        drawn[name] = float(values[0]) if spread.draws == 1 else values.astype(np.float32)
        at += spread.draws
    return drawn


def draw_anatomy(seed: int, patient: int, person: Person) -> Anatomy:
    """Anatomy of one patient; sex scales sizes, age widens the aorta and bends the spine."""
    drawn = truncated(stream(seed, patient, 0, Stream.ANATOMY), spreads.ANATOMY, spreads.ANATOMY_GAIN)
    if person.sex == "F":
        for name in _SCALED_BY_SEX:
            drawn[name] *= spreads.FEMALE_SCALE
    decades = max(person.age - 50, 0) / 10.0
    drawn["knob_radius"] += spreads.AORTA_PER_DECADE * decades
    drawn["spine_modes"] *= np.float32(1.0 + spreads.KYPHOSIS_PER_DECADE * decades)
    return Anatomy(female=person.sex == "F", **drawn)

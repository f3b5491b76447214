"""What differs between two images of one patient: pose, breath, exposure, devices, marker.

Nothing here sees the anatomy. Only the view and the devices depend on how many findings the visit shows.
"""

from typing import NamedTuple

import numpy as np

from . import spreads
from .anatomy import truncated
from .illness import Disease
from .shapes import Array
from .streams import Stream, stream


class Visit(NamedTuple):
    """One exposure; the numeric fields are described in ``spreads.NUISANCE``."""

    view: str  # "PA" or "AP"
    rotation: float
    shift_x: float
    shift_y: float
    scale: float
    yaw: float
    pitch: float
    inspiration: float
    arm_angle: float
    shoulder_lift: float
    heart_phase: float
    stomach_size: float
    stomach_x: float
    bowel_size: float
    lung_density: float
    black_level: float
    window_gain: float
    log_gamma: float
    log_dose: float
    blur_cm: float
    scatter: float
    vignette_x: float
    vignette_y: float
    devices: tuple[str, ...]
    device_site: Array  # (5, 12) uniform on [0, 1): where each kind of device lies
    marker: Array  # (4,) uniform on [0, 1) if a side marker is burnt in, else empty
    collimation: Array  # (4,) dark borders left, right, top, bottom as fractions of the image side


def draw_visit(seed: int, patient: int, visit: int, disease: Disease) -> Visit:
    """Nuisance of one visit from its own stream."""
    rng = stream(seed, patient, visit, Stream.VISIT)
    chance = min(spreads.AP_BASE + spreads.AP_PER_FINDING * int(disease.present.sum()), spreads.AP_MAX)
    view = "AP" if rng.random() < chance else "PA"
    drawn = truncated(rng, spreads.NUISANCE, spreads.NUISANCE_GAIN)
    if view == "AP":
        drawn["inspiration"] += spreads.AP_INSPIRATION
        drawn["shoulder_lift"] += spreads.AP_SHOULDER_LIFT
        for name in ("rotation", "shift_x", "shift_y", "yaw", "pitch"):
            drawn[name] *= spreads.AP_POSE_GAIN
    used = rng.random(len(spreads.DEVICE_CHANCE[view]))
    devices = tuple(name for name, u in zip(spreads.DEVICE_CHANCE[view], used, strict=True)
                    if u < spreads.DEVICE_CHANCE[view][name])  # fmt: skip
    site = rng.random((len(used), 12), dtype=np.float32)
    marked, marker = rng.random() < spreads.MARKER_CHANCE, rng.random(4, dtype=np.float32)
    borders = rng.random(4) < spreads.COLLIMATION_CHANCE
    collimation = (borders * rng.random(4) * 0.06).astype(np.float32)
    return Visit(
        view=view, devices=devices, device_site=site, marker=marker if marked else marker[:0],
        collimation=collimation, **drawn,
    )  # fmt: skip

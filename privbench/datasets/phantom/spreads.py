"""Every tunable spread in one place: anatomy (per patient), nuisance (per visit), devices, view.

Lengths are centimetres in the body frame: x grows to image right (the patient's left side), y grows
downwards, z grows towards the patient's front, the origin is mid-thorax. Values are mean and standard
deviation of a normal law truncated at ``TRUNCATION`` deviations. ``ANATOMY_GAIN`` and ``NUISANCE_GAIN``
multiply all deviations of their table: the first makes patients easier to tell apart, the second makes
two images of one patient less alike.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Spread(NamedTuple):
    """Mean and deviation of ``draws`` independent truncated normal draws."""

    mean: float
    sd: float
    draws: int = 1


TRUNCATION = 2.5
ANATOMY_GAIN = 1.0
NUISANCE_GAIN = 1.0
FIELD_CM = 35.0  # side of the square field of view at unit magnification

ANATOMY: Mapping[str, Spread] = {
    # lungs and chest wall; the pairs are (right lung, left lung)
    "thorax_half_width": Spread(13.3, 0.92),
    "thorax_taper": Spread(0.15, 0.057),  # how much narrower the upper chest is
    "apex_roundness": Spread(0.40, 0.057),  # fraction of the lung height over which the apex opens
    "apex_x": Spread(5.3, 0.57, 2),
    "lung_top": Spread(-14.6, 0.69, 2),
    "wall_modes": Spread(0.0, 0.37, 8),  # four cosine modes of the lateral wall per side
    "medial_modes": Spread(0.0, 0.32, 8),  # four cosine modes of the mediastinal border per side
    "lung_depth": Spread(6.9, 0.4),
    # diaphragm
    "dome_top": Spread(7.7, 0.92),
    "dome_left_drop": Spread(1.2, 0.92),
    "dome_rise": Spread(3.6, 0.8, 2),
    "dome_peak": Spread(0.0, 1.0, 2),
    # heart and great vessels
    "heart_x": Spread(2.0, 0.57),
    "heart_y": Spread(-3.7, 0.57),  # centre relative to the mean dome top
    "heart_long": Spread(6.3, 0.69),
    "heart_short": Spread(4.4, 0.52),
    "heart_angle": Spread(0.62, 0.2),  # radians, apex below horizontal
    "atrium_x": Spread(-0.9, 0.52),
    "atrium_width": Spread(3.2, 0.4),
    "atrium_height": Spread(4.6, 0.57),
    "knob_x": Spread(2.3, 0.4),
    "knob_y": Spread(-8.0, 0.8),
    "knob_radius": Spread(1.65, 0.34),
    "trunk_y": Spread(-3.6, 0.69),
    "trunk_radius": Spread(1.9, 0.34),
    # hila and the vessels that leave them; six primary branches a side
    "hilum_x": Spread(4.4, 0.4, 2),
    "hilum_y": Spread(-2.6, 0.8, 2),
    "hilum_size": Spread(1.7, 0.29, 2),
    "branch_angle": Spread(0.0, 0.15, 12),
    "branch_length": Spread(1.0, 0.16, 12),
    "branch_spread": Spread(0.36, 0.092, 12),
    "branch_radius": Spread(0.55, 0.069, 2),
    # skeleton
    "spine_modes": Spread(0.0, 0.4, 3),
    "spine_half_width": Spread(1.85, 0.17),
    "vertebra_pitch": Spread(2.45, 0.17),
    "rib_top": Spread(-14.6, 0.63),
    "rib_spacing": Spread(2.45, 0.14),
    "rib_jitter": Spread(0.0, 0.16, 10),
    "rib_drop": Spread(4.3, 0.92),
    "rib_tilt": Spread(0.0, 0.029),
    "rib_radius": Spread(0.62, 0.092),
    "rib_anterior_end": Spread(0.46, 0.069),
    "clavicle_y": Spread(-12.4, 0.57),
    "clavicle_rise": Spread(2.4, 1.0, 2),
    "clavicle_bow": Spread(0.5, 0.52, 2),
    "clavicle_radius": Spread(0.62, 0.092),
    "scapula_x": Spread(14.6, 0.8, 2),
    "scapula_angle": Spread(0.20, 0.1, 2),
    # soft tissue and airway
    "wall_thickness": Spread(3.5, 0.92),
    "body_depth": Spread(10.4, 0.69),
    "neck_half_width": Spread(6.0, 0.69),
    "shoulder_y": Spread(-12.6, 0.92),
    "breast_size": Spread(5.8, 1.0),
    "breast_x": Spread(8.6, 0.69),
    "breast_y": Spread(5.0, 1.4),
    "trachea_x": Spread(-0.2, 0.4),
    "trachea_radius": Spread(0.95, 0.14),
}
FEMALE_SCALE = 0.94  # linear size of the thorax, heart and ribs relative to a man's
AORTA_PER_DECADE = 0.07  # cm of aortic-knob radius per decade beyond 50
KYPHOSIS_PER_DECADE = 0.06  # relative growth of the spine curve per decade beyond 50

NUISANCE: Mapping[str, Spread] = {
    "rotation": Spread(0.0, 0.028),  # radians in the image plane
    "shift_x": Spread(0.0, 0.65),
    "shift_y": Spread(0.9, 0.72),
    "scale": Spread(1.0, 0.031),
    "yaw": Spread(0.0, 0.06),  # cm of sideways displacement per cm of depth
    "pitch": Spread(0.0, 0.07),  # cm of vertical displacement per cm of depth
    "inspiration": Spread(0.0, 0.85),  # in units of the *_PER_BREATH constants below
    "arm_angle": Spread(0.28, 0.14),
    "shoulder_lift": Spread(0.0, 0.9),
    "heart_phase": Spread(1.0, 0.025),
    "stomach_size": Spread(1.4, 0.9),
    "stomach_x": Spread(6.8, 1.3),
    "bowel_size": Spread(1.1, 0.8),
    "lung_density": Spread(0.055, 0.006),
    "black_level": Spread(0.05, 0.06),
    "window_gain": Spread(1.0, 0.13),
    "log_gamma": Spread(0.0, 0.19),
    "log_dose": Spread(10.8, 0.6),  # log photons per detector element without a patient, at 256 px
    "blur_cm": Spread(0.10, 0.03),
    "scatter": Spread(0.16, 0.04),
    "vignette_x": Spread(0.0, 0.05),
    "vignette_y": Spread(0.0, 0.05),
}
DOME_PER_BREATH = 0.75  # cm the domes descend
WIDTH_PER_BREATH = 0.015  # relative widening of the chest
RIB_SPREAD_PER_BREATH = 0.022  # relative growth of the rib spacing
RIB_DROP_PER_BREATH = -0.06  # relative change of the rib slope
DENSITY_PER_BREATH = -0.06  # relative change of the lung's attenuation
HEART_WIDTH_PER_BREATH = -0.022  # relative change of the heart's width

# An AP film is taken with the detector behind a patient who sits or lies: larger heart, shallower breath.
AP_HEART = 1.11
AP_INSPIRATION = -0.7
AP_SHOULDER_LIFT = -0.8
AP_POSE_GAIN = 1.2
AP_BASE = 0.22  # chance of an AP film for a visit without findings
AP_PER_FINDING = 0.22  # added for each finding, up to AP_MAX
AP_MAX = 0.85

DEVICE_CHANCE: Mapping[str, Mapping[str, float]] = {
    "PA": {"leads": 0.06, "line": 0.06, "feeding": 0.01, "airway": 0.0, "pacemaker": 0.04},
    "AP": {"leads": 0.50, "line": 0.40, "feeding": 0.18, "airway": 0.15, "pacemaker": 0.07},
}
MARKER_CHANCE = 0.8
COLLIMATION_CHANCE = 0.25

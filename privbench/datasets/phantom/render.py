"""From solids to pixels: Beer-Lambert transmission, detection and display."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from . import devices
from .anatomy import Anatomy
from .grid import Grid, make_grid
from .illness import Disease
from .layout import lay_out
from .lesions import lesions
from .locations import locate
from .scanners import SCANNERS, Scanner, frame, process, raised
from .shapes import Array
from .skeleton import bones
from .soft import soft_parts
from .spreads import FIELD_CM
from .visits import Visit

LUNG, HEART = 1, 2  # bits of the masks
TISSUE_ATTENUATION = 0.20  # per cm, water near 60 keV (NIST XCOM)
BONE_EXCESS = 0.36  # per cm, compact bone beyond the tissue it displaces, same energy
_BRIGHTEST_SCATTERER = 0.25  # air beside the body transmits more but does not scatter
_REFERENCE_SIZE = 256  # matrix size to which Visit.log_dose refers


class Rendered(NamedTuple):
    """One visit: image and mask (size, size), uint8; where its findings lie (findings, CELLS, CELLS), uint8."""

    image: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    locations: NDArray[np.uint8]


def render(
    anatomy: Anatomy,
    visit: Visit,
    disease: Disease,
    size: int,
    rng: np.random.Generator,
    scanner: Scanner = SCANNERS[0],
) -> Rendered:
    """Draw one visit; ``rng`` supplies the quantum noise."""
    grid = make_grid(size, visit)
    integral, mask, locations = project(anatomy, visit, disease, grid)
    return Rendered(display(detect(transmit(integral), visit, rng), visit, scanner), mask, locations)


def project(
    anatomy: Anatomy, visit: Visit, disease: Disease, grid: Grid
) -> tuple[Array, NDArray[np.uint8], NDArray[np.uint8]]:
    """Line integrals of attenuation (H, W) float32, the lung and heart mask (H, W) uint8, and where findings lie."""
    layout = lay_out(anatomy, visit, disease)
    soft = soft_parts(anatomy, visit, disease, layout, grid)
    found = lesions(disease, layout, grid, soft.lung)
    held = found.filled + found.emptied
    vessels = np.minimum(soft.vessels, np.maximum(soft.lung - held, 0.0))
    vessels *= soft.lung > held
    tissue = soft.tissue - soft.lung - soft.gas - found.gas + found.filled + vessels + found.tissue
    aerated = soft.lung - held - vessels
    integral = TISSUE_ATTENUATION * np.maximum(tissue, 0.0)
    integral += layout.lung_attenuation * np.maximum(aerated, 0.0)
    integral += BONE_EXCESS * bones(anatomy, visit, layout, grid)
    integral += devices.device_integral(visit, grid)
    mask = LUNG * soft.lung_field.astype(np.uint8) + HEART * soft.heart_field.astype(np.uint8)
    return integral, mask, locate(disease, found, soft.lung_field, soft.heart_field)


def transmit(integral: Array) -> Array:
    """Beer-Lambert: the transmitted share of the beam, in (0, 1]."""
    return np.exp(-integral)


def detect(transmitted: Array, visit: Visit, rng: np.random.Generator) -> Array:
    """Log signal of the detector, (H, W): scatter and blur added, then quantum noise, then -log."""
    size = len(transmitted)
    spread = max(3, size // 6)
    scatter = ndimage.uniform_filter(np.minimum(transmitted, _BRIGHTEST_SCATTERER), spread, mode="nearest")
    sigma = visit.blur_cm * size / FIELD_CM
    signal = visit.scatter * scatter
    # Below a fifth of a pixel the kernel is a single weight.
    if sigma > 0.2:
        transmitted = ndimage.gaussian_filter(transmitted, sigma, mode="nearest", truncate=3.0)
    signal += transmitted
    photons = float(np.exp(visit.log_dose)) * (_REFERENCE_SIZE / size) ** 2
    signal += np.sqrt(signal / photons) * rng.standard_normal(signal.shape, dtype=np.float32)
    return -np.log(np.maximum(signal, 1.0 / photons))


def display(log_signal: Array, visit: Visit, scanner: Scanner) -> NDArray[np.uint8]:
    """Automatic window on the central field, then the visit's deviations from it, then the vendor; white = dense."""
    size = len(log_signal)
    ramp = np.linspace(-1.0, 1.0, size, dtype=np.float32)
    log_signal = log_signal + visit.vignette_x * ramp[None, :] + visit.vignette_y * ramp[:, None]
    margin, step = size // 6, max(1, size // 64)
    centre = np.sort(log_signal[margin : size - margin : step, margin : size - margin : step], axis=None)
    low, high = float(centre[int(0.03 * len(centre))]), float(centre[int(0.97 * len(centre))])
    value = (log_signal - low) * (0.74 / (high - low)) + 0.16
    value = (value - 0.5) * visit.window_gain + 0.5 + visit.black_level
    value = raised(np.clip(value, 0.0, 1.0), float(np.exp(visit.log_gamma)))
    value = process(value, scanner)
    left, right, top, bottom = (
        max(round(border * size), frame(scanner, size)) for border in visit.collimation.tolist()
    )
    value[:top], value[size - bottom :], value[:, :left], value[:, size - right :] = 0.0, 0.0, 0.0, 0.0
    devices.burn_marker(value, visit)
    return (255.0 * value + 0.5).astype(np.uint8)

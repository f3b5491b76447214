"""Which of the 14 findings a visit shows, how severe they are and where they sit.

A latent Gaussian vector per visit is thresholded at the prevalences of ChestX-ray14 (Wang et al., CVPR 2017,
https://nihcc.app.box.com/v/ChestXray-NIHCC). Its correlation between findings comes from a few shared factors
chosen to give that data set's common co-occurrences; its correlation over visits from a constant
patient part, large for chronic findings, and an autoregressive visit part.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..findings import FINDINGS
from .shapes import Array
from .streams import Stream, stream

PREVALENCE = (
    0.103, 0.025, 0.042, 0.021, 0.119, 0.022, 0.015, 0.002, 0.177, 0.052, 0.056, 0.030, 0.013, 0.047,
)  # fmt: skip
_THRESHOLD = (  # standard normal quantiles of 1 - PREVALENCE
    1.264641, 1.959964, 1.727934, 2.033520, 1.180001, 2.014091, 2.170090, 2.878162, 0.926859, 1.625763,
    1.589268, 1.880794, 2.226212, 1.674665,
)  # fmt: skip
# Loadings on: fluid (effusion), airspace (infection), congestion (heart failure), air leak, tumour, scarring.
_LOADINGS = {
    "Atelectasis": (0.55, 0.10, 0.0, 0.0, 0.0, 0.0),
    "Cardiomegaly": (0.20, 0.0, 0.50, 0.0, 0.0, 0.0),
    "Consolidation": (0.40, 0.40, 0.0, 0.0, 0.10, 0.0),
    "Edema": (0.15, 0.35, 0.55, 0.0, 0.0, 0.0),
    "Effusion": (0.75, 0.15, 0.25, 0.0, 0.10, 0.0),
    "Emphysema": (0.0, 0.0, 0.0, 0.75, 0.0, 0.15),
    "Fibrosis": (0.0, 0.0, 0.0, 0.10, 0.0, 0.55),
    "Hernia": (0.0, 0.0, 0.0, 0.0, 0.0, 0.10),
    "Infiltration": (0.25, 0.55, 0.20, 0.0, 0.0, 0.0),
    "Mass": (0.10, 0.0, 0.0, 0.0, 0.60, 0.0),
    "Nodule": (0.0, 0.0, 0.0, 0.0, 0.60, 0.10),
    "Pleural_Thickening": (0.20, 0.0, 0.0, 0.10, 0.10, 0.45),
    "Pneumonia": (0.0, 0.70, 0.20, 0.0, 0.0, 0.0),
    "Pneumothorax": (0.15, 0.0, 0.0, 0.65, 0.0, 0.0),
}
_CHRONIC = ("Cardiomegaly", "Emphysema", "Fibrosis", "Hernia", "Pleural_Thickening")
_FOCAL = ("Mass", "Nodule")  # come slowly and stay where they are
_PATIENT_SHARE = {"chronic": 0.90, "focal": 0.70, "acute": 0.40}  # variance that visits have in common
_VISIT_MEMORY = 0.5  # correlation of the visit part with the previous visit's
SITE_DRAWS = 96  # uniform numbers that place one finding


class Disease(NamedTuple):
    """Findings of one visit."""

    present: NDArray[np.uint8]  # (14,), 0 or 1
    severity: Array  # (14,), 0 (just visible) to 1; meaningless where absent
    site: Array  # (14, SITE_DRAWS), uniform on [0, 1): side, height, extent ...

    def has(self, finding: str) -> bool:
        """Whether the visit shows the finding."""
        return bool(self.present[FINDINGS.index(finding)])

    def grade(self, finding: str) -> float:
        """Severity in (0, 1], or 0 where the finding is absent."""
        index = FINDINGS.index(finding)
        return float(self.severity[index]) if self.present[index] else 0.0

    def place(self, finding: str) -> Array:
        """The (SITE_DRAWS,) uniform numbers that place the finding."""
        return self.site[FINDINGS.index(finding)]


def draw_diseases(seed: int, patient: int, visits: int) -> list[Disease]:
    """Findings of each visit of one patient, in order of time.

    Sites of chronic and focal findings are drawn once per patient, the others at each visit.
    """
    rng = stream(seed, patient, 0, Stream.DISEASE)
    patient_part = _correlated(rng)
    lasting = _sites(stream(seed, patient, 0, Stream.CHRONIC_SITE))
    visit_part = _correlated(rng)
    diseases = []
    for visit in range(visits):
        if visit:
            visit_part = _VISIT_MEMORY * visit_part + np.sqrt(1.0 - _VISIT_MEMORY**2) * _correlated(rng)
        excess = np.sqrt(_SHARES) * patient_part + np.sqrt(1.0 - _SHARES) * visit_part - _THRESHOLDS
        acute = _sites(stream(seed, patient, visit, Stream.ACUTE_SITE))
        diseases.append(
            Disease(
                present=(excess > 0).astype(np.uint8),
                severity=(1.0 - np.exp(-np.maximum(excess, 0.0) / 0.5)).astype(np.float32),
                site=np.where(_LASTING[:, None], lasting, acute),
            )
        )
    return diseases


def _sites(rng: np.random.Generator) -> Array:
    return rng.random((len(FINDINGS), SITE_DRAWS), dtype=np.float32)


def _correlated(rng: np.random.Generator) -> NDArray[np.float64]:
    """One (14,) draw with unit variances and the factors' correlations."""
    return _FACTORS @ rng.standard_normal(_FACTORS.shape[1]) + _RESIDUAL * rng.standard_normal(len(FINDINGS))


def _share(finding: str) -> float:
    kind = "chronic" if finding in _CHRONIC else "focal" if finding in _FOCAL else "acute"
    return _PATIENT_SHARE[kind]


_FACTORS = np.array([_LOADINGS[finding] for finding in FINDINGS])
_RESIDUAL = np.sqrt(1.0 - (_FACTORS**2).sum(axis=1))
_THRESHOLDS = np.array(_THRESHOLD)
_SHARES = np.array([_share(finding) for finding in FINDINGS])
_LASTING = np.array([finding in _CHRONIC + _FOCAL for finding in FINDINGS])

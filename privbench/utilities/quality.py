"""What a release keeps of the images, whatever they are read for: likeness, sharpness, deformation."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ..plugins.interfaces import Measure, MeasuringTask, ShownImages
from ..protocols.modes import Mode

if TYPE_CHECKING:
    import numpy as np

    from ..data.splits import Split
    from ..learning.context import Context
    from ..learning.guidance import Guidance


class Quality(MeasuringTask):
    """Compares every released image with its original, also through the eyes of the guidance classifier."""

    name = "quality"
    modes: ClassVar[tuple[Mode, ...]] = ("frozen",)
    has_control = False
    measures: ClassVar[dict[str, Measure]] = {
        "SSIM": Measure("", True),
        "MS-SSIM": Measure("", True),
        "PSNR": Measure("dB", True),
        "feature distance": Measure("", False),
        "sharpness": Measure("", None),
        "clipped pixels": Measure("share", None),  # originals have black and white pixels too
        "displacement median": Measure("px", False),
        "displacement 99th percentile": Measure("px", False),
        "displacement median in mm": Measure("mm", False),
        "displacement 99th percentile in mm": Measure("mm", False),
        "Jacobian minimum": Measure("", None),
        "Jacobian maximum": Measure("", None),
        "folded pixels": Measure("share", False),
    }

    def adopt(self, guidance: Guidance) -> bool:
        self._classifier = guidance.classifier
        return True

    def fit(self, train: Split, val: Split, guidance: Guidance, ctx: Context) -> None:
        self.adopt(guidance)

    def measure(self, test: ShownImages, ctx: Context) -> dict[str, np.ndarray]:
        from .comparison import compared

        return compared(test, self._classifier, self.measures, ctx)

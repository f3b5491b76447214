"""Pictures of what is odd stand below what is odd of them."""

import numpy as np
import pytest
from PIL import Image

from privbench.base.errors import PrivbenchError
from privbench.report.plots.odd_images import draw_odd_images


def test_every_picture_is_drawn_in_its_grey_values(tmp_path):
    greys = [30, 90, 150, 210]
    pictures = {
        "blank": [(f"{grey}.png", np.full((40, 40), grey, np.uint8)) for grey in greys],
        "copy": [(f"{row}.png", np.full((40, 40), 60, np.uint8)) for row in range(17)],
    }
    draw_odd_images(pictures, tmp_path / "odd.png")
    drawn = np.asarray(Image.open(tmp_path / "odd.png").convert("L")).astype(int)
    areas = [int((abs(drawn - grey) <= 1).sum()) for grey in [*greys, 60]]
    assert min(areas[:4]) > 100 * 100, "large enough to be looked at"
    assert max(areas[:4]) - min(areas[:4]) <= 0.05 * max(areas[:4])
    assert areas[4] / 17 == pytest.approx(areas[0], rel=0.05), "none covers another"


def test_nothing_odd_is_an_empty_sheet_and_a_foreign_format_is_told(tmp_path):
    draw_odd_images({}, tmp_path / "odd.png")
    assert Image.open(tmp_path / "odd.png").size[0] > 1000
    with pytest.raises(PrivbenchError, match="no picture that can be drawn"):
        draw_odd_images({}, tmp_path / "odd.nothing")

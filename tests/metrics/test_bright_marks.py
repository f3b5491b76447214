"""Letters near the border are found, and thoraces without any have few marks."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from privbench.metrics.bright_marks import bright_marks


def written(image, text, place, grey=255):
    image = image.copy()
    ImageDraw.Draw(image).text(place, text, fill=grey, font=ImageFont.load_default(size=14))
    return np.asarray(image)


@pytest.fixture(scope="module")
def without(real_data):
    """What lies in the middle of a hundred radiographs, where hardly any letters are."""
    files = sorted((real_data / "chestxray14-256" / "images").iterdir())[::5]
    return [Image.open(file).convert("L").crop((51, 51, 205, 205)).resize((256, 256)) for file in files]


def test_letters_on_radiographs_are_found(without):
    found = [bright_marks(written(image, "L", (20, 12))) for image in without]
    assert np.mean([count > 0 for count in found]) >= 0.9


def test_radiographs_without_letters_have_few(without):
    assert np.mean([bright_marks(np.asarray(image)) > 0 for image in without]) <= 0.1


@pytest.mark.parametrize("text", ["L", "R", "AP 12:31"])
def test_letters_on_grey_count_and_those_in_the_middle_do_not(text):
    grey = Image.new("L", (256, 256), 90)
    assert bright_marks(np.asarray(grey)) == 0
    assert bright_marks(written(grey, text, (20, 20))) >= 1
    assert bright_marks(written(grey, text, (110, 120))) == 0
    assert bright_marks(written(grey, text, (20, 20), grey=150)) == 0, "hardly brighter than what is around"


def test_what_is_broad_or_touches_the_border_is_no_letter():
    image = np.zeros((256, 256), np.uint8)
    image[20:60, 20:60] = 255
    image[0:4, 100:140] = 255
    assert bright_marks(image) == 0

"""An attribute that is kept is kept for certain values alone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privbench.releasing.kept import KEPT, MODALITIES

PASS = [
    ("Modality", "DX", "DX"),
    ("ViewPosition", "PA", "PA"),
    ("PatientOrientation", "L\\F", "L\\F"),
    ("PatientOrientation", "AL\\FPR", "AL\\FPR"),
    ("Laterality", "R", "R"),
    ("ImageLaterality", "U", "U"),
    ("BodyPartExamined", "CHEST", "CHEST"),
    ("PixelSpacing", "0.143\\0.1430", "0.143\\0.143"),
    ("ImagerPixelSpacing", "1.43E-1\\.143", "0.143\\0.143"),
    ("PixelSpacing", "0.1431953\\0.14319530", "0.1432\\0.1432"),
    ("PixelAspectRatio", "4\\3", "4\\3"),
    ("LossyImageCompressionRatio", "195.30211", "200"),
    ("PixelIntensityRelationship", "LOG", "LOG"),
    ("PixelIntensityRelationshipSign", "-1", "-1"),
    ("PresentationLUTShape", "INVERSE", "INVERSE"),
    ("BurnedInAnnotation", "YES", "YES"),
    ("LossyImageCompression", "01", "01"),
    ("LossyImageCompressionRatio", "9.7\\4", "9.7\\4"),
    ("LossyImageCompressionMethod", "ISO_15444_1", "ISO_15444_1"),
    ("ConversionType", "WSD", "WSD"),
]
DROPPED = [
    ("Modality", "MR"),
    ("ViewPosition", "PA of Jane Doe"),
    ("PatientOrientation", "DOE\\JANE"),
    ("PatientOrientation", "L"),
    ("PatientOrientation", "LR\\F"),
    ("PatientOrientation", "\\F"),
    ("BodyPartExamined", "Chest of J. Doe"),
    ("PixelSpacing", "0.143"),
    ("PixelSpacing", "0.143\\0"),
    ("PixelSpacing", "19530211\\19530211"),
    ("PixelSpacing", "nan\\nan"),
    ("PixelSpacing", "1_0\\1"),
    ("PixelSpacing", "٣\\٣"),
    ("PixelSpacing", "0.1430000000000001\\1"),
    ("PixelAspectRatio", "1.5\\1"),
    ("PixelIntensityRelationshipSign", "2"),
    ("BurnedInAnnotation", "NO"),
    ("LossyImageCompressionRatio", "1\\2\\3\\4"),
]


@pytest.mark.parametrize(("name", "text", "written"), PASS)
def test_what_the_standard_knows_passes(name, text, written):
    assert KEPT[name](text) == written


@pytest.mark.parametrize(("name", "text"), DROPPED)
def test_what_it_does_not_know_is_dropped(name, text):
    assert KEPT[name](text) == ""


def test_every_rule_has_a_value_that_passes():
    assert {name for name, _, _ in PASS} == set(KEPT)
    assert all(KEPT["Modality"](one) == one for one in MODALITIES.values())


@settings(max_examples=500, derandomize=True, deadline=None, database=None)
@given(st.sampled_from(sorted(KEPT)), st.text(max_size=20))
def test_what_passes_once_is_written_as_it_was_and_no_name_passes(name, text):
    written = KEPT[name](text)
    assert KEPT[name](written) == written
    assert all(KEPT[name](f"{text}{secret}") == "" for secret in ("Doe", "^", "1953-02-11"))

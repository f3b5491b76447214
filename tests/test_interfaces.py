import numpy as np
from galleries import known_gallery, patient_images

from privbench.data.gallery import Gallery


def test_rows_of_a_gallery_stay_together():
    images, rows = patient_images(0), np.array([7, 2, 9])
    picked = Gallery(images, 255 - images, (images // 2, images // 3)).rows(rows)
    expected = (images[rows], 255 - images[rows], images[rows] // 2, images[rows] // 3)
    assert all(map(np.array_equal, (picked.probes, picked.references, *picked.releases), expected))
    assert picked.probes is not picked.references


def test_rows_of_a_known_gallery_tell_no_patients_and_keep_one_array():
    picked = known_gallery(0, 20).rows(np.array([3, 1]))
    assert type(picked) is Gallery
    assert picked.probes is picked.references

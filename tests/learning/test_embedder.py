import numpy as np

from privbench.learning.embedder import PatientSampler


def test_batches_are_balanced_over_patients():
    patients = np.array([1] * 60 + [2, 2, 3])
    sampler = PatientSampler(patients, np.random.default_rng(0))
    assert len(sampler) == 3
    for _ in range(20):
        first, second = (rows.numpy() for rows in sampler.draw(3))
        assert sorted(patients[first]) == [1, 2, 3], "sixty images do not make a patient likelier"
        assert (patients[first] == patients[second]).all()
        same_image = first == second
        assert (same_image == (patients[first] == 3)).all(), "an image is paired with itself only where it is alone"

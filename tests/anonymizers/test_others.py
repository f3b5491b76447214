import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from privbench.anonymizers.others import drawn_others
from scipy import stats


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 12), st.integers(0, 99))
def test_others_are_of_other_patients_one_of_each(patients, seed):
    generator = torch.Generator().manual_seed(seed)
    owners = torch.cat([torch.arange(patients), torch.randint(patients, (10,), generator=generator)])
    owners = owners[torch.randperm(len(owners), generator=generator)]
    rows = torch.arange(len(owners))
    drawn = owners[drawn_others(owners, rows, patients - 1, generator)]
    for own, others in zip(owners.tolist(), drawn.tolist(), strict=True):
        assert sorted([own, *others]) == list(range(patients))


def test_every_patient_and_each_of_his_images_is_as_likely(generator):
    owners = torch.tensor([2, 0, 1, 2, 2, 3])  # for row 1: patients 1 and 3 with an image each, 2 with three
    draws = drawn_others(owners, torch.ones(9000, dtype=torch.int64), 1, generator)[:, 0]
    counts = torch.bincount(draws, minlength=6).tolist()
    assert counts[1] == 0
    assert stats.chisquare([counts[row] for row in (2, 5, 0, 3, 4)], [3000, 3000, 1000, 1000, 1000]).pvalue > 0.01

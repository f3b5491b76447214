"""Score files without names say whose rows are the same, and in which order they stand, and nothing else."""

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from privbench.record.nameless import named_columns, without_names

NAMES = st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=30)


@given(NAMES, NAMES)
def test_places_are_the_same_and_sort_as_names_do(patients, images):
    pairs = [(one, other) for one in patients for other in patients]
    tables = {
        "pairs": pd.DataFrame(pairs, columns=["probe_patient", "reference_patient"]),
        "images": pd.DataFrame({"image": images, "score": range(len(images))}),
    }
    told = without_names(tables)
    for (one, other), (first, second) in zip(pairs, told["pairs"].itertuples(index=False), strict=True):
        assert (one < other, one == other) == (first < second, first == second)
    shown = told["images"]["image"].tolist()
    assert [images[k] for k in sorted(range(len(images)), key=shown.__getitem__)] == sorted(images)
    assert told["images"]["score"].tolist() == list(range(len(images)))
    assert len(set(shown)) == len(set(images))


def test_a_name_has_one_place_in_all_files_and_what_is_missing_stays_so():
    tables = {
        "ranks": pd.DataFrame({"probe": ["b", "c"], "patient": ["9", "10"], "rival": [None, "9"], "attack": "a"}),
        "copies": pd.DataFrame({"image": ["a"], "nearest": ["c"], "patient": ["7"], "nearest_patient": [None]}),
    }
    told = without_names(tables)
    assert told["ranks"].to_dict("list") == {
        "probe": ["image-2", "image-3"], "patient": ["patient-3", "patient-1"], "rival": [None, "patient-3"],
        "attack": ["a", "a"],
    }  # fmt: skip
    assert told["copies"].iloc[0].tolist() == ["image-1", "image-3", "patient-2", None]
    assert tables["copies"]["image"].tolist() == ["a"], "what was given is as it was"


def test_a_column_that_holds_a_name_is_told():
    tables = {"a": pd.DataFrame({"image": ["x", "y"], "patient": ["p", None], "view": "PA"})}
    assert named_columns(tables["a"]) == ["image", "patient"]
    told = without_names(tables)["a"]
    assert named_columns(told) == []
    assert named_columns(told.assign(patient=["patient-1", "patient-1, who is Ms Smith"])) == ["patient"]

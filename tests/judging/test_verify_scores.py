"""Scores of an unpaired release that cannot be: what was tampered with is named."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from drawn_worlds import world

from privbench.judging.verify_scores import unpaired_scores_hold
from privbench.record.scores import UTILITY_COLUMNS

NO_READINGS = pd.DataFrame(columns=UTILITY_COLUMNS)
SOUND = world(0, copied=0.2)


def problems(scores, learnt_from=("train",), readings=NO_READINGS):
    return list(unpaired_scores_hold(scores, readings, learnt_from))


def changed(name, column, value, row=0):
    table = getattr(SOUND, name).copy()
    table.loc[table.index[row], column] = value
    return replace(SOUND, **{name: table})


def test_what_nobody_touched_holds():
    assert problems(SOUND) == []


@pytest.mark.parametrize(
    ("name", "column", "value", "told"),
    [
        ("draws", "likeness", np.nan, "value(s) of likeness are not from 0 to 1"),
        ("draws", "likeness", 1.5, "value(s) of likeness are not from 0 to 1"),
        ("draws", "split", "val", "most like originals of splits that are not in it"),
        ("draws", "split", "test", "patient(s) are not listed in that split"),
        ("draws", "nearest_patient", "nobody", "patient(s) are not listed in that split, first nobody"),
        ("draws", "nearest", None, "like an original, and like none"),
        ("draws", "originals", 3, "another number of originals"),
        ("draws", "image", "another", "does not tell of each released image once"),
        ("draws", "picture", "000001", "one picture is told in two ways"),
        ("draws", "arm", "third", "the arms are 'held out', 'learnt', 'third'"),
        ("nearness", "nearness", np.inf, "value(s) of nearness are not from 0 to 1"),
        ("nearness", "difficulty", -0.2, "value(s) of difficulty are not from 0 to 1"),
        ("nearness", "patient", "nobody", "patient(s) are not listed in that split, first nobody"),
        ("patients", "split", "test", "patient(s) are not listed in that split"),
        ("patients", "images", 0, "have no image"),
        ("patients", "patient", "train 001", "1 patient(s) are listed twice"),
        ("originals", "likeness", np.nan, "value(s) of likeness are not from 0 to 1"),
        ("originals", "relation", "own patient", "related to originals against their patients"),
        ("originals", "patient", "train 000", "patient(s) are not listed in that split, first train 000"),
    ],
)  # fmt: skip
def test_one_changed_value_is_named(name, column, value, told):
    assert getattr(SOUND, name)[column].iloc[0] != value
    assert any(told in problem for problem in problems(changed(name, column, value))), problems(
        changed(name, column, value)
    )


def test_a_judged_patient_who_is_known_is_named():
    known = SOUND.nearness["known"]
    several = SOUND.nearness["patient"].duplicated(keep=False)
    row = np.flatnonzero(~known & several)[0]
    assert any(
        "are known to the attacker, and judged" in one for one in problems(changed("nearness", "known", True, row))
    )


def test_arms_are_those_that_follow_from_whom_it_learnt_from():
    assert any("the arms are 'held out', 'learnt', where those learnt from give 'learnt'" in one
               for one in problems(SOUND, ("train", "val")))  # fmt: skip
    silenced = replace(SOUND, draws=SOUND.draws[SOUND.draws["arm"] == "learnt"])
    assert any("give 'learnt', 'held out'" in one for one in problems(silenced))


def test_readings_are_numbers_as_those_of_paired_runs():
    row = dict.fromkeys(UTILITY_COLUMNS, "a") | {"label": 1, "score": np.nan}
    assert problems(SOUND, readings=pd.DataFrame([row])) == ["scores/utility.parquet: 1 score(s) are no numbers"]

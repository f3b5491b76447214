"""Searches of a gallery and the rule by which a name is given, against brute force and by hand."""

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privbench.metrics.identification import COLUMNS, Rule, choose_rule, search_gallery, threshold_at_precision
from privbench.metrics.retrieval import rank_mates

PRECISION, FEWEST = 0.95, 20


def test_a_search_tells_the_best_match_and_by_how_much_it_leads_the_next_patient(rng):
    patients = np.array([0, 0, 1, 1, 2])
    similarity = np.array(
        [
            [99, 5, 7, 6, 1],  # patient 1 leads the mate by two
            [9, 99, 7, 1, 6],  # the mate leads patient 1
            [1, 2, 99, 8, 3],
            [1, 2, 5, 99, 8],  # patient 2 leads the mate
            [4, 0, 1, 2, 99],  # has no mate, and is taken for patient 0
        ],
        float,
    )
    found = search_gallery(similarity, patients, rng)
    assert list(found.columns) == COLUMNS
    assert found.to_numpy().tolist() == [
        [0, 1, False, 7, 2], [1, 1, True, 9, 2], [2, 1, True, 8, 5], [3, 1, False, 8, 3], [4, 0, False, 4, 2],
    ]  # fmt: skip


def test_a_search_finds_whom_the_ranks_find(rng):
    patients = np.sort(rng.integers(0, 12, 60))
    similarity = rng.normal(size=(60, 60)) + (patients[:, None] == patients)
    found = search_gallery(similarity, patients, rng).set_index("probe")
    ranks = rank_mates(similarity, patients, patients, rng)
    first = ranks.groupby("probe")["outranked_by"].min() == 0
    assert found.loc[found["mates"] > 0, "found"].to_dict() == first.to_dict()
    for probe, scores in enumerate(similarity):
        others = np.delete(scores, probe)
        best = np.delete(patients, probe)[others.argmax()]
        assert found.loc[probe, "score"] == others.max()
        assert found.loc[probe, "lead"] == others.max() - others[np.delete(patients, probe) != best].max()


def test_images_of_the_probes_visit_are_not_searched(rng):
    """As if they were not in the gallery."""
    patients, visits = np.arange(40) // 8, np.arange(40) // 2
    similarity = rng.normal(size=(40, 40)) + (patients[:, None] == patients) + 9 * (visits[:, None] == visits)
    found = search_gallery(similarity, patients, rng, visits).set_index("probe")
    ranks = rank_mates(similarity, patients, patients, rng, visits)
    assert (found["mates"] == 6).all()
    assert (ranks.groupby("probe").size() == 6).all()
    assert (visits[ranks["probe"]] != visits[ranks["mate"]]).all()
    for probe in (0, 17, 39):
        there = np.flatnonzero((visits != visits[probe]) | (np.arange(40) == probe))
        part = similarity[np.ix_(there, there)]
        alone = search_gallery(part, patients[there], rng).iloc[np.flatnonzero(there == probe)[0]]
        assert found.loc[probe].to_dict() == alone.drop("probe").to_dict()
    assert len(search_gallery(similarity, patients, rng, np.zeros(40))) == 0, "nobody else is there"
    assert len(rank_mates(similarity, patients, patients, rng, np.zeros(40))) == 0


def test_a_gallery_is_searched_for_some_probes_at_a_time_as_for_all(rng):
    patients, visits = np.sort(rng.integers(0, 9, 50)), np.arange(50) // 2
    similarity = rng.integers(0, 6, (50, 50)) / 7
    whole = search_gallery(similarity, patients, np.random.default_rng(1), visits)
    again = np.random.default_rng(1)
    rows = np.split(np.arange(50), [1, 20, 21])
    parts = [search_gallery(similarity[some], patients, again, visits, some) for some in rows]
    assert pd.concat(parts, ignore_index=True).equals(whole)


def test_images_that_are_all_alike_are_drawn(rng):
    """A constant release finds nobody but by chance: one mate among 199 references."""
    found = search_gallery(np.ones((200, 200)), np.arange(100).repeat(2), rng)
    assert found["found"].sum() <= 5
    assert (found["lead"] == 0).all()


def test_where_there_is_nobody_else_nothing_is_led(rng):
    alone = search_gallery(np.array([[1.0, 0.5], [0.4, 1.0]]), np.array([0, 0]), rng)
    assert alone["lead"].tolist() == [0, 0]
    other = search_gallery(np.array([[1.0, 0.5], [0.4, 1.0]]), np.array([0, 1]), rng)
    assert other[["mates", "found", "lead"]].to_numpy().tolist() == [[0, False, 0], [0, False, 0]]
    assert len(search_gallery(np.ones((1, 1)), np.array([0]), rng)) == 0


def test_the_threshold_is_the_lowest_that_keeps_the_precision():
    """Forty patients, the surest first; the 21st and the 40th are taken for others: 38 of 39 and 38 of 40 are right."""
    found = np.ones(40, bool)
    found[[20, 39]] = False
    evidence, patient = np.arange(40, 0, -1.0), np.arange(40)
    assert threshold_at_precision(found, evidence, patient, PRECISION, FEWEST) == 1
    found[38] = False  # 37 of 40
    assert threshold_at_precision(found, evidence, patient, PRECISION, FEWEST) == 3
    found[:5] = False
    assert threshold_at_precision(found, evidence, patient, PRECISION, FEWEST) == math.inf


def test_equal_evidence_is_believed_together():
    found, patient = np.arange(40) < 30, np.arange(40)
    evidence = np.where(np.arange(40) < 25, 3.0, 2.0)
    assert threshold_at_precision(found, evidence, patient, PRECISION, FEWEST) == 3
    assert threshold_at_precision(found, np.ones(40), patient, PRECISION, FEWEST) == math.inf


def test_a_name_of_which_no_error_could_have_been_seen_is_not_given():
    """Nineteen patients who are found in a hundred images each are nineteen; one more is enough."""
    patient = np.arange(19).repeat(100)
    assert threshold_at_precision(np.ones(1900, bool), np.ones(1900), patient, PRECISION, FEWEST) == math.inf
    more = np.append(patient, 19)
    assert threshold_at_precision(np.ones(1901, bool), np.ones(1901), more, PRECISION, FEWEST) == 1
    found = np.arange(1901) < 1900
    assert threshold_at_precision(found, np.ones(1901), more, 0.5, FEWEST) == math.inf, "named, but for another"


def test_one_patient_of_many_images_is_no_precision():
    """80 searches find one patient, and four of four others are wrong: 95 % of searches, a fifth of patients."""
    patient, found = np.append(np.zeros(80, int), [1, 2, 3, 4]), np.arange(84) < 80
    assert found.mean() > PRECISION
    assert threshold_at_precision(found, np.ones(84), patient, PRECISION, 1) == math.inf
    assert threshold_at_precision(found, np.ones(84), patient, 0.2, 1) == 1
    assert threshold_at_precision(found, np.ones(84), patient, 0.21, 1) == math.inf
    assert threshold_at_precision(found, np.ones(84), patient, 0.2, 2) == math.inf, "one is named rightly"


def test_a_patients_searches_weigh_together_as_much_as_one():
    """Of a two searches of four are right, of b the only one is wrong: (2/4) / (2/4 + 1) is a third."""
    patient, found = np.array(list("aaaab")), np.array([1, 1, 0, 0, 0], bool)
    evidence = np.array([2.0, 2.0, 1.0, 1.0, 2.0])
    assert threshold_at_precision(found, evidence, patient, 0.33, 1) == 2
    assert threshold_at_precision(found, evidence, patient, 0.34, 1) == math.inf


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 10**6), st.floats(0, 6), st.sampled_from([0.5, 0.8, 0.95, 0.99]), st.integers(1, 30))
def test_at_the_threshold_the_precision_holds_and_below_it_nowhere(seed, strength, precision, fewest):
    rng = np.random.default_rng(seed)
    patient, found = rng.integers(0, 40, 150), rng.random(150) < 0.6
    evidence = (strength * found + rng.normal(size=150)).round(1)
    threshold = threshold_at_precision(found, evidence, patient, precision, fewest)

    def fits(level):
        named = evidence >= level
        owners = np.unique(patient[named])
        parts = [((patient == one).sum(), (named & (patient == one)).sum(), (named & found & (patient == one)).sum())
                 for one in owners]  # fmt: skip
        right, all_named = (sum(Fraction(int(part[at]), int(part[0])) for part in parts) for at in (2, 1))
        return right / all_named >= precision - 1e-9 and len(np.unique(patient[named & found])) >= fewest

    assert threshold == math.inf or fits(threshold)
    assert not any(fits(level) for level in np.unique(evidence) if level < threshold)


def searches_of(found, patient, **evidence):
    return pd.DataFrame({"mates": 1, "found": found, "patient": patient, "score": 0.0, "lead": 0.0, **evidence})


def test_the_rule_goes_by_what_names_more_patients_rightly(rng):
    found, patient = rng.random(200) < 0.5, np.arange(200)
    perfect, vague = found + rng.random(200) / 2, rng.random(200)
    for evidence in ("score", "lead"):
        other = {"score": "lead", "lead": "score"}[evidence]
        rule = choose_rule(searches_of(found, patient, **{evidence: perfect, other: vague}), PRECISION, FEWEST)
        assert rule.evidence == evidence
        assert rule.threshold <= perfect[found].min()


def test_a_name_is_given_from_the_threshold_on():
    searches = searches_of(True, np.arange(3), lead=[1.0, 2.0, 3.0])
    assert Rule("lead", 2.0).names(searches).tolist() == [False, True, True]
    assert not Rule("lead", math.inf).names(searches).any()


def test_there_is_no_rule_where_too_few_patients_could_be_found():
    rows = searches_of(True, np.arange(20))
    assert choose_rule(rows, PRECISION, 20) == Rule("score", 0.0)
    assert choose_rule(rows.assign(mates=np.arange(20) > 0), PRECISION, 20) is None, "nineteen have a mate"
    assert choose_rule(rows.assign(mates=np.arange(20) > 0), PRECISION, 19) == Rule("score", 0.0)


def test_scores_that_say_nothing_name_nobody():
    """A hundred attackers who guess, with galleries of thirty patients, and who need to be right but five times."""
    named = right = 0
    patients = np.arange(30).repeat(3)
    for seed in range(100):
        rng = np.random.default_rng(seed)
        val, test = (search_gallery(rng.normal(size=(90, 90)), patients, rng).assign(patient=patients) for _ in "vt")
        rule = choose_rule(val, PRECISION, 5)
        assert rule is not None
        given_names = rule.names(test)
        named, right = named + given_names.sum(), right + (given_names & test["found"]).sum()
    assert (named, right) == (0, 0)


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.float16])
def test_the_similarity_is_left_as_it_is(rng, kind):
    similarity = rng.normal(size=(6, 6)).astype(kind)
    before = similarity.copy()
    search_gallery(similarity, np.arange(6), rng)
    assert np.array_equal(similarity, before)

"""A run in a steward's words says what its figures say, and first what they do not."""

import re
from pathlib import Path

import pytest
from copying import copies
from records import around, attack, record, risk, weights, with_risk

from privbench.record.attack import InferenceResult, RetrievalResult
from privbench.record.run import read_run
from privbench.record.utility import Change
from privbench.report.plain_words import images_text, in_plain_words

HISTORY = Path(__file__).parents[1] / "record" / "history"
TOPICS = ["What was tried", "Who was found", "Who was hit worst", "Searches that led to the patient"]
RISKS = ["Singling out", "Linkability", "Inference"]


def test_weights_that_saw_test_patients_come_first():
    told = "Read this first: the weights of the anonymizer prichexy saw 2 of 18 test patients"
    first, second, *_ = in_plain_words(record("a", 0.8, 0.7, weights=[weights(2)]))
    assert first.startswith(told)
    assert second.startswith("What was tried"), "a proven attack is not called unproven"
    words = in_plain_words(record("a", 0.8, 0.7, verdict="weak", weights=[weights(2)]))
    assert words[0].startswith(told)
    assert words[1].startswith("Read this first: the verdict on this run is “weak”")
    assert words[-1].endswith("No figure of this run is proof, or even evidence, that the release is anonymous.")


def topics(words):
    return [re.split(r"[:,(]", line)[0].strip() for line in words]


def told_of(run, topic):
    (line,) = (line for line in in_plain_words(run) if line.startswith(topic))
    return line


def ranks_of(rank_1):
    return RetrievalResult(
        probes=90, gallery=91, rank_1=rank_1, interval=around(rank_1), effective_patients=5.0, by_gallery_size=[],
        by_years=[],
    )  # fmt: skip


IDENTITY = with_risk(record("identity", 0.96, 0.9), risk(0.75, 0.975, 0.5, 1.0, alone=7))
REMOVER = with_risk(record("remover", 0.52, 0.5), risk(0.0, None, 0.0, 0.15))


def test_every_question_is_answered_in_one_order():
    for run in (IDENTITY, REMOVER):
        assert topics(in_plain_words(run)) == [*TOPICS, *RISKS, "What this does not prove"]


def test_a_release_that_hides_nobody():
    words = told_of(IDENTITY, "Who was found")
    assert "45 of 60 patients with images of several visits (75%, 95% interval 70% to 80%) were singled out" in words
    assert "Of all names that he gave, 97.5% (95% interval 92.5% to 100%) were right" in words
    assert "7 more patients have images of one visit only" in words
    assert told_of(IDENTITY, "Singling out").endswith(
        "yes, surely more than 70% of the patients with images of several visits."
    )
    hit = told_of(IDENTITY, "Who was hit worst")
    assert "30 of 60 patients with images of several visits (50%, 95% interval 45% to 55%) came first" in hit
    assert "100% (95% interval 95% to 100%) of the images led to them; a guess leads" in hit
    assert "in 0.4% of searches" in hit
    assert "2 images: 10% (95% interval 5% to 15%); 3 to 5 images: 25%" in told_of(IDENTITY, "Searches")
    assert "11 and more images: 60%" in told_of(IDENTITY, "Searches")
    assert "is of a single patient in 96% (95% interval 91% to 100%) of cases, a guess in 50%." in told_of(
        IDENTITY, "Linkability"
    )
    assert "knows releases of images that the attacker holds" in told_of(IDENTITY, "What was tried")
    assert "on 67 test patients" in told_of(IDENTITY, "What was tried")
    assert "but the one that it was made of" in told_of(IDENTITY, "What was tried"), "the own image is left out"


def test_a_release_in_which_nobody_is_found():
    words = told_of(REMOVER, "Who was found")
    assert "0 of 60 patients with images of several visits (0%, 95% interval 0% to 5%) were singled out" in words
    assert words.endswith("He gave no name at all.")
    assert told_of(REMOVER, "Singling out").endswith(
        "nobody was named so surely by these attacks, though 5% of patients may be."
    )
    assert told_of(REMOVER, "Linkability").endswith("a guess in 50%, which is not surely more.")
    assert told_of(REMOVER, "What this does not prove").endswith("and no proof that it is anonymous.")


def test_who_is_not_found_surely_may_still_be_found_more_often_than_by_a_guess():
    ranks = ranks_of(0.25)
    for run in (REMOVER, with_risk(record("a", 0.6, 0.9), risk(None, None))):
        attacks = [one.model_copy(update={"retrieval": ranks}) for one in run.attacks]
        assert told_of(run.model_copy(update={"attacks": attacks}), "Singling out").endswith(
            "; yet the first match is the right patient in 25% (95% interval 20% to 30%) of searches, where a guess "
            "does in 0.4%."
        )


def test_whom_nothing_could_lead_to():
    run = record("a", 0.6, 0.9).model_copy(update={"copies": copies(0.0)})
    assert "no test patient has images of two visits" in told_of(run, "Who was found")


@pytest.mark.parametrize("verdict", ["weak", "unsaturated"])
def test_what_is_not_certified_is_said_before_everything_else(verdict):
    run = with_risk(record("starved", 0.5, 0.9, verdict=verdict), risk(0.0, None))
    first, *rest = in_plain_words(run)
    assert first.startswith(f"Read this first: the verdict on this run is “{verdict}” and not “certified”")
    assert "no evidence of privacy" in first
    assert topics(rest) == topics(in_plain_words(REMOVER))
    assert rest[-1].endswith("No figure of this run is proof, or even evidence, that the release is anonymous.")


def test_few_who_may_have_been_found_by_chance_and_names_that_are_often_wrong():
    run = with_risk(record("a", 0.6, 0.9), risk(0.02, 0.4))
    assert "1.2 of 60 patients" in told_of(run, "Who was found")
    assert told_of(run, "Singling out").endswith(
        "so few that chance may have done it; but more of the names are wrong than the attacker expects."
    )


def test_too_few_validation_patients_are_said_to_be_too_few():
    run = with_risk(record("a", 0.6, 0.9), risk(None, None))
    assert "is not known, because the validation patients with images of several visits are too few" in told_of(
        run, "Who was found"
    )
    assert told_of(run, "Singling out").endswith("not known of this run.")


@pytest.mark.parametrize("schema", [1, 4, 6])
def test_an_older_run_says_that_nobody_counted(schema):
    run = read_run(HISTORY / f"run-schema-{schema}.json")
    words = in_plain_words(run)
    assert [topic for topic in topics(words) if topic != "Read this first"] == [
        "What was tried", "Who was found", *RISKS, "What this does not prove",
    ]  # fmt: skip
    assert "made before single patients were counted: make it again with --overwrite" in told_of(run, "Who was found")
    assert told_of(run, "Singling out").endswith("not known of this run.")


def test_an_older_run_tells_the_ranks_that_it_knows():
    run = record("a", 0.8, 0.9)
    attacks = [one.model_copy(update={"retrieval": ranks_of(0.25)}) for one in run.attacks]
    run = run.model_copy(update={"attacks": attacks})
    assert told_of(run, "Who was found").endswith(
        "The right patient came first in 25% (95% interval 20% to 30%) of searches."
    )


def test_linked_releases_are_told_beside_the_worst_case():
    linked = attack("contrastive", "linked-releases", 0.7)
    run = IDENTITY.model_copy(update={"attacks": [*IDENTITY.attacks, linked]})
    assert told_of(run, "Linkability").endswith("; of two pairs of releases, in 70% (95% interval 65% to 75%).")


def test_a_run_that_only_links_releases_searched_for_nobody():
    linked = attack("contrastive", "linked-releases", 0.7)
    worst = IDENTITY.worst_case.model_copy(update={"scenario": "linked-releases"})
    run = IDENTITY.model_copy(update={"attacks": [linked], "worst_case": worst})
    assert "no attack searched for releases among identified originals" in told_of(run, "Who was found")
    assert "of two pairs, each two releases," in told_of(run, "Linkability")


def inferred(attribute, metric, value, original, base_rate, change=None):
    return InferenceResult(
        name="attributes", version="1", scenario="informed", attribute=attribute, metric=metric, value=value,
        interval=around(value), original=original, base_rate=base_rate, change=change,
        counts=IDENTITY.utility.counts,
    )  # fmt: skip


def test_what_is_inferred_is_told_beside_originals_and_a_guess():
    assert told_of(IDENTITY, "Inference").endswith("no attack of this run tried.")
    some = [inferred("sex", "auc", 0.8, 0.93, 0.5), inferred("age", "mae", 9.04, 6.5, 14.0)]
    words = told_of(IDENTITY.model_copy(update={"inferences": some}), "Inference")
    assert "sex is told right of two images in 80% (95% interval 75% to 85%) of cases (93% on originals" in words
    assert "age is missed by 9.0 (95% interval 9.0 to 9.1) on average (by 6.5 on originals, by a guess 14.0)" in words


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (0.15, "so it remembers patients: images alone would leave that surely lower."),
        (0.02, "which is not surely more than the images alone explain."),
    ],
)
def test_a_method_remembers_patients_where_members_surely_exceed_both_controls(change, told):
    interval = around(0.5).model_copy(update={"low": change - 0.05, "high": change + 0.05})
    known = Change(value=change, interval=interval, p_value=0.01)
    one = inferred("membership", "auc", 0.7, 0.52, 0.55, known)
    words = told_of(IDENTITY.model_copy(update={"inferences": [one]}), "Inference")
    assert "that one is told in 70% (95% interval 65% to 75%) of cases (52% on originals, 55% where" in words
    assert words.endswith(told)


@pytest.mark.parametrize(
    ("low", "high", "told"), [(2, 3, "2 images"), (3, 6, "3 to 5 images"), (11, None, "11 and more images")]
)
def test_numbers_of_images(low, high, told):
    assert images_text(low, high) == told


def test_nothing_that_is_not_zero_reads_as_zero():
    run = with_risk(record("a", 0.6, 0.9), risk(0.0001, 0.99999, patients=100_000))
    assert "10 of 100000 patients with images of several visits (under 0.1%" in told_of(run, "Who was found")
    assert "over 99.9%" in told_of(run, "Who was found")

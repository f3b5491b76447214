"""What is proven of a release: nothing of the image is found, an attack got out what is there, or neither."""

import numpy as np
import pytest
from records import attack, own_image_match
from scipy import stats

from privbench.evaluate.certificate import worst_case
from privbench.evaluate.release import found_from, nothing_found, release_proof
from privbench.protocols.schema import CertificateSection

SECTION = CertificateSection()
FOUND, GONE = own_image_match(0.4), own_image_match(0.0025)


def informed(auc=0.5, **told):
    return attack("contrastive", "informed", auc, **told)


@pytest.mark.parametrize(
    ("train", "test", "match", "verdict", "of_the_run"),
    [
        (0.99, 0.94, FOUND, "saturated", "certified"),  # as identity: what is there is used
        (0.99, 0.94, None, "saturated", "certified"),
        (0.60, 0.50, GONE, "gone", "certified"),  # a remover
        (0.99, 0.51, GONE, "gone", "certified"),  # a remover whose noise the attack learnt by heart
        (0.60, 0.59, GONE, "gone", "certified"),  # what groups of patients have in common links some of them
        (0.60, 0.61, GONE, "open", "open"),  # more is left than what is found of images
        (0.99, 0.90, GONE, "saturated", "certified"),
        (0.94, 0.94, FOUND, "beaten", "certified"),  # nearly as well as originals
        (0.94, 0.75, FOUND, "open", "open"),
        (0.60, 0.50, FOUND, "open", "open"),
        (0.99, 0.51, FOUND, "open", "open"),  # learnt by heart, and the image is there
        (0.60, 0.50, None, None, "weak"),
        (0.99, 0.51, None, None, "weak"),
        (0.60, 0.50, own_image_match(0.03, 500), "open", "open"),  # one release in thirty is an original
    ],
)
def test_verdicts_of_a_release_and_of_a_run(train, test, match, verdict, of_the_run):
    one = informed(test, train=train, match=match)
    proof, worst = release_proof([one], SECTION), worst_case([one])
    assert (proof and proof.verdict) == verdict
    assert (worst.verdict, worst.release) == (of_the_run, proof)


@pytest.mark.parametrize("recipe", ["weak", "unsaturated"])
@pytest.mark.parametrize("match", [FOUND, GONE, None])
def test_a_recipe_that_is_not_certified_comes_before_the_release(recipe, match):
    assert worst_case([informed(verdict=recipe, train=0.6, match=match)]).verdict == recipe


def test_what_generalises_is_measured_by_what_the_recipe_keeps_on_originals():
    """Its margins there are 0.49 on training pairs and 0.45 on others: half of the ratio is 0.459.

    The interval, of 0.05 to both sides, has to lie above it; where all images are found, above 0.8 of the ratio.
    """
    for at, match in (
        (0.5 + 0.8 * 0.45 + 0.05, own_image_match(1.0)),
        (0.5 + 0.8 * 0.45 * 0.75 + 0.05, own_image_match(0.75)),
    ):
        assert release_proof([informed(at + 0.001, train=0.99, match=match)], SECTION).verdict in (
            "saturated",
            "beaten",
        )
        assert release_proof([informed(at - 0.001, train=0.99, match=match)], SECTION).verdict == "open"
    at = 0.5 + 0.45 / 2 + 0.05
    assert release_proof([informed(at + 0.001, train=0.99, match=FOUND)], SECTION).verdict == "saturated"
    assert release_proof([informed(at - 0.001, train=0.99, match=FOUND)], SECTION).verdict == "open"


def test_every_attack_that_finds_images_counts_and_the_best_is_told():
    """One who knows less, or needs no training, may find what the trained attack does not."""
    blind = informed(train=0.6, match=GONE)
    for other in (attack("correlation", "informed", 0.5, verdict=None, match=FOUND),
                  attack("siamese", "paper", 0.5, verdict="weak", match=FOUND)):  # fmt: skip
        worst = worst_case([blind, other])
        assert (worst.verdict, worst.release.match) == ("open", 0.4)
        assert other.label in worst.reason


def test_pixels_that_find_nothing_prove_nothing():
    """A mirror hides every image from whoever undoes nothing; a trained attack by an informed attacker has to look."""
    pixels = attack("correlation", "informed", 0.5, verdict=None, match=GONE)
    known_less = attack("siamese", "paper", 0.5, match=GONE)
    for attacks in ([pixels, informed(train=0.6)], [pixels, known_less, informed(train=0.6)]):
        worst = worst_case(attacks)
        assert (worst.verdict, worst.release) == ("weak", None)
        assert worst.reason == "no trained attack by an informed attacker looked for the single image"
    found = pixels.model_copy(update={"match": FOUND})
    assert worst_case([found, informed(train=0.6)]).verdict == "open", "what is found is found"


def test_only_attacks_of_the_best_recipe_prove_a_release():
    weak = attack("other", "informed", 0.5, verdict="weak", train=0.99, match=GONE)
    assert worst_case([weak, informed(train=0.6)]).verdict == "weak"
    found = informed(train=0.6, match=FOUND)
    assert worst_case([weak, found]).verdict == "open"
    assert worst_case([weak, found]).release.train_auc == 0.6


def test_linking_releases_says_nothing_of_single_images():
    assert worst_case([attack("a", "linked-releases", 0.9)]).release is None
    assert worst_case([attack("a", "linked-releases", 0.9), informed(0.94, match=FOUND)]).release.verdict == "saturated"


@pytest.mark.parametrize(
    ("candidates", "least"),
    [(1, 0.5), (10, 0.5), (24, 0.5), (30, 0.4), (100, 0.12), (240, 0.05), (500, 0.05), (10_000, 0.05)],
)
def test_among_few_candidates_a_multiple_of_chance_counts(candidates, least):
    assert found_from(candidates, 0.05) == pytest.approx(least)
    assert found_from(candidates, 0.3) == max(0.3, found_from(candidates, 0.05))


@pytest.mark.parametrize("images", [30, 52, 72, 100, 199, 240, 300, 500])
def test_a_release_that_finds_originals_by_chance_alone_is_gone(images):
    """Exactly: the chance of so many lucky hits that it is called open, on test sets of every size."""
    hits = np.arange(images + 1)
    called = np.array([nothing_found(own_image_match(k / images, images), 0.05) for k in hits])
    open_ = stats.binom.pmf(hits[~called], images, 1 / images).sum()
    assert open_ < 0.006


@pytest.mark.parametrize("images", [20, 30, 52, 100, 240, 500])
def test_a_release_of_which_so_many_images_are_found_is_hardly_ever_gone(images):
    """At the threshold itself, exactly: what is proven is proven at the interval's confidence."""
    hits, least = np.arange(images + 1), found_from(images, 0.05)
    called = np.array([nothing_found(own_image_match(k / images, images), 0.05) for k in hits])
    assert stats.binom.pmf(hits[called], images, least).sum() <= 0.025


def test_few_patients_prove_nothing():
    for images in (2, 5, 20, 23):
        one = informed(train=0.6, match=own_image_match(0.0, images))
        assert worst_case([one]).verdict == "open"
        assert "more test patients would tell" in worst_case([one]).reason
    alone = own_image_match(0.0, 2).model_copy(update={"interval": None})
    assert release_proof([informed(train=0.6, match=alone)], SECTION).verdict == "open"


def test_reasons_tell_the_figures_and_what_would_help():
    def reason(auc=0.5, **told):
        return release_proof([informed(auc, **told)], SECTION).reason

    assert reason(0.9, train=0.99) == (
        "contrastive (informed) fits its own training pairs to 0.990, and links releases of others at 0.900"
    )
    assert reason(0.94, train=0.9, match=FOUND) == (
        "contrastive (informed) links releases of others at 0.940, and its recipe originals at 0.950"
    )
    assert reason(train=0.6, match=GONE) == (
        "no attack finds a release's own original among 400 more often than 0.014, below 0.05"
    )
    told = reason(train=0.6, match=FOUND)
    assert told.startswith("contrastive (informed) finds a release's own original among 400 at 0.400, so something of")
    assert "contrastive (informed) fits its own training pairs only to 0.600, below 0.95" in told
    assert told.endswith("a larger budget may, such as protocol full, more steps or more patients")
    assert "fits its own training pairs to 0.990, but links those of others only at 0.510" in reason(
        0.51, train=0.99, match=FOUND
    )
    assert "at 0.030, surely more often than the 0.002 of chance, so something of the image is left" in reason(
        train=0.6, match=own_image_match(0.03, 500)
    )
    assert reason(0.7, train=0.6, match=GONE).startswith(
        "contrastive (informed) links patients at 0.700, so more is left than its images' matches tell"
    )
    assert reason(train=0.6, match=own_image_match(0.04)).endswith(
        "at 0.040, which may be 0.064 and so not below 0.05: more test patients would tell"
    )


def test_the_protocol_says_what_counts():
    one = informed(0.77, train=0.94, match=own_image_match(0.1))
    proof = release_proof([one], SECTION)
    assert (proof.verdict, proof.train_auc, proof.saturation, proof.match, proof.found) == (
        "open",
        0.94,
        0.95,
        0.1,
        0.05,
    )
    assert release_proof([one], CertificateSection(saturation=0.9)).verdict == "saturated"
    assert release_proof([one], CertificateSection(found=0.2)).verdict == "open", "surely more than chance"

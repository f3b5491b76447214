"""What cannot be carried out is told before hours of work: refused, or left out with a sentence."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from privbench.base.errors import PrivbenchError
from privbench.data.pairs import NO_PAIRS
from privbench.data.splits import Split
from privbench.plugins.interfaces import (
    MEMBERSHIP,
    Anonymizer,
    InferenceAttack,
    LinkageAttack,
    MeasuringTask,
    ReadingTask,
    UtilityTask,
)
from privbench.protocols.schema import load_protocol
from privbench.running.choices import check_floor, check_places, check_utilities, choose_attacks, choose_utilities


class Still(Anonymizer):
    name = "still"
    deterministic = True

    def anonymize(self, images, generator):
        return images


class Noisy(Still):
    deterministic = False


class Linking(LinkageAttack):
    name = "linking"
    trained = False

    def fit(self, train, val, guidance, ctx):
        pass

    def similarity(self, gallery, probes, references, ctx):
        return np.zeros(len(probes))

    def similarity_matrix(self, gallery, ctx):
        return np.zeros((len(gallery.probes), len(gallery.references)))


class Informed(Linking):
    name = "knowing"
    scenarios = ("informed", "linked-releases")
    trained = True


class Averaging(Linking):
    releases = 4


class Inferring(InferenceAttack):
    name = "inferring"
    attributes = ("sex",)

    def fit(self, train, val, guidance, ctx):
        pass

    def infer(self, gallery, ctx):
        return {"sex": np.zeros(len(gallery.probes))}


class Remembering(Inferring):
    attributes = (MEMBERSHIP,)


class Learning(Still):
    def fit(self, train, val, guidance, ctx):
        pass


class Reading(ReadingTask):
    name = "reading"

    def fit(self, train, val, guidance, ctx):
        pass

    def predict(self, images, ctx):
        return np.zeros((len(images), 1))


class Measuring(MeasuringTask):
    name = "measuring"
    modes = ("frozen", "retrained-release")
    needs = ("masks", "locations")

    def fit(self, train, val, guidance, ctx):
        pass

    def measure(self, test, ctx):
        return {}


class Bare(UtilityTask):
    name = "bare"

    def fit(self, train, val, guidance, ctx):
        pass


def protocol(section, *labels, **told):
    """A protocol with those attacks or tasks alone."""
    sections = {label: told.get(label.replace("-", "_"), {}) for label in labels}
    field = "attack" if section == "attacks" else "task"
    made = load_protocol("quick").model_dump()
    return type(load_protocol("quick")).model_validate(
        made | {section: {label: {field: label} | values for label, values in sections.items()}}
    )


def making(**classes):
    return lambda label: classes[label]()


@pytest.mark.parametrize("path", ["/data/ward", "~/ward", "~me/ward", "file:///data", "C:\\ward"])
def test_a_text_that_is_a_path_is_told_before_any_record_holds_it(path):
    check_places({"params": [{"mu": 0.5, "slash": "a/b", "share": "1/2"}], "weights": None, "about": "and/or: ~ 3"})
    for terms in ({"params": [{"weights": path}]}, {path: 1}):
        with pytest.raises(PrivbenchError, match="keys and records would tell"):
            check_places(terms)


def test_attacks_come_in_the_protocols_order():
    create = making(b=Linking, a=Inferring)
    chosen, left_out = choose_attacks(protocol("attacks", "b", "a"), create, Still())
    assert {label: type(attack) for label, attack in chosen.items()} == {"b": Linking, "a": Inferring}
    assert list(chosen) == ["b", "a"]
    assert left_out == []


def test_an_attack_that_needs_fresh_noise_is_left_out_where_there_is_none():
    create, asked = making(one=Linking, four=Averaging), protocol("attacks", "one", "four")
    chosen, left_out = choose_attacks(asked, create, Still())
    assert list(chosen) == ["one"]
    assert left_out == ["four is left out: the anonymizer draws no noise that it could average"]
    assert choose_attacks(asked, create, Noisy())[1] == []


def test_members_are_sought_where_the_anonymizer_learns():
    """Whether it does is told by its having a `fit` of its own, whoever it is."""
    create, asked = making(one=Linking, who=Remembering), protocol("attacks", "one", "who")
    for still in (Still(), Noisy()):
        chosen, left_out = choose_attacks(asked, create, still)
        assert list(chosen) == ["one"]
        assert left_out == ["who is left out: the anonymizer learns from no patient here, so it can remember none"]
    chosen, left_out = choose_attacks(asked, create, Learning())
    assert (list(chosen), left_out) == (["one", "who"], [])


def test_an_attack_is_refused_in_a_scenario_in_which_it_cannot_be_carried_out():
    asked = protocol("attacks", "mine", mine={"scenarios": ("informed", "paper")})
    with pytest.raises(PrivbenchError) as told:
        choose_attacks(asked, making(mine=Informed), Still())
    assert str(told.value) == (
        "The attack 'knowing' cannot be carried out in the scenario 'paper': "
        "set attacks.mine.scenarios to some of informed, linked-releases."
    )


@pytest.mark.parametrize("attacks", [{"a": Inferring}, {"a": Averaging}, {"a": Inferring, "b": Averaging}])
def test_one_attack_at_least_has_to_link_images(attacks):
    """Also once those that need noise are left out."""
    with pytest.raises(PrivbenchError, match="No attack of the protocol links images: add one, such as contrastive"):
        choose_attacks(protocol("attacks", *attacks), making(**attacks), Still())


def test_the_floor_needs_no_training():
    check_floor(Linking())
    with pytest.raises(
        PrivbenchError, match=r"certificate\.floor is to be an attack without training: use correlation"
    ):
        check_floor(Informed())


def test_a_task_is_refused_in_a_mode_that_makes_no_sense():
    every = {"modes": ("frozen", "retrained-transfer")}
    with pytest.raises(PrivbenchError) as told:
        check_utilities(protocol("utilities", "r", "m", m=every), making(r=Reading, m=Measuring))
    assert str(told.value) == (
        "The utility task 'measuring' makes no sense in the mode 'retrained-transfer': "
        "set utilities.m.modes to some of frozen, retrained-release."
    )
    check_utilities(protocol("utilities", "r", "m", r=every), making(r=Reading, m=Measuring))


def test_one_task_at_least_has_to_read_findings():
    with pytest.raises(PrivbenchError, match=r"No utility task of the protocol reads findings: add one, such as \["):
        check_utilities(protocol("utilities", "m"), making(m=Measuring))


def test_a_task_has_to_read_or_to_measure():
    with pytest.raises(PrivbenchError, match="'bare' is neither a ReadingTask nor a MeasuringTask"):
        check_utilities(protocol("utilities", "r", "b"), making(r=Reading, b=Bare))


@pytest.mark.parametrize(
    ("known", "left_out"),
    [
        ({"masks": 1, "locations": 1}, []),
        ({"masks": 1, "locations": None}, ["m is left out: the data set has no locations"]),
        ({"masks": None, "locations": None}, ["m is left out: the data set has no masks and no locations"]),
    ],
)
def test_a_task_that_needs_more_than_the_data_know_is_left_out(known, left_out):
    images = np.zeros((2, 1, 4, 4), np.uint8)
    arrays = {name: None if value is None else images for name, value in known.items()}
    test = Split(images, pd.DataFrame(), ("Mass",), NO_PAIRS, **arrays)
    chosen, told = choose_utilities(protocol("utilities", "m", "r"), making(m=Measuring, r=Reading), test.knows)
    assert told == left_out
    assert list(chosen) == (["r"] if left_out else ["m", "r"])
    _, told = choose_utilities(
        protocol("utilities", "m", "r"), making(m=Measuring, r=Reading), replace(test, findings=()).knows
    )
    assert told == [*left_out, "r is left out: the data set has no findings"]


def test_of_a_release_that_was_made_elsewhere_nothing_is_guessed():
    class Elsewhere(Still):
        made_elsewhere = True

    protocol = load_protocol("full")
    made = {"averaging-4": Averaging(), "averaging-16": Averaging(), "membership": Remembering()}
    chosen, left_out = choose_attacks(protocol, lambda label: made.get(label, Linking()), Elsewhere())
    assert not chosen.keys() & made.keys()
    assert left_out == [
        "averaging-4 is left out: there is one release, and nobody here can draw another one",
        "averaging-16 is left out: there is one release, and nobody here can draw another one",
        "membership is left out: nobody here knows from whom the method learnt, if it did",
    ]

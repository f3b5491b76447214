import re

import pytest

from privbench.base.errors import PrivbenchError
from privbench.base.files import digest_of
from privbench.plugins.interfaces import Anonymizer
from privbench.plugins.registry import Registry
from privbench.protocols.scenarios import SCENARIOS
from privbench.protocols.schema import builtin_protocols, load_protocol, parse_value


def test_builtin_protocols_load():
    assert builtin_protocols() == ["full", "paper", "quick", "standard", "standard-phantom"]
    for name in builtin_protocols():
        assert load_protocol(name).name == name


def test_paper_holds_every_figure_of_the_paper():
    """Section 3.1 and 2.1 of the paper, figure by figure."""
    paper = load_protocol("paper")
    assert (paper.data.dataset, paper.data.size) == ("chestxray14", 256)
    assert (paper.pairs.train, paper.pairs.val, paper.pairs.test) == (10000, 2000, 5000)
    assert paper.data.validation * 0.8 == pytest.approx(0.1)
    assert paper.guidance.classifier.backbone == "densenet121"
    assert paper.guidance.classifier.input_size == 224
    assert paper.guidance.verifier.backbone == "resnet50"
    assert paper.guidance.verifier.features == 128
    assert paper.attacks["siamese"].params == {
        "backbone": "resnet50",
        "init": "imagenet",
        "features": 128,
        "epochs": 100,
        "batch_size": 32,
        "learning_rate": 1e-4,
        "patience": 5,
    }
    assert list(paper.attacks) == ["siamese"]
    assert {label: section.modes for label, section in paper.utilities.items()} == {"classification": ("frozen",)}
    assert (paper.attacks["siamese"].scenarios, paper.attacks["siamese"].seeds) == (("paper",), 10)
    assert (SCENARIOS["paper"].train, SCENARIOS["paper"].test) == ("AA", "AO")
    assert (paper.statistics.resamples, paper.statistics.confidence) == (1000, 0.95)
    for method, width in (("prichexy", {"init_features": 32}), ("privacy-net", {"features": 16})):
        assert paper.anonymizers[method] == {
            "pretrain_epochs": 200,
            "epochs": 250,
            "batch_size": 64,
            "pretrain_learning_rate": 1e-4,
            "learning_rate": 1e-4,
            "classifier_learning_rate": 1e-4,
            **width,
        }


def test_override_changes_value_and_fixed_part():
    plain, changed = load_protocol("quick"), load_protocol("quick", ["attacks.siamese.seeds=4"])
    assert changed.attacks["siamese"].seeds == 4
    assert digest_of(plain.fixed()) != digest_of(changed.fixed())


def test_how_a_device_rounds_and_compiles_counts_where_it_is_told_alone():
    plain = load_protocol("standard")
    assert not {"tf32", "compile"} & plain.fixed().keys(), "fingerprints from before there were these stay"
    for override, value in (("tf32=false", False), ("tf32=true", True), ("compile=reduce-overhead", "reduce-overhead")):
        name = override.partition("=")[0]
        assert load_protocol("standard", [override]).fixed() == plain.fixed() | {name: value}


def test_words_and_anonymizer_parameters_are_no_part_of_the_fingerprint():
    plain = load_protocol("quick")
    changed = load_protocol("quick", ["description=other", "name=mine", "anonymizers.prichexy.epochs=9"])
    assert plain.fixed() == changed.fixed()


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("attacks.siamese.seed=1", "'attacks.siamese.seed' is not one of protocol quick: did you mean 'seeds'"),
        ("attacks.siamese.seeds=0", "greater than or equal to 1"),
        ("attacks.siamese.seeds=many", "valid integer"),
        ("attacks", "is not section.field=value"),
        ("data.size.width=3", "has no fields"),
        ("data.size=200000", "less than or equal to 2048"),
        ('attacks.siamese.scenarios=["well-informed"]', "'ignorant', 'paper', 'informed' or 'linked-releases'"),
        ('utilities.classification.modes=["melted"]', "'frozen', 'retrained-transfer' or 'retrained-release'"),
        ("utilities.classification.mode=frozen", "did you mean 'modes'"),
        ("guidance.verifier.init=guidance", "cannot start from itself"),
        ("pairs.test_file=nowhere.txt", None),
    ],
)
def test_a_wrong_override_is_told_in_a_sentence(override, message):
    if message is None:
        with pytest.raises(PrivbenchError, match=r"There is no file nowhere.txt"):
            load_protocol("quick", [override]).fixed()
    else:
        with pytest.raises(PrivbenchError, match=re.escape(message)):
            load_protocol("quick", [override])


def test_unknown_protocols(tmp_path):
    with pytest.raises(PrivbenchError, match="did you mean 'quick'"):
        load_protocol("quik")
    with pytest.raises(PrivbenchError, match=r"There is no file .*none\.toml"):
        load_protocol(str(tmp_path / "none.toml"))
    broken = tmp_path / "broken.toml"
    broken.write_text("name = ")
    with pytest.raises(PrivbenchError, match="is not TOML"):
        load_protocol(str(broken))


def test_the_content_of_a_pair_list_counts_and_not_its_place(tmp_path):
    a, b = tmp_path / "a.txt", tmp_path / "b.txt"
    a.write_text("x y 1\n")
    b.write_text("x y 1\n")
    fixed = [load_protocol("quick", [f"pairs.test_file={f}"]).fixed() for f in (a, b)]
    assert fixed[0] == fixed[1] != load_protocol("quick").fixed()


def test_places_are_no_part_of_the_fingerprint():
    """Wherever parameters lie: of the data set and its parts, of attacks, the floor and utility tasks."""
    places = [
        "data.params.root=/data",
        "data.params.parts.nih.root=/data/nih",
        "data.params.parts.nih.params.list_file=nih.txt",
        'attacks.siamese.params.lists=[{name="a",list_file="a.txt"}]',
        "certificate.floor_params.weights_file=a.safetensors",
        "utilities.classification.params.reread_file=reread.csv",
    ]
    here = load_protocol("quick", places)
    there = load_protocol("quick", [place.replace("/data", "/mnt").replace("=", "=x", 1) for place in places[:3]])
    assert here.fixed()["data"] == there.fixed()["data"]
    assert here.fixed()["data"]["params"] == {"patients": 2200, "parts": {"nih": {"params": {}}}}
    assert here.fixed()["attacks"]["siamese"]["params"]["lists"] == [{"name": "a"}]
    plain = load_protocol("quick").fixed()
    assert here.fixed()["certificate"] == plain["certificate"]
    assert here.fixed()["utilities"] == plain["utilities"]


def test_what_is_only_called_like_a_place_counts():
    """A part of `merged` may be called root; and so may an attack."""
    overrides = ["data.params.parts.root.dataset=phantom", "attacks.root.attack=correlation", "attacks.siamese=none"]
    fixed = load_protocol("quick", overrides).fixed()
    assert fixed["data"]["params"]["parts"] == {"root": {"dataset": "phantom"}}
    assert fixed["attacks"]["root"]["attack"] == "correlation"
    assert load_protocol("quick", ["data.params.rooted=1", "data.params.file=2"]).fixed()["data"]["params"] == {
        "patients": 2200,
        "rooted": 1,
        "file": 2,
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("0.5", 0.5),
        ("true", True),
        ("[1, 2]", [1, 2]),
        ("none", None),
        ("resnet18", "resnet18"),
        ('"1"', "1"),
    ],
)
def test_values_are_toml_or_text(text, value):
    assert parse_value(text) == value


def test_a_protocol_extends_another(tmp_path):
    mine = tmp_path / "mine.toml"
    mine.write_text('extends = "quick"\nname = "mine"\n[attacks.siamese]\nseeds = 7\n')
    quick, extended = load_protocol("quick"), load_protocol(str(mine))
    assert extended.name == "mine"
    assert extended.attacks["siamese"] == quick.attacks["siamese"].model_copy(update={"seeds": 7})
    assert extended.data == quick.data
    mine.write_text(f'extends = "{mine}"')
    with pytest.raises(PrivbenchError, match="extends itself"):
        load_protocol(str(mine))


def test_another_data_set_takes_none_of_the_firsts_parameters(tmp_path):
    mine = tmp_path / "mine.toml"
    mine.write_text('extends = "quick"\n[data]\ndataset = "merged"\n[data.params.parts.a]\ndataset = "phantom"\n')
    assert load_protocol(str(mine)).data.params == {"parts": {"a": {"dataset": "phantom"}}}
    mine.write_text('extends = "quick"\n[data]\ndataset = "phantom"\n[data.params]\nscanners = 2\n')
    assert load_protocol(str(mine)).data.params == {"patients": 2200, "scanners": 2}


def test_full_holds_quick_and_every_attack_and_scenario():
    quick, full = load_protocol("quick"), load_protocol("full")
    assert full.data == quick.data
    assert full.attacks["siamese"].params == quick.attacks["siamese"].params
    assert {section.attack for section in full.attacks.values()} == set(Registry().names("attack"))
    assert {section.task for section in full.utilities.values()} == set(Registry().names("utility"))
    assert {scenario for section in full.attacks.values() for scenario in section.scenarios} == set(SCENARIOS)


def test_an_attack_can_be_left_out_or_put_in():
    assert "siamese" not in load_protocol("quick", ["attacks.siamese=none"]).attacks
    added = load_protocol("quick", ["attacks.pyramid.attack=correlation", "attacks.pyramid.params.levels=3"])
    assert added.attacks["pyramid"].attack == "correlation"
    assert added.attacks["pyramid"].scenarios == ("informed",)


def test_a_utility_task_can_be_left_out_or_put_in():
    assert "saliency" not in load_protocol("quick", ["utilities.saliency=none"]).utilities
    added = load_protocol("quick", ["utilities.robust.task=classification", "utilities.robust.params.recipe=robust"])
    assert list(added.utilities)[-1] == "robust", "the headline stays the first"
    assert added.utilities["robust"].task == "classification"
    assert added.utilities["robust"].modes == ("frozen",)
    assert load_protocol("quick").utilities["quality"].task == "quality", "named after its section"
    none = [f"utilities.{name}=none" for name in load_protocol("quick").utilities]
    with pytest.raises(PrivbenchError, match="'utilities' .* at least 1 item"):
        load_protocol("quick", none)


@pytest.mark.parametrize("change", ["attacks.a/b.attack=siamese", "utilities.a/b.task=classification"])
def test_a_name_of_an_attack_or_a_task_holds_no_slash(change):
    """It would part the names of the figures in the wrong place."""
    with pytest.raises(PrivbenchError, match="the name 'a/b' holds a slash"):
        load_protocol("quick", [change])


def test_the_phantoms_standard_differs_in_data_and_starting_weights_alone():
    """Field by field: whatever is done to one is done to the other."""
    ours, phantom = (load_protocol(name).fixed() for name in ("standard", "standard-phantom"))
    assert ours.pop("data") | {"dataset": "phantom", "params": {"patients": 10000}} == phantom.pop("data")
    for one in ("classifier", "verifier", "embedder"):
        starts = [told["guidance"][one].pop("init") for told in (ours, phantom)]
        assert starts == ["imagenet", "scratch"]
    starts = [told["attacks"]["siamese"]["params"].pop("init") for told in (ours, phantom)]
    assert starts == ["imagenet", "scratch"]
    assert ours == phantom


def test_standard_can_be_certified_and_trains_three_times_what_varies():
    standard = load_protocol("standard")
    informed = {label for label, section in standard.attacks.items() if "informed" in section.scenarios}
    assert {"distillation", "contrastive", "restoration", "attributes"} < informed
    assert standard.attacks["siamese"].scenarios == ("paper",)
    assert "linked-releases" in standard.attacks["contrastive"].scenarios
    trained = [label for label in standard.attacks if label not in ("correlation", "membership")]
    assert {standard.attacks[label].seeds for label in trained} == {3} == {standard.certificate.seeds}
    assert standard.utilities["classification"].seeds == 3
    assert len(standard.utilities["classification"].modes) == 3
    assert standard.guidance.verifier.steps is not None


@pytest.mark.parametrize("name", ["quick", "standard", "standard-phantom"])
def test_learned_methods_learn_as_long_as_their_like(name):
    """The class defaults are a paper's, and would be several times as long as what they are compared with."""
    told, registry = load_protocol(name).anonymizers, Registry()
    adversarial = [told[method] for method in ("prichexy", "privacy-net", "adversarial-noise")]
    assert len({section["epochs"] for section in adversarial}) == 1
    assert len({str(section["embedder"]) for section in adversarial}) == 1
    assert name != "standard-phantom" or adversarial[0]["embedder"]["init"] == "scratch"
    for method in ("prichexy", "privacy-net", "adversarial-noise"):
        made = registry.create(Anonymizer, method, {**told[method], "adversary": "informed"})
        assert made.params.epochs < 250
    latent = [told[method] for method in ("latent-noise", "latent-centroid", "k-mixing")]
    assert latent[0] == latent[1] == latent[2]
    assert latent[0]["epochs"] < 30

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest
import torch
from privbench.anonymizers.identity import Identity

from privbench import Anonymizer, PrivbenchError
from privbench.plugins.code import is_own, plugin_digest, stated
from privbench.plugins.registry import GROUPS, Registry

PLUGIN = '''
import torch
from pydantic import Field
from privbench import Anonymizer, Params

class DarkerParams(Params):
    share: float = Field(0.5, ge=0, le=1, description="how much darker")

class Darker(Anonymizer):
    """Darkens."""
    name = "darker"
    deterministic = True
    Params = DarkerParams
    def anonymize(self, images, generator):
        return images * (1 - self.params.share)
'''


class Mine(Anonymizer):
    name = "mine"
    deterministic = True

    def anonymize(self, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        return 1 - images


def test_built_ins_register_by_entry_point():
    registry = Registry()
    assert registry.names("anonymizer") == [
        "adversarial-noise",
        "blur",
        "crop",
        "downsample",
        "dp-pix",
        "dp-samp",
        "dp-snow",
        "dp-svd",
        "histogram",
        "identity",
        "jpeg",
        "k-mixing",
        "k-same-eigen",
        "k-same-pixel",
        "latent-centroid",
        "latent-noise",
        "mask",
        "noise",
        "pixelate",
        "prichexy",
        "privacy-net",
    ]
    assert registry.names("attack") == [
        "attributes",
        "averaging",
        "contrastive",
        "correlation",
        "distillation",
        "membership",
        "restoration",
        "siamese",
    ]
    assert registry.names("utility") == ["classification", "quality", "saliency", "segmentation"]
    assert registry.names("dataset") == [
        "bimcv-covid19",
        "brax",
        "chestxray14",
        "chexpert",
        "chexpert-plus",
        "covid19-image-data",
        "dicom",
        "merged",
        "mimic-cxr-jpg",
        "padchest",
        "phantom",
        "rexgradient",
        "table",
        "taix-ray",
        "vindr-cxr",
    ]
    assert all(entry.plugin for kind in GROUPS for entry in registry.entries(kind))
    assert registry.get("anonymizer", "identity") is Identity


def test_declarations_are_read_without_what_computes():
    """In an interpreter of its own, so that what the tests themselves import does not count."""
    script = """
import sys
from privbench.plugins.registry import GROUPS, Registry

heavy = {"torch", "torchvision", "torchmetrics", "timm", "lightning_fabric", "pytorch_metric_learning"}
registry, known = Registry(), set()
for kind in GROUPS:
    for entry in registry.entries(kind):
        assert entry.plugin is not None, entry
        entry.plugin.Params.model_json_schema()
        loaded = heavy & sys.modules.keys()
        if loaded - known:
            print(f"{kind} {entry.name} loads {', '.join(sorted(loaded - known))}")
        known |= loaded
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("wrong", "near"), [("prichexi", "prichexy"), ("dppix", "dp-pix"), ("privacynet", "privacy-net")]
)
def test_unknown_names_get_the_nearest(wrong, near):
    with pytest.raises(PrivbenchError, match=f"There is no anonymizer '{wrong}': did you mean '{near}'"):
        Registry().get("anonymizer", wrong)


def test_far_names_get_them_all():
    with pytest.raises(PrivbenchError, match="known are: adversarial-noise, blur, crop, .* privacy-net"):
        Registry().get("anonymizer", "zzzzzz")


def test_a_class_can_be_handed_over_once():
    registry = Registry()
    registry.add(Mine)
    registry.add(Mine)
    assert registry.get("anonymizer", "mine") is Mine
    clone = type("Clone", (Mine,), {})
    with pytest.raises(PrivbenchError, match="name 'mine' is taken by"):
        registry.add(clone)


def test_a_built_in_name_is_taken():
    with pytest.raises(PrivbenchError, match=r"'identity' is taken by privbench\.anonymizers\.identity:Identity"):
        Registry().add(type("Fake", (Mine,), {"name": "identity"}))


@pytest.mark.parametrize(
    ("plugin", "message"),
    [
        (int, "is no subclass of privbench.Anonymizer or"),
        (type("NoName", (Mine,), {"name": ""}), "needs a class attribute name"),
        (type("Abstract", (Anonymizer,), {"name": "abstract", "deterministic": True}), "lacks anonymize"),
        (type("NoParams", (Mine,), {"name": "x", "Params": dict}), "must be a subclass of privbench.Params"),
        (type("Undeclared", (Mine,), {"name": "x", "deterministic": None}), "must declare deterministic"),
    ],
)
def test_unusable_plugins_are_told(plugin, message):
    with pytest.raises(PrivbenchError, match=message):
        Registry().add(plugin)


def test_plugin_file(tmp_path):
    file = tmp_path / "my_method.py"
    file.write_text(PLUGIN)
    registry = Registry()
    registry.add_file(file)
    darker = registry.create(Anonymizer, "darker", {"share": 0.25})
    assert darker.anonymize(torch.ones(1, 1, 2, 2), torch.Generator()).mean() == 0.75
    with pytest.raises(PrivbenchError, match="'share' should be less than or equal to 1, not 3"):
        registry.create(Anonymizer, "darker", {"share": 3})
    with pytest.raises(
        PrivbenchError,
        match="'shre' is not one of the parameters of anonymizer 'darker': did you mean 'share'",
    ):
        registry.create(Anonymizer, "darker", {"shre": 1})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import nothing_of_that_name", "does not run.*nothing_of_that_name"),
        ("x = 1", "defines no Anonymizer"),
        ("def f(:", "SyntaxError"),
        ("raise SystemExit", "does not run"),
    ],
)
def test_wrong_plugin_files_are_told(tmp_path, text, message):
    file = tmp_path / "my_method.py"
    file.write_text(text)
    with pytest.raises(PrivbenchError, match=message):
        Registry().add_file(file)
    with pytest.raises(PrivbenchError, match="no plugin file"):
        Registry().add_file(tmp_path / "none.py")


def test_broken_and_doubled_installed_plugins_harm_no_other(monkeypatch):
    group = GROUPS["anonymizer"]
    installed = [
        EntryPoint("broken", "nothing_of_that_name:Method", group),
        EntryPoint("wrong", "privbench.anonymizers.identity:Identity", group),
        EntryPoint("double", "privbench.anonymizers.identity:Identity", group),
        EntryPoint("double", "privbench.anonymizers.dp_pix:DPPix", group),
        EntryPoint("identity", "privbench.anonymizers.identity:Identity", group),
        EntryPoint("identity", "privbench.anonymizers.identity:Identity", group),
    ]
    monkeypatch.setattr(
        "privbench.plugins.registry.entry_points", lambda group: installed if group == GROUPS["anonymizer"] else []
    )
    registry = Registry()
    entries = {entry.name: entry for entry in registry.entries("anonymizer")}
    assert "nothing_of_that_name" in entries["broken"].broken
    assert "needs a class attribute name = 'wrong'" in entries["wrong"].broken
    assert "claimed twice" in entries["double"].broken
    assert entries["identity"].plugin is Identity
    with pytest.raises(PrivbenchError, match="'broken' .* cannot be used"):
        registry.get("anonymizer", "broken")


def test_source_counts_in_the_cache_key(tmp_path):
    file = tmp_path / "my_method.py"
    digests = []
    for text in (PLUGIN, PLUGIN.replace("Darkens", "Darkens a lot")):
        file.write_text(text)
        registry = Registry()
        registry.add_file(file)
        digests.append(plugin_digest(registry.get("anonymizer", "darker")))
    assert digests[0] != digests[1]
    namespace: dict = {"__name__": "typed_in"}
    exec(PLUGIN, namespace)
    typed_in = namespace["Darker"]()
    other: dict = {"__name__": "typed_in"}
    exec(PLUGIN, other)
    tokens = [stated(plugin)["code"] for plugin in (typed_in, typed_in, other["Darker"]())]
    assert tokens[0] == tokens[1] != tokens[2], "a class without source is never answered for another"
    assert is_own(Identity)
    assert not is_own(Mine)
    assert "code" not in stated(Identity()), "what comes with privbench counts with its version"


ABSTRACT = PLUGIN.replace("def anonymize", "def anonymise")
BASE_AND_METHOD = (
    ABSTRACT.replace('    name = "darker"\n', "")
    + """
class Method(Darker):
    name = "method"
    def anonymize(self, images, generator):
        return images
"""
)


def test_a_class_without_a_method_is_told_and_a_base_is_none(tmp_path):
    file = tmp_path / "my_method.py"
    file.write_text(ABSTRACT)
    with pytest.raises(PrivbenchError, match=r"my_method\.py: Darker lacks anonymize: write the method"):
        Registry([file])
    file.write_text(BASE_AND_METHOD)
    assert "method" in Registry([file]).names("anonymizer")


def test_a_file_that_is_named_twice_is_read_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "my_method.py"
    file.write_text(PLUGIN)
    assert "darker" in Registry([file, file.relative_to(tmp_path), file]).names("anonymizer")


def test_two_classes_of_one_name_in_a_file_are_told(tmp_path):
    file = tmp_path / "my_method.py"
    file.write_text(PLUGIN + "class Other(Darker):\n    pass\n")
    with pytest.raises(PrivbenchError, match=r"'darker' is taken by privbench_plugin_my_method:Darker: choose another"):
        Registry([file])


def test_where_a_plugin_file_fails_is_told(tmp_path):
    file = tmp_path / "my_method.py"
    file.write_text("import json\n\njson.loads('{')\n")
    with pytest.raises(PrivbenchError, match=r"does not run \(JSONDecodeError: .*, at .*my_method\.py:3\): mend it"):
        Registry([file])

"""What a class declares wrongly is told when it is registered, with what to do."""

from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import ConfigDict, Field

from privbench import Anonymizer, InferenceAttack, LinkageAttack, Params, PrivbenchError
from privbench.interfaces import MeasuringTask
from privbench.plugins.interfaces import Attack, UtilityTask
from privbench.plugins.registry import GROUPS, Registry


class Mine(Anonymizer):
    name = "mine"
    deterministic = True

    def anonymize(self, images, generator):
        return images


def variant(base=Mine, **changed):
    return type("Variant", (base,), changed)


class Open(Params):
    model_config = ConfigDict(frozen=False)


class Holding(Params):
    inner: list[Open] = []  # noqa: RUF012


class WithPath(Params):
    weights: Path | None = None


class WithNamedPath(Params):
    weights_file: Path | None = None


class WithMisnamedPath(Params):
    weights: Path = Field(Path("w"), exclude=True)


class Right(Params):
    width: int = 3
    root: Path | None = Field(None, exclude=True)
    weights_file: Path | None = Field(None, exclude=True)


class Linking(LinkageAttack):
    name = "linking"

    def fit(self, train, val, guidance, ctx):
        pass

    def similarity(self, gallery, probes, references, ctx):
        pass

    def similarity_matrix(self, gallery, ctx):
        pass


class Inferring(InferenceAttack):
    name = "inferring"

    def fit(self, train, val, guidance, ctx):
        pass

    def infer(self, gallery, ctx):
        pass


class Measuring(MeasuringTask):
    name = "measuring"
    measures: ClassVar = {}

    def fit(self, train, val, guidance, ctx):
        pass

    def measure(self, test, ctx):
        pass


def fit(self, train, val, guidance, ctx):
    pass


@pytest.mark.parametrize(
    ("plugin", "message"),
    [
        *((variant(name=name), "must be a text of letters") for name in ("a/b", "a b", "a\n", "..", "-a", "\\", 3)),
        (variant(version=2), "must declare its version as a text"),
        (variant(Params=Open), "Open, among the parameters of Variant, must be frozen"),
        (variant(Params=Holding), "Open, among the parameters of Variant, must be frozen"),
        (variant(Params=WithPath), r"'weights' of Variant tells where .* Field\(exclude=True\).*inputs\(\)"),
        (variant(Params=WithNamedPath), r"'weights_file' of Variant tells where .* Field\(exclude=True\)"),
        (variant(Params=WithMisnamedPath), "'weights' of Variant tells .* call it root, or end its name in _file"),
        (variant(anonymize=lambda self, images: images), r"anonymize does not take \(self, images, generator\)"),
        (variant(anonymize=staticmethod(lambda *all: None)), "anonymize must be a plain method"),
        (variant(fit=lambda self, train, val: None), r"fit does not take \(self, train, val, guidance, ctx\)"),
        (variant(__init__=lambda self: None, Params=Right), r"__init__ does not take \(self, width, root, "),
        (variant(Linking, scenarios=()), "must declare scenarios as a tuple of texts"),
        (variant(Linking, scenarios="informed"), "must declare scenarios as a tuple of texts"),
        (variant(Linking, scenarios=("informd",)), "declares scenarios with 'informd': did you mean 'informed'"),
        (variant(Linking, trained=None), "must declare trained = True or False"),
        (variant(Linking, releases=lambda self: 3), "releases is asked for as a value: put @property above it"),
        (Inferring, "must declare attributes as a tuple of texts"),
        (variant(Inferring, attributes=("membership", "sex")), "declares membership beside other attributes"),
        (variant(Measuring), "must declare measures = "),
        (variant(Measuring, needs=("mask",), measures={}), "declares needs with 'mask': did you mean 'masks'"),
        (type("Bare", (Attack,), {"name": "bare", "fit": fit}), "Bare is no LinkageAttack and no InferenceAttack"),
        (type("Bare", (UtilityTask,), {"name": "bare", "fit": fit}), "Bare is no ReadingTask and no MeasuringTask"),
    ],
)  # fmt: skip
def test_what_is_declared_wrongly_is_told(plugin, message):
    with pytest.raises(PrivbenchError, match=message):
        Registry().add(plugin)


def test_what_is_declared_rightly_is_taken():
    registry = Registry()
    registry.add(variant(Params=Right, name="Größe_2.b-x"))
    registry.add(variant(name="other", anonymize=lambda self, x, g, more=None: x))
    registry.add(variant(name="third", __init__=lambda self, width=3, **places: None, Params=Right))
    registry.add(variant(Linking, releases=4))
    assert all(entry.plugin for kind in GROUPS for entry in registry.entries(kind))

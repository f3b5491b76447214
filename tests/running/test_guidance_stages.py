"""The classifier and the verifier of the guidance, each made of what decides it and of nothing else."""

import pytest

from privbench.base.progress import Progress
from privbench.data.exclusion import Exclusion
from privbench.datasets.phantom.dataset import PhantomDataset
from privbench.engine.display import Display
from privbench.engine.engine import Engine
from privbench.engine.executors.serial import Serial
from privbench.engine.job import curves_of
from privbench.engine.node import Conditions, Nodes
from privbench.engine.store import Store
from privbench.learning.recipes import GuidanceRecipe
from privbench.protocols.schema import PairsSection
from privbench.running.guidance_stages import guidance_nodes
from privbench.running.loading import ReadData, data_node, read_splits
from privbench.running.pairing import guidance_pairs, with_pairs
from privbench.running.source import Source
from privbench.running.stage_names import CLASSIFIER, DATA, EMBEDDER, VERIFIER, VERSIONS

NETWORK = {"backbone": "test_resnet", "epochs": 1, "batch_size": 16, "learning_rate": 1e-3}
RECIPE = GuidanceRecipe(
    classifier=NETWORK, verifier=NETWORK | {"features": 4}, embedder=NETWORK | {"features": 4, "steps": 2}
)
PAIRS = PairsSection(guidance=16, train=10, val=10, test=10, cap=2)
CONDITIONS = Conditions(seed=0, device="cpu", precision="32-true", threads=1)


def anything(table):
    """The check that every table passes."""


@pytest.fixture(scope="module")
def make(tmp_path_factory):
    """Makes the guidance in one store; returns its stages and those that it read, by name."""
    root = tmp_path_factory.mktemp("store")

    def made(recipe=RECIPE, pairs=PAIRS):
        display = Display(Progress(quiet=True))
        engine, nodes = Engine(Store(root), Serial(display.tell), display), Nodes(VERSIONS, CONDITIONS)
        dataset = PhantomDataset(patients=40)
        work = ReadData(dataset, 32, "squeeze", 0.25, None, 1, Exclusion(), anything, root / "decoded")
        data = data_node(nodes, work, {})
        engine.make({"data": [data]})
        splits = with_pairs(read_splits(engine.made[data].folder, dataset.findings), PAIRS, 0)
        source = Source(dataset.findings, recipe, {name: split.pairs for name, split in splits.items()})
        engine.make({"guidance": guidance_nodes(nodes, data, source, guidance_pairs(splits["train"], pairs, 0))})
        return {node.name: stage for node, stage in engine.made.items()}

    return made


def test_all_read_the_data_alone(make):
    made = make()
    assert set(made) == {DATA, CLASSIFIER, VERIFIER, EMBEDDER}
    for name in (CLASSIFIER, VERIFIER, EMBEDDER):
        assert made[name].manifest.inputs == {"data": made[DATA].digest}


def test_all_trainings_have_curves(make):
    made = make()
    trainings = {name: {row["training"] for row in curves_of(made[name])} for name in (CLASSIFIER, VERIFIER, EMBEDDER)}
    assert trainings == {
        CLASSIFIER: {"guidance classifier"}, VERIFIER: {"guidance verifier"}, EMBEDDER: {"guidance embedder"},
    }  # fmt: skip


def test_the_guidance_is_taken_from_the_store(make):
    before, again = make(), make()
    assert all(stage.cached for stage in again.values())
    assert {name: stage.digest for name, stage in again.items()} == {name: one.digest for name, one in before.items()}


def test_other_guidance_pairs_make_another_verifier_and_leave_the_classifier(make):
    before, after = make(), make(pairs=PAIRS.model_copy(update={"guidance": 12}))
    assert after[CLASSIFIER].key == before[CLASSIFIER].key
    assert after[VERIFIER].key != before[VERIFIER].key


@pytest.mark.parametrize(("part", "kept"), [("classifier", VERIFIER), ("verifier", CLASSIFIER)])
def test_a_recipe_decides_its_own_network_alone(make, part, kept):
    changed = RECIPE.model_copy(update={part: getattr(RECIPE, part).model_copy(update={"learning_rate": 2e-3})})
    before, after = make(), make(recipe=changed)
    assert {name for name in (CLASSIFIER, VERIFIER) if after[name].key == before[name].key} == {kept}

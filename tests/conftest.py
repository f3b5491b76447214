"""What several test files need: a tiny protocol, real radiographs where there are any, and pictures made by rule."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cores  # noqa: F401 - first, because it sets how many threads there are, and the next how they wait

import privbench  # both count only before torch is loaded

# isort: split
import numpy as np
import pytest
import torch
from rich.console import Console

from privbench.api import Run
from privbench.base.locks import locked
from privbench.base.progress import Progress
from privbench.datasets.findings import FINDINGS
from privbench.engine.display import Display
from privbench.engine.engine import Engine
from privbench.engine.executors.choice import VARIABLE, Means
from privbench.engine.executors.serial import Serial
from privbench.engine.store import Store
from privbench.learning.context import Context
from privbench.learning.device import create_fabric
from privbench.record.run import read_run
from privbench.running.pipeline import Pipeline
from privbench.running.setting import Setting

os.environ.setdefault(VARIABLE, "serial")  # processes cost seconds to begin with; tests of them ask for them

REAL_DATA = Path(os.environ.get("PRIVBENCH_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))

TINY = """
name = "tiny"
version = 1
description = "small enough for a test"
[data]
dataset = "phantom"
size = 32
validation = 0.2
params = { patients = 60, test_share = 0.3 }
[pairs]
guidance = 60
train = 60
val = 30
test = 40
cap = 5
[guidance.classifier]
backbone = "test_vit"
options = { img_size = 32, patch_size = 8 }
epochs = 1
batch_size = 32
learning_rate = 1e-3
[guidance.verifier]
backbone = "test_resnet"
features = 16
epochs = 1
batch_size = 32
learning_rate = 1e-3
[attacks.siamese]
scenarios = ["paper"]
seeds = 2
[attacks.contrastive]
[attacks.contrastive.params]
backbone = "test_resnet"
features = 16
epochs = 1
steps = 4
batch_size = 16
learning_rate = 1e-3
[attacks.correlation]
[attacks.siamese.params]
backbone = "test_resnet"
features = 16
epochs = 1
batch_size = 32
learning_rate = 1e-3
[utilities.classification]
modes = ["frozen", "retrained-transfer", "retrained-release"]
[statistics]
resamples = 100
[anonymizers.prichexy]
pretrain_epochs = 1
epochs = 1
batch_size = 16
init_features = 2
[anonymizers.privacy-net]
pretrain_epochs = 1
epochs = 1
batch_size = 16
features = 2
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow tests come first in each half, so that of two processes none is left with a long one when the other ends."""
    slow = [item for item in items if item.get_closest_marker("slow") is not None]
    fast = [item for item in items if item.get_closest_marker("slow") is None]
    half = len(fast) // 2
    items[:] = [*slow[::2], *fast[:half], *slow[1::2], *fast[half:]]


@pytest.fixture(scope="session")
def tiny_protocol(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A protocol that runs in seconds."""
    path = tmp_path_factory.mktemp("protocol") / "tiny.toml"
    path.write_text(TINY)
    return path


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of `pytest -n` share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def store(shared: Path) -> Path:
    """A store that the tests share, so that the tiny protocol's data and guidance are made once."""
    return shared / "store"


@pytest.fixture(scope="session")
def run_once(tiny_protocol: Path, store: Path, shared: Path) -> Callable[..., Run]:
    """Runs the tiny protocol into a folder of a name, or takes what lies there: tests read it and leave it as it is."""

    def run(name: str, anonymizer: str, **told: Any) -> Run:
        out = shared / name
        with locked(shared / f"{name}.lock", "waiting for another process of the tests"):
            if not out.exists():
                privbench.run(anonymizer, protocol=str(tiny_protocol), store=store, out=out, **told)
        return Run(read_run(out), out)

    return run


@pytest.fixture(scope="session")
def finished(run_once: Callable[..., Run]) -> Run:
    """A run of the tiny protocol, in a folder that tests read and leave as it is."""
    return run_once("finished", "prichexy", params={"mu": 0.05})


@pytest.fixture
def pipeline(tiny_protocol: Path, store: Path) -> Pipeline:
    """That run's pipeline, whose stages the store has or gets."""
    setting = Setting(protocol=str(tiny_protocol), store=store, device="cpu", means=Means("serial", jobs=1))
    protocol = setting.load()
    return setting.pipeline(protocol, setting.anonymizer("prichexy", {"mu": 0.05}, protocol))


@pytest.fixture
def engine(store: Path) -> Engine:
    """Makes stages in the shared store, one after the other in this process."""
    display = Display(Progress(quiet=True))
    return Engine(Store(store), Serial(display.tell), display)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real radiographs; tests that need it skip where it is not there."""
    if not (REAL_DATA / "chestxray14-mini").is_dir():
        pytest.skip(f"no real radiographs in {REAL_DATA} (set PRIVBENCH_TEST_DATA)")
    return REAL_DATA


@pytest.fixture
def ctx() -> Context:
    """A stage's surroundings on the CPU."""
    return Context(create_fabric("cpu", "32-true"), 0, "test", Progress(Console(quiet=True), quiet=True))


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture(scope="session")
def findings() -> tuple[str, ...]:
    return FINDINGS


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)

"""What the promises of plugins and the traps of the self-test are tried on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from contracts import GUIDANCE

from privbench.datasets.phantom.dataset import PhantomDataset
from privbench.judging.contract.surroundings import Surroundings, surroundings
from privbench.learning.device import create_fabric


@pytest.fixture(scope="session")
def around() -> Iterator[Surroundings]:
    """Forty phantoms of 32 px with untrained guidance."""
    with surroundings(PhantomDataset(patients=40), GUIDANCE, 32, create_fabric("cpu", "32-true")) as made:
        yield made

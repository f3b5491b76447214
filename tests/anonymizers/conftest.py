"""What methods learn from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from contracts import forty_phantoms

from privbench.judging.contract.surroundings import Surroundings


@pytest.fixture(scope="session")
def around() -> Iterator[Surroundings]:
    with forty_phantoms() as made:
        yield made

"""Within the report, the page is made of what the rest holds, and never the other way round; tables draw nothing."""

from pathlib import Path

import pytest

import privbench.report
from privbench.base.code import imports_of

ROOM = Path(privbench.report.__file__).parent


def name_of(path: Path) -> str:
    """The module's whole name."""
    parts = path.relative_to(ROOM).with_suffix("").parts
    return ".".join(["privbench", "report", *(part for part in parts if part != "__init__")])


MODULES = sorted(map(name_of, ROOM.rglob("*.py")))


@pytest.mark.parametrize("module", [name for name in MODULES if not name.startswith("privbench.report.page")])
def test_nothing_outside_the_page_imports_it(module):
    below = imports_of(module, for_types=True)
    assert not [name for name in below if name.startswith(("privbench.report.page", "privbench.cli"))]


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("privbench.report.tables")])
def test_tables_draw_nothing(module):
    below = imports_of(module, for_types=True)
    assert not [name for name in below if name.startswith(("privbench.report.plots", "matplotlib"))]

"""Within the report, pages are made of what the rest holds, and never the other way round; tables draw nothing."""

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


PAGE, SITE = "privbench.report.page", "privbench.report.site"


@pytest.mark.parametrize("module", [name for name in MODULES if not name.startswith(SITE)])
def test_nothing_outside_a_page_imports_it(module):
    """The site is made of the page's frame and plots."""
    above = (SITE, "privbench.cli") if module.startswith(PAGE) else (PAGE, SITE, "privbench.cli")
    assert not [name for name in imports_of(module, for_types=True) if name.startswith(above)]


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("privbench.report.tables")])
def test_tables_draw_nothing(module):
    below = imports_of(module, for_types=True)
    assert not [name for name in below if name.startswith(("privbench.report.plots", "matplotlib"))]

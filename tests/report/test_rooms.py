"""The page is made of what the rest of the report holds, and never the other way round."""

import ast
from pathlib import Path

import pytest

import privbench.report

ROOM = Path(privbench.report.__file__).parent
OUTSIDE = [path for path in ROOM.rglob("*.py") if "page" not in path.relative_to(ROOM).parts]


def imported(path: Path) -> set[str]:
    """The modules of privbench that a module imports, wherever in it, by their whole names."""
    package = ["privbench", "report", *path.relative_to(ROOM).parts[:-1]]
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            whole = ".".join([*above, *([node.module] if node.module else [])])
            names |= {whole} | {f"{whole}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: str(path.relative_to(ROOM)))
def test_nothing_outside_the_page_imports_it(path):
    assert not [name for name in imported(path) if name.startswith(("privbench.report.page", "privbench.cli"))]


def test_tables_draw_nothing():
    drawn = {name for path in (ROOM / "tables").glob("*.py") for name in imported(path)}
    assert not [name for name in drawn if name.startswith(("privbench.report.plots", "matplotlib"))]

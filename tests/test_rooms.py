"""The rooms of the house, from the one that people see down to the one that all stand on: imports go down alone."""

from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from privbench.base.code import imports_of

ROOT = Path(__file__).parents[1]
FACE = ("privbench", "privbench.__main__", "privbench.api", "privbench.calls", "privbench.interfaces")
ORDER = (
    "cli", "api", "report", "judging", "releasing", "running", "engine", "evaluate", "record", "sweeps",
    "anonymizers", "attacks", "utilities", "datasets",
    "plugins", "protocols", "learning", "metrics", "data", "base",
)  # fmt: skip
"""Rooms, and `api`, which is the only part of the face that does anything."""


def modules():
    """Every module of the harness and of the built-in plugins, by its full name."""
    places = {"privbench": "privbench", "anonymizers": "privbench.anonymizers", "attacks": "privbench.attacks"}
    for folder, package in places.items():
        for file in (ROOT / folder).rglob("*.py"):
            parts = file.relative_to(ROOT / folder).with_suffix("").parts
            yield ".".join([package, *(part for part in parts if part != "__init__")])


@pytest.fixture(scope="module")
def imports():
    """What each module imports of the others; what only type checkers see counts too."""
    known = set(modules())
    return {module: [one for one in imports_of(module, for_types=True) if one in known] for module in known}


def room_of(module):
    return module.split(".")[1] if "." in module else module


def test_at_most_five_files_lie_at_the_root():
    at_root = {f"privbench.{file.stem}" for file in (ROOT / "privbench").glob("*.py")}
    assert at_root == {"privbench.__init__", *FACE[1:]}


def test_every_room_has_its_place(imports):
    assert {room_of(module) for module in imports if module not in FACE} == set(ORDER) - {"api"}


def test_imports_go_down_alone(imports):
    upward = [
        f"{module} imports {other}"
        for module, others in imports.items()
        for other in others
        if room_of(module) in ORDER and room_of(other) in ORDER
        if ORDER.index(room_of(other)) < ORDER.index(room_of(module))
    ]
    assert not upward, "an upper room is no business of a lower one"


def test_the_face_is_imported_by_none_but_the_command_line(imports):
    """`privbench` itself tells its version; the names that users import are found when they are asked for."""
    for module, others in imports.items():
        if room_of(module) != "cli" and module not in FACE:
            assert not set(FACE[1:]) & set(others), module


def test_the_harness_imports_no_plugin(imports):
    """It knows the interfaces, and finds methods by their names."""
    for room in ("anonymizers", "attacks"):
        others = {module: imported for module, imported in imports.items() if room_of(module) != room}
        wrong = [module for module, imported in others.items() if room in map(room_of, imported)]
        assert not wrong


def test_no_modules_import_each_other_in_a_circle(imports):
    try:
        TopologicalSorter({module: set(others) - {module, "privbench"} for module, others in imports.items()}).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


def test_a_circle_is_told():
    """The check itself can fail."""
    with pytest.raises(CycleError):
        TopologicalSorter({"a": ["b"], "b": ["a"]}).prepare()


def test_no_room_is_forgotten(imports):
    used = {room_of(one) for module, others in imports.items() for one in others if room_of(one) != room_of(module)}
    assert set(ORDER) - used <= {"anonymizers", "attacks", "datasets", "utilities"}, (
        "these register through entry points"
    )


def test_no_class_name_means_two_things():
    names = {}
    for module in modules():
        parts = module.split(".")[1:]
        folder = ROOT if parts and parts[0] in ("anonymizers", "attacks") else ROOT / "privbench"
        file = folder.joinpath(*parts)
        source = (file.with_suffix(".py") if file.with_suffix(".py").is_file() else file / "__init__.py").read_text()
        for line in source.splitlines():
            if line.startswith("class "):
                names.setdefault(line.split()[1].split("(")[0].rstrip(":"), []).append(module)
    twice = {name: where for name, where in names.items() if len(where) > 1 and not name.startswith("_")}
    assert not twice

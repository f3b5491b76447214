"""Cache keys hang on the code that a stage can reach: it has to be all of it, and no more."""

import ast
import sys
from importlib import import_module
from importlib.metadata import version
from importlib.util import module_from_spec, spec_from_file_location
from unittest.mock import patch

import pytest
import torch

from privbench.base.code import imports_of, is_ours, modules_of, reached_from
from privbench.learning.recipes import GuidanceRecipe


def load(path, name):
    """The module of that file, as --plugin loads it."""
    spec = spec_from_file_location(name, path)
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def test_reached_is_what_is_imported_at_any_depth_and_wherever_the_import_stands():
    reached = set(reached_from(["privbench.utilities.classification"]).modules)
    assert "privbench.learning.training" in reached, "by way of the classifier"
    assert "privbench.utilities.robust.label_noise" in reached
    assert "privbench.base.seeds" in reached
    assert not [name for name in reached if name.split(".")[1] in ("cli", "report", "judging", "evaluate", "running")]


def test_what_only_type_checkers_see_is_not_reached():
    of_interfaces = imports_of("privbench.plugins.interfaces")
    assert "privbench.learning.guidance" not in of_interfaces
    assert "privbench.learning.guidance" in imports_of("privbench.plugins.interfaces", for_types=True)


def test_libraries_count_with_their_versions_and_those_without_results_do_not():
    libraries = reached_from(["privbench.learning.networks"]).libraries
    assert libraries["torch"] == version("torch")
    assert libraries["timm"] == version("timm")
    assert not libraries.keys() & {"pydantic", "rich", "typer", "os", "json"}


@pytest.mark.parametrize("module", ["learning.verifier", "attacks.restorer", "datasets.merged"])
def test_every_module_is_found_as_python_finds_it(module):
    """Against Python itself: what is loaded when a module is imported is among what it can reach."""
    import_module(f"privbench.{module}")  # and libraries with it, which cannot be loaded twice
    with patch.dict(sys.modules):
        for name in [name for name in sys.modules if is_ours(name)]:
            del sys.modules[name]
        import_module(f"privbench.{module}")
        loaded = {name for name, one in sys.modules.items() if is_ours(name) and not hasattr(one, "__path__")}
    assert f"privbench.{module}" in loaded
    assert loaded <= set(reached_from([f"privbench.{module}"]).modules)


def test_one_letter_in_a_reached_module_changes_the_digest(monkeypatch):
    import privbench.base.code as code

    before, of_pairs = (reached_from([f"privbench.{name}"]).digest for name in ("learning.verifier", "data.pairs"))
    read = code._source
    changed = {"training.py": b"\n# another comment"}
    monkeypatch.setattr(code, "_source", lambda file: read(file) + changed.get(file.name, b""))
    assert reached_from(["privbench.learning.verifier"]).digest != before
    assert reached_from(["privbench.data.pairs"]).digest == of_pairs, "it trains nothing"
    changed.clear()
    assert reached_from(["privbench.learning.verifier"]).digest == before


def test_a_helper_beside_a_plugin_file_counts_and_a_library_with_its_version(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    helper = tmp_path / "helper_of_a_plugin.py"
    helper.write_text("STRENGTH = 1\n")
    plugin = tmp_path / "some_plugin.py"
    plugin.write_text(
        "import torch\nfrom helper_of_a_plugin import STRENGTH\nfrom privbench.learning import training\n"
        "try:\n    import a_library_that_nobody_has\nexcept ImportError:\n    pass\n"
    )
    load(plugin, "some_plugin")
    before = reached_from(["some_plugin"])
    assert {"some_plugin", "helper_of_a_plugin", "privbench.learning.training"} <= set(before.modules)
    assert before.libraries["torch"] == version("torch")
    helper.write_text("STRENGTH = 2\n")
    after = reached_from(["some_plugin"])
    assert after.digest != before.digest
    assert after.foreign != before.foreign


def test_a_foreign_package_counts_whole_with_what_cannot_be_parsed(tmp_path, monkeypatch):
    package = tmp_path / "foreign_package"
    (package / "deep").mkdir(parents=True)
    for folder in (package, package / "deep"):
        (folder / "__init__.py").write_text("")
    (package / "method.py").write_text("from .deep.weights import A\nfrom . import method\n")
    (package / "template.py").write_text("class {{ name }}:\n")
    (package / "deep" / "weights.py").write_text("A = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import foreign_package.method  # noqa: F401

    names = ("", ".deep", ".deep.weights", ".method", ".template")
    before = reached_from(["foreign_package.method"])
    assert before.modules == tuple(f"foreign_package{name}" for name in names)
    (package / "deep" / "weights.py").write_text("A = 2\n")
    assert reached_from(["foreign_package.method"]).foreign != before.foreign


def test_folders_without_an_init_count_file_by_file(tmp_path, monkeypatch):
    lab = tmp_path / "lab_without_init"
    lab.mkdir()
    (lab / "blur.py").write_text("from .kernels import WIDTH\n")
    (lab / "kernels.py").write_text("WIDTH = 1\n")
    (lab / "unused.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    for number, line in enumerate(("from lab_without_init.blur import WIDTH", "from lab_without_init import blur")):
        plugin = tmp_path / f"plugin_of_lab_{number}.py"
        plugin.write_text(line + "\n")
        load(plugin, plugin.stem)
        reached = reached_from([plugin.stem]).modules
        assert reached == ("lab_without_init.blur", "lab_without_init.kernels", plugin.stem)


def test_imports_that_type_checkers_do_not_see_are_reached(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "really_imported.py").write_text("")
    (tmp_path / "for_types_alone.py").write_text("")
    plugin = tmp_path / "plugin_with_types.py"
    plugin.write_text(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import for_types_alone\n"
        "if not TYPE_CHECKING:\n    import really_imported\n"
    )
    load(plugin, plugin.stem)
    assert reached_from([plugin.stem]).modules == ("plugin_with_types", "really_imported")


def test_there_is_no_code_of_what_is_not_there():
    with pytest.raises(ModuleNotFoundError, match=r"no source of privbench\.nothing"):
        reached_from(["privbench.nothing"])
    with pytest.raises(ModuleNotFoundError, match="no source of typed_in"):
        reached_from(["typed_in"])


def test_modules_of_classes_are_without_pythons_own():
    assert modules_of(GuidanceRecipe.__mro__) >= {"privbench.learning.recipes", "privbench.base.params"}
    assert not modules_of([int, ast.AST, torch.nn.Module]), "and of libraries, which count with their versions"

"""The pages of the Python API are built of docstrings, all of which are there and can be shown."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pdoc.doc
import pytest

import privbench

ROOT = Path(__file__).parents[2]

_spec = importlib.util.spec_from_file_location("build_api", ROOT / "docs" / "build_api.py")
build_api = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(build_api)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """All of them, as `python docs/build_api.py` writes them but for sources and search."""
    folder = tmp_path_factory.mktemp("api")
    build_api.build(folder, whole=False)
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.html")}


def undocumented(namespace):
    """Public classes and functions below it that have no docstring of their own."""
    for member in namespace.own_members:
        if member.name.startswith("_"):
            continue
        if member.kind == "class":
            if not vars(member.obj).get("__doc__"):
                yield member.fullname
            yield from undocumented(member)
        elif member.kind == "function" and not member.docstring:
            yield member.fullname


def test_there_is_a_page_for_every_module_and_none_shows_what_nobody_wrote(pages):
    expected = {"index.html", *(f"{name.replace('.', '/')}.html" for name in build_api.MODULES)}
    assert expected == pages.keys()
    assert not [name for name, text in pages.items() if "PydanticUndefined" in text or "pydantic_fields" in text]


def test_the_pages_tell_of_every_public_name(pages):
    for name in privbench.__all__:
        assert f'id="{name}"' in pages["privbench.html"], name
    assert "section.field=value" in pages["privbench/calls.html"], "of an argument"


def test_a_field_is_shown_with_the_type_that_was_written(pages):
    """`verification_auc: Share`, and not what pydantic made of it."""
    assert "FieldInfo(" not in pages["privbench/record/attack.html"]
    assert '<span class="annotation">: Share</span>' in pages["privbench/record/attack.html"]


@pytest.mark.parametrize("name", build_api.MODULES)
def test_everything_public_is_documented(name, pages):
    module = pdoc.doc.Module.from_name(name)
    assert module.docstring
    assert list(undocumented(module)) == []


def test_what_names_nothing_is_an_error(tmp_path, monkeypatch):
    (tmp_path / "names_nothing.py").write_text('"""One."""\n\n\ndef f(a: "Nowhere") -> None:\n    """Two."""\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UserWarning, match="Nowhere"):
        build_api.build(tmp_path / "pages", ["names_nothing"], whole=False)

"""Builds the pages of the public Python API from its docstrings: `python docs/build_api.py`, into docs/api/.

A docstring that cannot be shown as it is meant, or an annotation that names nothing, is an error.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pdoc
import pdoc.doc
import pdoc.render

import privbench

FOLDER = Path(__file__).parent / "api"
TEMPLATES = Path(__file__).parent / "api_templates"
MODULES = (
    "privbench",
    "privbench.interfaces",
    "privbench.calls",
    "privbench.api",
    # What these take and return.
    "privbench.plugins.registry",
    "privbench.learning.context",
    "privbench.learning.guidance",
    "privbench.record.run",
    "privbench.record.attack",
    "privbench.record.risk",
    "privbench.record.copies",
    "privbench.record.unpaired",
    "privbench.record.utility",
    "privbench.record.weights",
    "privbench.record.values",
)


def written_annotation(variable: pdoc.doc.Variable) -> str:
    """The annotation, with its colon; as it stands in the source where pydantic's rules make it unreadable."""
    told: str = variable.annotation_str
    if "FieldInfo(" not in told:
        return told
    module, qualname = variable.taken_from
    owner: Any = import_module(module)
    for part in qualname.split(".")[:-1]:
        owner = getattr(owner, part)
    return f": {vars(owner)['__annotations__'][variable.name]}"


def build(folder: Path, modules: Sequence[str] = MODULES, *, whole: bool = True) -> None:
    """Writes the pages of these modules; without their sources and a search where they need not be `whole`.

    Raises a UserWarning where pdoc has something to complain about.
    """
    for name in privbench.__all__:  # they are loaded when they are asked for, and pdoc does not ask
        vars(privbench)[name] = getattr(privbench, name)
    told = f"privbench {privbench.__version__}"
    pdoc.render.configure(
        docformat="google", footer_text=told, search=whole, show_source=whole, template_directory=TEMPLATES
    )
    pdoc.render.env.filters["written_annotation"] = written_annotation
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        pdoc.pdoc(*modules, output_directory=folder)


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)

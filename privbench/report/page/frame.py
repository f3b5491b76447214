"""What every page is made with: templates that show texts of strangers as texts, and a policy that lets nothing in."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ... import __version__
from ...base.texts import printable

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"


def templates_of(*folders: Path) -> Environment:
    """The templates of these folders, the first one's where two have one name."""

    def shown(value: object) -> object:
        """What comes from runs is text, whatever it looks like, and nothing that turns the page's letters around."""
        return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    return Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=shown,
    )


def frame(style: str, script: str) -> dict[str, object]:
    """What stands around a page: its version, style and script, and the policy that goes with them.

    The page's own script and nothing else may run, and nothing may be fetched but the pictures beside it.
    """
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return {
        "version": __version__,
        "style": Markup(style),
        "script": Markup(script),
        "policy": f"default-src 'none'; img-src 'self' file: data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
    }

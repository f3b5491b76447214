"""Plots as parts of a page, which follow the page's colours and name their points."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

from markupsafe import Markup
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path as Outline
from matplotlib.transforms import Affine2D

from ...base.texts import printable
from ..plots.canvas import LEGEND
from ..plots.style import VARIABLES, Series

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
ElementTree.register_namespace("", _SVG)
ElementTree.register_namespace("xlink", _XLINK)
_POINTS = 72  # an inch
_REFERENCE = re.compile(r"url\(#([^)]+)\)")


@dataclass(frozen=True)
class Mark:
    """What a part of a plot stands for, and its figures in words; a point can be focused, a curve cannot.

    Of a point it is told whether its run is certified, because texts may say anything.
    """

    name: str
    figures: str
    focusable: bool = False
    certified: bool = True

    def __str__(self) -> str:
        return f"{self.name}: {self.figures}"


def inline(svg: bytes, name: str, height: float, alt: str, marks: Mapping[str, Mark]) -> Markup:
    """The plot as a part of the page, without its legend and in the page's colours.

    Args:
        svg: a figure that was saved as SVG.
        name: what the ids of this plot begin with, so that they differ from those of all others.
        height: of the part above the legend, in inches.
        alt: what the plot shows, for those who do not see it.
        marks: what the parts with these ids stand for.
    """
    root = ElementTree.fromstring(svg)
    parents = {child: parent for parent in root.iter() for child in parent}
    for element in list(root.iter()):
        tag = element.tag.removeprefix(f"{{{_SVG}}}")
        if tag in ("metadata", "style") or element.get("id") == LEGEND:
            parents[element].remove(element)
            continue
        if mark := marks.get(element.get("id", "")):
            _name(element, mark)
        _rename(element, name)
        _recolor(element)
    width = (root.get("viewBox") or "").split()[2]
    focusable = any(mark.focusable for mark in marks.values())
    attributes = {"viewBox": f"0 0 {width} {height * _POINTS:g}", "aria-label": printable(alt)}
    root.attrib.clear()
    root.attrib |= attributes | {"role": "group" if focusable else "img"}
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # ElementTree has escaped all text


def swatch(series: Series, lines: bool) -> Markup:
    """A piece of the curve, or the point, that stands for a run in a plot's key."""
    color = f"var({VARIABLES[series.color]})"
    if lines:
        dashes = " ".join(f"{1.5 * part:g}" for part in series.dashes[1])
        return Markup(
            '<svg class="swatch" viewBox="0 0 30 12" width="30" height="12" aria-hidden="true">'
            '<path d="M0 6H30" style="stroke: {}; stroke-width: 2; stroke-dasharray: {}; fill: none"/></svg>'
        ).format(color, dashes or "none")
    style = MarkerStyle(series.marker)
    place = style.get_transform() + Affine2D().scale(9, -9).translate(7, 7)
    outline = style.get_path().transformed(place)
    return Markup(
        '<svg class="swatch" viewBox="0 0 14 14" width="14" height="14" aria-hidden="true">'
        '<path d="{}" style="stroke: {}; stroke-width: 1.3; fill: {}"/></svg>'
    ).format(_commands(outline), color, color if series.certified else "none")


def _commands(outline: Outline) -> str:
    letters = {Outline.MOVETO: "M", Outline.LINETO: "L", Outline.CURVE3: "Q", Outline.CURVE4: "C"}
    parts = [
        "Z" if code == Outline.CLOSEPOLY else letters[code] + " ".join(f"{value:.2f}" for value in values)
        for values, code in outline.iter_segments(simplify=False)
    ]
    return "".join(parts)


def _name(element: ElementTree.Element, mark: Mark) -> None:
    if mark.focusable:
        element.attrib |= {
            "class": "mark", "tabindex": "0", "role": "img", "aria-label": printable(str(mark)),
            "data-name": printable(mark.name), "data-figures": printable(mark.figures),
            "data-certified": "true" if mark.certified else "false",
        }  # fmt: skip
    else:
        title = ElementTree.Element(f"{{{_SVG}}}title")
        title.text = printable(str(mark))
        element.insert(0, title)


def _rename(element: ElementTree.Element, name: str) -> None:
    for key, value in element.attrib.items():
        if key == "id":
            element.set(key, f"{name}-{value}")
        elif key == f"{{{_XLINK}}}href" and value.startswith("#"):
            element.set(key, f"#{name}-{value[1:]}")
        elif "url(#" in value and not key.startswith(("aria-", "data-")):
            element.set(key, _REFERENCE.sub(rf"url(#{name}-\1)", value))


def _recolor(element: ElementTree.Element) -> None:
    """Puts the page's variables where the colours of the paper were, and the page's letters."""
    declarations = [part.partition(":") for part in element.get("style", "").split(";") if part.strip()]
    kept = [
        f"{key.strip()}: {f'var({VARIABLES[value.strip()]})' if value.strip() in VARIABLES else value.strip()}"
        for key, _, value in declarations
        if key.strip() != "font-family"
    ]
    if kept:
        element.set("style", "; ".join(kept))

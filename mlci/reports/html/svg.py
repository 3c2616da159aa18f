"""matplotlib figures as inline SVG: the page's own fonts and colours, an alternative text, and the
same bytes for the same verdict."""

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any
from xml.etree import ElementTree as ET

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.transforms import IdentityTransform

# matplotlib knows no CSS: these stand for the page's variables until the SVG is written.
INK, MUTED, RULE, PAPER = "#0a0001", "#0a0002", "#0a0003", "#0a0004"
PASS, FAIL, OPEN, KEPT = "#0a0005", "#0a0006", "#0a0007", "#0a0008"
CANDIDATE, CHAMPION = "#0a0009", "#0a000a"
_VARIABLES = {
    INK: "ink",
    MUTED: "muted",
    RULE: "rule",
    PAPER: "paper",
    PASS: "pass",
    FAIL: "fail",
    OPEN: "open",
    KEPT: "kept",
    CANDIDATE: "candidate",
    CHAMPION: "champion",
}
_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "mlci",
    "font.size": 11.0,
    "path.simplify": False,
    "axes.linewidth": 1.0,
    "axes.edgecolor": RULE,
    "axes.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "text.color": INK,
}
_NO_DATE = {"Date": None, "Creator": None, "Format": None, "Type": None}
_PIXEL = 1 / 72


@dataclass(frozen=True, kw_only=True)
class Canvas:
    """A figure without axes, drawn on in pixels: axes cost ten times what a strip holds."""

    figure: Figure

    def line(self, x: Sequence[float], y: Sequence[float], **look: Any) -> None:
        """Points joined by a line; ``look`` in matplotlib's words."""
        self.figure.add_artist(Line2D(x, y, transform=IdentityTransform(), **look))

    def block(self, x: float, width: float, height: float, colour: str) -> None:
        """A filled rectangle that stands on the ground."""
        shape = Rectangle((x, 0), width, height, transform=IdentityTransform(), color=colour, lw=0)
        self.figure.add_artist(shape)


class Pictures:
    """Draws the pictures of one page, whose ids must not meet."""

    def __init__(self) -> None:
        self._numbers: Iterator[int] = count(1)

    def canvas(self, width: float, height: float) -> Canvas:
        """An empty one of so many pixels."""
        return Canvas(figure=Figure(figsize=(width * _PIXEL, height * _PIXEL)))

    def plot(self, width: float, height: float) -> tuple[Figure, Axes]:
        """A figure with axes, room for their labels, and nothing else."""
        with mpl.rc_context(_SETTINGS):
            figure = Figure(figsize=(width * _PIXEL, height * _PIXEL))
            left, bottom, right, top = 52.0, 44.0, 14.0, 12.0
            axes = figure.add_axes(
                (
                    left / width,
                    bottom / height,
                    1 - (left + right) / width,
                    1 - (bottom + top) / height,
                )
            )
        axes.tick_params(length=4)
        return figure, axes

    def drawn(self, figure: Figure, title: str, description: str = "") -> Markup:
        """The figure as an ``svg`` element with ``title`` and ``description`` for who can't see."""
        buffer = io.StringIO()
        with mpl.rc_context(_SETTINGS):
            figure.savefig(buffer, format="svg", transparent=True, metadata=_NO_DATE)
        name = f"p{next(self._numbers)}"
        root = ET.fromstring(buffer.getvalue())  # noqa: S314 - matplotlib's own text
        _tidy(root, name)
        root.attrib = {
            "viewBox": root.attrib["viewBox"],
            "role": "img",
            "aria-labelledby": f"{name}-t {name}-d" if description else f"{name}-t",
        }
        if description:
            text = ET.Element("desc", id=f"{name}-d")
            text.text = description
            root.insert(0, text)
        text = ET.Element("title", id=f"{name}-t")
        text.text = title
        root.insert(0, text)
        return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704 - escaped by ElementTree


def _tidy(root: ET.Element, name: str) -> None:
    """Without namespaces, which HTML knows by itself, metadata, styles of its own, and ids that
    nothing refers to; those that something does become the picture's own."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.rpartition("}")[2] in ("metadata", "style"):
                parent.remove(child)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.attrib = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
        element.text = (element.text or "").strip() or None
        element.tail = None
    written = ET.tostring(root, encoding="unicode")
    used = set(re.findall(r'(?:url\(#|href="#)([\w-]+)', written))
    for element in root.iter():
        if element.attrib.get("id") in used:
            element.attrib["id"] = f"{name}-{element.attrib['id']}"
        else:
            element.attrib.pop("id", None)
        for key, value in element.attrib.items():
            element.attrib[key] = _styled(value, name)


def _styled(value: str, name: str) -> str:
    """Colours as the page's variables, the page's font, ids of this picture."""
    for colour, variable in _VARIABLES.items():
        value = value.replace(colour, f"var(--{variable})")
    value = re.sub(r"font: ([\d.]+px)[^;]*", r"font-size: \1", value)
    value = re.sub(r"font-family:[^;]*;?\s*", "", value)
    value = re.sub(r"url\(#", f"url(#{name}-", value)
    return re.sub(r"^#(?=[\w-]+$)", f"#{name}-", value)

"""The forms of a verdict by name. A form's module is imported only when it is asked for."""

import json
from collections.abc import Mapping
from typing import Any

TEXT = "text"
MARKDOWN = "markdown"
K6 = "k6"
HTML = "html"
FORMATS = (TEXT, "json", "junit", "codequality", "openmetrics", K6, MARKDOWN, HTML)
# Written beside verdict.json by a gate: what forges and people read on a merge request. HTML takes
# a second to draw and an extra's libraries, so it is asked for.
BESIDE = {
    "junit": "junit.xml",
    "codequality": "codequality.json",
    "openmetrics": "metrics.txt",
    MARKDOWN: "report.md",
    K6: "load-performance.json",
    HTML: "report.html",
}


def beside(document: Mapping[str, Any], *, html: bool) -> dict[str, str]:
    """Those of BESIDE that ``document`` has: k6 only where requests were sent."""
    from mlci.reports.k6 import has_requests

    absent = set() if html else {HTML}
    if not has_requests(document):
        absent.add(K6)
    return {name: file for name, file in BESIDE.items() if name not in absent}


def render(
    name: str,
    document: Mapping[str, Any],
    *,
    previous: Mapping[str, Any] | None = None,
    width: int = 120,
    colour: bool = False,
) -> str:
    """``document`` in the form ``name``, ending in a newline. ``previous`` concerns Markdown alone,
    ``width`` and ``colour`` text. Raises Broken when the verdict has nothing to show in that form,
    or a library that the form needs isn't installed."""
    if name == TEXT:
        from mlci.reports import text

        return text.render(document, width, colour=colour) + "\n"
    if name == MARKDOWN:
        from mlci.reports import markdown

        return markdown.render(document, previous)
    return _plain(name, document)


def _plain(name: str, document: Mapping[str, Any]) -> str:
    if name == "json":
        return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    if name == "junit":
        from mlci.reports import junit

        return junit.render(document)
    if name == "codequality":
        from mlci.reports import codequality

        return codequality.render(document)
    if name == "openmetrics":
        from mlci.reports import openmetrics

        return openmetrics.render(document)
    if name == K6:
        from mlci.reports import k6

        return k6.render(document)
    if name == HTML:
        from mlci.reports.html import render as whole_page

        return whole_page(document) + "\n"
    raise ValueError(name)

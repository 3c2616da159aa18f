"""The forms of a verdict by name. A form's module is imported only when it is asked for."""

import json
from collections.abc import Mapping
from typing import Any

TEXT = "text"
MARKDOWN = "markdown"
FORMATS = (TEXT, "json", "junit", "codequality", "openmetrics", "k6", MARKDOWN, "html")
# Written beside verdict.json by every gate: what forges and people read on a merge request.
BESIDE = {"junit": "junit.xml", "codequality": "codequality.json", MARKDOWN: "report.md"}


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
    if name == "k6":
        from mlci.reports import k6

        return k6.render(document)
    if name == "html":
        from mlci.reports.html import render as whole_page

        return whole_page(document)
    raise ValueError(name)

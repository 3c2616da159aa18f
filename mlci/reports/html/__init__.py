"""A verdict as one HTML file that people read: offline, on a phone, printed, in light and dark."""

from collections.abc import Mapping
from typing import Any

from mlci.errors import Broken
from mlci.reports.contents import reading_details


def render(document: Mapping[str, Any]) -> str:
    """Raises Broken when ``document`` is no verdict, or the extra ``html`` isn't installed."""
    can_draw()
    from mlci.reports.html.page import page

    with reading_details():
        return page(document)


def can_draw() -> None:
    """Raises Broken when the extra ``html`` isn't installed."""
    try:
        import mlci.reports.html.page  # noqa: F401
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] not in (
            "jinja2",
            "markupsafe",
            "matplotlib",
        ):
            raise
        raise Broken(
            place="the HTML report",
            found=f"no {error.name}",
            expected="the libraries of the extra html",
            next_step="pip install 'mlci[html]'",
        ) from None

"""A picture with its caption, as the page places it."""

from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True, kw_only=True)
class Figured:
    """``note`` says the sample size behind it; ``champion``: its curve is there too."""

    title: str
    picture: Markup
    note: str
    champion: bool

"""The corrections that decisions rest on, from corrections.toml."""

import tomllib
from pathlib import Path
from typing import NamedTuple


class Correction(NamedTuple):
    """``found`` is code of ``file``, ``instead`` what it would say without the correction."""

    file: str
    why: str
    found: str
    instead: str


CORRECTIONS = [
    Correction(**each)
    for each in tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))[
        "correction"
    ]
]

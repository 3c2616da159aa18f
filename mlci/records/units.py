"""Text with a unit -> a number in SI units. The schemas admit only what these can read."""

import re
from collections.abc import Callable, Mapping
from typing import Any

Unit = Callable[[Any], float]

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES: Mapping[str, int] = {
    "B": 1,
    **{f"{prefix}B": 1000**power for power, prefix in enumerate("kMGT", start=1)},
    **{f"{prefix}iB": 1024**power for power, prefix in enumerate("KMGT", start=1)},
}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)(B|[kMGT]B|[KMGT]iB)", re.ASCII)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def seconds(text: str) -> float:
    """``"25ms"`` -> 0.025. Raises ValueError on anything else than number and unit."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no duration such as 25ms, 30s, 2m, 1h or 1d")
    return float(match[1]) * _SECONDS[match[2]]


def seconds_text(value: float) -> str:
    """``90 s``, ``5 min``, ``2 h``: the largest unit that leaves no tail."""
    for unit, name in ((3600, "h"), (60, "min")):
        if value >= unit and value % unit == 0:
            return f"{value / unit:g} {name}"
    return f"{value:g} s"


def size(text: str) -> float:
    """``"50MB"`` -> 50_000_000.0, ``"1KiB"`` -> 1024.0. Raises ValueError on anything else."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no size such as 800kB, 50MB, 1.5GB or 64MiB")
    return float(match[1]) * _BYTES[match[2]]


def size_text(value: float) -> str:
    """Bytes as people read them: ``48.2 MB``; those below a thousand are whole."""
    for unit, prefix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:.1f} {prefix}B"
    return f"{value:.0f} B"


def share(value: str | int | float) -> float:
    """``"0.5%"`` -> 0.005; a number is a share already. Raises ValueError outside 0..1."""
    percent = isinstance(value, str) and value.endswith("%")
    number = float(str(value)[:-1]) / 100 if percent else float(value)
    if not 0.0 <= number <= 1.0:
        raise ValueError(f"{value!r} is no share between 0% and 100%")
    return number


def per_second(text: str) -> float:
    """``"200/s"`` -> 200.0. Raises ValueError on anything else."""
    if not text.endswith("/s"):
        raise ValueError(f"{text!r} is no rate such as 200/s")
    return float(text[:-2])

"""Text with a unit -> a number in SI units. The schemas admit only what these can read."""

import re

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def seconds(text: str) -> float:
    """``"25ms"`` -> 0.025. Raises ValueError on anything else than number and unit."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no duration such as 25ms, 30s, 2m, 1h or 1d")
    return float(match[1]) * _SECONDS[match[2]]


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

"""What a policy asks of a size gate: a limit in the metric's own unit."""

from collections.abc import Mapping
from typing import Any

from mlci.manifest.problems import Problems, one_of, show
from mlci.manifest.quantities import amount
from mlci.records.limit import LimitKind
from mlci.records.metric import COLD_START, MODEL_BYTES, PEAK_MEMORY
from mlci.records.source import Key
from mlci.records.units import Unit, seconds, size

_MAXIMUM = LimitKind.MAXIMUM.value
_BYTES, _SECONDS = (size, "a size such as 50MB"), (seconds, "a duration such as 2s")
_UNITS: Mapping[str, tuple[Unit, str]] = {
    MODEL_BYTES: _BYTES,
    PEAK_MEMORY: _BYTES,
    COLD_START: _SECONDS,
}


def check_size(entry: Mapping[str, Any], keys: tuple[Key, ...], problems: Problems) -> None:
    if _MAXIMUM not in entry and "champion" not in entry:
        problems.add(keys, "a gate without a limit", one_of([_MAXIMUM, "champion"]))
    metric, given = str(entry.get("metric")), entry.get(_MAXIMUM)
    if metric in _UNITS and isinstance(given, str):
        unit, expected = _UNITS[metric]
        readable = amount(size, given) is not None or amount(seconds, given) is not None
        if readable and not amount(unit, given):
            problems.add((*keys, _MAXIMUM), show(given), f"{expected}, above 0")
    if metric == MODEL_BYTES and "starts" in entry:
        found = f"starts of {MODEL_BYTES}"
        problems.add((*keys, "starts"), found, "none: a file is looked at once, and not started")


def limits_of_size(entry: Mapping[str, Any]) -> list[str]:
    """What tells its judgements from those of other entries of the same name."""
    kinds = [_MAXIMUM] if _MAXIMUM in entry else []
    kinds += [LimitKind.MAXIMUM_RATIO.value] if "champion" in entry else []
    return [f"{kind} of {entry.get('metric')}" for kind in kinds]

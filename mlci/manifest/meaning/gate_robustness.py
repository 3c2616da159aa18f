"""What a policy asks of a robustness gate: changes of the rows, and limits that can be met."""

from collections.abc import Mapping
from typing import Any

from mlci.manifest.document import dig
from mlci.manifest.problems import Problems, one_of, show
from mlci.manifest.quantities import amount
from mlci.records.limit import LimitKind
from mlci.records.metric import FLIP_RATE
from mlci.records.source import Key
from mlci.records.units import share

_MAXIMUM, _MARGIN = LimitKind.MAXIMUM.value, LimitKind.MARGIN.value


def check_robustness(entry: Mapping[str, Any], keys: tuple[Key, ...], problems: Problems) -> None:
    if _MAXIMUM not in entry and "champion" not in entry:
        problems.add(keys, "a gate without a limit", one_of([_MAXIMUM, "champion"]))
    maximum, margin = entry.get(_MAXIMUM), dig(entry, "champion", _MARGIN)
    if amount(share, maximum) in (0.0, 1.0):
        expected = "a share above 0% and below 100%"
        problems.add((*keys, _MAXIMUM), show(maximum), expected)
    if amount(share, margin) == 1.0:
        problems.add((*keys, "champion", _MARGIN), show(margin), "a share below 100%")
    for kind in _perturbations(entry):
        given = dig(entry, "perturbations", kind, "share")
        if amount(share, given) == 0.0:
            where = (*keys, "perturbations", kind, "share")
            problems.add(where, show(given), "a share above 0%")


def limits_of_robustness(entry: Mapping[str, Any]) -> list[str]:
    """What tells its judgements from those of other entries of the same name."""
    kinds = [_MAXIMUM] if _MAXIMUM in entry else []
    kinds += [_MARGIN] if "champion" in entry else []
    return [
        f"{kind} of {FLIP_RATE} under {perturbation}"
        for perturbation in _perturbations(entry)
        for kind in kinds
    ]


def _perturbations(entry: Mapping[str, Any]) -> list[str]:
    given = entry.get("perturbations")
    return [str(kind) for kind in given] if isinstance(given, Mapping) else []

"""The gates that there are, by the name that policies use; each is imported when asked for.

Those that are not built in are looked for among what installed packages bring.
"""

import difflib
import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

from mlci.errors import BadInput
from mlci.gates.halves import Halves
from mlci.gates.protocol import Gate

GATES: Mapping[str, str] = MappingProxyType(
    {
        "accuracy": "mlci.gates.accuracy",
        "data": "mlci.gates.data",
        "fairness": "mlci.gates.fairness",
        "load": "mlci.gates.load",
        "robustness": "mlci.gates.robustness",
        "size": "mlci.gates.size",
    }
)


def goes_first(gate: str) -> bool:
    """Whether nothing else is measured before this gate holds. Raises BadInput as ``find`` does."""
    return bool(getattr(find(gate), "GOES_FIRST", False))


def halves(gate: str) -> Halves | None:
    """How the gate is taken apart; None where it can't be. Raises BadInput as ``find`` does."""
    found: Halves | None = getattr(find(gate), "HALVES", None)
    return found


def find(gate: str) -> Gate:
    """The gate's module. Raises BadInput, with the nearest name, for one that doesn't exist, and
    Broken for one of a package that can't be used."""
    if gate not in GATES:
        from mlci.gates.brought.gate import CheckedGate
        from mlci.plugins.gates import brought

        if (found := brought(gate)) is not None:
            return cast(Gate, CheckedGate(brought=found))
        near = difflib.get_close_matches(gate, GATES, n=1)
        raise BadInput(
            place=f"gate {gate!r}",
            found="no such gate",
            expected=f"one of {', '.join(GATES)}" + (f" (nearest: {near[0]})" if near else ""),
            next_step="correct the policy's gates, or install the package that brings it",
        )
    return cast(Gate, importlib.import_module(GATES[gate]))

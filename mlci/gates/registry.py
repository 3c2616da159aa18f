"""The gates that there are, by the name that policies use; each is imported when asked for."""

import difflib
import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

from mlci.errors import BadInput
from mlci.gates.protocol import Gate

GATES: Mapping[str, str] = MappingProxyType(
    {
        "accuracy": "mlci.gates.accuracy",
        "fairness": "mlci.gates.fairness",
        "load": "mlci.gates.load",
    }
)


def find(gate: str) -> Gate:
    """The gate's module. Raises BadInput, with the nearest name, for one that doesn't exist."""
    if gate not in GATES:
        near = difflib.get_close_matches(gate, GATES, n=1)
        raise BadInput(
            place=f"gate {gate!r}",
            found="no such gate",
            expected=f"one of {', '.join(GATES)}" + (f" (nearest: {near[0]})" if near else ""),
            next_step="correct the policy's gates",
        )
    return cast(Gate, importlib.import_module(GATES[gate]))

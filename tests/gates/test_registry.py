import subprocess
import sys

import pytest

from mlci.errors import BadInput
from mlci.gates.registry import GATES, find


def test_the_registry_is_sorted_and_every_gate_says_its_own_name():
    assert list(GATES) == sorted(GATES)
    for name in GATES:
        gate = find(name)
        assert name == gate.ID
        assert all(callable(getattr(gate, half)) for half in ("plan", "measure", "judge"))


def test_an_unknown_gate_names_the_nearest():
    with pytest.raises(BadInput, match=r"'acuracy'.*nearest: accuracy"):
        find("acuracy")
    with pytest.raises(BadInput, match="one of accuracy, data, fairness, load, robustness, size"):
        find("zzz")


def test_a_gate_is_imported_only_when_asked_for():
    code = "import sys, mlci.gates.registry; sys.exit('mlci.gates.accuracy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

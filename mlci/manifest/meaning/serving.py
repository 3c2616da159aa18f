"""Variables and resources that a container can have."""

import re
from typing import Any

from mlci.manifest.document import dig
from mlci.manifest.problems import Problems, show

_VARIABLE = re.compile(r"(?!MLCI_)[A-Za-z_][A-Za-z0-9_]*")


def check_serving(value: Any, problems: Problems) -> None:
    """Adds what is wrong with the meaning of whatever could be read."""
    keys = ("spec", "serving", "env")
    variables = dig(value, *keys)
    for name in variables if isinstance(variables, dict) else ():
        if not _VARIABLE.fullmatch(name):
            expected = "letters, digits and _, no digit first, and not MLCI_, which mlci sets"
            problems.add((*keys, name), show(name), expected)
    limits = dig(value, "spec", "serving", "resources", "limits")
    requests = dig(value, "spec", "serving", "resources", "requests")
    gpu = "nvidia.com/gpu"
    if dig(requests, gpu) is not None and dig(requests, gpu) != dig(limits, gpu):
        where = ("spec", "serving", "resources", "requests", gpu)
        problems.add(where, "GPUs requested", "the same number of them in limits: none is shared")

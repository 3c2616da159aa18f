"""Evaluates conditions in this process, which may die of them; see ``mlci.expressions.decide``.

Reads ``{"expressions": [...], "data": {...}}`` from stdin and writes one line of JSON for each
expression as soon as it is decided: ``[true, ""]``, ``[false, ""]`` or ``[null, "why not"]``.
"""

import json
import resource
import sys
from typing import Any

from cel_expr_python import cel

MEMORY = 512 * 1024 * 1024  # bytes of address space; a rule over 10,000 judgements needs 200 MB
SECONDS = 1  # of CPU a rule, at least; one that is not a trap needs microseconds


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    asked = json.load(sys.stdin)
    environment = cel.NewEnv(variables=dict.fromkeys(asked["data"], cel.Type.DYN))
    for expression in asked["expressions"]:
        _allow(SECONDS)
        print(json.dumps(_decided(environment, expression, asked["data"])), flush=True)  # noqa: T201


def _allow(seconds: int) -> None:
    """From now on; at the end of it the process is killed."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _decided(environment: Any, expression: str, data: Any) -> tuple[bool | None, str]:
    try:
        result = environment.compile(expression).eval(data=data)
    except MemoryError:
        return None, f"it needs more than {MEMORY // 1024**2} MiB of memory"
    except Exception as error:  # the library raises RuntimeError for all that it can't do
        return None, str(error).splitlines()[0]
    kind, value = result.type().name(), result.value()
    # An error is a value too, and a truthy one.
    if kind == "BOOL" and value is True:
        return True, ""
    if kind == "BOOL" and value is False:
        return False, ""
    return None, str(value) if kind == "ERROR" else f"its value is of type {kind}, not BOOL"


if __name__ == "__main__":
    main()

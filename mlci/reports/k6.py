"""The load part of a verdict in the form that k6 writes with ``--summary-export``, which GitLab's
load performance report reads (its widget shows checks, ``http_req_waiting`` and ``http_reqs``).

The form: k6's documentation, "End of test", ``--summary-export``. Times in milliseconds. k6 tells
waiting for an answer from reading it; mlci measures from the scheduled time to the end of the
answer, which bounds both from above, so both hold that.
"""

import json
from collections.abc import Mapping
from typing import Any

from mlci.errors import Broken
from mlci.records.outcome import Outcome
from mlci.reports.contents import Contents, Item, read, reading_details

_FIELDS = {
    "avg": "mean",
    "min": "minimum",
    "med": "p50",
    "max": "maximum",
    "p(90)": "p90",
    "p(95)": "p95",
    "p(99)": "p99",
}


def render(document: Mapping[str, Any]) -> str:
    """Of the first gate with requests. Raises Broken for a verdict without any."""
    load = _load(read(document))
    with reading_details():
        summary = _summary(load)
    return json.dumps(summary, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _summary(load: list[Item]) -> dict[str, Any]:
    arm = load[0].judgement.details["candidate"]
    trend = {name: arm[key] * 1e3 for name, key in _FIELDS.items() if arm.get(key) is not None}
    failed, requests = int(arm["failed"]), int(arm["requests"])
    checks = {each.planned.id: _check(each) for each in load}
    passes = sum(each["passes"] for each in checks.values())
    return {
        "root_group": {
            "name": "",
            "path": "",
            "id": "d41d8cd98f00b204e9800998ecf8427e",  # k6 names a group by the MD5 of its path
            "groups": {},
            "checks": checks,
        },
        "metrics": {
            "checks": {
                "value": passes / len(checks),
                "passes": passes,
                "fails": len(checks) - passes,
            },
            "http_req_duration": {**trend, "thresholds": _thresholds(load)},
            "http_req_waiting": trend,
            "http_req_failed": {
                "value": failed / requests,
                "passes": failed,
                "fails": requests - failed,
            },
            "http_reqs": {
                "count": requests,
                "rate": requests / seconds if (seconds := arm.get("seconds")) else None,
            },
        },
    }


def has_requests(document: Mapping[str, Any]) -> bool:
    """Whether ``render`` finds anything in it."""
    return any(_requests(each) for each in read(document).items)


def _load(contents: Contents) -> list[Item]:
    every = [each for each in contents.items if _requests(each)]
    if not every:
        raise Broken(
            place="verdict",
            found="no judgement with requests to the candidate",
            expected="a load gate that has measured",
            next_step="add a load gate to the policy, or take another format",
        )
    first = every[0].planned
    return [
        each
        for each in every
        if (each.planned.policy, each.planned.gate) == (first.policy, first.gate)
    ]


def _requests(item: Item) -> bool:
    arm = item.judgement.details.get("candidate")
    return isinstance(arm, Mapping) and bool(arm.get("requests"))


def _check(item: Item) -> dict[str, Any]:
    passed = int(item.outcome is Outcome.PASS)
    return {
        "name": item.planned.id,
        "path": f"::{item.planned.id}",
        "id": item.planned.id,
        "passes": passed,
        "fails": 1 - passed,
    }


def _thresholds(load: list[Item]) -> dict[str, bool]:
    """k6 writes true for a threshold that was crossed."""
    return {
        f"p({each.planned.metric[1:]})<{each.planned.limit.value * 1e3:g}": each.outcome
        is not Outcome.PASS
        for each in load
        if each.planned.limit.kind == "objective" and each.planned.metric.startswith("p")
    }

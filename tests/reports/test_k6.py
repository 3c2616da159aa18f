"""k6's summary, as GitLab's load performance report reads it."""

import json

import pytest

from mlci.errors import Broken
from mlci.reports.json import to_json
from mlci.reports.k6 import render

ARM = {
    "requests": 400,
    "failed": 4,
    "seconds": 2.0,
    "p50": 0.002,
    "p90": 0.004,
    "p95": 0.005,
    "p99": 0.01,
    "mean": 0.0025,
    "minimum": 0.001,
    "maximum": 0.02,
}


def load(judgement, name, outcome="PASS", **fields):
    return judgement(name, outcome, kind="objective", details={"candidate": ARM}, **fields)


def test_what_the_widget_shows(judgement, verdict):
    made = verdict(
        judgement("s/accuracy/accuracy/minimum"),
        load(judgement, "s/load/p95/objective", metric="p95", limit=0.25),
        load(judgement, "s/load/p99/objective", "FAIL", metric="p99", limit=0.005),
        load(judgement, "s/load/errorRate/objective", metric="errorRate", limit=0.02),
        outcome="FAIL",
    )
    metrics = json.loads(render(to_json(made)))["metrics"]
    assert metrics["checks"] == {"value": 2 / 3, "passes": 2, "fails": 1}
    assert metrics["http_req_waiting"] == {
        "avg": 2.5, "min": 1.0, "med": 2.0, "max": 20.0, "p(90)": 4.0, "p(95)": 5.0, "p(99)": 10.0,
    }  # fmt: skip
    assert metrics["http_reqs"] == {"count": 400, "rate": 200.0}
    assert metrics["http_req_failed"] == {"value": 0.01, "passes": 4, "fails": 396}
    crossed = {"p(95)<250": False, "p(99)<5": True}
    assert metrics["http_req_duration"]["thresholds"] == crossed


def test_a_real_run(documents):
    summary = json.loads(render(documents["fail"]))
    trend = summary["metrics"]["http_req_duration"]
    assert 0 < trend["min"] <= trend["med"] <= trend["p(90)"] <= trend["p(95)"] <= trend["max"]
    assert set(summary["root_group"]["checks"]) == {
        each["id"] for each in documents["fail"]["judgements"] if "/load/" in each["id"]
    }


def test_a_verdict_without_load_says_so(judgement, verdict):
    with pytest.raises(Broken, match="no judgement with requests"):
        render(to_json(verdict(judgement("a"))))

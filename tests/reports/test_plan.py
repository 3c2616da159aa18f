"""The plan's text from its document."""

import pytest

from mlci.reports.plan import render

DIGEST = "sha256:" + "ab" * 32


def _judgement(**changes):
    return {
        "id": "all/accuracy/roc_auc/minimum",
        "policy": "all",
        "gate": "accuracy",
        "metric": "roc_auc",
        "required": True,
        "confidence": 0.95,
        "limit": {"kind": "minimum", "value": 0.8},
        "n": 1500,
        "unit": "rows",
        "detectable": 0.0231,
        "assuming": "an area at the limit",
        "warning": None,
        **changes,
    }


def _waiver(**changes):
    return {
        "gate": "accuracy",
        "metric": None,
        "reason": "known",
        "approver": "Ann",
        "granted": "2026-11-01",
        "expires": "2026-12-01",
        "applies": True,
        "why": None,
        **changes,
    }


def _plan(*judgements, **changes):
    return {
        "release": {"path": "releases/m/e.yaml", "version": "2.0.0", "digest": DIGEST},
        "held": None,
        "onRecord": None,
        "champion": None,
        "policies": [
            {
                "name": "all",
                "path": "policies/all.yaml",
                "commit": "c" * 40,
                "digest": DIGEST,
                "extends": {"name": "baseline", "digest": DIGEST},
                "rules": [{"id": "owner", "control": "C 1", "title": "Who answers", "place": ""}],
                "waivers": [_waiver(), _waiver(metric="f1", applies=False, why="it expired")],
            }
        ],
        "evaluation": {"name": "exam", "digest": DIGEST, "rows": 16281},
        "judgements": list(judgements),
        "warnings": [],
        "gateSeconds": 131.2,
        "stages": [
            {"step": 1, "says": "at 5 %", "waitsFor": "2 min of watching without harm"},
            {"step": 2, "says": "{pause: approval}", "waitsFor": "a person"},
        ],
        "watch": {
            "bakeSeconds": 210.0,
            "minimumRequests": 500,
            "deadlineSeconds": 7200.0,
            "keepWatchingSeconds": 3600.0,
        },
        **changes,
    }


def test_a_plan_as_a_whole():
    warned = _judgement(id="all/load/p95/objective", required=False, warning="too few requests")
    assert render(_plan(_judgement(), warned, warnings=["all/load: hardly"])).splitlines() == [
        "release   releases/m/e.yaml 2.0.0 (sha256:abababababab…)",
        "champion  none: a first release, absolute limits decide",
        "policy    policies/all.yaml at cccccccccc (sha256:abababababab…)",
        "          extends baseline (sha256:abababababab…)",
        "          rule owner: Who answers (C 1)",
        "          waiver of accuracy by Ann until 2026-12-01, would apply",
        "          waiver of accuracy (f1) by Ann until 2026-12-01, would not apply: it expired",
        "exam      exam, 16,281 rows (sha256:abababababab…)",
        "",
        "judgement                            limit        from        can show",
        "-------------------------------  ---------  ----------  --------------",
        "all/accuracy/roc_auc/minimum     >= 0.8000  1,500 rows  0.8231 or more",
        "    assuming an area at the limit",
        "all/load/p95/objective (advice)  >= 0.8000  1,500 rows  0.8231 or more",
        "    assuming an area at the limit; warning: too few requests",
        "",
        "warning: all/load: hardly",
        "gate      at most 132 s",
        "delivery  1. at 5 %; waits for 2 min of watching without harm",
        "          2. {pause: approval}; waits for a person",
        "          promoted after 500 requests and with evidence, at most 2 h",
        "          watched for 1 h after promotion",
    ]


@pytest.mark.parametrize(
    ("metric", "kind", "value", "shown", "cells"),
    [
        ("accuracy", "minimum", 0.8, 0.02, (">= 80.00 %", "82.00 % or more")),
        ("roc_auc", "minimum", 0.8, 0.02, (">= 0.8000", "0.8200 or more")),
        ("brier", "maximum", 0.3, 0.02, ("<= 0.3000", "0.2800 or less")),
        ("accuracy", "margin", 0.02, 0.0123, ("> -2.00 pp", "within 1.23 pp")),
        ("selection_rate", "maximumDifference", 0.1, 0.15, ("<= +10.00 pp", "15.00 pp or more")),
        ("selection_rate", "minimumRatio", 0.8, 0.71, (">= x0.800", "x0.710 or less")),
        ("errorRate", "objective", 0.001, 0.0004, ("<= 0.10 %", "0.06 % or less")),
        ("p95", "objective", 0.05, None, ("<= 50.0 ms", "-")),
        ("p95", "maximumRatio", 1.1, None, ("<= x1.100", "-")),
    ],
)
def test_limits_and_what_can_be_shown_have_one_unit(metric, kind, value, shown, cells):
    row = _judgement(metric=metric, limit={"kind": kind, "value": value}, detectable=shown)
    line = next(each for each in render(_plan(row)).splitlines() if each.startswith("all/"))
    assert line.split("1,500 rows")[0].rstrip().endswith(cells[0])
    assert line.endswith(f"  {cells[1]}")


def test_a_champion_and_what_holds_the_release():
    champion = {"version": "1.0.0", "state": "HEALTHY", "delivery": "d" * 64, "commit": "e" * 40}
    text = render(_plan(_judgement(), champion=champion, held="the model REGRESSED " * 9))
    assert "champion  1.0.0 HEALTHY (delivery dddddddddddd, commit eeeeeeeeee)" in text
    assert "HELD      the model REGRESSED" in text
    assert all(len(line) <= 100 for line in text.splitlines())


def test_a_way_back_has_no_table():
    text = render(_plan(onRecord="HEALTHY in delivery d"))
    assert "admitted  on its record, without a gate run: HEALTHY in delivery d" in text
    assert "judgement" not in text
    assert "gate  " not in text

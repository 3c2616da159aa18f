"""The canary benchmark: what its smallest form says, and each rule by hand."""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import mannwhitneyu, norm

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def part(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    return lambda name: importlib.import_module(f"canary.{name}")


def counted(part, errors, *, every: float = 60.0, requests: int = 100):
    """One run, in which the canary has so many errors between two looks, and the others none."""
    traffic: ModuleType = part("traffic")
    canary = np.array(errors)
    nothing = np.zeros_like(canary)
    return traffic.Traffic(
        every=every,
        requests=np.full((1, canary.size, 3), requests),
        errors=np.stack([canary, nothing, nothing], axis=1)[None],
        answers=None,
    )


def test_the_smoke_form_has_every_rule_in_every_cell(tmp_path: Path) -> None:
    output = tmp_path / "rules.json"
    command = [sys.executable, FOLDER / "canary_rules.py", "--smoke", "--output", output]
    command += ["--page", tmp_path / "rules.md"]
    subprocess.run(command, check=True, capture_output=True)
    rows = json.loads(output.read_text(encoding="utf-8"))["rows"]
    cells: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        names = ("requests/s", "traffic", "watched", "canary")
        cells.setdefault(tuple(row[name] for name in names), []).append(row["rule"])
        assert 0.0 <= row["aborts %"] <= 100.0
        assert row["±"] > 0.0
        assert ("median min" in row) == (row["canary"] != "equal")
    lines = (tmp_path / "rules.md").read_text(encoding="utf-8").splitlines()
    assert len(cells) == 18
    assert sum(line.startswith("| constant |") for line in lines) == 8
    assert {len(set(rules)) for rules in cells.values()} == {7, 8}
    assert sum(rule == "mlci, embedded engine" for rules in cells.values() for rule in rules) == 1


def test_argo_aborts_at_the_fourth_measurement_that_fails(part) -> None:
    argo = part("argo")
    looks = np.zeros(80, int)
    looks[[0, 20, 40]] = 6
    assert np.isnan(argo.documented(counted(part, looks, every=15.0)))
    looks[60] = 5
    assert np.isnan(argo.documented(counted(part, looks, every=15.0)))
    looks[60] = 6
    assert argo.documented(counted(part, looks, every=15.0)) == 15.25


def test_flagger_rolls_back_unless_it_has_promoted_before(part) -> None:
    flagger = part("flagger")
    assert flagger.tutorial(counted(part, [2, 0, 2, 0, 2, 0, 2, 0, 2, 0, 0])) == 10
    assert np.isnan(flagger.tutorial(counted(part, [0, 2, 0, 2, 0, 2, 0, 2, 0, 2, 2])))
    assert np.isnan(flagger.tutorial(counted(part, [1] * 12)))
    assert flagger.tutorial(counted(part, [0] * 5, requests=0)) == 6


def test_kayenta_takes_the_lower_end_of_the_interval(part) -> None:
    """Against the root that its own code solves for, by scipy's statistic."""
    high = part("kayenta")._high
    random = np.random.default_rng(3)
    seen = set()
    for shift in (0.0, 0.8, 1.0, 1.2, 1.5) * 2:
        canary, base = random.normal(10.0 + shift, 1.0, 20), random.normal(10.0, 1.0, 20)

        def statistic(assumed: float, x=canary, y=base) -> float:
            p = mannwhitneyu(x - assumed, y, alternative="greater", method="asymptotic").pvalue
            return float(norm.isf(p)) - float(norm.isf(0.01))

        estimate = float(np.median(canary[:, None] - base[None, :]))
        lower = brentq(statistic, min(canary) - max(base), max(canary) - min(base))
        expected = lower > 0.25 * abs(estimate)
        seen.add(expected)
        assert bool(high(canary[None], base[None])[0]) == expected
    assert seen == {False, True}


def test_a_quantile_is_interpolated_within_its_bucket(part) -> None:
    traffic = part("traffic")
    answers = np.zeros((1, 1, 3, len(traffic.EDGES)), int)
    answers[0, 0, 0, 4:6] = (50, 50)
    one = traffic.Traffic(
        every=60.0, requests=answers.sum(-1), errors=answers.sum(-1), answers=answers
    )
    assert traffic.quantile(one, 0, 0.75)[0, 0] == pytest.approx(0.0375)
    assert np.isnan(traffic.quantile(one, 1, 0.75)[0, 0])


def test_bursts_keep_the_mean_and_scatter_by_half_of_it(part) -> None:
    traffic = part("traffic")
    drawn = traffic.draw(
        traffic.Scenario(name="", rate=1e6, burst=60.0),
        traffic.Fault(name="", errors=2.0),
        runs=50,
        minutes=60.0,
        every=15.0,
        latency=False,
        seed=1,
    )
    shares = drawn.summed(60).errors / drawn.summed(60).requests
    means, spreads = shares.mean((0, 1)), shares.std((0, 1))
    assert means == pytest.approx([0.01, 0.005, 0.005], rel=0.05)
    assert spreads / means == pytest.approx([0.5, 0.5, 0.5], rel=0.05)

"""`mlci plan`: what would be judged against whom, and what this exam can show."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from mlci.records.delivery import State

DATA, EXAM, POLICY = "data/exam.parquet", "evaluations/exam.yaml", "policies/all.yaml"
PRODUCTION = "releases/income/production.yaml"
LOAD = (
    "{gate: load, rate: 50/s, objectives: {p95: 50ms, errorRate: 0.1%},"
    " champion: {maximumRatio: {p95: 1.1}}, budget: 60s}"
)


def _plan(world):
    done = world.run("plan", PRODUCTION, "--format", "json")
    assert done.code == 0, done.err
    return done.fits("plan")


def _rows(plan):
    return {each["id"].removeprefix("all/"): each for each in plan["judgements"]}


def test_a_first_release(world):
    plan = _plan(world)
    assert plan["champion"] is None
    assert plan["policies"][0]["commit"] == world.git("rev-parse", "origin/main")
    assert plan["evaluation"]["rows"] == 1500
    assert [*_rows(plan)] == [
        "accuracy/roc_auc/minimum",
        "fairness/selection_rate/maximumDifference/sex",
    ]
    assert [each["warning"] for each in plan["judgements"]] == [None, None]
    text = world.run("plan", PRODUCTION).says("champion  none: a first release").out
    assert "roc_auc/minimum" in text
    assert "or more" in text
    assert "1. has all traffic: a first release; waits for 1 min of watching" in text


def test_against_a_champion_its_margins_are_forecast(world, make):
    record = world.record(State.ADMITTED, State.HEALTHY)
    world.propose(make.model("s", "2"))
    plan = _plan(world)
    assert plan["champion"]["delivery"] == record.delivery
    rows = _rows(plan)
    margins = [each for name, each in rows.items() if "margin" in name]
    assert len(margins) == 2
    assert all(0 < each["detectable"] < 0.2 for each in margins)
    world.run("plan", PRODUCTION).says("champion  1.0.0 HEALTHY", record.delivery[:12], "within ")


def test_the_forecast_of_an_area_is_what_the_gate_then_finds(world):
    """Of the same order as the effect that the run itself says it could show."""
    said = _rows(_plan(world))["accuracy/roc_auc/minimum"]["detectable"]
    judgements = world.gate("--format", "json").json["judgements"]
    assert 0.5 < said / judgements[0]["detectable"] < 2
    gap = _rows(_plan(world))["fairness/selection_rate/maximumDifference/sex"]["detectable"]
    assert 0.8 < gap / judgements[1]["detectable"] < 1.25


def test_ratios_of_groups_can_show_a_ratio(world, make):
    gate = "{gate: fairness, metric: selection_rate, by: [sex], minimumRatio: 0.8}"
    world.merge({POLICY: make.policy(gate)})
    (row,) = _rows(_plan(world)).values()
    assert 0.5 < row["detectable"] < 0.8
    world.run("plan", PRODUCTION).says("x0.6", " or less")


def test_groups_that_are_too_small_are_named(world, make):
    gate = (
        "{gate: fairness, metric: selection_rate, by: [race], maximumDifference: 0.1,"
        " champion: {margin: 0.02}}"
    )
    world.merge({POLICY: make.policy(gate)})
    world.record(State.ADOPTED)
    world.propose(make.model("s", "2"))
    rows = _rows(_plan(world))
    assert (
        "limit: C with any other"
        in rows["fairness/selection_rate/maximumDifference/race"]["warning"]
    )
    margin = rows["fairness/selection_rate/margin/race"]["warning"]
    assert "the margin of 0.02 is narrower" in margin
    assert "too few rows to show twice the limit: " in margin


def test_slices_say_what_the_largest_notices_and_name_the_small(world, make):
    gate = "{gate: accuracy, metric: accuracy, minimum: 0.9, slices: [race]}"
    world.merge({POLICY: make.policy(gate)})
    rows = _rows(_plan(world))
    assert rows["accuracy/accuracy/minimum"]["n"] == rows["accuracy/accuracy/minimum/race"]["n"]
    sliced = rows["accuracy/accuracy/minimum/race"]
    assert rows["accuracy/accuracy/minimum"]["detectable"] < sliced["detectable"]
    assert sliced["warning"] == "too few rows to show twice the limit: C"


def test_a_limit_that_no_row_count_shows_is_warned_of(world, make):
    content = make.parquet(rows=30)
    gate = "{gate: accuracy, metric: accuracy, minimum: 0.95}"
    files = {DATA: content, EXAM: make.exam(content), POLICY: make.policy(gate)}
    world.merge(files)
    (row,) = _rows(_plan(world)).values()
    assert (row["detectable"], row["warning"]) == (None, "even all rows right would not show it")


def test_a_margin_that_is_too_narrow_is_warned_of(world, make):
    world.merge(
        {
            POLICY: make.policy(
                "{gate: accuracy, metric: accuracy, minimum: 0.5, champion: {margin: 0.001}}"
            )
        }
    )
    world.record(State.ADOPTED)
    world.propose(make.model("s", "2"))
    row = _rows(_plan(world))["accuracy/accuracy/margin"]
    assert row["warning"] == "the margin of 0.001 is narrower"


def test_a_load_gate_says_its_requests_and_what_they_show(world, make):
    world.merge({POLICY: make.policy(LOAD)})
    world.record(State.ADOPTED)
    world.propose(make.model("s", "2"))
    plan = _plan(world)
    rows = _rows(plan)
    latency, errors = rows["load/p95/objective"], rows["load/errorRate/objective"]
    assert latency["unit"] == errors["unit"] == "requests"
    assert 500 < latency["n"] < 1500
    assert "of requests slower than the limit (5% may be)" in latency["assuming"]
    ratio = rows["load/p95/maximumRatio"]
    assert (ratio["unit"], ratio["detectable"]) == ("pairs of blocks", None)
    assert "blocks whose ratios spread by at most" in ratio["assuming"]
    assert plan["gateSeconds"] > 60
    (warning,) = plan["warnings"]
    assert warning.startswith("all/load: errorRate within 0.10% of requests can't be shown")
    world.run("plan", PRODUCTION).says("warning: all/load: errorRate", "gate      at most")


def test_starts_and_perturbed_rows(world, make):
    """What is planned is judged: a file and perturbed rows need no server."""
    gates = [
        "{gate: size, metric: model_bytes, maximum: 50MB, champion: {maximumRatio: 1.5}}",
        "{gate: robustness, perturbations: {noise: {columns: [s], scale: 0.1}},"
        " maximum: 20%, champion: {margin: 5%}}",
    ]
    world.merge({POLICY: make.policy(*gates, "{gate: size, metric: cold_start, maximum: 9s}")})
    world.record(State.ADOPTED)
    world.propose(make.model("s", "2"))
    plan = _plan(world)
    rows = _rows(plan)
    cold = rows.pop("size/cold_start/maximum")
    assert (cold["n"], cold["unit"]) == (11, "starts")
    assert plan["gateSeconds"] > 15
    assert {each["unit"] for name, each in rows.items() if "size" in name} == {"file"}
    flips = rows["robustness/flip_rate/maximum/noise"]
    assert (flips["n"], flips["unit"], flips["warning"]) == (1500, "rows", None)
    world.run("plan", PRODUCTION).says("11 starts", "50.0 MB or less", "20.00 %")

    world.merge({POLICY: make.policy(*gates)})
    world.propose(make.model("s", "2"))
    done = world.gate("--format", "json")
    judged = {each["id"].removeprefix("all/"): each for each in done.fits("verdict")["judgements"]}
    assert [*judged] == [*rows]
    assert {each["outcome"] for each in judged.values()} == {"PASS"}
    world.gate().says("50.0 MB", "x1.0", "pp")


def test_a_held_release_says_so(world, make):
    world.record(State.ADOPTED)
    world.propose(make.model("s", "2"))
    world.merge({}, "release 2.0.0")
    world.record(State.ADMITTED, State.REGRESSED)
    assert "REGRESSED" in _plan(world)["held"]
    world.run("plan", PRODUCTION).says("HELD      model sha256:")


def test_a_way_back_needs_no_gate(world):
    world.record(State.ADMITTED, State.HEALTHY)
    plan = _plan(world)
    assert plan["onRecord"].startswith("HEALTHY in delivery ")
    assert (plan["judgements"], plan["gateSeconds"], plan["held"]) == ([], 0, None)
    world.run("plan", PRODUCTION).says("admitted  on its record, without a gate run")


def test_a_first_release_needs_an_absolute_limit(world, make):
    world.merge(
        {POLICY: make.policy("{gate: accuracy, metric: roc_auc, champion: {margin: 0.01}}")}
    )
    done = world.run("plan", PRODUCTION)
    assert done.code == 3
    done.says(POLICY, "no required judgement", "add a minimum")


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy", "precision", "recall", "f1"])
def test_every_metric_is_forecast_near_what_the_gate_finds(world, make, metric):
    gate = f"{{gate: accuracy, metric: {metric}, minimum: 0.72, champion: {{margin: 0.05}}}}"
    world.merge({POLICY: make.policy(gate)})
    rows = _rows(_plan(world))
    found = world.gate("--format", "json").json["judgements"][0]["detectable"]
    assert 0.5 < rows[f"accuracy/{metric}/minimum"]["detectable"] / found < 2


@pytest.mark.parametrize("metric", ["log_loss", "brier"])
def test_what_only_the_scores_decide_is_not_forecast(world, make, metric):
    world.merge({POLICY: make.policy(f"{{gate: accuracy, metric: {metric}, maximum: 0.7}}")})
    (row,) = _rows(_plan(world)).values()
    assert row["detectable"] is None
    assert row["assuming"] == (
        "nothing: the scores' spread decides, and there is no champion, whose verdict would tell"
    )


def test_what_the_answers_decide_is_forecast_from_the_champions_verdict(world, make):
    gates = [
        "{gate: accuracy, metric: log_loss, maximum: 0.8, champion: {margin: 0.2}}",
        "{gate: accuracy, metric: brier, maximum: 0.3, slices: [sex]}",
    ]
    world.merge({POLICY: make.policy(*gates)})
    world.gate("--record")
    ((name, verdict),) = world.verdicts((world.path / PRODUCTION).read_text()).items()
    told = {each["id"].removeprefix("all/"): each["detectable"] for each in verdict["judgements"]}
    world.record(State.ADMITTED, State.HEALTHY, verdict=name)
    world.propose(make.model("s", "2"))
    rows = _rows(_plan(world))
    margin = rows.pop("accuracy/log_loss/margin")
    assert (margin["detectable"], margin["assuming"]) == (
        None,
        "nothing: the models' answers decide, and the verdict on champion 1.0.0 has no such "
        "judgement",
    )
    assert {name: each["detectable"] for name, each in rows.items()} == pytest.approx(told)
    assert {each["assuming"] for each in rows.values()} == {
        "answers that spread as in the verdict on champion 1.0.0"
    }
    world.merge({EXAM: (world.path / EXAM).read_text() + "# another text\n"})
    for each in _rows(_plan(world)).values():
        assert each["assuming"].endswith("and champion 1.0.0 sat another exam")


def test_rules_waivers_and_packs_of_each_policy_are_listed(world, make):
    today = datetime.now(UTC).date()
    of = "release: {model: income, environment: production, version: %s}"
    until = f'reason: r, approver: Ann, granted: "{today}", expires: "{today + timedelta(days=3)}"'
    text = make.policy("{gate: accuracy, metric: roc_auc, minimum: 0.8}")
    text = text.replace("  gates:", "  extends: high-risk\n  gates:")
    text += "    - {gate: fairness, metric: selection_rate, by: [sex]}\n  waivers:\n"
    for metric, version in (("balanced_accuracy", "1.0.0"), ("balanced_accuracy", "1.9.0")):
        text += f"    - {{gate: quality, metric: {metric}, {of % version}, {until}}}\n"
    world.merge({POLICY: text})
    (policy,) = _plan(world)["policies"]
    assert policy["extends"]["name"] == "high-risk"
    line = next(at for at, each in enumerate(text.splitlines(), 1) if "extends" in each)
    assert {each["place"] for each in policy["rules"]} == {f"{POLICY}:{line}:3"}
    assert "owner-is-named" in {each["id"] for each in policy["rules"]}
    assert [(each["applies"], each["why"]) for each in policy["waivers"]] == [
        (True, None),
        (False, "the waiver of Ann is for version 1.9.0"),
    ]
    world.run("plan", PRODUCTION).says(
        "extends high-risk", "rule owner-is-named", f"until {today + timedelta(days=3)}, would"
    )


def test_an_exam_that_can_not_be_read(world, make):
    content = make.parquet(y=np.full(1500, "yes"))
    world.merge({DATA: content, EXAM: make.exam(content)})
    done = world.run("plan", PRODUCTION)
    assert done.code == 5
    done.says("one label only")


def test_nothing_is_recorded(world):
    world.run("plan", PRODUCTION)
    assert world.git("ls-remote", "origin", "mlci/records") == ""
    assert not world.verdict.exists()

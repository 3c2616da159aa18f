"""The parts of the embedded engine that need no process."""

import dataclasses
import io
import json
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st
from supervisor.options import UnhosedConfigParser, expand

from mlci.delivery.engine import Arm, Role, Route
from mlci.delivery.local import counters, envoy_config, envoy_routes, files, lock
from mlci.delivery.local.clusters import cluster_name
from mlci.delivery.local.supervisor import quote
from mlci.errors import Conflict
from mlci.records.rollout import Header

ONE, TWO = "sha256:" + "1" * 64, "sha256:" + "2" * 64


def route(*weights, model="income"):
    roles, identities = (Role.STABLE, Role.CANARY), (ONE, TWO)
    arms = (
        Arm(identity=identity, role=role, weight=weight)
        for identity, role, weight in zip(identities, roles, weights, strict=False)
    )
    return Route(model=model, arms=tuple(arms))


PRINTABLE = st.text(
    st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\x85\u2028\u2029")
)


@given(st.lists(PRINTABLE, min_size=1, max_size=4))
def test_supervisord_reads_the_arguments_that_were_quoted(arguments):
    parser = UnhosedConfigParser()
    parser.read_file(io.StringIO(f"[program:x]\ncommand = {quote(arguments)}\n"))
    command = expand(parser.get("program:x", "command"), {"here": "/"}, "command")
    assert shlex.split(command) == arguments


def test_a_control_character_is_refused():
    with pytest.raises(ValueError, match="control character"):
        quote(["a\nautostart = false"])


@pytest.mark.parametrize("weights", [(50, 40), (110, -10)])
def test_weights_that_are_no_split_are_refused(weights):
    with pytest.raises(ValueError, match="sum of 100"):
        route(*weights)


def test_an_arm_named_twice_is_refused():
    arm = Arm(identity=ONE, role=Role.STABLE, weight=50)
    with pytest.raises(ValueError, match="twice"):
        Route(model="income", arms=(arm, arm))


TESTERS = (Header(name="x-tester", value="yes"),)


def test_testers_and_copies_need_a_canary_and_nothing_else_may_be_unserved():
    alone = Arm(identity=TWO, role=Role.CANARY, weight=0)
    assert Route(model="income", arms=(alone,), testers=TESTERS).canary == TWO
    with pytest.raises(ValueError, match="sum of 100"):
        Route(model="income", arms=(alone,))
    stable = route(100).arms
    for how in ({"testers": TESTERS}, {"shadow": 0.1}):
        with pytest.raises(ValueError, match="no canary"):
            Route(model="income", arms=stable, **how)
    with pytest.raises(ValueError, match=r"a share 0\.\.1"):
        dataclasses.replace(route(95, 5), shadow=1.5)


def test_routes_come_back_from_what_is_written_for_envoy():
    desired = (
        route(95, 5),
        route(100, model="adult"),
        dataclasses.replace(route(100, 0, model="churn"), testers=TESTERS, shadow=0.25),
        Route(
            model="fraud",
            arms=(Arm(identity=TWO, role=Role.CANARY, weight=0),),
            testers=TESTERS,
        ),
    )
    table = envoy_routes.routes(desired, {ONE: "1", TWO: "2"}, 15.0)
    assert set(envoy_routes.routes_of(json.dumps(table))) == set(desired)


def test_the_version_of_resources_follows_their_content():
    def version(weight):
        table = envoy_routes.routes([route(100 - weight, weight)], {ONE: "1", TWO: "2"}, 15.0)
        return table["version_info"]

    assert version(5) == version(5) != version(6)


def test_an_envoy_is_kept_while_it_has_the_buckets_and_the_port():
    running = json.dumps(envoy_config.bootstrap(8081, (0.033,)))
    assert envoy_config.serves(running, 8081, (0.033, 0.1))
    assert not envoy_config.serves(running, 8081, (0.034,))
    assert not envoy_config.serves(running, 8082, (0.033,))


def stats(identity, **values):
    name = cluster_name(identity)
    return [{"name": f"cluster.{name}.upstream_rq_{k}", "value": v} for k, v in values.items()]


def test_failures_without_an_answer_and_clients_that_left_are_counted():
    before = counters.values(stats(ONE, total=10, pending_failure_eject=2))
    now = counters.values(
        stats(ONE, total=11, pending_failure_eject=2, active=3, completed=8, **{"200": 5, "503": 3})
    )
    after = counters.values(stats(ONE, completed=10))
    arm = counters.counts(before, now, {}, after)[ONE]
    assert arm.late == 2
    # 12 had begun before, 3 are active and 8 have a code: one client left.
    assert (arm.started, arm.ended, arm.completed, arm.failed, arm.active) == (13, 9, 8, 3, 3)
    assert arm.codes == {200: 5, 503: 3}


def test_histograms_are_stale_while_they_lack_an_answer():
    now = counters.values(stats(ONE, **{"200": 5, "503": 3}))
    name = f"cluster.{cluster_name(ONE)}.upstream_rq_time"

    def times(n):
        buckets = [{"upper_bound": 25, "cumulative": n}]
        return counters.buckets([{"histograms": [{"name": name, "buckets": buckets}]}])

    assert not counters.up_to_date(now, {})
    assert not counters.up_to_date(now, times(4))
    assert counters.up_to_date(now, times(5))
    assert times(5) == {ONE: ((0.025, 5),)}


def test_other_statistics_are_not_read():
    assert counters.values([{"name": "cluster.other.upstream_rq_total", "value": 1}, {}]) == {}


def test_a_file_is_replaced_only_by_another_content(tmp_path):
    path = tmp_path / "routes.json"
    assert files.replace(path, "a")
    assert not files.replace(path, "a")
    assert files.replace(path, "b")
    assert [each.name for each in tmp_path.iterdir()] == ["routes.json"]


def test_the_lock_has_one_holder(tmp_path):
    held = lock.take(tmp_path / "lock")
    with pytest.raises(Conflict, match="one agent an environment"):
        lock.take(tmp_path / "lock")
    lock.give_back(held)
    lock.give_back(lock.take(tmp_path / "lock"))

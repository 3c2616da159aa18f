"""Bad and good requests from cumulative counts: monotone, never counted twice."""

import json

from hypothesis import given
from hypothesis import strategies as st

from mlci.records.policy import Watch
from mlci.records.traffic import ArmCounts
from mlci.watch.evidence import Arm, hang_limit

WATCH = Watch(latency=(0.025, 0.1))


def look(arm: Arm, time: float, **counts) -> Arm:
    within = counts.pop("within", counts.get("completed", 0))
    values = {"started": 0, "ended": 0, "completed": 0, "failed": 0, "active": 0} | counts
    edges = ((0.025, within), (0.1, within))
    return arm.seen(ArmCounts(buckets=edges, **values), time, WATCH)


def test_the_first_look_only_says_where_counting_begins():
    arm = look(Arm.begin(WATCH), 0.0, started=900, ended=900, completed=900, failed=50)
    assert (arm.errors.n, arm.latency[0].n) == (0, 0)
    arm = look(arm, 1.0, started=1000, ended=1000, completed=1000, failed=51)
    assert (arm.errors.bad, arm.errors.good) == (1, 99)


def test_slow_failed_and_abandoned_requests_are_bad_for_latency_and_only_5xx_for_errors():
    arm = look(Arm.begin(WATCH), 0.0)
    arm = look(arm, 1.0, started=10, ended=10, completed=9, failed=2, within=6)
    assert (arm.latency[0].bad, arm.latency[0].good) == (4, 6)
    assert (arm.errors.bad, arm.errors.good) == (2, 7)


def test_answers_that_only_the_first_looks_buckets_had_are_not_slow_later():
    arm = look(Arm.begin(WATCH), 0.0, started=10, ended=8, completed=8, within=10, late=2)
    arm = look(arm, 1.0, started=20, ended=20, completed=20, within=20)
    assert [each.bad for each in arm.latency] == [0, 0]
    arm = look(arm, 2.0, started=25, ended=25, completed=25, within=20)
    assert [each.bad for each in arm.latency] == [5, 5]


def test_refusals_count_in_the_comparison_alone():
    arm = look(Arm.begin(WATCH), 0.0)
    arm = look(
        arm, 1.0, started=10, ended=10, completed=10, failed=2, codes={200: 5, 400: 3, 500: 2}
    )
    assert (arm.errors.bad, arm.errors.good) == (2, 8)
    assert (arm.unserved.bad, arm.unserved.good) == (5, 5)
    assert arm.tallies[0] == arm.unserved


def test_a_request_that_hangs_is_bad_before_it_ends_and_once_only():
    arm = look(Arm.begin(WATCH), 0.0)
    arm = look(arm, 1.0, started=5, active=5)
    assert (arm.latency[0].bad, arm.errors.bad) == (0, 0)
    arm = look(arm, 2.0, started=5, active=5)
    assert (arm.latency[0].bad, arm.latency[1].bad, arm.errors.bad) == (5, 5, 0)
    arm = look(arm, 1.0 + hang_limit(WATCH), started=5, active=5)
    assert (arm.latency[0].bad, arm.errors.bad) == (5, 5)
    arm = look(arm, 16.0, started=5, ended=5, completed=5, failed=5, within=0)
    assert (arm.latency[0].bad, arm.errors.bad, arm.errors.good) == (5, 5, 0)


def test_young_requests_in_flight_are_not_overdue():
    arm = look(Arm.begin(WATCH), 0.0)
    arm = look(arm, 1.0, started=100, ended=92, completed=92, active=8)
    arm = look(arm, 2.0, started=200, ended=192, completed=192, active=8)
    assert (arm.latency[0].bad, arm.latency[0].good) == (0, 192)


def test_a_proxy_that_was_started_again_counts_from_zero():
    arm = look(Arm.begin(WATCH), 0.0, started=500, ended=500, completed=500)
    arm = look(arm, 1.0, started=600, ended=600, completed=600, failed=3)
    arm = look(arm, 2.0, started=40, ended=40, completed=40, failed=1)
    assert (arm.errors.bad, arm.errors.good) == (4, 136)


def test_a_proxy_that_was_started_again_and_is_ahead_by_now_is_found_by_its_codes(arm):
    watch = Watch(latency=(0.1,))
    first = Arm.begin(watch).seen(arm(0, buckets=((0.1, 0),)), 0.0, watch)
    quiet = first.seen(arm(100, buckets=((0.1, 100),)), 1.0, watch)
    busy = quiet.seen(arm(142, failed=54, buckets=((0.1, 142),)), 2.0, watch)
    assert (busy.errors.bad, busy.errors.good) == (54, 100 + 88)


def test_json_gives_the_same_state_back():
    arm = look(look(Arm.begin(WATCH), 0.0), 1.0, started=7, ended=5, completed=5, active=2)
    assert Arm.from_dict(json.loads(json.dumps(arm.to_dict()))) == arm


REQUEST = st.tuples(
    st.floats(0, 20),
    st.sampled_from([0.01, 0.05, 0.3, 4.0, 9.0]),
    st.sampled_from(["ok", "fail", "gone"]),
)


@given(st.lists(REQUEST, max_size=40))
def test_tallies_never_fall_and_never_exceed_the_truth(requests):
    """Requests (start, duration, end) seen by exact counts at each second."""
    arm = Arm.begin(WATCH)
    before = (0, 0, 0, 0)
    for time in map(float, range(-1, 35)):
        begun = [each for each in requests if each[0] <= time]
        over = [each for each in begun if each[0] + each[1] <= time]
        answered = [each for each in over if each[2] == "ok"]
        edges = tuple((edge, sum(each[1] <= edge for each in answered)) for edge in WATCH.latency)
        failed = sum(each[2] == "fail" for each in over)
        counts = ArmCounts(
            started=len(begun),
            ended=len(over),
            completed=len(answered) + failed,
            failed=failed,
            active=len(begun) - len(over),
            buckets=edges,
        )
        arm = arm.seen(counts, time, WATCH)
        late = sum(time - each[0] >= 0.1 for each in begun if each not in over)
        hung = sum(min(time - each[0], each[1]) >= hang_limit(WATCH) for each in begun)
        now = (arm.errors.bad, arm.errors.good, arm.latency[1].bad, arm.latency[1].good)
        assert all(new >= old for new, old in zip(now, before, strict=True))
        assert arm.latency[1].bad <= len(over) - edges[1][1] + late
        assert arm.errors.bad <= failed + hung
        before = now
    assert arm.latency[1].n == len(requests)

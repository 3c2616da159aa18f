"""From raw samples to looks: what is counted, what is held, and that nothing else matters."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlci.watch.prometheus.looks import begin, grid, looks
from mlci.watch.prometheus.series import ArmSeries, Series

EVERY = 15.0
START = 1_000.0


def series(times, values, **labels) -> Series:
    return Series(
        labels={"instance": "gateway", **labels},
        times=np.asarray(times, float),
        values=np.asarray(values, float),
    )


def steady(first, last, per_sample, *, begin_at=0.0, **labels) -> Series:
    times = np.arange(first, last, EVERY)
    return series(times, begin_at + per_sample * np.arange(times.size), **labels)


def seen(arms, until=1_300.0, start=START):
    times = grid(start, until=until, every=EVERY)
    return looks(arms, times, every=EVERY, instance=("instance",))


def test_what_was_counted_before_the_first_look_does_not_count():
    stable = ArmSeries(requests=((200, steady(900, 1300, 10, begin_at=5000)),))
    counts = [each.arms["s"].completed for each in seen({"s": stable})]
    assert counts == [10 * k for k in range(len(counts))]


def test_a_series_that_appears_later_counted_from_zero():
    known = steady(900, 1300, 10, begin_at=5000)
    new = series([1055, 1070], [7, 9], pod="new")
    (*_, last) = seen({"s": ArmSeries(requests=((200, known), (500, new)))})
    assert (last.arms["s"].failed, last.arms["s"].codes[500]) == (9, 9)


def test_a_prometheus_that_began_late_gives_no_history_to_the_canary_s_window():
    both = {
        name: ArmSeries(requests=((200, steady(1_000, 1_300, 1, begin_at=10_000)),))
        for name in "sc"
    }
    (*_, last) = seen(both)
    assert last.arms["s"].completed == last.arms["c"].completed < 30


def test_a_counter_that_falls_began_anew():
    times = np.arange(900, 1300, EVERY)
    values = 100.0 + 10 * np.arange(times.size)
    values[times >= 1100] = 4.0 + 10 * np.arange((times >= 1100).sum())
    first, *_, last = seen({"s": ArmSeries(requests=((200, series(times, values)),))})
    assert first.arms["s"].completed == 0
    before = ((times > START) & (times < 1100)).sum()
    after = ((times >= 1100) & (times <= last.time)).sum()
    assert last.arms["s"].completed == 10 * before + 4 + 10 * (after - 1)


def test_a_missing_scrape_holds_both_arms_and_the_next_look_spans_it():
    times = np.arange(900, 1300, EVERY)
    there = (times < 1100) | (times > 1150)
    holed = series(times[there], np.arange(times.size)[there] * 10, pod="a")
    arms = {
        "c": ArmSeries(requests=((200, steady(900, 1300, 10)),)),
        "s": ArmSeries(
            requests=(
                (200, Series(labels={"instance": "b"}, times=holed.times, values=holed.values)),
            )
        ),
    }
    found = seen(arms)
    held = [START + EVERY * k for k, each in enumerate(found) if each is None]
    assert held
    assert all(1100 < time < 1170 for time in held)
    assert found[-1].arms["c"].completed == found[-1].arms["s"].completed


def test_a_process_that_stays_away_is_gone_and_what_it_counted_stays():
    gone = steady(900, 1050, 10, instance="old pod")
    stays = steady(900, 1300, 10, instance="new pod")
    found = seen({"s": ArmSeries(requests=((200, gone), (200, stays)))})
    assert None in found
    assert found[-1] is not None
    assert found[-1].arms["s"].completed == 10 * (len(found) - 1) + 10 * 3


def test_an_arm_without_series_is_not_seen_and_has_no_zero_errors():
    (*_, last) = seen(
        {"s": ArmSeries(requests=((200, steady(900, 1300, 1)),)), "c": ArmSeries(requests=())}
    )
    assert set(last.arms) == {"s"}


def test_requests_in_flight_and_buckets():
    arm = ArmSeries(
        requests=((200, steady(900, 1300, 10)), (0, steady(900, 1300, 1))),
        buckets=((0.025, steady(900, 1300, 4)), (0.1, steady(900, 1300, 9))),
        active=(steady(900, 1300, 0, begin_at=3),),
    )
    (*_, last) = seen({"s": arm})
    counts = last.arms["s"]
    k = counts.completed // 10
    assert counts.buckets == ((0.025, 4 * k), (0.1, 9 * k))
    assert (counts.ended, counts.active, counts.started) == (11 * k, 3, 11 * k + 3)
    assert counts.codes == {200: 10 * k}


def test_the_first_look_lies_before_the_canary_s_first_sample():
    canary = ArmSeries(requests=((200, series([400, 2000, 2015], [1, 2, 3])),))
    assert begin(canary, since=START, every=EVERY) == 2000 - EVERY
    assert begin(ArmSeries(requests=()), since=START, every=EVERY) is None


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_every_request_of_every_process_is_counted_once(data):
    """Processes that come, begin anew and go; whatever the phase of their scrapes."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    found, expected = [steady(700, 2000, 0, instance="always")], 0
    for k in range(data.draw(st.integers(1, 5))):
        events = np.sort(rng.uniform(START, 1400, rng.integers(0, 200)))
        anew = rng.uniform(START, 1400)
        scrapes = np.arange(START - 200 + rng.uniform(0, EVERY), 1700, EVERY)
        # What comes between the last scrape and a restart is lost to every reader.
        lost = (events > scrapes[scrapes <= anew].max()) & (events <= anew)
        counter = np.searchsorted(events, scrapes, side="right")
        counter = counter - np.where(scrapes > anew, (events <= anew).sum(), 0)
        found.append(series(scrapes, counter, instance=f"pod {k}"))
        fell = counter[scrapes > anew][:1].sum() < counter[scrapes <= anew].max()
        expected += len(events) - lost.sum() if fell else counter[-1]
    (*_, last) = seen({"s": ArmSeries(requests=tuple((200, each) for each in found))}, until=1700)
    assert last.arms["s"].completed == pytest.approx(expected)


@given(st.integers(1_100, 1_290))
def test_a_look_that_is_over_stays_as_it_was_whoever_asks_and_when(until):
    whole = {
        "s": ArmSeries(requests=((200, steady(900, 1400, 7)),), active=(steady(900, 1400, 1),))
    }
    early = {
        "s": ArmSeries(
            requests=tuple((code, _cut(each, until)) for code, each in whole["s"].requests),
            active=tuple(_cut(each, until) for each in whole["s"].active),
        )
    }
    before = seen(early, until=float(until))
    assert before == seen(whole)[: len(before)]


def _cut(each: Series, until: float) -> Series:
    kept = each.times <= until
    return Series(labels=each.labels, times=each.times[kept], values=each.values[kept])

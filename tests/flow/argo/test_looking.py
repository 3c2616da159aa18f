"""Evidence that is folded from looks: by whom, and in how many goes, makes no difference."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlci.flow.argo.looking import Folded, Looked, Looking
from mlci.records.outcome import Health
from mlci.records.policy import Watch
from mlci.records.prometheus import Arm, Prometheus, Requests
from mlci.watch.prometheus.client import Client
from mlci.watch.watching import Watching

WATCH = Watch(latency=(0.05,))
NOWHERE = "http://127.0.0.1:9"  # nothing listens there


@pytest.fixture(scope="session")
def begun(says):
    return Folded(watching=Watching.start(WATCH, canary=says.new, stable=says.old))


def traffic(says, failing, missing=(), count=12):
    made = says.looks(count, failing=failing, watch=WATCH)
    return tuple(None if k in missing else look for k, look in enumerate(made))


def plain(folded):
    """For comparisons: arrays have none."""
    return folded.looks, folded.shown, folded.watching.to_dict()


@settings(max_examples=10, deadline=None)
@given(
    failing=st.sampled_from([0, 1, 10]),
    missing=st.sets(st.integers(0, 11), max_size=5),
    cuts=st.lists(st.integers(0, 12), max_size=3).map(sorted),
)
def test_piece_by_piece_is_the_same_as_in_one_go(says, begun, failing, missing, cuts):
    looks = traffic(says, failing, missing)
    pieces = begun
    for cut in (*cuts, len(looks)):
        pieces = pieces.further(looks[:cut])
    assert plain(pieces) == plain(begun.further(looks))


def test_harm_that_was_shown_stays_shown(says, begun):
    harmful = begun.further(traffic(says, 10))
    assert harmful.harmful
    assert harmful.looks < 12
    # As if all that came later had gone well.
    well = traffic(says, 0, count=200)
    assert harmful.further(traffic(says, 10)[: harmful.looks] + well) is harmful


def test_what_goes_well_is_no_harm(says, begun):
    found = begun.further(traffic(says, 0))
    assert (found.looks, found.harmful) == (12, False)
    assert found.shown.health is Health.WATCHING


def test_looks_that_prometheus_no_longer_has_are_not_folded_twice(says, begun):
    looks = traffic(says, 1)
    found = begun.further(looks)
    assert plain(found.further(looks[:5])) == plain(found)


def test_blind_keeps_the_evidence_and_says_nothing_of_it(says, begun):
    looks = traffic(says, 1)
    seen = begun.further(looks[:4])
    blind = seen.blind("no answer")
    assert blind.shown.health is Health.UNKNOWN
    assert blind.shown.reason == "nothing can be seen: no answer"
    assert not blind.shown.certified
    assert blind.watching is seen.watching
    assert plain(blind.further(looks)) == plain(begun.further(looks))


def looked(says, **said):
    def arm(name):
        return Arm(namespace="models", model="income", service="income", hash=name)

    known = {"canary": arm(says.new), "stable": arm(says.old), "since": 0.0, "watch": WATCH}
    return Looked(**{"delivery": "d", **known, **said})


@pytest.fixture
def looking():
    """A watch of a Prometheus that gives no answer, read in a thread."""
    source = Prometheus(
        address=NOWHERE,
        requests=(Requests(query="q{a='b'}", code=200),),
        buckets="b{a='b'}",
        every=0.01,
    )
    with ThreadPoolExecutor(1) as aside:
        yield Looking(Client(NOWHERE, timeout=1.0), source, aside.submit)


def eventually(ask):
    deadline = time.monotonic() + 10
    while not (found := ask()):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return found


def test_a_prometheus_that_gives_no_answer_is_unknown_never_harm_or_health(says, looking):
    first = looking.look(looked(says))
    assert (first.health, first.reason) == (Health.UNKNOWN, "nothing was looked at yet")
    eventually(lambda: "Prometheus" in looking.look(looked(says)).reason)
    blind = looking.look(looked(says))
    assert blind.health is Health.UNKNOWN
    assert looking.current == blind


@pytest.mark.parametrize("said", [{"since": 1.0}, {"delivery": "e"}, {"stable": None}])
def test_something_else_to_look_at_begins_from_nothing(says, looking, said):
    eventually(lambda: "Prometheus" in looking.look(looked(says)).reason)
    assert looking.look(looked(says, **said)).reason == "nothing was looked at yet"


def test_what_is_forgotten_is_no_longer_shown(says, looking):
    looking.look(looked(says))
    looking.forget()
    assert looking.current is None


def test_one_reading_at_a_time(says, looking):
    entered, go_on, begun = threading.Event(), threading.Event(), []
    beside = looking.beside

    def slow(read):
        begun.append(read)
        return beside(lambda: (entered.set(), go_on.wait(10), read())[-1])

    looking.beside = slow
    looking.look(looked(says))
    assert entered.wait(10)
    time.sleep(0.03)  # further looks are due by now
    for _ in range(5):
        looking.look(looked(says))
    assert len(begun) == 1
    go_on.set()
    eventually(lambda: looking.look(looked(says)) and len(begun) > 1)


def test_a_bug_of_a_reading_is_not_swallowed(says, looking):
    def failing(_):
        with ThreadPoolExecutor(1) as other:
            return other.submit(lambda: 1 // 0)

    looking.beside = failing
    looking.look(looked(says))
    with pytest.raises(ZeroDivisionError):
        looking.look(looked(says))


def test_a_source_without_a_histogram_says_nothing_of_latency(says, looking):
    assert looking._begin(looked(says)).watching.watch.latency == WATCH.latency
    looking.source = replace(looking.source, buckets=None)
    assert looking._begin(looked(says)).watching.watch.latency == ()

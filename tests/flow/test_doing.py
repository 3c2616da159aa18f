"""Acts beside the rounds: one at a time, and again later where they fail."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from mlci.errors import Broken
from mlci.flow.doing import Doing

NO_ANSWER = Broken(place="the cluster", found="no answer", expected="one", next_step="wait")


@pytest.fixture
def begun():
    """The futures of acts, in the order in which they were begun."""
    return []


@pytest.fixture
def said():
    return []


@pytest.fixture
def doing(begun, said):
    return Doing(lambda _: begun.append(Future()) or begun[-1], said.append)


def test_one_act_at_a_time_and_each_is_done_once():
    done, go_on = [], threading.Event()
    with ThreadPoolExecutor(2) as aside:
        doing = Doing(aside.submit, print)
        assert not doing.settle()
        doing.act(lambda: (go_on.wait(10), done.append("first")))
        doing.act(lambda: done.append("second"))
        assert doing.busy
        assert not doing.settle()
        go_on.set()
    assert doing.settle()
    assert not doing.settle()
    assert (done, doing.busy) == (["first"], False)


def test_a_failure_is_said_and_waits_longer_each_time(doing, begun, said):
    for failures in range(1, 8):
        doing._retry_at = 0.0  # the pause is over
        doing.act(lambda: None)
        begun[-1].set_exception(NO_ANSWER)
        assert not doing.settle()
        before = len(begun)
        doing.act(lambda: None)
        assert (len(begun), doing.busy, len(said)) == (before, False, failures)
    assert all("could not be done yet: the cluster: no answer" in line for line in said)
    assert doing._failures == 7


def test_an_act_that_ends_well_ends_the_pauses(doing, begun):
    doing.act(lambda: None)
    begun[-1].set_exception(NO_ANSWER)
    doing.settle()
    doing._retry_at = 0.0
    doing.act(lambda: None)
    begun[-1].set_result(None)
    assert doing.settle()
    assert doing._failures == 0
    doing.act(lambda: None)
    assert doing.busy


def test_a_bug_is_raised_and_not_tried_again_silently(doing, begun, said):
    doing.act(lambda: None)
    begun[-1].set_exception(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        doing.settle()
    assert (doing.busy, said) == (False, [])

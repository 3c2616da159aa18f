"""Prometheus's clock: asked of a real server, whose answers a test says."""

import json
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mlci.flow.argo import moment as module
from mlci.flow.argo.moment import Moment
from mlci.flow.explain import Explain
from mlci.watch.prometheus.client import Client


@pytest.fixture
def clock():
    """A Prometheus whose clock is at ``clock[0]``; None is no answer."""
    at = [5_000.0]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            data = {"resultType": "scalar", "result": [at[0], str(at[0])]}
            body = json.dumps({"status": "success", "data": data}).encode()
            self.send_response(200 if at[0] is not None else 503)
            self.end_headers()
            self.wfile.write(body if at[0] is not None else b"no")

        def log_message(self, *_):
            """Tests print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        at.append(f"http://127.0.0.1:{server.server_port}")
        yield at
        server.shutdown()


@pytest.fixture
def said():
    return []


@pytest.fixture
def moment(clock, said):
    with ThreadPoolExecutor(1) as aside:
        yield Moment(
            client=Client(clock[1], timeout=5.0),
            beside=aside.submit,
            explain=Explain("agent", said.append),
        )


def answered(moment):
    moment._asked_at = float("-inf")  # it is due again
    moment.keep_fresh()
    moment._asked.exception(timeout=10)
    moment.keep_fresh()


def test_before_the_first_answer_there_is_no_time(moment):
    assert moment.now() is None
    moment.keep_fresh()
    assert moment.now() is None


def test_it_goes_on_between_two_answers_by_this_machine_s_own_clock(moment):
    answered(moment)
    first = moment.now()
    assert first == pytest.approx(5_000.0, abs=5.0)
    time.sleep(0.01)
    assert first + 0.01 <= moment.now()


def test_one_question_at_a_time_and_none_before_it_is_due(moment):
    asked = []
    pending = Future()
    moment.beside = lambda ask: asked.append(ask) or pending
    for _ in range(3):
        moment.keep_fresh()
    pending.set_result(7.0)
    moment.keep_fresh()
    assert len(asked) == 1


def test_no_answer_is_said_once_and_leaves_the_last_one_until_it_is_stale(
    moment, clock, said, monkeypatch
):
    answered(moment)
    clock[0] = None
    answered(moment)
    answered(moment)
    assert [line.count("Prometheus at") for line in said] == [1]
    assert moment.now() is not None
    monkeypatch.setattr(module, "_STALE", 0.0)
    assert moment.now() is None


def test_a_bug_of_a_question_is_not_swallowed(moment):
    failed = Future()
    failed.set_exception(ZeroDivisionError())
    moment.beside = lambda _: failed
    moment.keep_fresh()
    with pytest.raises(ZeroDivisionError):
        moment.keep_fresh()

"""Checks of a preview: smoke requests and the load gates' objectives, against a real server."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mlci.flow.preview import check, folded
from mlci.loadtest.smoke import REQUESTS
from mlci.manifest.policy import parse_policy
from mlci.records.delivery import State, to_json_bytes
from mlci.records.judgement import Judgement, Limit, LimitKind, Planned
from mlci.records.outcome import Outcome

POLICY = "policies/all.yaml"
LOAD = "{gate: load, rate: 60/s, objectives: {errorRate: 30%}, budget: 10s}"
PASS, FAIL, OPEN, ERROR = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.ERROR


class Preview(BaseHTTPRequestHandler):
    """Answers rows; after the smoke requests with the server's ``later`` status."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        tensor = {"name": "s", "datatype": "FP32", "shape": [-1, 1]}
        self._say(200, {"inputs": [tensor], "outputs": [{"name": "p"}]})

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked += 1
        assert self.headers["Mlci-Preview"] == "income"
        output = {"name": "p", "datatype": "FP32", "shape": [1, 2], "data": [0.5, 0.5]}
        status = 200 if self.server.asked <= REQUESTS else self.server.later
        self._say(status, {"outputs": [output]})

    def _say(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Mlci-Release", "1.0.0")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def checked(world, make, tmp_path):
    """``checked(later=200)`` -> what the checks say of a preview that answers so."""
    tip = world.merge({POLICY: make.policy(LOAD)})
    world.record(State.ADMITTED)
    record = to_json_bytes(world.history()[-1]).decode()

    def run(later):
        with ThreadingHTTPServer(("127.0.0.1", 0), Preview) as server:
            vars(server).update(later=later, asked=0)
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            job = {
                "repository": str(world.path),
                "store": str(tmp_path / "store"),
                "record": record,
                "rules": tip,
                "port": server.server_port,
            }
            try:
                return check(job)
            finally:
                server.shutdown()
                thread.join()

    return run


@pytest.mark.journey
@pytest.mark.alone
def test_the_load_gates_objectives_hold_for_the_preview_too(checked):
    assert checked(200) == {"wrong": "", "undecided": ""}
    said = checked(500)
    assert said["wrong"].startswith("all/load/errorRate/objective is FAIL against the preview: ")
    assert not said["undecided"]


def judged(outcome, policy="all", **how):
    limit = Limit(kind=LimitKind.OBJECTIVE, value=0.05)
    planned = Planned(
        id=f"{policy}/load",
        policy=policy,
        gate="load",
        metric="errorRate",
        limit=limit,
        required=how.get("required", True),
        confidence=0.95,
    )
    return Judgement(planned=planned, outcome=outcome, reason="so it is")


@pytest.mark.parametrize(
    ("judgements", "wrong", "undecided"),
    [
        ((), False, False),
        ((judged(PASS),), False, False),
        ((judged(PASS), judged(FAIL)), True, False),
        ((judged(FAIL, required=False),), False, False),
        ((judged(OPEN),), False, True),
        ((judged(OPEN, policy="lenient"),), False, False),
        ((judged(ERROR, policy="lenient"),), False, True),
        ((judged(FAIL), judged(ERROR)), True, True),
    ],
)
def test_what_the_gates_make_of_a_preview(make, judgements, wrong, undecided):
    lenient = make.policy(LOAD, name="lenient").replace(
        "  gates:", "  onInconclusive: allow\n  gates:"
    )
    policies = [
        parse_policy("policies/all.yaml", make.policy(LOAD).encode()),
        parse_policy("policies/lenient.yaml", lenient.encode()),
    ]
    said = folded(judgements, policies)
    assert (bool(said["wrong"]), bool(said["undecided"])) == (wrong, undecided)

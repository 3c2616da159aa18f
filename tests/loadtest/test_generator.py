import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import psutil
import pytest

from mlci.errors import Broken
from mlci.loadtest.block import CANDIDATE, CHAMPION, Order
from mlci.loadtest.driver import Target, generating
from mlci.loadtest.payloads import payloads
from mlci.loadtest.processes import child
from mlci.loadtest.schedule import arrivals
from mlci.loadtest.served import served
from mlci.serving.session import open_model

pytestmark = [pytest.mark.journey, pytest.mark.alone]


@pytest.fixture
def bodies(tmp_path) -> Path:
    path = tmp_path / "bodies"
    path.write_bytes(b"{}\n[]")
    return path


@pytest.fixture
def answering():
    """A server that answers everything with one status, or never (None)."""
    servers = []

    def start(status):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                self.rfile.read(int(self.headers["content-length"]))
                while status is None and not self.rfile.closed:
                    if not self.rfile.read(1):
                        return
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        servers.append(server)
        Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_served_model_is_sent_the_whole_schedule(onnx_models, tmp_path):
    model = onnx_models.linear(tmp_path / "m.onnx")
    rows = tmp_path / "rows"
    tensor = '{{"name": "{}", "datatype": "FP32", "shape": [1, 1], "data": [1]}}'
    rows.write_text(f'{{"inputs": [{tensor.format("age")}, {tensor.format("hours")}]}}')

    with (
        served(model, version="1.0") as server,
        generating(
            {CANDIDATE: Target(url=server.infer, payloads=rows)}, rate=100, timeout=5
        ) as generator,
    ):
        block = generator.run(Order(arm=CANDIDATE, seconds=1.0, seed=7))

    assert block.scheduled == block.sent == len(arrivals(100, 1.0, 7))
    assert block.failed == 0
    assert len(block.latencies) == block.sent
    assert list(block.latencies) == sorted(block.latencies)
    assert block.latencies[0] > 0
    assert block.lag_p99 >= 0
    assert 0 < block.cpu < 2


@pytest.mark.parametrize("status", [400, 500, 503, 302])
def test_what_is_not_2xx_has_failed(answering, bodies, status):
    target = Target(url=answering(status), payloads=bodies)
    with generating({CANDIDATE: target}, rate=50, timeout=2) as generator:
        block = generator.run(Order(arm=CANDIDATE, seconds=0.5, seed=1))

    assert block.failed == block.sent == block.scheduled
    assert block.latencies == ()
    assert block.reasons == {f"status {status}": block.sent}


def test_no_answer_in_time_has_failed(answering, bodies):
    target = Target(url=answering(None), payloads=bodies)
    with generating({CANDIDATE: target}, rate=50, timeout=0.3) as generator:
        block = generator.run(Order(arm=CANDIDATE, seconds=0.5, seed=1))

    assert block.failed == block.sent == block.scheduled


def test_no_server_has_failed_and_the_other_arm_goes_on(answering, bodies):
    targets = {
        CANDIDATE: Target(url="http://127.0.0.1:1/", payloads=bodies),
        CHAMPION: Target(url=answering(200), payloads=bodies),
    }
    with generating(targets, rate=50, timeout=2) as generator:
        dead = generator.run(Order(arm=CANDIDATE, seconds=0.5, seed=1))
        alive = generator.run(Order(arm=CHAMPION, seconds=0.5, seed=1))

    assert dead.failed == dead.sent == alive.sent
    assert alive.failed == 0


def test_a_generator_that_ended_is_broken(answering, bodies):
    target = Target(url=answering(200), payloads=bodies)
    with generating({CANDIDATE: target}, rate=50, timeout=2) as generator:
        os.kill(generator.process.pid, signal.SIGKILL)
        with pytest.raises(Broken, match="load generator"):
            generator.run(Order(arm=CANDIDATE, seconds=0.5, seed=1))


def test_a_model_that_cant_be_served_says_why(tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(b"\x80\x04.")

    with pytest.raises(Broken, match=r"can't be served: .*a pickle"), served(path, version="1"):
        pass


def test_a_child_is_stopped_whatever_happens():
    seen = []

    def fail_on_the_way():
        with child("http.server", "0") as running:
            seen.append(psutil.Process(running.pid))
            raise RuntimeError("on the way")

    with pytest.raises(RuntimeError, match="on the way"):
        fail_on_the_way()

    assert not seen[0].is_running()


def test_a_child_gets_little_of_the_environment(monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "x")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")

    with child("http.server", "0") as running:
        environment = psutil.Process(running.pid).environ()

    assert not {"SECRET_TOKEN", "OMP_NUM_THREADS", "HOME"} & set(environment)


def test_locust_is_never_imported_here():
    assert payloads
    assert open_model
    assert "locust" not in sys.modules
    assert "gevent" not in sys.modules

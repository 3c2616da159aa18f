"""The embedded engine with real processes: traffic, restarts, crashes, the end."""

import dataclasses
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper
from scipy.stats import binom

from mlci.delivery.engine import Phase
from mlci.delivery.local.servers import serve_command
from mlci.errors import Broken, Conflict

pytestmark = pytest.mark.journey


def get(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def test_weights_are_in_force_when_route_returns(stage):
    engine = stage.engine()
    engine.start()
    stable, canary = stage.server("1.0"), stage.server("1.1")
    stage.bring_up(engine, stable, canary)
    for weight in (0, 5, 50, 100):
        engine.route(stage.split(stable, canary, weight))
        assert engine.routes() == stage.split(stable, canary, weight)
        seen = stage.drive(2000)
        low, high = binom.interval(1 - 1e-9, seen.total, weight / 100)
        assert low <= seen.of("1.1") <= high
        assert seen.of("1.0") == seen.total - seen.of("1.1")
        assert (seen.broken, seen.refused) == (0, 0)


def test_no_request_is_lost_while_weights_change_and_servers_are_replaced(stage):
    engine = stage.engine()
    engine.start()
    first = stage.server("1.0", delay=0.02)
    stage.bring_up(engine, first)
    engine.route(stage.split(first))
    with stage.traffic(clients=16) as seen:
        for version in ("1.1", "1.2", "1.3"):
            following = stage.server(version, delay=0.02)
            stage.bring_up(engine, following)
            for weight in (5, 50, 100):
                engine.route(stage.split(first, following, weight))
                before = seen.total
                stage.wait(lambda before=before: seen.total > before + 200)
            engine.route(stage.split(following))
            engine.drain_and_stop(first.identity)
            first = following
    assert seen.total > 1800
    assert (seen.broken, seen.refused) == (0, 0)
    assert {status for status, _ in seen.answers} == {200}
    assert {release for _, release in seen.answers} == {"1.0", "1.1", "1.2", "1.3"}
    assert [each.identity for each in engine.running()] == [first.identity]


def test_a_real_model_is_served_by_mlci_serve(stage):
    engine = stage.engine(command=serve_command)
    engine.start()
    server = real_server(stage)
    stage.bring_up(engine, server)
    engine.route(stage.split(server))
    status, headers, body = get(stage.port, "/v2/models/income")
    assert (status, headers["Mlci-Release"]) == (200, "2.0")
    assert json.loads(body)["name"] == "income"


def real_server(stage):
    """A real ONNX model, served by ``mlci serve``."""
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 1])
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 1])
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [value], [result])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    file = stage.folder / "real.onnx"
    onnx.save(model, file)
    digest = "sha256:" + hashlib.sha256(file.read_bytes()).hexdigest()
    return dataclasses.replace(stage.server("2.0"), model_file=file, model_digest=digest)


def test_paths_that_no_model_has(stage):
    engine = stage.engine()
    engine.start()
    assert get(stage.port, "/v2/health/live")[0] == 200
    assert get(stage.port, "/v2/health/ready")[0] == 503
    server = stage.server("1.0%s")
    stage.bring_up(engine, server)
    engine.route(stage.split(server))
    assert get(stage.port, "/v2/health/ready")[0] == 200
    status, headers, body = get(stage.port, "/v2/models/incomes/infer")
    assert (status, headers["Content-Type"]) == (404, "application/json")
    assert "error" in json.loads(body)
    status, headers, _ = get(stage.port, "/v2/models/income/infer")
    assert headers.get_all("Mlci-Release") == ["1.0%s"]


AGENT = """
import sys, time
from pathlib import Path
from mlci.delivery.local.engine import LocalEngine
sys.path.insert(0, sys.argv[4])
import conftest
engine = LocalEngine(environment="production", port=int(sys.argv[1]), state_dir=Path(sys.argv[2]),
                     command=conftest.tiny_command, timeout=3.0)
engine.start()
stage = conftest.Stage(folder=Path(sys.argv[3]), port=int(sys.argv[1]))
server = stage.server("1.0")
stage.bring_up(engine, server)
engine.route(stage.split(server))
print("up", flush=True)
time.sleep(600)
"""


def test_a_killed_agent_leaves_all_running_and_its_successor_adopts_it(stage):
    here = str(Path(__file__).parent)
    state = str(stage.folder / "state")
    agent = subprocess.Popen(
        [sys.executable, "-c", AGENT, str(stage.port), state, str(stage.folder), here],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert agent.stdout.readline() == b"up\n"
    with pytest.raises(Conflict, match="drives this environment"):
        stage.engine().start()
    before = {each.pid for each in stage.processes()}
    with stage.traffic() as seen:
        agent.send_signal(signal.SIGKILL)
        agent.wait()
        stage.wait(lambda: seen.total > 500)
        engine = stage.engine()
        engine.start()
        (found,) = engine.running()
        server = stage.server("1.0")
        assert found.identity == server.identity
        assert engine.ensure(server).phase is Phase.READY
        engine.route(stage.split(server))
        newer = stage.server("1.1")
        stage.bring_up(engine, newer)
        engine.route(stage.split(newer))
        engine.drain_and_stop(server.identity)
    assert (seen.broken, seen.refused) == (0, 0)
    assert {status for status, _ in seen.answers} == {200}
    assert len(before & {each.pid for each in stage.processes()}) == 2  # supervisord and Envoy
    agent.stdout.close()


def test_a_server_that_crashes_comes_back_and_stable_feels_nothing(stage):
    engine = stage.engine()
    engine.start()
    stable, canary = stage.server("1.0"), stage.server("1.1", answer="crash")
    stage.bring_up(engine, stable, canary)
    engine.route(stage.split(stable, canary, 50))
    seen = stage.drive(100)
    assert seen.answers[200, "1.0"] > 20
    assert seen.answers[503, "1.1"] > 20
    assert set(seen.answers) == {(200, "1.0"), (503, "1.1")}
    counts = engine.scrape().arms
    assert counts[canary.identity].failed == seen.answers[503, "1.1"]
    assert counts[stable.identity].failed == 0
    engine.route(stage.split(stable))
    stage.bring_up(engine, canary)


def test_a_model_that_does_not_load_fails_with_the_servers_own_words(stage):
    engine = stage.engine()
    engine.start()
    stable, broken = stage.server("1.0"), stage.server("1.1", text="no model")
    stage.bring_up(engine, stable)
    engine.route(stage.split(stable))
    with stage.traffic() as seen:
        assert "Expecting value" in stage.failure(engine, broken)
    assert set(seen.answers) == {(200, "1.0")}
    engine.drain_and_stop(broken.identity)
    assert [each.identity for each in engine.running()] == [stable.identity]


def test_a_file_that_is_not_the_model_named_is_never_run(stage):
    engine = stage.engine()
    engine.start()
    server = stage.server("1.0")
    with pytest.raises(Broken, match="sha256:"):
        engine.ensure(dataclasses.replace(server, model_digest="sha256:" + "0" * 64))
    with pytest.raises(Broken, match="can't be read"):
        engine.ensure(dataclasses.replace(server, model_file=stage.folder / "none.onnx"))
    assert engine.running() == ()


def test_what_was_verified_is_what_runs_after_a_restart(stage):
    engine = stage.engine()
    engine.start()
    server = stage.server("1.0")
    stage.bring_up(engine, server)
    server.model_file.write_text("something else")
    stage.kill("tiny_server")
    stage.bring_up(engine, server)


def test_a_server_whose_port_was_taken_gets_another(stage):
    engine = stage.engine()
    engine.start()
    server = stage.server("1.0")
    stage.bring_up(engine, server)
    engine.route(stage.split(server))
    port = engine.running()[0].port
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stage.kill("tiny_server")
        stage.wait(lambda: bind(thief, port))
        stage.bring_up(engine, server)
        assert engine.running()[0].port != port
        assert set(stage.drive(20).answers) == {(200, "1.0")}


def bind(thief, port):
    try:
        thief.bind(("127.0.0.1", port))
        thief.listen()
    except OSError:
        return False
    return True


def test_a_port_in_use_is_said_and_nothing_is_left(stage):
    with socket.socket() as other:
        other.bind(("127.0.0.1", stage.port))
        other.listen()
        with pytest.raises(Broken, match="another program listens"):
            stage.engine().start()
    assert stage.processes() == []


def test_a_bound_outside_the_ladder_restarts_envoy_and_one_within_does_not(stage):
    first = stage.engine()
    first.start()
    server = stage.server("1.0")
    stage.bring_up(first, server)
    first.route(stage.split(server))
    pids = {each.pid for each in stage.processes()}
    first.release()
    second = stage.engine(latency_bounds=(0.025, 0.05))
    second.start()
    assert {each.pid for each in stage.processes()} == pids
    second.release()
    third = stage.engine(latency_bounds=(0.033,))
    third.start()
    assert len(pids & {each.pid for each in stage.processes()}) == len(pids) - 1
    seen = stage.drive(20)
    assert set(seen.answers) == {(200, "1.0")}
    assert third.scrape().arms[server.identity].answered_within(0.033) == seen.total


def test_stop_answers_what_is_in_flight_and_leaves_no_process(stage):
    engine = stage.engine()
    engine.start()
    server = stage.server("1.0", delay=1.0)
    stage.bring_up(engine, server)
    engine.route(stage.split(server))
    with stage.traffic(until=lambda seen: seen.total >= 4, clients=4) as seen:
        stage.wait(lambda: engine.scrape().arms[server.identity].active == 4)
        engine.stop()
        assert stage.processes() == []
    assert seen.answers[200, "1.0"] == seen.total >= 4
    assert seen.broken == 0


def test_only_known_servers_are_routed_and_only_unrouted_ones_stopped(stage):
    engine = stage.engine()
    engine.start()
    server = stage.server("1.0")
    with pytest.raises(ValueError, match="before it is ensured"):
        engine.route(stage.split(server))
    stage.bring_up(engine, server)
    engine.route(stage.split(server))
    with pytest.raises(ValueError, match="still routed"):
        engine.drain_and_stop(server.identity)
    engine.drain_and_stop("sha256:" + "0" * 64)


def test_a_folder_with_a_long_path(stage):
    """A socket's address has room for 107 bytes; a path has not."""
    stage.folder = stage.folder / ("deep" * 20) / ("deeper" * 10)
    stage.folder.mkdir(parents=True)
    engine = stage.engine()
    engine.start()
    server = stage.server("1.0")
    stage.bring_up(engine, server)
    engine.route(stage.split(server))
    assert set(stage.drive(20).answers) == {(200, "1.0")}


def test_a_server_that_is_routed_again_while_it_drains_stays(stage):
    engine = stage.engine()
    engine.start()
    old, new = stage.server("1.0", delay=0.5), stage.server("1.1")
    stage.bring_up(engine, old, new)
    engine.route(stage.split(old))
    with stage.impatient():
        engine.route(stage.split(new))
        drain = threading.Thread(target=engine.drain_and_stop, args=(old.identity,))
        drain.start()
        engine.route(stage.split(old))
        drain.join()
    assert {each.identity for each in engine.running()} == {old.identity, new.identity}
    assert set(stage.drive(4).answers) == {(200, "1.0")}


def test_other_models_are_brought_up_while_a_server_ends(stage):
    engine = stage.engine()
    engine.start()
    servers = [stage.server(f"1.{number}") for number in range(4)]
    stage.bring_up(engine, *servers)
    engine.route(stage.split(servers[0]))
    drains = [
        threading.Thread(target=engine.drain_and_stop, args=(each.identity,))
        for each in servers[1:]
    ]
    for drain in drains:
        drain.start()
    further = stage.server("2.0")
    stage.bring_up(engine, further)
    engine.route(stage.split(servers[0], further, 50))
    for drain in drains:
        drain.join()
    assert {each.version for each in engine.running()} == {"1.0", "2.0"}
    assert {version for _, version in stage.drive(100).answers} == {"1.0", "2.0"}


def test_after_a_reboot_servers_come_before_traffic(stage):
    engine = stage.engine()
    engine.start()
    server = stage.server("1.0")
    stage.bring_up(engine, server)
    engine.route(stage.split(server))
    stage.switch_off()
    with stage.traffic() as seen:
        engine.start()
        stage.wait(lambda: seen.total > 50)
    assert set(seen.answers) == {(200, "1.0")}
    assert seen.broken == 0

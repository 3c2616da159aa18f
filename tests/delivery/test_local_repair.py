"""What was begun and not ended, and what died: the engine finds its way back by itself."""

import socket
import threading
import time

import pytest

from mlci.delivery.engine import Phase
from mlci.delivery.local.servers import Servers
from mlci.delivery.local.supervisor import Supervisor

pytestmark = pytest.mark.journey


def up(stage, *versions):
    """An engine with servers, the first of which gets all traffic."""
    engine = stage.engine()
    engine.start()
    servers = [stage.server(version) for version in versions]
    stage.bring_up(engine, *servers)
    engine.route(stage.split(servers[0]))
    return engine, *servers


def port_of(engine, server):
    return next(each.port for each in engine.running() if each.identity == server.identity)


def test_what_a_killed_agent_began_is_ended_and_never_a_failure(stage):
    engine, first = up(stage, "1.0")
    root = stage.folder / "state" / "production"
    servers, supervisor = Servers(root), Supervisor(root)

    def comes_up(server):
        phases = set()
        while Phase.READY not in phases:
            phases.add(engine.ensure(server).phase)
        assert Phase.FAILED not in phases

    second = stage.server("1.1")
    servers.keep(second)  # killed before its program
    comes_up(second)
    kept = servers.all()[second.identity]
    supervisor.halt(kept.program)  # killed between a stop and what follows
    comes_up(second)
    moved = servers.elsewhere(kept)
    servers.put(moved)  # killed before the program that listens there
    comes_up(second)
    engine.route(stage.split(first, second, 50))
    assert port_of(engine, second) == moved.port != kept.port
    assert set(stage.drive(40).answers) == {(200, "1.0"), (200, "1.1")}


def test_a_port_taken_while_nothing_runs_is_left_to_whoever_has_it(stage):
    engine, server = up(stage, "1.0")
    port = port_of(engine, server)
    engine.stop()
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        thief.bind(("127.0.0.1", port))
        thief.listen()
        with stage.traffic() as seen:
            engine.start()
            assert engine.ensure(server).phase is Phase.READY
            stage.wait(lambda: seen.total > 50)
    assert port_of(engine, server) != port
    assert set(seen.answers) == {(200, "1.0")}


def test_a_killed_supervisor_is_replaced_and_no_request_is_lost(stage):
    engine, server = up(stage, "1.0")
    daemon, old = stage.process("supervisor.supervisord"), stage.process("tiny_server")
    envoy = stage.process("envoy")
    with stage.traffic() as seen:
        daemon.kill()
        stage.wait(lambda: not daemon.is_running())
        engine.mend()
        assert engine.ensure(server).phase is Phase.READY
        before = seen.total
        stage.wait(lambda: seen.total > before + 200)
    assert set(seen.answers) == {(200, "1.0")}
    assert (seen.broken, seen.refused) == (0, 0)
    left = {each.pid for each in stage.processes()}
    assert envoy.pid in left
    assert old.pid not in left
    assert len(left) == 3
    # Nobody keeps this Envoy any more: the agent does.
    envoy.kill()
    stage.wait(lambda: not envoy.is_running())
    engine.mend()
    assert set(stage.drive(20).answers) == {(200, "1.0")}
    assert len(stage.processes()) == 3


def test_what_was_given_up_is_tried_again(stage):
    """Server and Envoy die until supervisord has enough of it."""
    engine, stable, other = up(stage, "1.0", "1.1")
    supervisor = Supervisor(stage.folder / "state" / "production")

    def given_up():
        stage.kill("envoy", stable.identity.removeprefix("sha256:"))
        return [each.state for each in supervisor.programs().values()].count("FATAL") == 2

    stage.wait(given_up)
    engine.release()
    successor = stage.engine()
    successor.start()
    assert successor.ensure(other).phase is Phase.READY
    assert successor.ensure(stable).phase is Phase.STARTING
    stage.bring_up(successor, stable)
    assert set(stage.drive(20).answers) == {(200, "1.0")}


def test_a_proxy_that_dies_while_it_drains_does_not_keep_the_rest_from_ending(stage):
    engine, _ = up(stage, "1.0")
    with socket.create_connection(("127.0.0.1", stage.port)) as idle:
        idle.sendall(b"GET /v2/health/live HTTP/1.1\r\nHost: models\r\n\r\n")
        assert idle.recv(1000)
        ending = threading.Thread(target=engine.stop)
        ending.start()
        time.sleep(0.5)
        stage.kill("envoy")
        ending.join()
    assert stage.processes() == []


def test_a_supervisor_that_does_not_answer_stops_neither_traffic_nor_counters(stage):
    engine, stable, canary = up(stage, "1.0", "1.1")
    daemon = stage.process("supervisor.supervisord")
    daemon.suspend()
    try:
        engine.route(stage.split(canary))
        assert set(stage.drive(20).answers) == {(200, "1.1")}
        assert engine.scrape().arms[canary.identity].completed >= 20
        assert {each.version for each in engine.running()} == {"1.0", "1.1"}
    finally:
        daemon.resume()
    assert engine.ensure(stable).phase is Phase.READY

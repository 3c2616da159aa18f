"""Starting and ending: who may, and what is left."""

import signal
import socket

import pytest

pytestmark = pytest.mark.journey


def test_one_agent_an_environment_and_an_orderly_end(live, world, until):
    clients = live()
    second = world.agent()
    assert world.until_ended(second) == 4
    assert "one agent an environment" in world.log
    third = world.agent(state=world.folder / "other-state")
    assert world.until_ended(third) == 5
    assert "another program listens on this port" in world.log
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        fourth = world.agent("--metrics-port", str(taken.getsockname()[1]))
        assert world.until_ended(fourth) == 5
        assert "--metrics-port" in world.log
    assert clients.bad() == {}

    world.agents[0].send_signal(signal.SIGTERM)
    assert world.until_ended(world.agents[0]) == 0
    until(lambda: clients.refused)
    assert clients.bad() == {}
    assert world.processes() == []
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", world.port))
    assert "Traceback" not in world.log


def test_once_does_what_is_to_do_and_leaves_everything_running(world, models, traffic, until):
    world.build()
    world.release("1.0", models("good"))
    assert world.mlci("adopt", "releases/income/production.yaml", "--reason", "ran").returncode == 0
    assert world.until_ended(world.agent("--once")) == 0
    clients = traffic()
    until(lambda: clients.of("1.0") > 20)
    assert clients.bad() == {}
    world.agent()


def test_what_an_agent_can_not_start_with(world, until, models):
    world.build()
    world.release("1.0", models("good"))
    outside = world.folder / "nothing"
    outside.mkdir()
    for code, arguments, where, said in (
        (2, ("--environment", "staging"), None, "no environment 'staging'"),
        (2, (), outside, "a git repository"),
        (2, ("--base", "origin/absent"), None, "has no branch absent"),
    ):
        assert world.until_ended(world.agent(*arguments, inside=where)) == code, world.log
        assert said in world.log
    world.origin.rename(world.folder / "away.git")
    assert world.until_ended(world.agent()) == 5
    assert "an answer from the remote" in world.log
    assert "Traceback" not in world.log

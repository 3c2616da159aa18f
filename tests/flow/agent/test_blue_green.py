"""Blue-green by a real agent: preview, smoke requests, a person's yes, the switch, the way back."""

import http.client

import pytest

pytestmark = pytest.mark.journey
MANIFEST = "releases/income/production.yaml"
BLUE_GREEN = "{strategy: blueGreen, scaleDownDelay: 30s}"
WITH_APPROVAL = "{strategy: blueGreen, approval: true}"


def preview(port, traffic):
    """Status and release of the answer to a request with the preview's header."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {"Mlci-Preview": "income"}
    connection.request("POST", "/v2/models/income/infer", traffic.USUAL, headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.headers["Mlci-Release"]


def test_switched_by_approval_and_back_at_once(live, world, models, until, requests_of):
    clients = live(keepWatching="1m", minimumRequests=200)
    good = world.manifest()
    world.release("1.1", models("failing"), rollout=WITH_APPROVAL)
    until(lambda: world.states()[-1] == "PAUSED 1.1")
    assert "step 2, {approval: true}: `mlci approve" in world.records()[-1].reason
    assert preview(world.port, requests_of) == (200, "1.1")
    assert clients.seen() == {(200, "1.0")}
    assert world.mlci("status", "--wait", "--timeout", "20").returncode == 3
    assert world.mlci("approve", MANIFEST, "--reason", "looks fine").returncode == 0
    assert world.records()[-1].step == 2
    until(lambda: clients.of("1.1") > 0)
    before = clients.of("1.0")
    # Whoever comes after a killed agent finds the switch made.
    world.agents[-1].kill()
    world.agents[-1].wait()
    world.agent()
    until(lambda: world.states()[-1] == "HEALTHY 1.1")
    assert clients.of("1.0") - before <= 4
    assert clients.bad() == {}
    assert world.states()[-4:] == ["PAUSED 1.1", "APPROVED 1.1", "ADMITTED 1.1", "HEALTHY 1.1"]
    assert len(world.servers()) == 2
    clients.odd = 0.5
    until(lambda: world.states()[-1] == "REVERTED 1.1")
    assert "above the budget" in world.records()[-2].reason
    assert world.manifest() == good
    assert clients.bad("1.0", "") == {}


def test_a_preview_that_answers_no_row_of_the_exam_is_taken_back(live, world, models, until):
    clients = live()
    good = world.manifest()
    world.release("1.1", models("silent"), rollout=BLUE_GREEN)
    until(lambda: world.states()[-1] == "REVERTED 1.1")
    assert world.states()[-3:] == ["ADMITTED 1.1", "REGRESSED 1.1", "REVERTED 1.1"]
    assert "smoke request 1 to the preview" in world.records()[-2].reason
    assert world.manifest() == good
    assert clients.seen() == {(200, "1.0")}


def test_a_server_that_is_not_ready_in_time_is_taken_back(live, world, models, until):
    clients = live()
    soon = ", startup: 50ms, minReady: 0s"
    rollout = "{strategy: blueGreen, progressDeadline: 200ms}"
    world.release("1.1", models("good", steepness=2.0), rollout=rollout, serving=soon)
    until(lambda: world.states()[-1] == "REVERTED 1.1")
    assert "not ready after 0.2 s, its progressDeadline" in world.records()[-2].reason
    assert clients.seen() == {(200, "1.0")}


def test_a_way_back_is_switched_to_at_once(live, world, models, until):
    clients = live(minimumRequests=100, rollout=WITH_APPROVAL)
    world.release("1.1", models("good", steepness=2.0), rollout=WITH_APPROVAL)
    until(lambda: world.states()[-1] == "PAUSED 1.1")
    assert world.mlci("approve", MANIFEST, "--reason", "fine").returncode == 0
    until(lambda: world.states()[-1] == "HEALTHY 1.1")
    world.git("revert", "--no-edit", "HEAD")
    world.push()
    until(lambda: world.states()[-1] == "HEALTHY 1.0")
    # Neither is it previewed, nor does anybody have to say yes.
    assert world.states()[-2:] == ["ADMITTED 1.0", "HEALTHY 1.0"]
    assert "way back" in world.records()[-2].reason
    assert "1.0 previewed" not in world.log
    assert clients.bad() == {}

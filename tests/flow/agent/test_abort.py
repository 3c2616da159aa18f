"""What only fails under live traffic is taken back: traffic first, then the record, then Git."""

import pytest

from mlci.flow.case import read_case
from mlci.flow.judging import now, verdict_on
from mlci.gates.registry import find
from mlci.gitops.records_branch import RecordsBranch, Write
from mlci.gitops.repository import Repository
from mlci.policy.plan import plan
from mlci.records.judgement import Judgement
from mlci.records.outcome import Outcome
from mlci.reports.json import dumps

pytestmark = pytest.mark.journey
MANIFEST = "releases/income/production.yaml"


def test_a_canary_that_fails_is_reverted_and_its_model_blocked(live, world, models, until):
    clients = live()
    good = world.manifest()
    log = watch_pushes(world)
    clients.odd = 0.3
    world.release("1.1", models("failing"))
    bad = world.tip()
    assert world.mlci("status", "--wait", "--timeout", "150").returncode == 1
    until(lambda: world.states()[-1] == "REVERTED 1.1")
    assert world.states()[1:] == ["GATING 1.1", "ADMITTED 1.1", "REGRESSED 1.1", "REVERTED 1.1"]
    after = clients.of("1.1")
    assert clients.bad("1.0", "") == {}
    assert set(clients.bad("1.1")) == {(500, "1.1")}

    regressed, reverted = world.records()[-2:]
    assert world.manifest() == good
    assert reverted.reversal == world.tip()
    message = world.git("log", "-1", "--format=%B", "main", inside=world.origin)
    for line in (
        f"This reverts commit {bad}.",
        f"Mlci-Reverts: {bad}",
        f"Mlci-Restores: {world.records()[0].commit}",
        "Mlci-Release: income/production@1.1",
        f"Mlci-Incident: {regressed.delivery}",
    ):
        assert line in message.splitlines()
    assert "Mlci-Reason: more " in message
    pushed = log.read_text().splitlines()
    own = [line.split(" ", 1)[1] for line in pushed]
    assert own.index("REGRESSED income/production@1.1") < own.index(
        "Revert income/production to 1.0"
    )

    world.pull()
    world.release("1.2", models("failing"))
    assert world.mlci("status", "--wait", "--timeout", "150").returncode == 3
    held = world.records()[-1]
    assert (held.state, held.version) == ("HELD", "1.2")
    assert "REGRESSED" in held.reason
    assert "mlci approve" in held.reason
    assert clients.of("1.1") == after
    clients.odd = 0.0
    assert world.mlci("approve", MANIFEST, "--reason", "the cause is known").returncode == 0
    until(lambda: world.states()[-1] == "HEALTHY 1.2")
    assert clients.bad("1.0", "1.2", "") == {}


def watch_pushes(world):
    """The remote writes down each push: branch and subject, in their order."""
    log = world.folder / "pushes"
    hook = world.origin / "hooks" / "post-receive"
    hook.write_text(
        "#!/bin/sh\nwhile read old new ref; do\n"
        f'echo "$ref $(git log -1 --format=%s $new)" >> "{log}"\ndone\n'
    )
    hook.chmod(0o755)
    return log


def test_a_hung_canary_is_seen_before_its_requests_end(live, world, models, until):
    clients = live()
    clients.stop()
    many = type(clients)(port=world.port, rate=200.0, odd=0.2, lanes=60).start()
    try:
        # Longer than the bounds: a request in flight is no bad one before.
        world.release("1.1", models("hanging"), steps="[{weight: 50, bake: 5s}]")
        until(lambda: "1.1 REGRESSED" in world.log)
        assert many.bad() == {}
        until(lambda: "REGRESSED 1.1" in world.states())
        regressed = next(each for each in world.records() if each.state == "REGRESSED")
        assert "than stable" in regressed.reason
    finally:
        many.stop()


def test_a_canary_that_refuses_what_clients_send_is_no_better(live, world, models, until):
    """Its gate passes, as the manifest maps the exam's columns; the clients don't know of that."""
    clients = live()
    world.release("1.1", models("renamed"), inputs="{years: [age], hours: [hours]}")
    until(lambda: world.states()[-1] == "REVERTED 1.1")
    assert set(clients.bad()) == {(400, "1.1")}


def test_a_model_that_does_not_load_never_touches_stable(live, world, until):
    clients = live()
    broken = world.folder / "broken.onnx"
    broken.write_bytes(b"no model at all")
    world.release("1.1", broken)
    record_pass(world)
    until(lambda: world.states()[-1] == "REVERTED 1.1")
    assert "does not run" in world.records()[-2].reason
    assert clients.of("1.1") == 0
    assert clients.bad() == {}


def record_pass(world):
    """What a protected job would have recorded, on a machine where the model did load."""
    case = read_case(Repository.open(world.work), MANIFEST, base=None, at=None)
    planned = plan(case.policies, case.release, comparing=True, gate=find)
    shown = {"estimate": 0.9, "interval": (0.88, 0.92), "n": 2000, "reason": "shown"}
    passed = [Judgement(planned=each, outcome=Outcome.PASS, **shown) for each in planned]
    verdict = verdict_on(case, Outcome.PASS, True, tuple(passed), now())
    digits = case.release.digest.removeprefix("sha256:")
    path = f"verdicts/{digits[:2]}/{digits}/{case.key[:16]}-0001.json"
    write = Write(path=path, content=dumps(verdict).encode())
    RecordsBranch(case.repository).append(lambda _: [write], "Verdict PASS")

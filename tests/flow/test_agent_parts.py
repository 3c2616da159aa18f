"""The agent's small parts: its journal, what it says, what it serves, and its gate runs."""

import math
import socket
import time
import urllib.error
import urllib.request

import pytest

from mlci.delivery.local.pauses import Pauses
from mlci.errors import Broken, MlciError
from mlci.flow.evidence import Evidence
from mlci.flow.explain import Explain
from mlci.flow.exposing import Exposing
from mlci.flow.gating import GateRun
from mlci.flow.progress import Intent, Journal, Progress
from mlci.flow.reading import Reader
from mlci.gitops.repository import Repository
from mlci.records.outcome import Health
from mlci.watch.judge import Assessment


def test_a_journal_is_read_again_by_the_next_agent(tmp_path):
    file = tmp_path / "models" / "progress.json"
    begun = Progress(delivery="d", step=1, baked=2.5, intent=Intent.TAKE_BACK, reason="slow")
    Journal(file).keep(begun)
    assert Journal(file).of("d") == begun
    assert Journal(file).of("another") == Progress(delivery="another")
    assert Journal(tmp_path / "none").current() is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"delivery": "d"}', b'{"intent": "x"}'])
def test_a_journal_that_can_not_be_read_is_never_forgotten_silently(tmp_path, content):
    file = tmp_path / "progress.json"
    file.write_bytes(content)
    with pytest.raises(Broken, match="no journal"):
        Journal(file).of("d")


def test_each_thing_is_said_once_a_topic():
    said = []
    explain = Explain("income", said.append)
    for text, topic in (("a", ""), ("a", ""), ("x", "git"), ("a", ""), ("", "git"), ("x", "git")):
        explain(text, topic=topic)
    assert said == ["income: a", "income: x", "income: x"]


def test_metrics_are_the_newest_text_on_loopback_alone():
    exposing = Exposing()
    port = exposing.start(0)
    try:
        for text in ("a 1\n", "a 2\n"):
            exposing.text = text
            answer = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5)
            assert answer.read().decode() == text
            assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/other", timeout=5)
        with pytest.raises(Broken, match="--metrics-port"):
            Exposing().start(port)
    finally:
        exposing.stop()
    with socket.socket() as probe, pytest.raises(ConnectionRefusedError):
        probe.connect(("127.0.0.1", port))


def test_only_finite_numbers_reach_a_record():
    evidence = Evidence(
        assessment=Assessment(
            health=Health.WATCHING, reason="", evidence={"a": 1.5, "b": -math.inf, "c": math.nan}
        )
    )
    assert evidence.numbers() == {"a": 1.5}


def test_a_gate_that_a_hold_ends_may_run_again(world):
    gate = GateRun(repository=world.path, folder=world.path.parent / "gate")
    commit = world.git("rev-parse", "HEAD")
    for _ in range(2):
        assert gate.start("releases/income/absent.yaml", commit, "digest")
        gate.interrupt()
        gate.interrupt()
        while not gate.settle():
            pass
        assert not gate.failure("digest")


def test_an_old_reading_decides_nothing_and_outlives_the_agent_that_took_it(world, tmp_path):
    memory = tmp_path / "production" / "reading.json"
    how = {"repository": Repository.open(world.path), "base": None, "memory": memory}
    first = Reader(**how, poll=0.01, patience=0.2)
    first.refresh().result()
    assert not memory.exists()
    memory.parent.mkdir()
    first.refresh().result()
    assert first.trouble() == ""
    time.sleep(0.25)
    assert "no answer" in first.trouble()
    first.close()

    world.origin.rename(tmp_path / "away.git")
    second = Reader(**how, poll=5.0)
    second.refresh().result()
    for reading in (first.truth, second.newest()):
        assert reading.protected.commit == world.git("rev-parse", "HEAD")
        assert reading.rules.project.environment("production").port == 8082
    assert second.trouble()
    second.close()
    memory.write_text("[]")
    with pytest.raises(MlciError):
        Reader(**how, poll=5.0).newest()


def test_what_ended_is_started_again_at_once_and_then_after_a_pause():
    pauses = Pauses()
    assert [pauses.due(name) for name in ("a", "a", "b", "a")] == [True, False, True, False]
    pauses.over("a")
    assert pauses.due("a")


def test_a_gate_that_ends_without_a_verdict_says_why(world):
    folder = world.path.parent / "gate"
    gate = GateRun(repository=world.path, folder=folder)
    commit = world.git("rev-parse", "HEAD")
    assert gate.start("releases/income/absent.yaml", commit, "digest")
    assert not gate.start("releases/income/absent.yaml", commit, "digest")
    while not gate.settle():
        pass
    assert "releases/income/absent.yaml" in gate.failure("digest")
    assert gate.failed_before("digest")
    assert not gate.start("releases/income/absent.yaml", commit, "digest")

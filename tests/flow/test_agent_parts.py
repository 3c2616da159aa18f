"""The agent's small parts: its journal, what it says, what it serves, and its gate runs."""

import math
import socket
import urllib.error
import urllib.request

import pytest

from mlci.errors import Broken
from mlci.flow.evidence import Evidence
from mlci.flow.explain import Explain
from mlci.flow.exposing import Exposing
from mlci.flow.gating import GateRun
from mlci.flow.progress import Intent, Journal, Progress
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

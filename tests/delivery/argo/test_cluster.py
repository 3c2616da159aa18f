"""What an API server, or what stands in between, says that isn't what was asked for."""

import json
import socket
import sys
import threading
from pathlib import Path

import pytest

from mlci.delivery.argo import access
from mlci.delivery.argo.answers import Refused
from mlci.delivery.argo.cluster import connect
from mlci.errors import Broken

FORBIDDEN = json.dumps({"kind": "Status", "message": "rollouts is forbidden", "code": 403}).encode()
GONE = b'{"type": "ERROR", "object": {"kind": "Status", "message": "too old", "code": 410}}\n'
BOOKMARK = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "7"}}}
LINE = json.dumps(BOOKMARK).encode() + b"\n"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>sign in</html>", "Expecting value"),
        (b"[]", "JSON that is a list"),
        (b"", "Expecting value"),
    ],
)
def test_success_with_something_else_is_no_answer(body, said, answering):
    cluster = answering(lambda *_: (200, [body] if body else []))
    with pytest.raises(Broken, match=said):
        cluster.get(cluster.rollouts)


def test_a_refusal_has_its_code_the_servers_words_and_a_next_step(answering):
    cluster = answering(lambda *_: (403, [FORBIDDEN]))
    with pytest.raises(Refused, match="HTTP 403: rollouts is forbidden; expected success; apply"):
        cluster.get(cluster.rollouts)
    cluster = answering(lambda *_: (302, [b"<html>elsewhere</html>"]))
    with pytest.raises(Refused, match="HTTP 302: '<html>elsewhere") as caught:
        cluster.get(cluster.rollouts)
    assert caught.value.code == 302


def test_an_answer_that_breaks_off_is_none(answering):
    cluster = answering(lambda *_: (200, [b'{"items":', None]))
    with pytest.raises(Broken, match="expected an answer of the Kubernetes API server"):
        cluster.get(cluster.rollouts)


def test_nobody_listens(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    file = tmp_path / "kubeconfig"
    config = {"cluster": {"server": f"http://127.0.0.1:{port}"}, "name": "c"}
    context = {"context": {"cluster": "c", "user": "u"}, "name": "x"}
    file.write_text(
        json.dumps(
            {
                "clusters": [config],
                "contexts": [context],
                "users": [{"name": "u", "user": {}}],
                "current-context": "x",
            }
        )
    )
    with pytest.raises(Broken, match="refused"):
        connect("models", file).get("/version")


def test_events_are_lines_wherever_the_answer_is_cut(answering):
    cluster = answering(lambda *_: (200, [LINE[:9], LINE[9:] + LINE + LINE[:5], LINE[5:]]))
    stream = cluster.watch(cluster.rollouts, seconds=1, silence=1)
    assert list(stream) == [BOOKMARK] * 3


@pytest.mark.parametrize(
    "chunks",
    [[b"<html>\n"], [b'{"type": "ADDED"}\n'], [LINE, LINE[:20]], [LINE, None], [b"[]\n"]],
    ids=["html", "no object", "half an event", "broken off", "no mapping"],
)
def test_what_is_no_event_is_broken(chunks, answering):
    cluster = answering(lambda *_: (200, chunks))
    with pytest.raises(Broken):
        list(cluster.watch(cluster.rollouts, seconds=1, silence=1))


def test_an_error_among_the_events_has_its_code(answering):
    cluster = answering(lambda *_: (200, [LINE, GONE]))
    events = iter(cluster.watch(cluster.rollouts, seconds=1, silence=1))
    assert next(events) == BOOKMARK
    with pytest.raises(Refused, match="too old") as caught:
        next(events)
    assert caught.value.code == 410


@pytest.fixture
def endless():
    """Chunks that end when the test does."""
    ended = threading.Event()

    def chunks(*first):
        yield from first
        ended.wait(30)

    yield chunks
    ended.set()


def test_a_watch_that_stalls_is_noticed(answering, endless):
    cluster = answering(lambda *_: (200, endless(LINE)))
    with pytest.raises(Broken, match="timed out"):
        list(cluster.watch(cluster.rollouts, seconds=0.1, silence=0.1))


def test_a_watch_is_stopped_by_another_thread(answering, endless):
    cluster = answering(lambda *_: (200, endless(LINE)))
    stream = cluster.watch(cluster.rollouts, seconds=60, silence=1)
    events = iter(stream)
    next(events)
    threading.Timer(0.1, stream.stop).start()
    with pytest.raises(Broken):
        next(events)


def test_a_kubeconfig_that_is_missing_or_none(tmp_path, monkeypatch):
    with pytest.raises(Broken, match="expected a kubeconfig"):
        connect("models", tmp_path / "none")
    (tmp_path / "strange").write_text("[1, 2")
    with pytest.raises(Broken, match="expected a kubeconfig"):
        connect("models", tmp_path / "strange")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    with pytest.raises(Broken, match="Service"):
        connect("models")


def test_without_the_client_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    with pytest.raises(Broken, match=r"pip install 'mlci\[argo\]'"):
        connect("models", Path("any"))


def _cluster_with(answering, group, kinds, allowed=True):
    """Discovery as the API server does it; None: not there."""

    def answer(method, path):
        said = {
            ("GET", "/apis/argoproj.io/v1alpha1"): kinds,
            ("GET", "/apis/argoproj.io"): group,
            ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"): {
                "status": {"allowed": allowed}
            },
        }[method, path]
        missing = {"message": "the server could not find the requested resource"}
        return (404 if said is None else 201, [json.dumps(said or missing).encode()])

    return answering(answer)


KINDS = ["rollouts", "rollouts/status", "analysisruns", "analysistemplates"]


def _list(*names):
    return {"kind": "APIResourceList", "resources": [{"name": name} for name in names]}


@pytest.mark.parametrize(
    ("group", "kinds", "said"),
    [
        (None, None, "Argo Rollouts isn't installed"),
        ({"versions": [{"version": "v2"}]}, None, "argoproj.io has v2 and no v1alpha1"),
        ({}, _list("rollouts", "workflows"), "no kind rollouts/status .*; no kind analysisruns"),
    ],
    ids=["no group", "another version", "other kinds"],
)
def test_definitions_that_are_missing_are_named(group, kinds, said, answering):
    with pytest.raises(Broken, match=said):
        access.check(_cluster_with(answering, group, kinds))


def test_kinds_and_verbs_are_named_at_once(answering):
    access.check(_cluster_with(answering, {}, _list(*KINDS)))
    with pytest.raises(Broken, match=r"no kind analysisruns .*; no right to get rollouts, list "):
        access.check(_cluster_with(answering, {}, _list(*KINDS[:2]), allowed=False))

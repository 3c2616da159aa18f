"""Lists and watches of a server that loses, repeats, splits and refuses them."""

import json
import threading
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from mlci.delivery.argo.collection import Patience
from mlci.delivery.argo.following import Follower

PATIENCE = Patience(watch=1, silence=1, relist=60)


class Script:
    """Answers for Rollouts by a list of answers, one a request, the last again and again.

    There are no AnalysisRuns.
    """

    def __init__(self, *answers):
        self._answers = list(answers)
        self.asked = []
        self.ended = threading.Event()

    def __call__(self, _method, path):
        url = urlsplit(path)
        query = {key: value for key, [value] in parse_qs(url.query).items()}
        if "rollouts" not in url.path:
            return (200, self._quiet()) if "watch" in query else listed("1")
        self.asked.append(query)
        answer = self._answers.pop(0) if self._answers else None
        return answer or (200, self._quiet())

    def _quiet(self):
        """A watch in which nothing happens, until the server ends it."""
        self.ended.wait(1)
        yield from ()


def listed(version, *items, more=None):
    metadata = {"resourceVersion": version, **({"continue": more} if more else {})}
    return 200, [json.dumps({"metadata": metadata, "items": items}).encode()]


def events(*found):
    return 200, [
        json.dumps({"type": kind, "object": each}).encode() + b"\n" for kind, each in found
    ]


@pytest.fixture
def made(recorded):
    def make(name, version, uid=None):
        document = recorded("promoted")
        document["metadata"] |= {"name": name, "resourceVersion": version, "uid": uid or name}
        return document

    return make


@pytest.fixture
def following(answering):
    ends = []

    def start(*answers):
        script = Script(*answers)
        follower = Follower(answering(script), PATIENCE)
        ends.append((script, follower))
        assert follower.live().trouble == "nothing was read yet"
        follower.start()
        return script, follower

    yield start
    for script, follower in ends:
        script.ended.set()
        follower.close()


def until(follower, holds):
    deadline = time.monotonic() + 30
    while not holds(follower.live()):
        assert time.monotonic() < deadline, follower.live()
        follower.changed.wait(0.05)
        follower.changed.clear()
    return follower.live()


def versions(live):
    return {name: each.version for name, each in live.rollouts.items()}


def test_a_list_comes_in_pages_and_a_watch_goes_on_from_its_version(following, made):
    script, follower = following(
        listed("7", made("a", "3"), more="next"),
        listed("7", made("b", "5")),
        events(
            ("MODIFIED", made("a", "8")),
            ("ADDED", made("c", "9")),
            ("DELETED", made("b", "10")),
            ("BOOKMARK", {"metadata": {"resourceVersion": "20"}}),
        ),
    )
    until(follower, lambda live: versions(live) == {"a": "8", "c": "9"} and not live.trouble)
    until(follower, lambda _: len(script.asked) > 3)
    assert [query.get("continue") for query in script.asked[:2]] == [None, "next"]
    assert [query["resourceVersion"] for query in script.asked[2:4]] == ["7", "20"]
    assert {query["labelSelector"] for query in script.asked} == {
        "app.kubernetes.io/managed-by=mlci"
    }


def test_a_version_that_is_gone_is_followed_by_a_new_list(following, made):
    gone = {"kind": "Status", "code": 410, "message": "too old resource version"}
    script, follower = following(
        listed("7", made("a", "3"), made("b", "3")),
        events(("ERROR", gone)),
        listed("30", made("a", "29")),
        (410, [json.dumps(gone).encode()]),
        listed("40", made("a", "29"), made("c", "35")),
    )
    until(follower, lambda live: versions(live) == {"a": "29", "c": "35"} and not live.trouble)
    assert [("watch" in query) for query in script.asked[:5]] == [False, True, False, True, False]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((403, [b'{"message": "rollouts is forbidden"}']), "HTTP 403: rollouts is forbidden"),
        ((200, [b"<html>"]), "expected an answer of the Kubernetes API server"),
        ((200, [b'{"items": []}']), "a list without version or items"),
        (listed("1", {"metadata": {"name": "x"}}), "an object without uid"),
        (listed("1", {"metadata": {"uid": "x"}}), "an object without version"),
        (listed("1", {"metadata": {"uid": "x", "resourceVersion": "1"}}), "no metadata.name"),
    ],
    ids=["forbidden", "html", "no version", "no uid", "object without version", "no name"],
)
def test_what_is_no_list_is_trouble_and_what_was_seen_stays(answer, said, following, made):
    broken = (500, [b'{"message": "etcd is away"}'])
    _, follower = following(
        listed("7", made("a", "3")), broken, answer, listed("9", made("a", "8"))
    )
    live = until(follower, lambda live: said in live.trouble)
    assert versions(live) == {"a": "3"}
    assert versions(until(follower, lambda live: not live.trouble)) == {"a": "8"}


def test_an_analysis_is_shown_with_its_rollout_the_oldest_first(answering, recorded):
    first, last = recorded("run-step"), recorded("run-failed")
    unseen = recorded("run-step")
    unseen["metadata"] |= {"name": "income-z", "uid": "z"}
    del unseen["status"]
    alien = recorded("run-step")
    alien["metadata"] |= {"name": "income-alien", "uid": "alien"}
    alien["metadata"]["labels"]["rollout-type"] = "Chaos"
    ended = threading.Event()

    def answer(_method, path):
        if "watch" in path:
            ended.wait(1)
            return 200, []
        return listed("1", *([unseen, last, first, alien] if "analysisruns" in path else ()))

    follower = Follower(answering(answer), PATIENCE)
    follower.start()
    live = until(follower, lambda live: not live.trouble)
    order = sorted((first, last), key=lambda run: run["status"]["startedAt"])
    names = [each["metadata"]["name"] for each in order]
    assert [run.name for run in live.analyses["income"]] == [*names, "income-z"]
    assert "AnalysisRun income-alien" in live.unread["income"]
    ended.set()
    follower.close()

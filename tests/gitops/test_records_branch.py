"""The records branch under races, kills, and remotes that lie, refuse or are gone."""

import multiprocessing
import subprocess
from dataclasses import replace

import pytest

from mlci.errors import Broken, Conflict
from mlci.gitops import deliveries
from mlci.gitops.records_branch import BRANCH, SEEN, RecordsBranch, Write, keep
from mlci.gitops.repository import Repository
from mlci.records.delivery import State, delivery_path, to_json_bytes

DIGEST = "sha256:" + "ab" * 32
VERDICTS = f"verdicts/ab/{'ab' * 32}"


def appending(record):
    """Writes ``record`` as the next one of its model, unless its reason is recorded already."""

    def write(snapshot):
        history = snapshot.deliveries(record.environment, record.model)
        if any(each.reason == record.reason for each in history):
            return None
        numbered = replace(record, seq=deliveries.next_seq(history))
        path = delivery_path(record.environment, record.model, numbered.seq)
        return [Write(path=path, content=to_json_bytes(numbered)), *map(keep, record.paths)]

    return write


def append(clone, record):
    return RecordsBranch(clone.repository).append(appending(record), f"{record.state}")


@pytest.fixture(params=["clone", "alone", "shallow", "bare"])
def anywhere(request, clone, alone, shallow):
    if request.param == "bare":
        return replace(clone, path=clone.origin)
    return {"clone": clone, "alone": alone, "shallow": shallow}[request.param]


def test_no_records_is_an_answer(anywhere, record):
    snapshot = RecordsBranch(anywhere.repository).fetch()
    assert snapshot.commit is None
    assert snapshot.deliveries("production", "income") == ()
    assert snapshot.environments() == ()
    assert snapshot.verdicts(DIGEST) == {}


def test_what_is_appended_is_read_in_order(anywhere, record):
    made = [record(reason=str(number)) for number in range(12)]
    for each in made:
        after = append(anywhere, each)
    found = RecordsBranch(anywhere.repository).fetch()
    assert found.commit == after.commit
    history = found.deliveries("production", "income")
    assert [each.reason for each in history] == [each.reason for each in made]
    assert [each.seq for each in history] == list(range(1, 13))
    assert found.environments() == ("production",)


def test_nothing_to_write_writes_nothing(clone, record):
    first = append(clone, record())
    assert append(clone, record()).commit == first.commit
    again = RecordsBranch(clone.repository).append(
        lambda s: [Write(path=VERDICTS + "/a.json", content=b"{}")], "x"
    )
    repeated = RecordsBranch(clone.repository).append(
        lambda s: [Write(path=VERDICTS + "/a.json", content=b"{}")], "x"
    )
    assert repeated.commit == again.commit


def test_verdicts_by_the_manifests_digest(clone):
    branch = RecordsBranch(clone.repository)
    for name in ("b", "a"):
        path, content = f"{VERDICTS}/{name}.json", f'{{"name": "{name}"}}'.encode()
        snapshot = branch.append(lambda _: [Write(path=path, content=content)], "x")  # noqa: B023
    assert list(snapshot.verdicts(DIGEST).items()) == [
        ("a.json", b'{"name": "a"}'),
        ("b.json", b'{"name": "b"}'),
    ]
    assert snapshot.verdicts("sha256:" + "cd" * 32) == {}
    assert snapshot.verdicts("../../etc") == {}


def test_a_path_is_never_overwritten(clone):
    branch = RecordsBranch(clone.repository)
    first = branch.append(lambda _: [Write(path=VERDICTS + "/a.json", content=b"{}")], "x")
    with pytest.raises(Conflict):
        branch.append(lambda _: [Write(path=VERDICTS + "/a.json", content=b"[]")], "x")
    assert branch.fetch().commit == first.commit


@pytest.mark.parametrize(
    "path",
    ["README.md", "/verdicts/a", "verdicts/../x", "verdicts", "deliveries//a", "blobs/.git/a"],
)
def test_only_records_are_written(path):
    with pytest.raises(ValueError, match="no record"):
        Write(path=path, content=b"")


def test_a_write_has_one_content():
    with pytest.raises(ValueError, match="one content"):
        Write(path="verdicts/a")


def test_the_person_sees_no_change(clone, record):
    (clone.path / "README.md").write_text("being edited")
    before = clone.state()
    append(clone, record())
    assert clone.state() == before


def test_the_blobs_of_a_release_travel_with_its_record(clone, record_at, tmp_path):
    kept = record_at(clone.repository, clone.repository.head())
    append(clone, kept)
    alone = tmp_path / "only-records"
    subprocess.run(
        [
            "git",
            "clone",
            "--quiet",
            "--depth=1",
            "--branch",
            BRANCH,
            f"file://{clone.origin}",
            alone,
        ],
        check=True,
    )
    repository = Repository.open(alone)
    (found,) = RecordsBranch(repository).fetch().deliveries("production", "income")
    assert found.paths == kept.paths
    assert [repository.blob(blob.oid) for blob in found.paths] == [b"model: A\n", b"image: A\n"]


def test_a_missing_object_is_not_recorded(clone):
    with pytest.raises(Broken):
        RecordsBranch(clone.repository).append(
            lambda _: [Write(path="blobs/11/1", oid="1" * 40)], "x"
        )
    assert clone.remote("for-each-ref", f"refs/heads/{BRANCH}") == ""


class TestMemory:
    """What was seen once must still be there."""

    def test_vanished(self, clone, other, record):
        append(other, record())
        RecordsBranch(clone.repository).fetch()
        clone.remote("update-ref", "-d", f"refs/heads/{BRANCH}")
        with pytest.raises(Broken, match="gone"):
            RecordsBranch(clone.repository).fetch()

    def test_rolled_back(self, clone, other, record):
        first = append(other, record(reason="1")).commit
        append(other, record(reason="2"))
        RecordsBranch(clone.repository).fetch()
        clone.remote("update-ref", f"refs/heads/{BRANCH}", first)
        with pytest.raises(Broken, match=r"000002\.json is gone or changed"):
            RecordsBranch(clone.repository).fetch()
        with pytest.raises(Broken):
            append(clone, record(reason="3"))

    def test_rewritten(self, clone, other, record):
        append(other, record())
        RecordsBranch(clone.repository).fetch()
        other.git("fetch", "--quiet", "origin", BRANCH)
        other.git("checkout", "--quiet", "FETCH_HEAD")
        (other.path / delivery_path("production", "income", 1)).write_text("{}")
        other.git("commit", "--quiet", "-am", "forged")
        other.git("push", "--quiet", "origin", f"HEAD:{BRANCH}")
        with pytest.raises(Broken, match=r"000001\.json"):
            RecordsBranch(clone.repository).fetch()

    def test_the_same_records_with_another_history_are_as_good(self, clone, other, record):
        append(other, record(reason="1"))
        tip = append(other, record(reason="2")).commit
        RecordsBranch(clone.repository).fetch()
        squashed = other.git("commit-tree", "-m", "squashed", f"{tip}^{{tree}}")
        other.git("push", "--quiet", "--force", "origin", f"{squashed}:refs/heads/{BRANCH}")
        assert append(clone, record(reason="3")).deliveries("production", "income")[-1].seq == 3

    def test_unreachable(self, clone, record):
        clone.origin.rename(clone.origin.with_name("moved"))
        with pytest.raises(Broken):
            RecordsBranch(clone.repository).fetch()
        with pytest.raises(Broken):
            append(clone, record())

    def test_a_remote_added_later_must_get_the_records(self, alone, record, tmp_path):
        append(alone, record())
        subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "new.git"], check=True)
        alone.git("remote", "add", "origin", f"file://{tmp_path}/new.git")
        with pytest.raises(Broken) as caught:
            RecordsBranch(alone.repository).fetch()
        command = caught.value.next_step.split("`")[1]
        subprocess.run(command.split(), cwd=alone.path, check=True, capture_output=True)
        assert len(RecordsBranch(alone.repository).fetch().deliveries("production", "income")) == 1

    def test_an_older_memory_never_replaces_a_newer_one(self, clone, record):
        first = append(clone, record(reason="1")).commit
        second = append(clone, record(reason="2")).commit
        RecordsBranch(clone.repository)._remember(None, first)
        assert clone.git("rev-parse", SEEN) == second


class TestMalformed:
    def put(self, clone, path, content):
        RecordsBranch(clone.repository).append(lambda _: [Write(path=path, content=content)], "x")
        return RecordsBranch(clone.repository).fetch()

    @pytest.mark.parametrize("content", [b"", b"{}", b"\xff"])
    def test_a_delivery(self, clone, content):
        path = delivery_path("production", "income", 1)
        with pytest.raises(Broken) as caught:
            self.put(clone, path, content).deliveries("production", "income")
        assert caught.value.place == f"mlci/records:{path}"

    @pytest.mark.parametrize("content", [b"", b"[]", b"\xff"])
    def test_a_verdict(self, clone, content):
        with pytest.raises(Broken) as caught:
            self.put(clone, f"{VERDICTS}/a.json", content).verdicts(DIGEST)
        assert caught.value.place == f"mlci/records:{VERDICTS}/a.json"

    def test_a_record_under_another_number(self, clone, record):
        path = delivery_path("production", "income", 2)
        with pytest.raises(Broken, match="holds record 1"):
            self.put(clone, path, to_json_bytes(record(1))).deliveries("production", "income")

    def test_a_record_under_another_model(self, clone, record):
        path = delivery_path("production", "other", 1)
        with pytest.raises(Broken, match="income/production"):
            self.put(clone, path, to_json_bytes(record(1))).deliveries("production", "other")

    def test_a_record_that_is_missing_in_between(self, clone, record):
        path = delivery_path("production", "income", 2)
        with pytest.raises(Broken, match="record 1 of"):
            self.put(clone, path, to_json_bytes(record(2))).deliveries("production", "income")

    def test_two_records_with_one_number(self, clone, record):
        self.put(clone, "deliveries/production/income/1.json", to_json_bytes(record(1)))
        path = delivery_path("production", "income", 1)
        with pytest.raises(Broken):
            self.put(clone, path, to_json_bytes(record(1))).deliveries("production", "income")


class TestRaces:
    def test_a_lost_race_is_decided_again(self, clone, other, record):
        asked = []

        def write(snapshot):
            asked.append(snapshot.commit)
            if len(asked) == 1:
                append(other, record(reason="theirs"))
            return appending(record(reason="ours"))(snapshot)

        after = RecordsBranch(clone.repository).append(write, "x")
        assert len(asked) == 2
        history = after.deliveries("production", "income")
        assert [(each.seq, each.reason) for each in history] == [(1, "theirs"), (2, "ours")]

    def test_eight_writers_at_once_all_land(self, clone, cloned, record):
        context = multiprocessing.get_context("fork")
        clones = [cloned() for _ in range(4)] * 2
        start = context.Barrier(len(clones))

        def writer(number):
            start.wait()
            append(clones[number], record(reason=str(number)))

        processes = [context.Process(target=writer, args=(n,)) for n in range(len(clones))]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        assert [process.exitcode for process in processes] == [0] * len(clones)
        history = RecordsBranch(clone.repository).fetch().deliveries("production", "income")
        assert [each.seq for each in history] == list(range(1, 9))
        assert {each.reason for each in history} == set("01234567")

    def test_writers_in_a_repository_without_remote(self, alone, record):
        context = multiprocessing.get_context("fork")
        processes = [
            context.Process(target=append, args=(alone, record(reason=str(number))))
            for number in range(4)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        history = RecordsBranch(alone.repository).fetch().deliveries("production", "income")
        assert {each.reason for each in history} == set("0123")


def test_a_refused_push_is_broken_and_says_what_the_remote_said(clone, record):
    hook = clone.origin / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho records are closed, fetch first\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(Broken, match="records are closed"):
        append(clone, record())
    hook.unlink()
    assert append(clone, record()).commit


@pytest.mark.parametrize("orphan", [False, True])
def test_killed_between_any_two_steps_it_ends_in_the_same_state(clone, record_at, killer, orphan):
    tip = clone.repository.head()
    first = append(clone, record_at(clone.repository, tip, reason="0"))
    kept = record_at(clone.repository, tip, reason="1", state=State.REGRESSED)
    killed, at = True, 0
    while killed:
        at += 1
        clone.remote("update-ref", f"refs/heads/{BRANCH}", first.commit)
        clone.git("update-ref", SEEN, first.commit)
        killed = killer.run(lambda: append(clone, kept), at=at, orphan=orphan)
        after = append(clone, kept)
        assert clone.remote("rev-list", "--count", BRANCH) == "2"
        history = after.deliveries("production", "income")
        assert [each.reason for each in history] == ["0", "1"]
        assert after.commit == clone.remote("rev-parse", BRANCH)
    assert at > 8

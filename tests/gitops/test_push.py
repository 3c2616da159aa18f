import multiprocessing
from dataclasses import replace

import pytest

from mlci.errors import BadInput, Broken, Conflict
from mlci.gitops.protected import find_protected, for_ref
from mlci.gitops.push import revert_branch, take_back
from mlci.gitops.reversal import Incident, Kind

MANIFEST = "releases/income/production.yaml"
SERVICE = "deploy/production/income/service.yaml"
INCIDENT = "d" * 64
ASIDE = f"mlci/revert/{INCIDENT}"


def names_b(content):
    return content is not None and b"model: B" in content


def incident_for(clone, record_at, **values):
    target = record_at(clone.repository, clone.repository.head())
    fields = {"id": INCIDENT, "version": "2.0.0", "reason": "errors", "target": target}
    return Incident(**{**fields, "names_model": names_b, **values})


@pytest.fixture
def incident(clone, record_at):
    """Release 2.0.0 is merged, and to be taken back to the clone's first commit."""
    made = incident_for(clone, record_at)
    clone.merged("Release 2.0.0", {MANIFEST: "model: B\n", SERVICE: "image: B\n"})
    return made


def act(clone, incident):
    return take_back(clone.repository, find_protected(clone.repository), incident)


def hook(clone, name, text):
    file = clone.origin / "hooks" / name
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


def refuse_main(clone):
    return hook(
        clone,
        "update",
        'if [ "$1" = refs/heads/main ]; then echo "main is protected; fetch first"; exit 1; fi',
    )


def test_pushes_one_commit_and_leaves_the_person_alone(clone, incident):
    tip = clone.git("rev-parse", "HEAD")
    before = clone.state()
    result = act(clone, incident)
    assert (result.kind, result.ref) == (Kind.PUSHED, "origin/main")
    assert clone.remote("rev-parse", "main") == result.commit
    assert clone.remote("rev-parse", "main^") == tip
    assert clone.remote("show", f"main:{MANIFEST}") == "model: A"
    assert clone.state() == before


def test_a_repeat_does_nothing(clone, incident):
    first = act(clone, incident)
    again = act(clone, incident)
    assert (again.kind, again.commit) == (Kind.ALREADY, first.commit)
    assert clone.remote("rev-parse", "main") == first.commit


def test_from_a_shallow_clone(clone, incident, shallow):
    for content in ("model: A\n", "image: A\n"):
        (shallow.path / "blob").write_text(content)
        shallow.git("hash-object", "-w", "blob")
    assert act(shallow, incident).kind is Kind.PUSHED
    assert clone.remote("show", f"main:{SERVICE}") == "image: A"


def test_from_a_mirror(clone, incident, cloned):
    mirror = cloned("--mirror")
    assert act(mirror, incident).kind is Kind.PUSHED
    assert clone.remote("show", f"main:{MANIFEST}") == "model: A"


def test_a_remote_that_moved_on_is_taken_along(clone, other, incident):
    moves = []

    def moving(content):
        if not moves:
            moves.append(other.merged("theirs", {"README.md": "newer\n"}))
        return names_b(content)

    result = act(clone, replace(incident, names_model=moving))
    assert result.kind is Kind.PUSHED
    assert clone.remote("rev-parse", "main^") == moves[0]
    assert clone.remote("show", "main:README.md") == "newer"


def test_a_release_merged_meanwhile_supersedes(clone, other, incident):
    merged = []

    def superseding(content):
        asked = names_b(content)
        if not merged:
            merged.append(other.merged("Release 3.0.0", {MANIFEST: "model: C\n"}))
        return asked

    result = act(clone, replace(incident, names_model=superseding))
    assert (result.kind, result.commit) == (Kind.SUPERSEDED, "")
    assert clone.remote("rev-parse", "main") == merged[0]


def test_replicas_edited_meanwhile_are_restored_all_the_same(clone, other, incident):
    edits = []

    def editing(content):
        if not edits:
            edits.append(other.merged("replicas", {MANIFEST: "model: B\nreplicas: 9\n"}))
        return names_b(content)

    result = act(clone, replace(incident, names_model=editing))
    assert result.kind is Kind.PUSHED
    assert clone.remote("rev-parse", "main^") == edits[0]
    assert clone.remote("show", f"main:{MANIFEST}") == "model: A"


def test_two_at_once_make_one_commit(clone, cloned, incident):
    clones = [clone, *(cloned() for _ in range(3))]
    for each in clones[1:]:
        for content in ("model: A\n", "image: A\n"):
            (each.path / "blob").write_text(content)
            each.git("hash-object", "-w", "blob")
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=act, args=(each, incident)) for each in clones]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    assert clone.remote("rev-list", "--count", "main") == "3"


class TestRefused:
    def test_goes_to_a_branch_of_its_own_and_says_so(self, clone, incident):
        tip = clone.remote("rev-parse", "main")
        refuse_main(clone)
        result = act(clone, incident)
        assert (result.kind, result.ref) == (Kind.BRANCH, ASIDE)
        assert result.ref == revert_branch(INCIDENT)
        assert "main is protected" in result.message
        assert clone.remote("rev-parse", "main") == tip
        assert clone.remote("rev-parse", ASIDE) == result.commit
        assert clone.remote("rev-parse", f"{ASIDE}^") == tip

    def test_a_repeat_waits_for_the_merge(self, clone, incident):
        refusal = refuse_main(clone)
        first = act(clone, incident)
        again = act(clone, incident)
        assert (again.kind, again.commit) == (Kind.BRANCH, first.commit)
        refusal.unlink()
        clone.git("fetch", "--quiet", "origin", ASIDE)
        clone.git("merge", "--quiet", "--no-ff", "-m", "Merge the reversal", "FETCH_HEAD")
        clone.push()
        merged = act(clone, incident)
        assert (merged.kind, merged.commit) == (Kind.ALREADY, first.commit)

    def test_a_branch_of_that_name_that_is_somebody_elses(self, clone, incident):
        clone.remote("update-ref", f"refs/heads/{ASIDE}", "main")
        with pytest.raises(Conflict, match="somebody else"):
            act(clone, incident)

    def test_nowhere_to_push_is_broken(self, clone, incident):
        hook(clone, "pre-receive", "exit 1")
        with pytest.raises(Broken, match="refused"):
            act(clone, incident)
        assert clone.remote("for-each-ref", "--format=%(refname)") == "refs/heads/main"

    def test_a_remote_whose_work_tree_stands_on_the_branch(self, clone, incident):
        clone.remote("config", "core.bare", "false")
        assert act(clone, incident).kind is Kind.BRANCH

    def test_an_unreachable_remote_is_broken(self, clone, incident):
        protected = find_protected(clone.repository)
        clone.origin.rename(clone.origin.with_name("moved"))
        with pytest.raises(Broken):
            take_back(clone.repository, protected, incident)


class TestWithoutRemote:
    @pytest.fixture
    def local_incident(self, alone, record_at):
        made = incident_for(alone, record_at)
        alone.commit("Release 2.0.0", {MANIFEST: "model: B\n"})
        return made

    def test_a_branch_that_is_checked_out_is_left_alone(self, alone, local_incident):
        tip = alone.git("rev-parse", "main")
        status = alone.git("status", "--porcelain")
        result = act(alone, local_incident)
        assert (result.kind, result.ref) == (Kind.BRANCH, ASIDE)
        assert alone.git("rev-parse", "main") == tip
        assert alone.git("rev-parse", ASIDE) == result.commit
        assert alone.git("status", "--porcelain") == status
        assert act(alone, local_incident).commit == result.commit

    def test_nor_where_another_work_tree_has_it(self, alone, local_incident, tmp_path):
        alone.git("checkout", "--quiet", "--detach")
        alone.git("worktree", "add", "--quiet", str(tmp_path / "linked"), "main")
        assert act(alone, local_incident).kind is Kind.BRANCH

    def test_a_branch_that_is_not_checked_out_moves(self, alone, local_incident):
        alone.git("checkout", "--quiet", "-b", "mine")
        result = act(alone, local_incident)
        assert (result.kind, result.ref) == (Kind.PUSHED, "main")
        assert alone.git("rev-parse", "main") == result.commit
        assert act(alone, local_incident).kind is Kind.ALREADY

    def test_a_bare_repository_moves(self, alone, local_incident, tmp_path):
        alone.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))
        bare = replace(alone, path=tmp_path / "bare.git")
        bare.git("--git-dir=.", "remote", "remove", "origin")
        assert act(bare, local_incident).kind is Kind.PUSHED
        assert bare.git("--git-dir=.", "show", f"main:{MANIFEST}") == "model: A"

    def test_a_branch_that_moves_meanwhile(self, alone, local_incident):
        alone.git("checkout", "--quiet", "-b", "mine")
        moves = []

        def moving(content):
            if not moves:
                moves.append(alone.commit("theirs", {"README.md": "newer\n"}))
                alone.git("update-ref", "refs/heads/main", moves[0])
            return names_b(content)

        result = act(alone, replace(local_incident, names_model=moving))
        assert alone.git("rev-parse", f"{result.commit}^") == moves[0]


def test_a_mere_revision_cannot_be_pushed_to(clone, incident):
    with pytest.raises(BadInput):
        take_back(clone.repository, for_ref(clone.repository, "HEAD~1"), incident)


@pytest.mark.parametrize(("refused", "orphan"), [(False, False), (False, True), (True, True)])
def test_killed_between_any_two_steps_it_ends_in_one_commit(
    clone, incident, killer, refused, orphan
):
    tip = clone.remote("rev-parse", "main")
    if refused:
        refuse_main(clone)
    landing = ASIDE if refused else "main"
    killed, at = True, 0
    while killed:
        at += 1
        if refused:
            clone.remote("update-ref", "-d", f"refs/heads/{ASIDE}")
        else:
            clone.remote("update-ref", "refs/heads/main", tip)
        clone.git("update-ref", "refs/remotes/origin/main", tip)
        killed = killer.run(lambda: act(clone, incident), at=at, orphan=orphan)
        result = act(clone, incident)
        assert clone.remote("rev-parse", landing) == result.commit
        assert clone.remote("rev-parse", f"{landing}^") == tip
        assert clone.remote("rev-list", "--count", "--all") == "3"
    assert at > 12

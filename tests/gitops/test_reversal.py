import pytest

from mlci.errors import Broken
from mlci.gitops.protected import Protected, find_protected
from mlci.gitops.reversal import Incident, Kind, Reversal, make_commit, plan_reversal
from mlci.records.delivery import Blob

MANIFEST = "releases/income/production.yaml"
SERVICE = "deploy/production/income/service.yaml"


def names_b(content):
    return content is not None and b"model: B" in content


@pytest.fixture
def incident(clone, record_at):
    """Release 2.0.0 is to be taken back to 1.0.0, which is the clone's first commit."""
    target = record_at(clone.repository, clone.repository.head(), version="1.0.0")

    def make(**values):
        return Incident(
            **{
                "id": "d" * 64,
                "version": "2.0.0",
                "reason": "errors",
                "target": target,
                "names_model": names_b,
                **values,
            }
        )

    return make


def release_2(clone):
    return clone.merged(
        "Release 2.0.0",
        {MANIFEST: "model: B\n", SERVICE: None, "deploy/production/income/new.yaml": "new\n"},
    )


def plan(clone, incident):
    return plan_reversal(clone.repository, find_protected(clone.repository), incident)


def shown(clone, commit, form):
    return clone.git("show", "--no-patch", f"--format={form}", commit)


def test_restores_the_releases_own_files_and_nothing_else(clone, incident):
    bad = release_2(clone)
    tip = clone.merged("theirs", {"README.md": "changed\n", "deploy/production/other/a": "a\n"})
    before = clone.state()
    made = plan(clone, incident())
    commit = make_commit(clone.repository, made)
    assert clone.state() == before
    assert clone.git("diff", "--name-status", tip, commit).splitlines() == [
        "D\tdeploy/production/income/new.yaml",
        f"A\t{SERVICE}",
        f"M\t{MANIFEST}",
    ]
    assert clone.git("rev-parse", f"{commit}^") == tip
    assert clone.git("show", f"{commit}:{MANIFEST}") == "model: A"
    assert shown(clone, commit, "%(trailers:key=Mlci-Reverts,valueonly)").strip() == bad
    assert shown(clone, commit, "%an <%ae>") == "Test <test@localhost>"


def test_a_later_edit_around_the_model_is_restored_with_it(clone, incident):
    bad = release_2(clone)
    edit = clone.merged("replicas", {MANIFEST: "model: B\nreplicas: 9\n"})
    commit = make_commit(clone.repository, plan(clone, incident()))
    assert clone.git("show", f"{commit}:{MANIFEST}") == "model: A"
    body = shown(clone, commit, "%b")
    assert body.startswith(f"This reverts commit {edit}.\nThis reverts commit {bad}.\n")


def test_a_merge_counts_as_one_commit_of_the_branch(clone, incident):
    clone.git("checkout", "--quiet", "-b", "proposal")
    clone.commit("half", {MANIFEST: "model: half\n"})
    clone.commit("whole", {MANIFEST: "model: B\n"})
    clone.git("checkout", "--quiet", "main")
    clone.git("merge", "--quiet", "--no-ff", "-m", "Merge proposal", "proposal")
    clone.push()
    commit = make_commit(clone.repository, plan(clone, incident()))
    undone = shown(clone, commit, "%(trailers:key=Mlci-Reverts,valueonly)").split()
    assert undone == [clone.git("rev-parse", "HEAD")]


def test_a_newer_release_supersedes(clone, incident):
    release_2(clone)
    clone.merged("Release 3.0.0", {MANIFEST: "model: C\n"})
    result = plan(clone, incident())
    assert (result.kind, result.commit) == (Kind.SUPERSEDED, "")


def test_a_removed_release_supersedes(clone, incident):
    release_2(clone)
    clone.merged("Remove", {MANIFEST: None})
    assert plan(clone, incident()).kind is Kind.SUPERSEDED


def test_a_manifest_that_became_a_link_supersedes(clone, incident):
    release_2(clone)
    (clone.path / MANIFEST).unlink()
    (clone.path / MANIFEST).symlink_to("/etc/passwd")
    clone.merged("link", {})
    assert plan(clone, incident()).kind is Kind.SUPERSEDED


def test_a_bundle_that_became_a_link_is_replaced(clone, incident):
    clone.merged("Release 2.0.0", {MANIFEST: "model: B\n", SERVICE: None})
    (clone.path / "deploy/production/income").rmdir()
    (clone.path / "deploy/production/income").symlink_to("../../releases")
    clone.merged("link", {})
    commit = make_commit(clone.repository, plan(clone, incident()))
    assert clone.git("ls-tree", "-r", commit, "deploy").split()[0] == "100644"


def test_nothing_to_restore_is_done_already(clone, incident):
    tip = clone.repository.head()
    result = plan(clone, incident())
    assert (result.kind, result.commit) == (Kind.ALREADY, tip)


def test_the_same_incident_is_taken_back_once(clone, incident):
    release_2(clone)
    commit = make_commit(clone.repository, plan(clone, incident()))
    clone.git("push", "--quiet", "origin", f"{commit}:main")
    clone.merged("Release 2.0.0 again", {MANIFEST: "model: B\n"})
    result = plan(clone, incident())
    assert (result.kind, result.commit) == (Kind.ALREADY, commit)
    assert isinstance(plan(clone, incident(id="e" * 64)), Reversal)


def test_a_reversal_that_came_by_a_merge_is_found(clone, incident):
    release_2(clone)
    commit = make_commit(clone.repository, plan(clone, incident()))
    clone.git("merge", "--quiet", "--no-ff", "-m", "Merge the reversal", commit)
    clone.push()
    clone.merged("Release 2.0.0 again", {MANIFEST: "model: B\n"})
    assert plan(clone, incident()).commit == commit


def test_a_commit_that_only_mentions_the_incident_is_not_its_reversal(clone, incident):
    release_2(clone)
    clone.merged(f"See\n\nMlci-Incident: {'d' * 64} was bad\n\nand more text", {"a": "a"})
    assert isinstance(plan(clone, incident()), Reversal)


def test_a_reversal_is_undone_like_any_other_commit(clone, incident, record_at):
    second = release_2(clone)
    commit = make_commit(clone.repository, plan(clone, incident()))
    clone.git("push", "--quiet", "origin", f"{commit}:main")
    clone.git("pull", "--quiet", "origin", "main")
    back_to_2 = incident(
        id="e" * 64,
        target=record_at(clone.repository, second, version="2.0.0"),
        names_model=lambda content: b"model: A" in content,
    )
    again = make_commit(clone.repository, plan(clone, back_to_2))
    assert clone.git("rev-parse", f"{again}^{{tree}}") == clone.git(
        "rev-parse", f"{second}^{{tree}}"
    )
    assert shown(clone, again, "%(trailers:key=Mlci-Reverts,valueonly)").strip() == commit


@pytest.mark.parametrize(
    ("path", "mode"),
    [
        ("README.md", "100644"),
        (".gitlab-ci.yml", "100644"),
        ("policies/production.yaml", "100644"),
        ("deploy/production/income-2/a", "100644"),
        ("deploy/production/income/link", "120000"),
        ("deploy/production/income/module", "160000"),
    ],
)
def test_a_record_can_restore_nothing_but_the_releases_regular_files(
    clone, incident, record_at, path, mode
):
    release_2(clone)
    target = incident().target
    blob = Blob(path=path, mode=mode, oid=target.paths[0].oid)
    hostile = record_at(clone.repository, target.commit)
    hostile = type(hostile)(**{**vars(hostile), "paths": (*target.paths, blob)})
    with pytest.raises(Broken, match="names"):
        plan(clone, incident(target=hostile))


def test_a_record_without_its_manifest_restores_nothing(clone, incident):
    release_2(clone)
    target = incident().target
    without = type(target)(**{**vars(target), "paths": target.paths[1:]})
    with pytest.raises(Broken, match="does not name"):
        plan(clone, incident(target=without))


def test_objects_that_are_not_here_are_broken(clone, incident):
    release_2(clone)
    target = incident().target
    gone = Blob(path=MANIFEST, mode="100644", oid="1" * 40)
    with pytest.raises(Broken, match="1111"):
        plan(clone, incident(target=type(target)(**{**vars(target), "paths": (gone,)})))


def test_a_shallow_clone_is_deepened_to_the_restored_commit(clone, incident, cloned):
    release_2(clone)
    clone.merged("theirs", {"a": "a"})
    shallow = cloned("--depth=1")
    records_bring = [clone.repository.blob(blob.oid) for blob in incident().target.paths]
    for content in records_bring:
        (shallow.path / "blob").write_bytes(content)
        shallow.git("hash-object", "-w", "blob")
    commit = make_commit(shallow.repository, plan(shallow, incident()))
    assert "not known" not in shown(shallow, commit, "%b")
    undone = shown(shallow, commit, "%(trailers:key=Mlci-Reverts,valueonly)").split()
    assert undone == [clone.git("rev-parse", "HEAD~1")]


def test_a_rewritten_history_says_what_it_can(clone, incident):
    bad = release_2(clone)
    target = incident().target
    unknown = type(target)(**{**vars(target), "commit": "1" * 40})
    commit = make_commit(clone.repository, plan(clone, incident(target=unknown)))
    assert "The history since the restored delivery is not known here." in shown(
        clone, commit, "%b"
    )
    assert shown(clone, commit, "%(trailers:key=Mlci-Reverts,valueonly)").strip() == bad


def test_ten_thousand_files(alone, record_at):
    target = record_at(alone.repository, alone.repository.head())
    files = {f"data/{n % 100}/{n}.yaml": f"{n}\n" for n in range(10_000)}
    tip = alone.commit("Release 2.0.0", {**files, MANIFEST: "model: B\n"})
    protected = Protected(ref="main", remote=None, branch="main", commit=tip)
    bad = Incident(id="d" * 64, version="2", reason="x", target=target, names_model=names_b)
    commit = make_commit(alone.repository, plan_reversal(alone.repository, protected, bad))
    assert alone.git("diff", "--name-only", tip, commit) == MANIFEST

import pytest

from mlci.errors import BadInput, Broken
from mlci.gitops.protected import find_protected, for_ref, refresh


def test_the_remotes_default_branch_fetched(clone):
    elsewhere = clone.git("rev-parse", "HEAD")
    before = clone.state()
    protected = find_protected(clone.repository)
    assert (protected.ref, protected.remote, protected.branch) == ("origin/main", "origin", "main")
    assert protected.commit == elsewhere
    assert clone.state() == before


def test_its_name_comes_from_the_remote_not_from_here(clone):
    clone.remote("branch", "trunk", "main")
    clone.remote("symbolic-ref", "HEAD", "refs/heads/trunk")
    clone.git("checkout", "--quiet", "-b", "mine")
    clone.commit("a project file of my own", {"mlci.yaml": "spec: {protectedRef: origin/mine}\n"})
    assert find_protected(clone.repository).ref == "origin/trunk"


def test_sees_what_others_pushed(clone, other):
    protected = find_protected(clone.repository)
    pushed = other.merged("theirs", {"a": "a"})
    assert refresh(clone.repository, protected).commit == pushed
    assert clone.repository.read(pushed, "a") == b"a"
    assert clone.git("rev-parse", "origin/main") == pushed


def test_in_a_shallow_clone_it_stays_shallow_and_keeps_its_history(clone, other, shallow):
    base = shallow.git("rev-parse", "HEAD")
    mine = shallow.commit("mine", {"b": "b"})
    pushed = [other.merged(str(number), {"a": str(number)}) for number in range(3)][-1]
    assert find_protected(shallow.repository).commit == pushed
    assert shallow.git("log", "--format=%H", "HEAD").split() == [mine, base]
    assert shallow.git("rev-list", "--count", "origin/main") == "1"


def test_a_shallow_clone_is_not_cut_where_the_tip_is_known(clone, other, cloned):
    tip = other.merged("second", {"a": "a"})
    shallow = cloned("--depth=2")
    shallow.git("update-ref", "-d", "refs/remotes/origin/main")
    assert find_protected(shallow.repository).commit == tip
    assert shallow.git("rev-list", "--count", "HEAD") == "2"


def test_without_a_remote_local_main(alone):
    protected = find_protected(alone.repository)
    assert (protected.ref, protected.remote, protected.branch) == ("main", None, "main")
    newer = alone.commit("more", {"a": "a"})
    assert refresh(alone.repository, protected).commit == newer


def test_without_a_remote_and_main_it_is_bad_input(alone):
    alone.git("branch", "-m", "trunk")
    with pytest.raises(BadInput) as caught:
        find_protected(alone.repository)
    assert "--base" in caught.value.next_step


@pytest.mark.parametrize(
    "base", ["origin/gone", "gone", "--upload-pack=x", "origin/a..b", "1" * 40]
)
def test_a_base_that_does_not_exist(clone, base):
    with pytest.raises(BadInput):
        find_protected(clone.repository, base)


def test_a_base_may_be_any_revision(clone):
    first = clone.repository.head()
    clone.commit("more", {"a": "a"})
    protected = find_protected(clone.repository, "HEAD~1")
    assert (protected.commit, protected.remote, protected.branch) == (first, None, "")
    assert for_ref(clone.repository, "refs/remotes/origin/main").remote == "origin"
    assert for_ref(clone.repository, "main").branch == "main"


def test_an_empty_remote_has_no_protected_ref(clone):
    clone.remote("update-ref", "-d", "refs/heads/main")
    with pytest.raises(BadInput, match="no default branch"):
        find_protected(clone.repository)


def test_an_unreachable_remote_is_broken_not_missing(clone):
    clone.origin.rename(clone.origin.with_name("moved"))
    for base in (None, "origin/main"):
        with pytest.raises(Broken):
            find_protected(clone.repository, base)


def test_a_transport_that_runs_commands_is_refused(clone, tmp_path):
    clone.git("remote", "set-url", "origin", f"ext::touch {tmp_path}/pwned")
    with pytest.raises(Broken, match="not allowed"):
        find_protected(clone.repository)
    assert not (tmp_path / "pwned").exists()


def test_a_password_in_the_url_is_not_repeated(clone):
    clone.git("remote", "set-url", "origin", "http://me:secret@127.0.0.1:9/x")
    with pytest.raises(Broken) as caught:
        find_protected(clone.repository)
    assert "secret" not in str(caught.value)

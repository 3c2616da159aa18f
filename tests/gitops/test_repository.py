import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlci.errors import BadInput, Broken
from mlci.gitops.repository import Repository


class TestOpen:
    def test_a_directory_inside_a_work_tree(self, clone):
        repository = Repository.open(clone.path / "releases/income")
        assert repository.root == clone.path
        assert repository.head() == clone.git("rev-parse", "HEAD")

    def test_a_bare_repository(self, clone):
        repository = Repository.open(clone.origin)
        assert repository.root is None
        assert repository.read("main", "README.md") == b"theirs\n"

    def test_a_linked_work_tree(self, clone, tmp_path):
        clone.git("worktree", "add", "--quiet", "-b", "other", str(tmp_path / "linked"))
        repository = Repository.open(tmp_path / "linked")
        assert repository.root == tmp_path / "linked"
        assert repository.resolve("HEAD") == clone.git("rev-parse", "other")
        assert repository.remote() == "origin"

    @pytest.mark.parametrize("name", ["missing", "plain", "file"])
    def test_refuses_what_is_no_repository(self, tmp_path, name):
        (tmp_path / "plain").mkdir()
        (tmp_path / "file").write_text("")
        with pytest.raises(BadInput) as caught:
            Repository.open(tmp_path / name)
        assert caught.value.next_step

    def test_an_embedded_bare_repository_is_not_taken_for_the_one_around_it(self, clone):
        inner = clone.path / "data/inner"
        inner.mkdir(parents=True)
        assert Repository.open(inner).root == clone.path

    def test_the_environment_of_a_hook_does_not_redirect_it(self, clone, alone, monkeypatch):
        monkeypatch.setenv("GIT_DIR", str(alone.path / ".git"))
        monkeypatch.setenv("GIT_INDEX_FILE", str(alone.path / ".git/index"))
        assert Repository.open(clone.path).root == clone.path
        assert Repository.open(clone.path).remote() == "origin"

    def test_without_git_it_says_so(self, clone, tmp_path):
        program = (
            "from mlci.errors import Broken\n"
            "from mlci.gitops.repository import Repository\n"
            "try:\n"
            f"    Repository.open({str(clone.path)!r})\n"
            "except Broken as error:\n"
            "    print(error)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={"PATH": str(tmp_path), "PYTHONPATH": str(Path.cwd())},
            capture_output=True,
            text=True,
            check=True,
        )
        assert "install git" in done.stdout


class TestRevisions:
    def test_resolves_to_a_full_id(self, clone):
        assert clone.repository.resolve("origin/main") == clone.git("rev-parse", "HEAD")

    @pytest.mark.parametrize("revision", ["nowhere", "--upload-pack=x", "HEAD:README.md", "0" * 40])
    def test_refuses_what_names_no_commit(self, clone, revision):
        with pytest.raises(BadInput) as caught:
            clone.repository.resolve(revision)
        assert caught.value.next_step

    def test_no_commit_yet(self, tmp_path):
        subprocess.run(["git", "init", "--quiet", str(tmp_path / "new")], check=True)
        with pytest.raises(BadInput):
            Repository.open(tmp_path / "new").head()

    def test_replacements_do_not_change_what_is_read(self, clone):
        blob = clone.git("rev-parse", "HEAD:README.md")
        other = clone.git("rev-parse", "HEAD:deploy/production/income/service.yaml")
        clone.git("replace", blob, other)
        assert clone.repository.read("HEAD", "README.md") == b"theirs\n"


class TestRemote:
    def test_none(self, alone):
        assert alone.repository.remote() is None

    def test_the_only_one_whatever_its_name(self, alone):
        alone.git("remote", "add", "upstream", "file:///nowhere")
        assert alone.repository.remote() == "upstream"

    def test_origin_among_several(self, clone):
        clone.git("remote", "add", "a", "file:///nowhere")
        assert clone.repository.remote() == "origin"

    def test_several_without_origin_are_ambiguous(self, alone):
        alone.git("remote", "add", "a", "file:///a")
        alone.git("remote", "add", "b", "file:///b")
        with pytest.raises(BadInput, match="a, b"):
            alone.repository.remote()

    def test_a_name_that_is_an_option_is_refused(self, alone):
        alone.git("config", "remote.--upload-pack=x.url", "file:///a")
        with pytest.raises(BadInput):
            alone.repository.remote()


class TestReading:
    def test_bytes_exactly(self, clone):
        (clone.path / "raw").write_bytes(b"\r\n\0\n\n")
        clone.git("-c", "core.autocrlf=false", "add", "raw")
        clone.git("commit", "--quiet", "-m", "raw")
        assert clone.repository.read("HEAD", "raw") == b"\r\n\0\n\n"

    def test_many_at_once(self, clone):
        files = {f"data/{number}": f"{number}\n" for number in range(500)}
        clone.commit("many", files)
        read = clone.repository.read_many("HEAD", list(files))
        assert read == {name: text.encode() for name, text in files.items()}
        assert clone.repository.read_many("HEAD", []) == {}

    def test_names_are_no_patterns(self, clone):
        clone.commit("odd", {"a[b]*": "star", ":(top)x": "magic", "größe\n2": "line"})
        read = clone.repository.read_many("HEAD", ["a[b]*", ":(top)x", "größe\n2"])
        assert set(read.values()) == {b"star", b"magic", b"line"}
        with pytest.raises(Broken):
            clone.repository.read("HEAD", "*")

    @pytest.mark.parametrize(
        ("path", "found"),
        [("link", "symbolic link"), ("module", "submodule"), ("releases", "directory"),
         ("missing", "is missing")],
    )  # fmt: skip
    def test_refuses_all_but_regular_files(self, clone, path, found):
        (clone.path / "link").symlink_to("/etc/passwd")
        clone.git("add", "link")
        clone.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},module")
        clone.git("commit", "--quiet", "-m", "hostile")
        with pytest.raises(Broken, match=found):
            clone.repository.read("HEAD", path)
        if path != "missing":
            with pytest.raises(Broken, match=found):
                clone.repository.find("HEAD", path)

    def test_reads_the_commit_not_the_work_tree(self, clone):
        (clone.path / "README.md").write_text("edited")
        assert clone.repository.read("HEAD", "README.md") == b"theirs\n"

    def test_a_missing_object_is_broken(self, clone):
        with pytest.raises(Broken, match="missing"):
            clone.repository.blob("1" * 40)
        with pytest.raises(Broken):
            clone.repository.blob_to("1" * 40, io.BytesIO())

    def test_a_tree_is_no_blob(self, clone):
        with pytest.raises(Broken, match="is a tree"):
            clone.repository.blob(clone.repository.tree("HEAD"))

    def test_streams_a_big_object(self, clone, tmp_path):
        content = os.urandom(5_000_000)
        (clone.path / "model.onnx").write_bytes(content)
        clone.commit("model", {})
        blob = clone.repository.find("HEAD", "model.onnx")
        with (tmp_path / "copy").open("wb") as file:
            clone.repository.blob_to(blob.oid, file)
        assert (tmp_path / "copy").read_bytes() == content


class TestListing:
    def test_entries_under_a_directory_or_of_a_file(self, clone):
        repository = clone.repository
        assert repository.paths("HEAD", "deploy/") == ("deploy/production/income/service.yaml",)
        assert repository.paths("HEAD", "README.md") == ("README.md",)
        assert len(repository.paths("HEAD")) == 3
        assert repository.paths("HEAD", "depl") == ()
        assert repository.children("HEAD", "deploy") == ("production",)
        (entry,) = repository.entries("HEAD", "README.md")
        assert (entry.mode, entry.oid) == ("100644", clone.git("rev-parse", "HEAD:README.md"))

    def test_changed_is_the_difference_of_two_trees(self, clone):
        base = clone.repository.head()
        clone.commit("move", {"README.md": None, "docs/README.md": "theirs\n"})
        assert clone.repository.changed(base, "HEAD") == ("README.md", "docs/README.md")
        assert clone.repository.changed("HEAD", "HEAD") == ()

    def test_merge_base(self, clone):
        base = clone.repository.head()
        clone.git("checkout", "--quiet", "-b", "side")
        clone.commit("side", {"a": "a"})
        assert clone.repository.merge_base("side", "main") == base
        clone.git("checkout", "--quiet", "--orphan", "other")
        clone.commit("other root", {"b": "b"})
        assert clone.repository.merge_base("other", "main") is None


def test_nothing_that_a_repository_configures_is_executed(clone, tmp_path):
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/pwned\n")
    trap.chmod(0o755)
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for hook in ("pre-push", "post-index-change", "reference-transaction", "pre-auto-gc"):
        (hooks / hook).symlink_to(trap)
    clone.git("config", "core.fsmonitor", str(trap))
    clone.git("config", "core.hooksPath", str(hooks))
    from mlci.gitops.protected import find_protected
    from mlci.gitops.records_branch import RecordsBranch, Write

    find_protected(clone.repository)
    RecordsBranch(clone.repository).append(
        lambda _: [Write(path="verdicts/aa/a.json", content=b"{}")], "x"
    )
    assert not (tmp_path / "pwned").exists()
    clone.git("status")
    assert (tmp_path / "pwned").exists(), "the trap itself must work"


def test_identity_is_the_environments_then_the_configured_one_then_mlcis(clone, monkeypatch):
    assert clone.repository.person() == "Test <test@localhost>"
    monkeypatch.delenv("GIT_COMMITTER_NAME")
    assert clone.repository.person() == "mlci <mlci@localhost>"
    clone.git("config", "user.name", "Mona Lisa")
    clone.git("config", "user.email", "mona@example.com")
    assert clone.repository.person() == "Mona Lisa <mona@example.com>"

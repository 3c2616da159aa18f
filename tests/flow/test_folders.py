"""An exam that is a folder: one digest for all of its files, whoever offers them."""

import shutil
import subprocess

import pytest

from mlci.errors import BadInput, Broken
from mlci.flow.artifacts import Artifacts
from mlci.flow.folders import fetch_data, folder_digest

FILES = {"sets/a.parquet": b"one", "sets/2026/b.parquet": b"two", "sets/notes.txt": b"not read"}


@pytest.fixture
def exam(alone):
    alone.write(FILES)
    return alone.path / "sets"


@pytest.fixture
def artifacts(alone, tmp_path):
    def make(**changes) -> Artifacts:
        settings = {"repository": alone.repository, "store": tmp_path / "store"}
        settings |= {"sources": ("./",), "tree": alone.path, "commits": ()}
        return Artifacts(**{**settings, **changes})

    return make


def fetched(artifacts, digest, uri="sets"):
    return fetch_data(artifacts, uri, digest, "place:1:1")


def contents(folder):
    return {
        each.relative_to(folder).as_posix(): each.read_bytes()
        for each in folder.rglob("*")
        if each.is_file()
    }


WHOLE = {"a.parquet": b"one", "2026/b.parquet": b"two"}


def test_the_digest_is_what_the_documented_command_prints(exam):
    command = "find . -name '*.parquet' -type f | LC_ALL=C sort | xargs sha256sum | sha256sum"
    printed = subprocess.run(["sh", "-c", command], cwd=exam, capture_output=True, text=True)
    assert folder_digest(exam) == f"sha256:{printed.stdout.split()[0]}"


def test_from_the_work_tree_a_commit_and_a_uri(alone, exam, artifacts, tmp_path):
    digest = folder_digest(exam)
    assert contents(fetched(artifacts(), digest)) == WHOLE
    commit = alone.commit(FILES)
    elsewhere = shutil.copytree(exam, tmp_path / "elsewhere")
    shutil.rmtree(tmp_path / "store")
    shutil.rmtree(exam)
    assert contents(fetched(artifacts(commits=(commit,)), digest)) == WHOLE
    shutil.rmtree(tmp_path / "store")
    uri = f"file://{elsewhere}"
    assert contents(fetched(artifacts(sources=(uri,)), digest, uri)) == WHOLE
    with pytest.raises(BadInput, match="within the policy's sources"):
        fetched(artifacts(), digest, uri)


@pytest.mark.parametrize("change", ["edited", "renamed", "another", "missing"])
def test_any_change_is_seen(alone, exam, artifacts, tmp_path, change):
    digest = folder_digest(exam)
    file = exam / "a.parquet"
    match change:
        case "edited":
            file.write_bytes(b"One")
        case "renamed":
            file.rename(exam / "c.parquet")
        case "another":
            (exam / "c.parquet").write_bytes(b"")
        case "missing":
            file.unlink()
    with pytest.raises(Broken, match=f"sets holds sha256:.*expected sets with {digest}") as caught:
        fetched(artifacts(), digest)
    assert caught.value.place == "place:1:1"
    assert [*(tmp_path / "store").iterdir()] == []


def test_what_was_stored_is_checked_again(exam, artifacts):
    digest = folder_digest(exam)
    stored = fetched(artifacts(), digest)
    (stored / "a.parquet").write_bytes(b"tampered")
    assert contents(fetched(artifacts(), digest)) == WHOLE


def test_a_link_is_no_file_of_the_folder(alone, exam, artifacts, tmp_path):
    digest = folder_digest(exam)
    (tmp_path / "outside.parquet").write_bytes(b"outside")
    (exam / "c.parquet").symlink_to(tmp_path / "outside.parquet")
    assert contents(fetched(artifacts(), digest)) == WHOLE


def test_a_folder_without_parquet_is_as_nothing(alone, artifacts):
    alone.write({"sets/notes.txt": b"none"})
    with pytest.raises(Broken, match="no file sets"):
        fetched(artifacts(), f"sha256:{'0' * 64}")

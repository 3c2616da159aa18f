"""Bytes by digest: whoever offers them, only the named ones are stored."""

import hashlib
import threading

import pytest

from mlci.errors import BadInput, Broken
from mlci.flow.artifacts import Artifacts, in_repository

CONTENT = b"the model"
DIGEST = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


@pytest.fixture
def artifacts(alone, tmp_path):
    def make(**changes) -> Artifacts:
        settings = {
            "repository": alone.repository,
            "store": tmp_path / "store",
            "sources": ("./",),
            "tree": alone.path,
            "commits": (),
        }
        return Artifacts(**{**settings, **changes})

    return make


def _fetch(artifacts, uri="models/m.onnx"):
    return artifacts.fetch(uri, DIGEST, "place:1:1")


def _stored(tmp_path):
    return [each.name for each in (tmp_path / "store").iterdir()]


def test_from_the_work_tree(alone, artifacts):
    alone.write({"models/m.onnx": CONTENT})
    assert _fetch(artifacts()).read_bytes() == CONTENT


def test_from_a_commit_where_the_work_tree_has_other_bytes(alone, artifacts, tmp_path):
    commit = alone.commit({"models/m.onnx": CONTENT})
    alone.write({"models/m.onnx": b"edited"})
    assert _fetch(artifacts(commits=(commit,))).read_bytes() == CONTENT
    assert _stored(tmp_path) == [DIGEST.removeprefix("sha256:")]


def test_from_a_recorded_blob_where_nobody_else_has_it(alone, artifacts):
    commit = alone.commit({"models/m.onnx": CONTENT})
    blobs = in_repository(alone.repository, commit, ["models/m.onnx", "s3://elsewhere/m.onnx"])
    assert [each.path for each in blobs] == ["models/m.onnx"]
    (alone.path / "models/m.onnx").unlink()
    assert _fetch(artifacts(blobs=blobs)).read_bytes() == CONTENT


def test_every_place_that_was_looked_at_is_named(alone, artifacts, tmp_path):
    commit = alone.commit({"models/m.onnx": b"old"})
    alone.write({"models/m.onnx": b"new"})
    with pytest.raises(Broken) as caught:
        _fetch(artifacts(commits=(commit,)))
    assert caught.value.place == "place:1:1"
    assert caught.value.found.startswith("models/m.onnx holds sha256:")
    assert f"; {commit[:12]}:models/m.onnx holds sha256:" in caught.value.found
    assert _stored(tmp_path) == []


def test_a_folder_is_no_artifact(alone, artifacts):
    alone.write({"models/m.onnx/inside": CONTENT})
    with pytest.raises(Broken, match=r"no file models/m\.onnx"):
        _fetch(artifacts())


def test_a_file_that_is_gone_is_missing_whatever_was_stored_before(alone, artifacts):
    alone.write({"models/m.onnx": CONTENT})
    _fetch(artifacts())
    (alone.path / "models/m.onnx").unlink()
    with pytest.raises(Broken, match=r"no file models/m\.onnx"):
        _fetch(artifacts())


def test_a_link_out_of_the_repository_is_not_followed(alone, artifacts, tmp_path):
    (tmp_path / "outside.onnx").write_bytes(CONTENT)
    (alone.path / "models").mkdir(exist_ok=True)
    (alone.path / "models/m.onnx").symlink_to(tmp_path / "outside.onnx")
    with pytest.raises(Broken, match=r"no file models/m\.onnx"):
        _fetch(artifacts())


def test_what_was_stored_of_elsewhere_is_checked_again(artifacts, tmp_path):
    source = tmp_path / "elsewhere.onnx"
    source.write_bytes(CONTENT)
    uri, places = f"file://{source}", artifacts(sources=(f"file://{tmp_path}/",))
    file = _fetch(places, uri)
    file.write_bytes(b"changed")
    assert _fetch(places, uri).read_bytes() == CONTENT
    source.unlink()
    assert _fetch(places, uri).read_bytes() == CONTENT
    file.write_bytes(b"changed")
    with pytest.raises(Broken):
        _fetch(places, uri)
    assert not file.exists()


def test_a_store_that_can_not_be_written(alone, artifacts, tmp_path):
    alone.write({"models/m.onnx": CONTENT})
    (tmp_path / "file").touch()
    with pytest.raises(Broken) as caught:
        _fetch(artifacts(store=tmp_path / "file" / "store"))
    assert "Not a directory" in caught.value.found


@pytest.mark.parametrize(
    ("uri", "sources"),
    [
        ("models/m.onnx", ("s3://models/",)),
        ("file:///tmp/m.onnx", ("./",)),
        ("https://example.org/m.onnx", ("./", "https://models.example.org/")),
    ],
)
def test_a_source_that_no_policy_permits(artifacts, uri, sources):
    with pytest.raises(BadInput, match="a uri within the policy's sources"):
        _fetch(artifacts(sources=sources), uri)


def test_what_was_delivered_was_permitted_before(artifacts, tmp_path):
    (tmp_path / "m.onnx").write_bytes(CONTENT)
    uri = f"file://{tmp_path}/m.onnx"
    assert _fetch(artifacts(sources=None), uri).read_bytes() == CONTENT


def test_a_file_by_its_uri(artifacts, tmp_path):
    (tmp_path / "m.onnx").write_bytes(CONTENT)
    sources = (f"file://{tmp_path}/",)
    assert _fetch(artifacts(sources=sources), f"{sources[0]}m.onnx").read_bytes() == CONTENT
    with pytest.raises(Broken, match="can't be read: FileNotFoundError"):
        artifacts(sources=sources).fetch(f"{sources[0]}n.onnx", "sha256:" + "0" * 64, "p")


@pytest.mark.parametrize("uri", ["https://127.0.0.1:9/m.onnx", "ftp://127.0.0.1/m.onnx"])
def test_a_server_that_can_not_be_reached(artifacts, uri):
    with pytest.raises(Broken) as caught:
        _fetch(artifacts(sources=None), uri)
    assert uri in caught.value.found


def test_many_at_once_leave_one_whole_file(alone, artifacts, tmp_path):
    alone.write({"models/m.onnx": CONTENT})
    ready = artifacts()
    threads = [threading.Thread(target=_fetch, args=(ready,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _stored(tmp_path) == [DIGEST.removeprefix("sha256:")]

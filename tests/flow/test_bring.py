import hashlib

import pytest

from mlci import cli

CONTENT = b"the model"
DIGEST = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


@pytest.fixture
def bring(tmp_path, capsys):
    source, target = tmp_path / "store/m.onnx", tmp_path / "model/model.onnx"
    source.parent.mkdir()
    source.write_bytes(CONTENT)

    def run(uri=f"file://{source}", digest=DIGEST):
        code = cli.run(["bring", uri, "--digest", digest, "--to", str(target)])
        return code, capsys.readouterr().err, target

    return run


def test_it_is_there_verified_and_for_everybody_to_read(bring):
    code, _, target = bring()
    assert (code, target.read_bytes()) == (0, CONTENT)
    assert target.stat().st_mode & 0o777 == 0o444
    assert [each.name for each in target.parent.iterdir()] == ["model.onnx"]


def test_other_bytes_are_not_there_at_all(bring):
    code, err, target = bring(digest="sha256:" + "0" * 64)
    assert (code, list(target.parent.iterdir())) == (5, [])
    assert DIGEST in err


def test_what_cannot_be_read_is_an_error(bring, tmp_path):
    code, err, target = bring(uri=f"file://{tmp_path}/gone")
    assert (code, target.exists()) == (5, False)
    assert "can't be read" in err


@pytest.mark.parametrize(
    "bad", [{"uri": "models/m.onnx"}, {"digest": "latest"}, {"digest": "sha256:" + "A" * 64}]
)
def test_a_path_in_a_repository_and_a_tag_are_refused(bring, bad):
    assert bring(**bad)[0] == 2

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mlci import cli

BASE = Path(__file__).parents[1] / "manifest" / "cases" / "base"
RELEASE = "releases/income/production.yaml"
HEAVY = ("numpy", "scipy", "git", "onnxruntime", "pyarrow", "locust", "rich", "jsonschema")


@pytest.fixture
def repository(tmp_path):
    root = tmp_path / "repository"
    shutil.copytree(BASE, root)
    return root


@pytest.fixture
def committed(repository):
    """The same documents as the first commit of a real repository."""
    _git(repository, "init", "--quiet", "--initial-branch=main")
    _commit(repository)
    return repository


def _git(root, *arguments):
    identity = {
        f"GIT_{who}_{what}": "a@example.com"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(root),
        "GIT_CONFIG_NOSYSTEM": "1",
        **identity,
    }
    done = subprocess.run(
        ["git", *arguments], cwd=root, env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def _commit(root):
    _git(root, "add", "--all")
    _git(root, "commit", "--quiet", "--message=x")
    return _git(root, "rev-parse", "HEAD")


def _edit(root, path, old, new):
    text = (root / path).read_text(encoding="utf-8")
    assert old in text
    (root / path).write_text(text.replace(old, new), encoding="utf-8")


def _validate(capsys, root, *arguments):
    code = cli.run(["validate", "--repository", str(root), *map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out.splitlines(), captured.err


def test_all_documents_of_a_repository(repository, capsys):
    assert _validate(capsys, repository) == (0, ["4 files, 0 errors"], "")


def test_every_error_of_every_file_sorted_and_then_the_sum(repository, capsys):
    _edit(repository, RELEASE, "weight: 25", "weight: 5")
    _edit(repository, RELEASE, "replicas: 2", "replica: 2")
    _edit(repository, "mlci.yaml", "port: 8082", "port: 8081")
    code, lines, err = _validate(capsys, repository)
    assert (code, err) == (2, "")
    assert [line.split(": ")[0] for line in lines] == [
        "mlci.yaml:7:72",
        f"{RELEASE}:12:13",
        f"{RELEASE}:17:10",
        "4 files, 3 errors",
    ]


def test_an_unknown_key_hides_no_other_error_of_its_file(repository, capsys):
    target = "releases/income/prodution.yaml"
    (repository / RELEASE).rename(repository / target)
    _edit(repository, target, "environment: production", "environment: prodution")
    _edit(repository, target, "evaluation: adult-2026", "evaluation: adult-2025")
    whole = _validate(capsys, repository)[1]
    assert [line.split(": ")[0] for line in whole] == [
        f"{target}:3:1",
        f"{target}:3:26",
        f"{target}:11:3",
        "4 files, 3 errors",
    ]
    (repository / target).write_text(f"{(repository / target).read_text()}foo: 1\n")
    code, lines, _ = _validate(capsys, repository)
    assert code == 2
    assert lines[:3] == whole[:3]
    assert lines[3].startswith(f"{target}:19:1: unknown key 'foo'")
    assert lines[4] == "4 files, 4 errors"


def test_a_policy_with_a_misspelled_key_is_still_held_against_the_exam(repository, capsys):
    policy = "policies/production.yaml"
    _edit(repository, policy, "errorBudget", "errorBudgt")
    _edit(repository, policy, "[sex, race]]", "[sex, rcae]]")
    code, lines, _ = _validate(capsys, repository)
    assert code == 2
    assert "the column 'rcae'" in lines[0]
    assert "unknown key 'errorBudgt'" in lines[1]
    assert lines[2] == "4 files, 2 errors"


def test_json_holds_the_same_in_fields(repository, capsys):
    _edit(repository, RELEASE, "replicas: 2", "replica: 2")
    code = cli.run(["validate", "--repository", str(repository), "--format", "json"])
    assert code == 2
    assert json.loads(capsys.readouterr().out) == {
        "files": 4,
        "errors": [
            {
                "path": RELEASE,
                "line": 12,
                "column": 13,
                "found": "unknown key 'replica'",
                "expected": "one of 'image', 'replicas', 'resources', 'port', 'command', 'args', "
                "'env', 'spread', 'minReady', 'startup', 'patches'",
                "next": "nearest: 'replicas'",
            }
        ],
    }


def test_one_file_is_held_against_the_others(repository, capsys):
    assert _validate(capsys, repository, RELEASE)[:2] == (0, ["1 file, 0 errors"])
    assert _validate(capsys, repository, repository / RELEASE)[:2] == (0, ["1 file, 0 errors"])
    assert _validate(capsys, repository, "releases/")[:2] == (0, ["1 file, 0 errors"])
    _edit(repository, RELEASE, "evaluation: adult-2026", "evaluation: adult-2025")
    code, lines, _ = _validate(capsys, repository, RELEASE)
    assert code == 2
    assert lines[0].startswith(f"{RELEASE}:11:3: evaluation 'adult-2025'")


def test_a_broken_policy_is_not_called_missing(repository, capsys):
    (repository / "policies/production.yaml").write_text("kind: [", encoding="utf-8")
    code, lines, _ = _validate(capsys, repository, RELEASE)
    assert code == 2
    assert len(lines) == 2
    assert lines[0].startswith("policies/production.yaml:2:1: a mistake in the YAML syntax")


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("releases/missing.yaml", "no such file or folder"),
        ("docs", "no such file or folder"),
        ("notes.txt", "no document there"),
        ("../elsewhere.yaml", "a path outside the repository"),
        ("/etc/passwd", "a path outside the repository"),
    ],
)
def test_a_path_without_a_document(repository, capsys, path, found):
    (repository / "notes.txt").touch()
    code, out, err = _validate(capsys, repository, path)
    assert code == 2
    assert found in "\n".join([*out, err])


def test_a_repository_without_project_file(tmp_path, capsys):
    code, lines, _ = _validate(capsys, tmp_path)
    assert code == 2
    assert lines == [
        "mlci.yaml: no such file; expected the project file at the repository's root",
        "0 files, 1 error",
    ]


def test_a_repository_that_does_not_exist(tmp_path, capsys):
    code, out, err = _validate(capsys, tmp_path / "missing")
    assert (code, out) == (2, [])
    assert "no such folder" in err


@pytest.mark.parametrize(
    "path",
    ["policies/more.yml", "policies/team/more.yaml", "releases/income.yaml", "evaluations/a.json"],
)
def test_a_document_that_nobody_would_read_is_an_error(repository, capsys, path):
    (repository / path).parent.mkdir(exist_ok=True)
    shutil.copy(repository / "policies/production.yaml", repository / path)
    code, lines, _ = _validate(capsys, repository)
    assert code == 2
    assert lines[0].startswith(f"{path}: a file where documents are, with another name")


def test_links_and_pipes_are_not_followed(repository, capsys, tmp_path):
    (repository / "releases/income/staging.yaml").symlink_to("/etc/passwd")
    (repository / "releases/other").symlink_to(tmp_path)
    os.mkfifo(repository / "policies/pipe.yaml")
    code, lines, _ = _validate(capsys, repository)
    assert code == 2
    assert lines == [
        "policies/pipe.yaml: no regular file; expected a regular file",
        "releases/income/staging.yaml: a symbolic link; expected a regular file",
        "releases/other: a symbolic link; expected a regular file",
        "7 files, 3 errors",
    ]


def test_names_of_files_are_shown_inert(repository, capsys):
    name = os.fsdecode(b"policies/\x1b[2J\xff\n.yaml")
    shutil.copy(repository / "policies/production.yaml", repository / name)
    code, lines, _ = _validate(capsys, repository)
    assert code == 2
    assert lines[0].startswith(r"policies/\x1b[2J\udcff\n.yaml:3:12: 'production' in ")


def test_a_file_beyond_the_limit_is_not_read_to_its_end(repository, capsys):
    with (repository / RELEASE).open("wb") as file:
        file.truncate(2**40)
    code, lines, _ = _validate(capsys, repository)
    assert code == 2
    assert lines[0] == f"{RELEASE}:1:1: more than 1 MiB; expected a file of at most 1 MiB"


def test_a_folder_that_cannot_be_listed_is_not_taken_for_empty(repository, capsys):
    # Longer than a path may be, which stops even root.
    here = os.open(repository / "policies", os.O_RDONLY)
    for _ in range(20):
        os.mkdir("x" * 250, dir_fd=here)
        inner = os.open("x" * 250, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    code, out, err = _validate(capsys, repository)
    assert (code, out) == (2, [])
    assert "File name too long; expected a folder that can be read" in err


def test_changed_since_reads_what_changed_from_git(committed, capsys):
    first = _git(committed, "rev-parse", "HEAD")
    assert _validate(capsys, committed, "--changed-since", first)[:2] == (0, ["0 files, 0 errors"])
    _edit(committed, RELEASE, "weight: 25", "weight: 5")
    (committed / "README.md").write_text("no document", encoding="utf-8")
    _commit(committed)
    # The work tree is right again, and broken elsewhere: neither is looked at.
    _edit(committed, RELEASE, "weight: 5,", "weight: 1,")
    (committed / "mlci.yaml").write_text("a: [", encoding="utf-8")
    code, lines, _ = _validate(capsys, committed, "--changed-since", first)
    assert code == 2
    assert lines == [
        f"{RELEASE}:17:10: 5 after 5; expected weights that ascend: more than 5",
        "1 file, 1 error",
    ]


def test_changed_since_holds_changes_against_what_did_not_change(committed, capsys):
    _edit(committed, RELEASE, "evaluation: adult-2026", "evaluation: adult-2025")
    _commit(committed)
    code, lines, _ = _validate(capsys, committed, "--changed-since", "HEAD~1")
    assert code == 2
    assert "nearest: 'adult-2026'" in lines[0]


def test_changed_since_is_content_with_a_deleted_file(committed, capsys):
    (committed / RELEASE).unlink()
    _commit(committed)
    assert _validate(capsys, committed, "--changed-since", "HEAD~1")[:2] == (
        0,
        ["0 files, 0 errors"],
    )


def test_changed_since_refuses_a_link_in_git(committed, capsys):
    (committed / RELEASE).unlink()
    (committed / RELEASE).symlink_to("/etc/passwd")
    _commit(committed)
    code, lines, _ = _validate(capsys, committed, "--changed-since", "HEAD~1")
    assert code == 2
    assert lines[0] == f"{RELEASE}: a symbolic link; expected a regular file"


def test_changed_since_below_a_path(committed, capsys):
    _edit(committed, RELEASE, "weight: 25", "weight: 5")
    _commit(committed)
    arguments = ("--changed-since", "HEAD~1", "policies")
    assert _validate(capsys, committed, *arguments)[:2] == (0, ["0 files, 0 errors"])


def test_changed_since_of_a_manifest_that_became_a_folder(committed, capsys):
    (committed / RELEASE).unlink()
    (committed / RELEASE).mkdir()
    (committed / RELEASE / "a.yaml").write_text("kind: ModelRelease", encoding="utf-8")
    _commit(committed)
    code, lines, _ = _validate(capsys, committed, "--changed-since", "HEAD~1")
    assert code == 2
    assert f"{RELEASE}/a.yaml: a file where documents are, with another name" in lines[0]
    assert lines[-1] == "1 file, 1 error"


def test_changed_since_of_more_releases_than_git_is_asked_for_by_name(committed, capsys):
    text = (committed / RELEASE).read_text(encoding="utf-8")
    for number in range(201):
        path = committed / f"releases/income-{number}/production.yaml"
        path.parent.mkdir()
        path.write_text(text.replace("name: income", f"name: income-{number}"), encoding="utf-8")
    path.write_text("kind: ModelRelease", encoding="utf-8")
    _commit(committed)
    code, lines, _ = _validate(capsys, committed, "--changed-since", "HEAD~1")
    assert code == 2
    assert {line.split(":")[0] for line in lines[:-1]} == {"releases/income-200/production.yaml"}
    assert lines[-1].startswith("201 files, ")


@pytest.mark.parametrize("revision", ["missing", "--output=x", "HEAD~9", ""])
def test_changed_since_a_revision_that_does_not_exist(committed, capsys, revision):
    code, out, err = _validate(capsys, committed, f"--changed-since={revision}")
    assert (code, out) == (2, [])
    assert "Traceback" not in err


def test_changed_since_without_a_repository(repository, capsys):
    code, _, err = _validate(capsys, repository, "--changed-since", "HEAD")
    assert code == 2
    assert "expected" in err or "a git repository" in err


@pytest.mark.parametrize(
    "arguments", [["--help"], ["validate"], ["schema"], ["validate", "--help"]]
)
def test_nothing_heavy_is_imported(repository, arguments):
    program = (
        "import sys; from mlci import cli; code = cli.run(sys.argv[1:]);"
        f"heavy = {HEAVY!r}; print([name for name in heavy if name in sys.modules]); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=repository,
        env={**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"

"""The command line itself: help, wrong words, exit codes, colours, signals."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mlci import cli

VERBS = sorted(cli.VERBS)
RELEASE_VERBS = ["adopt", "approve", "gate", "plan", "revert"]


def _run(capsys, *words):
    code = cli.run([*words])
    seen = capsys.readouterr()
    return code, seen.out, seen.err


def _process(*words, **environment):
    return subprocess.run(
        [sys.executable, "-m", "mlci", *words],
        env={**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1]), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_lists_every_verb_and_every_exit_code(capsys):
    code, out, err = _run(capsys, "--help")
    assert (code, err) == (0, "")
    for verb, line in cli.VERBS.items():
        assert f"{verb} " in out
        assert line.split(",")[0].split()[0] in out
    flat = " ".join(out.split())
    for meaning in ("0 PASS", "1 FAIL", "2 bad usage", "3 undecided", "4 conflict", "5 ERROR"):
        assert meaning in flat
    assert "70 a bug" in flat
    assert "130 interrupted" in flat


def test_every_module_of_a_verb_is_listed():
    modules = {each.stem for each in (Path(cli.__file__).parent / "commands").glob("*.py")}
    assert modules - {"__init__", "options"} == set(cli.VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(capsys, verb):
    code, out, err = _run(capsys, verb, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"Usage: mlci {verb} ")
    for option in ("--format", "--quiet", "--repository", "--help"):
        assert option in out
    assert "Example" in out
    assert all(len(line) <= 100 for line in out.splitlines())


@pytest.mark.parametrize("verb", RELEASE_VERBS)
def test_verbs_on_a_release_say_what_it_is(capsys, verb):
    assert "releases/income/production.yaml" in _run(capsys, verb, "--help")[1]


@pytest.mark.parametrize(
    ("word", "hint"),
    [("gat", "'gate'"), ("statsu", "'status'"), ("zzz", "one of admitted, adopt, agent")],
)
def test_a_wrong_verb_names_the_nearest(capsys, word, hint):
    code, out, err = _run(capsys, word)
    assert (code, out) == (2, "")
    assert f"no such command {word!r}" in err
    assert hint in err


@pytest.mark.parametrize(
    "words",
    [
        ["gate"],
        ["gate", "x", "--formt", "json"],
        ["gate", "x", "--format", "yaml"],
        ["status", "--timeout", "-1"],
        ["--nonsense"],
    ],
)
def test_bad_usage(capsys, words):
    code, out, err = _run(capsys, *words)
    assert (code, out) == (2, "")
    assert "Error: " in err
    assert "Traceback" not in err


@pytest.mark.parametrize("form", ["text", "json"])
def test_errors_are_text_on_stderr_in_both_formats(capsys, tmp_path, form):
    words = ["gate", "releases/income/production.yaml", "--repository", str(tmp_path)]
    code, out, err = _run(capsys, *words, "--format", form)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {tmp_path}: fatal: not a git repository")


def test_no_colour_where_nobody_sees_it_or_wants_it(tmp_path):
    done = _process("gate", "x", "--repository", str(tmp_path), FORCE_COLOR="")
    assert "\x1b" not in done.stderr
    assert done.returncode == 2


def test_global_options_may_stand_before_the_verb(capsys, tmp_path):
    for words in (
        ("--repository", tmp_path / "a", "--quiet", "status"),
        (f"--repository={tmp_path / 'a'}", "--format", "json", "status"),
        ("--repository", tmp_path / "b", "status", "--repository", tmp_path / "a"),
    ):
        code, _, err = _run(capsys, *map(str, words))
        assert code == 2
        assert f"{tmp_path / 'a'}: there is no such directory" in err
    assert _run(capsys, "--quiet")[0] == 2
    assert _run(capsys, "--base", "main", "status")[0] == 2


def test_the_version(capsys):
    code, out, _ = _run(capsys, "--version")
    assert code == 0
    assert out.startswith("mlci, version ")


def test_a_reader_that_has_gone_is_no_error():
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.run(
        [sys.executable, "-m", "mlci", "schema", "verdict"],
        env={**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1])},
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert (process.returncode, process.stderr) == (0, b"")


def test_sigterm_ends_as_ctrl_c_does(tmp_path):
    """`mlci status --wait` on a repository whose git never answers."""
    (tmp_path / "git").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "git").chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    process = subprocess.Popen(
        [sys.executable, "-m", "mlci", "status", "--wait"],
        cwd=tmp_path,
        env={
            **os.environ,
            "PATH": path,
            "PYTHONPATH": str(Path(cli.__file__).parents[1]),
            "GIT_PYTHON_REFRESH": "quiet",
        },
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(3)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=30)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "interrupted" in err

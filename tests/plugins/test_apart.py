"""A package that leaves the process leaves no exit code that could be taken for a verdict's."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mlci.errors import BadInput, Broken

BASE = Path(__file__).parents[1] / "manifest" / "cases" / "base"
POLICY = "policies/production.yaml"
METRIC = """
import os, signal, sys, time
from mlci.plugins import PluginMetric
{}
own = PluginMetric(function=lambda y_true, y_pred: 0.5, direction="higher", high=1.0)
"""


@pytest.fixture
def documents(tmp_path):
    """A repository's documents, of which a policy names the metric ``own``."""
    folder = tmp_path / "documents"
    shutil.copytree(BASE, folder)
    text = (folder / POLICY).read_text("utf-8")
    assert "\n  gates:\n" in text
    entry = "    - {gate: accuracy, name: own, metric: own, minimum: 0.1}\n"
    (folder / POLICY).write_text(text.replace("\n  gates:\n", f"\n  gates:\n{entry}"), "utf-8")
    return folder


@pytest.fixture
def validate(bring, documents, tmp_path):
    def start(line):
        bring("d-own", "mlci.metrics", METRIC.replace("{}", line), own=":own")
        return subprocess.Popen(
            [sys.executable, "-m", "mlci", "validate"],
            cwd=documents,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


@pytest.mark.parametrize(
    ("line", "end"),
    [
        ("os._exit(0)", "left with code 0"),
        ("os._exit(1)", "left with code 1"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "was ended by SIGKILL"),
        # What it started still holds all that it inherited.
        ("os.fork() and os._exit(0); time.sleep(3); os._exit(0)", "left with code 0"),
    ],
)
def test_an_end_without_an_answer_is_an_error(validate, line, end):
    with validate(line) as command:
        command.wait()
        stdout, stderr = command.stdout.read(), command.stderr.read()
    assert command.returncode == Broken.exit_code
    assert stdout == ""
    assert f"metric 'own' of d-own 1.0: the process that it ran in {end} before it" in stderr


@pytest.mark.parametrize(
    ("limit", "code", "said"),
    [("0.1", 0, "4 files, 0 errors\n"), ("2", BadInput.exit_code, "4 files, 1 error\n")],
)
def test_an_answer_is_that_of_the_command(validate, documents, limit, code, said):
    text = (documents / POLICY).read_text("utf-8")
    (documents / POLICY).write_text(text.replace("own, minimum: 0.1", f"own, minimum: {limit}"))
    with validate("") as command:
        stdout, stderr = command.communicate()
    assert (command.returncode, stderr) == (code, "")
    assert stdout.endswith(said)
    assert ("2; expected 1 or less" in stdout) is bool(code)


def test_what_a_package_does_after_the_answer_changes_nothing(validate):
    with validate("import atexit; atexit.register(os._exit, 7)") as command:
        stdout, _ = command.communicate()
    assert (command.returncode, stdout) == (0, "4 files, 0 errors\n")


def test_to_end_the_command_ends_what_runs_the_package(validate, tmp_path):
    started = tmp_path / "started"
    line = f"open({str(started)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    with validate(line) as command:
        while not (started.exists() and started.read_text()):
            time.sleep(0.01)
        command.send_signal(signal.SIGTERM)
        _, stderr = command.communicate()
    assert command.returncode == 130
    assert stderr.strip() == "interrupted"
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)

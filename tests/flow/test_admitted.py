import json
import threading
import time

import pytest

from mlci import cli

TEMPLATE = "2c" * 32


@pytest.fixture
def wait(tmp_path, capsys):
    def run(patience="0", template=TEMPLATE):
        code = cli.run(
            [
                "admitted",
                "--template",
                template,
                "--admissions",
                str(tmp_path),
                "--patience",
                patience,
            ]
        )
        return code, capsys.readouterr().err

    return run


def _leave(tmp_path, **said):
    (tmp_path / TEMPLATE).write_text(json.dumps(said))


@pytest.mark.parametrize("outcome", ["HEALTHY", "WATCHING"])
def test_admitted(outcome, wait, tmp_path):
    _leave(tmp_path, outcome=outcome, reason="verdict PASS")
    assert wait() == (0, f"{outcome}: verdict PASS\n")


def test_what_regressed_is_never_admitted(wait, tmp_path):
    _leave(tmp_path, outcome="REGRESSED", reason="more errors")
    assert wait() == (1, "REGRESSED: more errors\n")


@pytest.mark.parametrize("outcome", ["HELD", "GATING", "UNKNOWN"])
def test_what_is_undecided_waits(outcome, wait, tmp_path):
    _leave(tmp_path, outcome=outcome, reason="no verdict yet")
    code, err = wait()
    assert code == 3
    assert err.startswith(f"waiting: {outcome}: no verdict yet\n")


@pytest.mark.parametrize(
    "content", ["", "HEALTHY", "[]", "{}", '{"outcome": "PASS"}', "null", "\xff"]
)
def test_nothing_but_an_answer_admits(content, wait, tmp_path):
    (tmp_path / TEMPLATE).write_bytes(content.encode("latin-1"))
    code, err = wait()
    assert (code, "no answer in the admission" in err) == (3, True)


def test_an_admission_of_another_template_is_none(wait, tmp_path):
    (tmp_path / ("ab" * 32)).write_text('{"outcome": "HEALTHY"}')
    code, err = wait()
    assert (code, err.splitlines()[0]) == (3, "waiting: no admission yet")


def test_it_goes_on_when_the_admission_arrives(wait, tmp_path):
    def later():
        time.sleep(0.3)
        _leave(tmp_path, outcome="HEALTHY")

    thread = threading.Thread(target=later)
    thread.start()
    code, err = wait(patience="60")
    thread.join()
    assert (code, err.splitlines()) == (0, ["waiting: no admission yet", "HEALTHY"])


def test_a_template_is_named_by_its_digest_alone(wait):
    assert wait(template="../../etc/passwd")[0] == 2

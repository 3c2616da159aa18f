import subprocess

from hypothesis import given
from hypothesis import strategies as st

from mlci.gitops.message import one_line, reversal_message


def message(**values):
    return reversal_message(
        **{
            "release": "income/production",
            "version": "1.5.0",
            "restored_version": "1.4.0",
            "restored_commit": "a" * 40,
            "undone": ["b" * 40, "c" * 40],
            "complete": True,
            "reason": "errors 3.1x stable's",
            "incident": "d" * 64,
            **values,
        }
    )


def trailers(text):
    done = subprocess.run(
        ["git", "interpret-trailers", "--parse"],
        input=text,
        text=True,
        capture_output=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_the_whole_message():
    assert message() == (
        "Revert income/production to 1.4.0\n\n"
        f"This reverts commit {'b' * 40}.\nThis reverts commit {'c' * 40}.\n\n"
        f"Mlci-Reverts: {'b' * 40}\nMlci-Reverts: {'c' * 40}\nMlci-Restores: {'a' * 40}\n"
        "Mlci-Release: income/production@1.5.0\nMlci-Reason: errors 3.1x stable's\n"
        f"Mlci-Incident: {'d' * 64}\n"
    )


def test_an_unknown_history_is_said():
    text = message(undone=[], complete=False)
    assert "not known" in text
    assert "This reverts" not in text
    assert len(trailers(text)) == 4


@given(st.text(), st.text())
def test_a_reason_is_data(reason, version):
    text = message(reason=reason, version=version, restored_version=version)
    lines = text.splitlines()
    assert len(lines) == 11
    assert not any(line.startswith("/") for line in lines)
    assert not set("[]#@!\x1b") & set(text.replace("@", "", 1))


def test_a_hostile_reason_neither_skips_the_pipeline_nor_adds_a_trailer():
    reason = "slow [skip ci]\n\nMlci-Incident: forged\nCloses #1 @all /approve"
    found = trailers(message(reason=reason))
    assert [line for line in found if line.startswith("Mlci-Incident")] == [
        f"Mlci-Incident: {'d' * 64}"
    ]
    assert "[skip" not in message(reason=reason)


def test_one_line_is_bounded():
    assert len(one_line("x " * 1000)) <= 200
    assert one_line("‮\x1b[31m\t") == "31m"

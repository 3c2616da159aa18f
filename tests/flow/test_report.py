"""`mlci report`, and the reports that a gate leaves beside its verdict."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mlci import cli
from mlci.reports.formats import BESIDE, FORMATS, K6

VERDICTS = Path(__file__).parents[1] / "reports" / "verdicts"
FAIL, OLDER = VERDICTS / "fail.json", VERDICTS / "older.json"


@pytest.fixture
def verdict(tmp_path):
    return Path(shutil.copy(FAIL, tmp_path / "verdict.json"))


def report(capsys, *words):
    code = cli.run(["report", *map(str, words)])
    seen = capsys.readouterr()
    assert "Traceback" not in seen.err
    assert "bug in mlci" not in seen.err
    return code, seen.out, seen.err


def names(folder):
    return sorted(each.name for each in folder.iterdir())


@pytest.mark.parametrize("form", [each for each in FORMATS if each != "html"])
def test_every_format_goes_to_stdout_or_to_a_file(capsys, tmp_path, verdict, form):
    code, out, err = report(capsys, verdict, "--format", form)
    assert (code, err) == (0, "")
    target = tmp_path / "deep" / "report"
    assert report(capsys, verdict, "--format", form, "--output", target) == (
        0,
        "",
        f"wrote {target}\n",
    )
    assert target.read_text(encoding="utf-8") == out
    assert names(target.parent) == ["report"]


def test_text_is_what_it_is_without_a_format(capsys, verdict):
    assert report(capsys, verdict)[1] == report(capsys, verdict, "--format=text")[1]
    assert "\x1b" not in report(capsys, verdict)[1]


def test_json_is_the_verdict_itself(capsys, verdict):
    assert json.loads(report(capsys, verdict, "--format=json")[1]) == json.loads(FAIL.read_text())


def test_markdown_compares_with_an_earlier_verdict(capsys, verdict):
    words = ["--format=markdown", "--previous"]
    assert "### Since the last run (PASS" in report(capsys, verdict, *words, OLDER)[1]
    code, out, err = report(capsys, verdict, *words, verdict.parent / "none.json")
    assert (code, out) == (5, "")
    assert "none.json: No such file" in err


@pytest.mark.parametrize("content", ["", "{", "[]", '{"kind": "Plan"}', "\x00", "1e999"])
def test_what_is_no_verdict_is_refused_with_its_place(capsys, tmp_path, content):
    file = tmp_path / "v.json"
    file.write_text(content)
    code, out, err = report(capsys, file)
    assert (code, out) == (5, "")
    assert err.startswith(f"error: {file}: ")


def edit(path, change):
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def failing(document):
    return [each for each in document["judgements"] if each["outcome"] == "FAIL"]


def all_pass(document):
    for each in failing(document):
        each.update(outcome="PASS")
    document.update(outcome="PASS", admits=True)


def all_advice(document):
    for each in failing(document):
        each.update(required=False)


def a_waiver_of_an_error(document):
    document["judgements"][0].update(outcome="ERROR", waived=WAIVED)
    all_pass(document)


WAIVED = {"policy": "production", "gate": "accuracy", "reason": "r", "approver": "a",
          "expires": "2026-12-01"}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda d: d.update(outcome="PASS", admits=True), "outcome PASS, recomputed FAIL"),
        (lambda d: d.update(outcome="PASS"), "outcome PASS, recomputed FAIL"),
        (lambda d: d.update(outcome="INCONCLUSIVE"), "outcome INCONCLUSIVE, recomputed FAIL"),
        (lambda d: d.update(admits=True), "admits true, recomputed otherwise"),
        (all_pass, "minimumRatio/sex is PASS, and its interval lies beyond its limit"),
        (all_advice, "outcome FAIL, recomputed PASS"),
        (a_waiver_of_an_error, "outcome PASS, recomputed ERROR"),
        (lambda d: d["judgements"].clear(), "outcome FAIL, recomputed ERROR"),
        (
            lambda d: d["judgements"][0].update(estimate=None, interval=None),
            "accuracy/minimum is PASS, and it passed without a sample size and an interval",
        ),
        (
            lambda d: d.update(
                rules=[{"id": "p/rules/r", "policy": "p", "control": "c", "title": "t",
                        "outcome": "ERROR", "reason": "r"}], outcome="ERROR"),
            "outcome ERROR, recomputed FAIL",
        ),
        (lambda d: d["judgements"].append(d["judgements"][0]), "arrived more than once"),
    ],
)  # fmt: skip
def test_a_verdict_edited_by_hand_is_refused(capsys, verdict, change, found):
    edit(verdict, change)
    code, out, err = report(capsys, verdict, "--format=junit", "-o", verdict.parent / "x.xml")
    assert (code, out) == (5, "")
    assert f"error: {verdict}: a verdict that isn't the fold of its judgements: " in err
    assert found in err
    assert not (verdict.parent / "x.xml").exists()


def test_a_policy_that_tolerates_is_believed_only_by_its_own_word(capsys, verdict):
    def tolerated(document):
        for each in failing(document):
            each.update(outcome="INCONCLUSIVE")
        document.update(outcome="INCONCLUSIVE", admits=True)

    edit(verdict, tolerated)
    edit(verdict, lambda d: d["policies"][0].update(onInconclusive="allow"))
    assert report(capsys, verdict)[0] == 0
    edit(verdict, lambda d: d["policies"][0].update(onInconclusive="refuse"))
    assert "admits true, recomputed otherwise" in report(capsys, verdict)[2]


def test_a_waived_failure_needs_no_fold_of_its_own(capsys, verdict):
    def waive(document):
        for each in failing(document):
            each.update(waived=WAIVED)
        document.update(outcome="PASS", admits=True)

    edit(verdict, waive)
    code, out, _ = report(capsys, verdict)
    assert code == 0
    assert out.count("FAIL (waived)") == 3


@pytest.mark.parametrize("kind", ["folder", "below a file", "a link"])
def test_a_report_that_cannot_be_written_leaves_nothing(capsys, tmp_path, verdict, kind):
    (tmp_path / "file").write_text("mine")
    target = {"folder": tmp_path, "below a file": tmp_path / "file/x", "a link": tmp_path / "l"}
    (tmp_path / "l").symlink_to("file")
    before = names(tmp_path)
    code, out, err = report(capsys, verdict, "--format=junit", "--output", target[kind])
    assert (code, out) == (5, "")
    assert f"error: {target[kind]}: " in err
    assert "choose another with --out" in err
    assert names(tmp_path) == before
    assert (tmp_path / "file").read_text() == "mine"


def test_a_full_disk_leaves_the_old_report_whole(tmp_path, verdict):
    """The process may write 1,000 bytes to a file; the report is longer."""

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    target = tmp_path / "report.xml"
    target.write_text("old")
    done = subprocess.run(
        [sys.executable, "-m", "mlci", "report", verdict, "--format=junit", "-o", target],
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1])},
    )
    assert done.returncode == 5
    assert f"error: {target}: File too large" in done.stderr
    assert target.read_text() == "old"
    assert names(tmp_path) == ["report.xml", "verdict.json"]


def test_a_gate_leaves_reports_beside_its_verdict(world, capsys):
    done = world.gate("--html")
    assert done.code == 0
    folder = world.verdict.parent
    beside = {file: name for name, file in BESIDE.items() if name != K6}
    assert {each.name for each in folder.iterdir()} == {"verdict.json", *beside}
    for name, form in beside.items():
        assert report(capsys, world.verdict, "--format", form)[1] == (folder / name).read_text()
    places = [each["place"] for each in json.loads(world.verdict.read_text())["judgements"]]
    assert places[0] == "policies/all.yaml:7:41"
    assert len(set(places)) == len(places)


def test_reports_of_an_earlier_run_are_gone_when_a_gate_fails(world):
    world.gate()
    world.write({"releases/income/production.yaml": "kind: ["})
    assert world.gate().code == 2
    assert [*world.verdict.parent.iterdir()] == []

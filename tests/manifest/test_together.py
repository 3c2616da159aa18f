from pathlib import Path

import pytest

from mlci.manifest.parse import parse
from mlci.manifest.together import check_release, check_together

BASE = Path(__file__).parent / "cases" / "base"
PATHS = (
    "mlci.yaml",
    "evaluations/adult-2026.yaml",
    "releases/income/production.yaml",
    "policies/production.yaml",
)


def _documents(*edits):
    contents = {path: (BASE / path).read_bytes() for path in PATHS}
    for path, old, new in edits:
        assert old in contents[path]
        contents[path] = contents[path].replace(old, new)
    return [parse(path, content) for path, content in contents.items()]


def _founds(problems):
    return [problem.found for problem in problems]


def test_documents_that_fit():
    assert check_together(_documents()) == []


def test_nothing_is_missing_that_may_be_in_a_file_that_could_not_be_read():
    project, exam, release, policy = _documents()
    assert _founds(check_together([release])) == [
        "no policy for model 'income' in 'production'",
        "evaluation 'adult-2026'",
    ]
    unread = ("policies/production.yaml", "evaluations/adult-2026.yaml", "mlci.yaml")
    assert check_together([release], unread) == []
    assert check_together([release, policy], unread[1:]) == []
    assert check_together([project, exam, release], unread[:1]) == []


def test_a_problem_that_two_releases_show_is_told_once():
    edit = ("evaluations/adult-2026.yaml", b"[sex, race]", b"[sex]")
    project, exam, release, policy = _documents(edit)
    path = "releases/other/production.yaml"
    other = parse(path, release.source.content.replace(b"name: income", b"name: other"))
    found = _founds(check_together([project, exam, release, other, policy]))
    assert found == ["the column 'race', which evaluations/adult-2026.yaml doesn't list"]


def test_policies_that_do_not_apply_are_not_looked_at():
    edit = ("policies/production.yaml", b'models: ["*"]', b"models: [churn]")
    project, exam, release, policy = _documents(edit)
    found = _founds(check_release(release, project, [policy], {exam.name: exam}))
    assert found == ["no policy for model 'income' in 'production'"]


@pytest.mark.parametrize(
    ("sources", "uri", "within"),
    [
        (b'["./"]', b"models/income.onnx", True),
        (b'["./"]', b"s3://models/income.onnx", False),
        (b'["s3://models/"]', b"s3://models/a/income.onnx", True),
        (b'["s3://models/"]', b"s3://models-of-others/income.onnx", False),
        (b'["s3://models/", "file:///srv/"]', b"file:///srv/income.onnx", True),
        (b'["https://example.com/a/"]', b"https://example.com/income.onnx", False),
    ],
)
def test_sources(sources, uri, within):
    _, _, release, policy = _documents(
        ("policies/production.yaml", b'["./", "s3://models/"]', sources),
        ("releases/income/production.yaml", b"models/income-1.5.0.onnx", uri),
    )
    assert (
        check_release(release, None, [policy], {}, ["evaluations/adult-2026.yaml"]) == []
    ) is within

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlci.errors import Invalid
from mlci.manifest.document import kind_of
from mlci.manifest.evaluation_set import parse_evaluation_set
from mlci.manifest.examine import examine
from mlci.manifest.parse import parse
from mlci.manifest.policy import parse_policy
from mlci.manifest.project import parse_project
from mlci.manifest.release import parse_release
from mlci.manifest.rollout import DEFAULT_STEPS
from mlci.manifest.together import check_together
from mlci.manifest.yaml import load
from mlci.records.policy import Watch
from mlci.records.release import Step

CASES = Path(__file__).parent / "cases"
PROJECT = "mlci.yaml"
EXAM = "evaluations/adult-2026.yaml"
RELEASE = "releases/income/production.yaml"
POLICY = "policies/production.yaml"
PATHS = (PROJECT, EXAM, RELEASE, POLICY)


def _bytes(path, case="base"):
    return (CASES / case / path).read_bytes()


def test_project():
    project = parse_project(PROJECT, _bytes(PROJECT))
    assert project.protected_ref == "origin/main"
    assert [each.name for each in project.environments] == ["staging", "production"]
    production = project.environment("production")
    assert (production.after, production.hold, production.port) == ("staging", False, 8082)
    assert project.environment("staging").after is None


def test_evaluation_set():
    exam = parse_evaluation_set(EXAM, _bytes(EXAM))
    assert (exam.name, exam.uri, exam.label) == (
        "adult-2026",
        "data/adult-test.parquet",
        "income",
    )
    assert (exam.positive, exam.sensitive) == (">50K", ("sex", "race"))


def test_release():
    release = parse_release(RELEASE, _bytes(RELEASE))
    assert (release.name, release.environment, release.version) == ("income", "production", "1.5.0")
    assert release.path == RELEASE
    assert release.digest.startswith("sha256:")
    assert release.model.digest == f"sha256:{'a' * 64}"
    assert release.steps == (Step(weight=5, bake=120.0), Step(weight=25, bake=300.0))
    assert release.replicas == 2
    assert release.governance == {"owner": "credit-team", "riskTier": 2, "change": "standard"}


def test_release_with_all_that_may_be_said():
    release = parse_release(RELEASE, _bytes(RELEASE, "pass/everything-that-may-be-said"))
    assert release.model.inputs == {"X": ("age", "hours")}
    assert release.model.outputs == {"label": "label", "probabilities": "probabilities"}
    assert release.model.classes == ("<=50K", ">50K")
    assert release.lineage["code"]["commit"] == "4f2a9c1"


def test_release_defaults():
    release = parse_release(RELEASE, _bytes(RELEASE, "pass/least-that-is-needed"))
    assert release.steps == DEFAULT_STEPS
    assert [step.weight for step in DEFAULT_STEPS] == [10, 50]
    assert (release.replicas, release.lineage, release.model.inputs) == (1, {}, {})


def test_policy():
    policy = parse_policy(POLICY, _bytes(POLICY), "c0ffee")
    assert (policy.name, policy.commit, policy.confidence) == ("production", "c0ffee", 0.95)
    assert (policy.sources, policy.evaluations) == (("./", "s3://models/"), ("adult-2026",))
    assert policy.watch == Watch()
    assert [gate.index for gate in policy.gates] == [0, 1, 2]
    assert [(gate.gate, gate.name) for gate in policy.gates] == [
        (name, name) for name in ("accuracy", "fairness", "load")
    ]
    assert policy.gates[0].parameters == {
        "metric": "roc_auc",
        "minimum": 0.9,
        "champion": {"margin": 0.01},
        "slices": ["sex"],
    }


def test_policy_defaults():
    policy = parse_policy(POLICY, _bytes(POLICY, "pass/least-that-is-needed"))
    assert (policy.models, policy.commit, policy.on_inconclusive) == (("*",), "", "refuse")
    assert policy.evaluations is None
    assert policy.watch == Watch()
    assert all(gate.required and gate.confidence == 0.95 for gate in policy.gates)


def test_policy_gate_of_its_own_name_and_confidence():
    policy = parse_policy(POLICY, _bytes(POLICY, "pass/same-gate-twice-by-name"))
    peak = policy.gates[3]
    assert (peak.name, peak.required, peak.confidence) == ("peak", False, 0.9)
    assert set(peak.parameters) == {"rate", "objectives"}


def test_watch_is_read_in_si_units():
    text = _bytes(POLICY).replace(b"errorBudget: 0.5%", b"errorBudget: 0.02")
    text = text.replace(b"[25ms, 50ms, 100ms]", b"[1s, 1.5s]").replace(
        b"onDeadline: pause", b"onDeadline: abort"
    )
    watch = parse_policy(POLICY, text.replace(b"deadline: 2h", b"deadline: 1d")).watch
    assert (watch.error_budget, watch.latency, watch.deadline) == (0.02, (1.0, 1.5), 86400.0)
    assert watch.on_deadline == "abort"


@pytest.mark.parametrize("path", PATHS)
def test_parse_finds_the_kind(path):
    assert parse(path, _bytes(path)).source.path == path


def test_another_kind_than_asked_for_is_refused():
    with pytest.raises(Invalid, match="'GatePolicy'; expected 'ModelRelease'"):
        parse_release(POLICY, _bytes(POLICY))


def test_applies_to_matches_names_and_stars():
    policy = parse_policy(POLICY, _bytes(POLICY).replace(b'models: ["*"]', b"models: [in*]"))
    assert policy.applies_to("income", "production")
    assert not policy.applies_to("churn", "production")
    assert not policy.applies_to("income", "staging")


JUNK = st.sampled_from(
    [
        b"0",
        b"-1",
        b"[]",
        b"{}",
        b"null",
        b"NO",
        b"x",
        b"''",
        b"[[1]]",
        b"{a: {b: c}}",
        b"1e999",
        b"true",
        b"*",
        b"\n",
    ]
)


@given(st.sampled_from(PATHS), st.data())
def test_a_document_with_junk_in_it_is_read_or_refused(path, data):
    """No shape of a value gets a parser or a check out of step: only Invalid is raised."""
    content = _bytes(path)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(len(content), start + 40)))
        content = content[:start] + data.draw(JUNK) + content[end:]
    _parse_and_examine(path, content)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 10**6)
    | st.floats(allow_nan=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(st.sampled_from(PATHS), st.data(), VALUES)
def test_any_value_in_any_place_is_read_or_refused(path, data, junk):
    document = load(path, _bytes(path))
    places = sorted((keys for keys in document.source.places if keys), key=str)
    *parents, last = data.draw(st.sampled_from(places))
    target = document.value
    for key in parents:
        target = target[key]
    target[last] = junk
    _parse_and_examine(path, json.dumps(document.value, ensure_ascii=False).encode())


def _parse_and_examine(path, content):
    """Both find the same; and no outline, whatever is in it, gets the other checks out of step."""
    others = [examine(each, _bytes(each))[0] for each in PATHS if each != path]
    assert _refused(lambda: parse(path, content, kind_of(path))) == _told(path, content, others)


def _told(path, content, others):
    try:
        outline, problems = examine(path, content)
    except Invalid as invalid:
        return [str(each) for each in invalid.problems]
    assert all(each.found for each in check_together([*others, outline]))
    return [str(each) for each in problems]


def _refused(reading):
    try:
        reading()
    except Invalid as invalid:
        return [str(each) for each in invalid.problems]
    return []

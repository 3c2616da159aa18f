"""Each version meets the fate that the demo's story gives it, by the gates themselves."""

from pathlib import Path

import pytest

from mlci.demo import manifest
from mlci.evaluation.examine import examine
from mlci.gates.protocol import Bench, Contender
from mlci.gates.registry import find
from mlci.manifest.evaluation_set import parse_evaluation_set
from mlci.manifest.policy import parse_policy
from mlci.manifest.release import parse_release
from mlci.records.grouping import Grouping
from mlci.records.judgement import Judgement
from mlci.records.outcome import Outcome

README = Path(__file__).parents[2] / "examples" / "adult" / "README.md"
UNFAIR = {
    "equal-opportunity/true_positive_rate/minimumRatio/sex",
    "opportunity-by-sex/true_positive_rate/margin/sex",
    "selection-by-sex/selection_rate/margin/sex",
}
# column of the table in README, champion, candidate, judgements that refuse it
STORY = [
    (0, None, "1.0.0", set()),
    (1, "1.0.0", "1.1.0", set()),
    (2, "1.1.0", "1.2.0", UNFAIR),
    (3, "1.1.0", "1.3.0", set()),
]


def contender(root: Path, version: str) -> Contender:
    release = parse_release("releases/income/production.yaml", manifest(version).read_bytes())
    return Contender(release=release, model=root / release.model.uri)


def judged(root: Path, champion: str | None, candidate: str) -> dict[str, Judgement]:
    """Every judgement except the load gate's, by its id within the policy."""
    templates = root / "templates"
    policy = parse_policy(
        "policies/production.yaml", (templates / "policies/production.yaml").read_bytes()
    )
    path = "evaluations/adult-2026.yaml"
    exam = parse_evaluation_set(path, (templates / path).read_bytes())
    new = contender(root, candidate)
    old = contender(root, champion) if champion else None
    by = [Grouping(column=column) for column in exam.sensitive]
    sat = examine(new, old, exam, root / exam.uri, by)
    bench = Bench(
        candidate=new,
        champion=old,
        exam=exam,
        data=root / exam.uri,
        examination=lambda: sat,
        say=lambda _: None,
    )
    found = {}
    for spec in policy.gates:
        if spec.gate != "load":
            gate = find(spec.gate)
            planned = gate.plan(spec, policy, comparing=old is not None)
            for each in gate.judge(spec, planned, gate.measure(spec, planned, bench)):
                found[each.planned.id.removeprefix("production/")] = each
    return found


@pytest.mark.parametrize(("column", "champion", "candidate", "refused"), STORY)
def test_the_gates_say_what_the_story_needs(root, column, champion, candidate, refused) -> None:
    judgements = judged(root, champion, candidate)
    assert {name for name, each in judgements.items() if each.outcome is Outcome.FAIL} == refused
    others = {each.outcome for name, each in judgements.items() if name not in refused}
    assert others == {Outcome.PASS}


@pytest.mark.parametrize(("column", "champion", "candidate", "refused"), STORY)
def test_the_readme_tells_what_the_gates_say(root, column, champion, candidate, refused) -> None:
    lines = README.read_text(encoding="utf-8").splitlines()
    for name, each in judged(root, champion, candidate).items():
        row = next(line for line in lines if line.startswith(f"| {name} "))
        low, high = each.interval
        told = f"{number(each.estimate)} ({number(low)} to {number(high)}) {each.outcome}"
        assert row.split(" | ")[column + 1].removesuffix(" |") == told


def number(value: float) -> str:
    return f"{round(value, 3) + 0.0:.3f}"

"""Documents against each other: what each of them says alone may still not fit the others."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from mlci.errors import BadInput
from mlci.manifest.parse import Parsed
from mlci.manifest.problems import nearest, one_of, problem, show
from mlci.records.evaluation_set import EvaluationSet
from mlci.records.metric import BINARY, METRICS, fitting
from mlci.records.policy import GatePolicy
from mlci.records.project import Project
from mlci.records.release import Release
from mlci.records.source import Source


def check_together(documents: Iterable[Parsed], unread: Collection[str] = ()) -> list[BadInput]:
    """Everything in which the documents don't fit each other, each problem once.

    ``unread`` are the paths of files that exist but could not be read: nothing is said to be
    missing that may be in one of them.
    """
    every = list(documents)
    project = next((each for each in every if isinstance(each, Project)), None)
    policies = [each for each in every if isinstance(each, GatePolicy)]
    exams = {each.name: each for each in every if isinstance(each, EvaluationSet)}
    problems: list[BadInput] = []
    for each in every:
        if isinstance(each, Release):
            problems += check_release(each, project, policies, exams, unread)
        elif isinstance(each, GatePolicy):
            problems += _check_policy(each, project, exams, unread)
    once = {str(each): each for each in problems}
    return list(once.values())


def check_release(
    release: Release,
    project: Project | None,
    policies: Sequence[GatePolicy],
    exams: Mapping[str, EvaluationSet],
    unread: Collection[str] = (),
) -> list[BadInput]:
    """What keeps the release from being gated under these rules; no project: not looked at."""
    problems = list(_environment(release, project))
    applying = [each for each in policies if each.applies_to(release.name, release.environment)]
    if not applying and not any(path.startswith("policies/") for path in unread):
        found = f"no policy for model {show(release.name)} in {show(release.environment)}"
        problems.append(
            problem(
                release.source,
                ("metadata",),
                found,
                "at least one policy that applies",
                "add model and environment to a policy's appliesTo",
            )
        )
    exam = exams.get(release.evaluation)
    if exam is None:
        problems += _no_exam(release, exams, unread)
    elif release.task == BINARY and exam.positive is None:
        found = f"no key 'positive', and {release.path} is a {BINARY}"
        problems.append(problem(exam.source, ("spec",), found, "the label's positive value"))
    for policy in applying:
        problems += _permitted(release, policy, exam)
        problems += _fits(release, policy, exam)
    return problems


def _environment(release: Release, project: Project | None) -> Iterator[BadInput]:
    if project is not None and project.environment(release.environment) is None:
        known = [each.name for each in project.environments]
        yield problem(
            release.source,
            ("metadata", "environment"),
            f"environment {show(release.environment)}",
            f"{one_of(known)}, as {project.source.path} says",
            nearest(release.environment, known),
        )


def _no_exam(
    release: Release, exams: Mapping[str, EvaluationSet], unread: Collection[str]
) -> Iterator[BadInput]:
    path = f"evaluations/{release.evaluation}.yaml"
    if path not in unread:
        yield problem(
            release.source,
            ("spec", "evaluation"),
            f"evaluation {show(release.evaluation)}",
            one_of(sorted(exams)) if exams else f"an evaluation set in {path}",
            nearest(release.evaluation, exams),
        )


def _permitted(
    release: Release, policy: GatePolicy, exam: EvaluationSet | None
) -> Iterator[BadInput]:
    if policy.evaluations is not None and release.evaluation not in policy.evaluations:
        yield problem(
            release.source,
            ("spec", "evaluation"),
            f"evaluation {show(release.evaluation)}",
            f"one that policy {show(policy.name)} permits: {one_of(policy.evaluations)}",
            nearest(release.evaluation, policy.evaluations),
        )
    places: list[tuple[Source, tuple[str, ...], str]] = [
        (release.source, ("spec", "model", "uri"), release.model.uri)
    ]
    if exam is not None:
        places.append((exam.source, ("spec", "uri"), exam.uri))
    for source, keys, uri in places:
        if not any(_within(uri, each) for each in policy.sources):
            expected = f"a uri within the sources of policy {show(policy.name)}: "
            yield problem(source, keys, show(uri), expected + one_of(policy.sources))


def _within(uri: str, source: str) -> bool:
    return "://" not in uri if source == "./" else uri.startswith(source)


def _fits(release: Release, policy: GatePolicy, exam: EvaluationSet | None) -> Iterator[BadInput]:
    for spec in policy.gates:
        keys = ("spec", "gates", spec.index)
        metric = METRICS.get(spec.parameters.get("metric", ""))
        if metric is not None and release.task not in metric.tasks:
            names = fitting(spec.gate, release.task)
            yield problem(
                policy.source,
                (*keys, "metric"),
                f"{show(metric.name)}, which doesn't fit the {release.task} of {release.path}",
                one_of(names) if names else "no such gate for this task",
                nearest(metric.name, names),
            )
        if exam is None:
            continue
        for index, entry in enumerate(spec.parameters.get("by", ())):
            for column in [entry] if isinstance(entry, str) else entry:
                if column not in exam.sensitive:
                    yield problem(
                        policy.source,
                        (*keys, "by", index),
                        f"the column {show(column)}, which {exam.source.path} doesn't list",
                        f"a column of its `sensitive`: {one_of(exam.sensitive)}"
                        if exam.sensitive
                        else "a column of its `sensitive`, which is empty",
                        nearest(column, exam.sensitive),
                    )


def _check_policy(
    policy: GatePolicy,
    project: Project | None,
    exams: Mapping[str, EvaluationSet],
    unread: Collection[str],
) -> Iterator[BadInput]:
    known = [each.name for each in project.environments] if project else []
    for index, name in enumerate(policy.environments):
        if project and "*" not in name and name not in known:
            yield problem(
                policy.source,
                ("spec", "appliesTo", "environments", index),
                f"environment {show(name)}",
                one_of(known),
                nearest(name, known),
            )
    for index, name in enumerate(policy.evaluations or ()):
        if name not in exams and f"evaluations/{name}.yaml" not in unread:
            yield problem(
                policy.source,
                ("spec", "evaluations", index),
                f"evaluation {show(name)}",
                one_of(sorted(exams)) if exams else f"a file evaluations/{name}.yaml",
                nearest(name, exams),
            )

"""Documents against each other: what each of them says alone may still not fit the others."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlci.errors import BadInput
from mlci.manifest.document import kind_of
from mlci.manifest.engines import Asked, EnvironmentPlace, check_engine
from mlci.manifest.outline import ReleaseOutline
from mlci.manifest.problems import nearest, one_of, problem, show
from mlci.plugins import gates, metrics
from mlci.records.metric import BINARY, MULTICLASS, REGRESSION, Metric, fitting
from mlci.records.source import Source

if TYPE_CHECKING:
    from mlci.manifest import outline
    from mlci.records.evaluation_set import EvaluationSet
    from mlci.records.policy import GatePolicy, GateSpec
    from mlci.records.project import Environment, Project
    from mlci.records.release import Release

    AnyProject = Project | outline.ProjectOutline
    AnyEnvironment = Environment | outline.EnvironmentOutline
    AnyExam = EvaluationSet | outline.ExamOutline
    AnyRelease = Release | outline.ReleaseOutline
    AnyPolicy = GatePolicy | outline.PolicyOutline
    AnyGate = GateSpec | outline.GateOutline
    AnyDocument = AnyProject | AnyExam | AnyRelease | AnyPolicy


def check_together(
    documents: Iterable["AnyDocument"], unread: Collection[str] = ()
) -> list[BadInput]:
    """Everything in which the documents don't fit each other, each problem once.

    Of a document that isn't right an outline will do; what it leaves open isn't held against it.
    ``unread`` are the paths of files that exist but could not be read: nothing is said to be
    missing that may be in one of them.
    """
    # Their kinds by their places: no class of a record or an outline is needed to tell.
    every: list[tuple[str | None, Any]] = [(kind_of(each.source.path), each) for each in documents]
    project = next((each for kind, each in every if kind == "Project"), None)
    policies = [each for kind, each in every if kind == "GatePolicy"]
    exams = {each.name: each for kind, each in every if kind == "EvaluationSet"}
    problems: list[BadInput] = []
    for kind, each in every:
        if kind == "ModelRelease":
            problems += check_release(each, project, policies, exams, unread)
        elif kind == "GatePolicy":
            problems += _check_policy(each, project, exams, unread)
    once = {str(each): each for each in problems}
    return list(once.values())


def check_release(
    release: "AnyRelease",
    project: "AnyProject | None",
    policies: Sequence["AnyPolicy"],
    exams: Mapping[str, "AnyExam"],
    unread: Collection[str] = (),
) -> list[BadInput]:
    """What keeps the release from being gated under these rules; no project: not looked at."""
    problems = list(_environment(release, project))
    applies = [each.applies_to(release.name, release.environment) for each in policies]
    applying = [policy for policy, does in zip(policies, applies, strict=True) if does]
    may_apply = None in applies or any(path.startswith("policies/") for path in unread)
    if not applying and not may_apply:
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
    exam = None if release.evaluation is None else exams.get(release.evaluation)
    if exam is None:
        problems += _no_exam(release, exams, unread)
    elif release.task == BINARY and exam.positive is None:
        found = f"no key 'positive', and {release.source.path} is a {BINARY}"
        problems.append(problem(exam.source, ("spec",), found, "the label's positive value"))
    for policy in applying:
        problems += _permitted(release, policy, exam)
        problems += _fits(release, policy, exam)
    return problems


def _environment(release: "AnyRelease", project: "AnyProject | None") -> Iterator[BadInput]:
    known = _environments(project)
    if project and not _in(release.environment, known):
        yield problem(
            release.source,
            ("metadata", "environment"),
            f"environment {show(release.environment)}",
            f"{one_of(known)}, as {project.source.path} says",
            nearest(release.environment, known),
        )
    if project:
        yield from _engine(release, project)


def _engine(release: "AnyRelease", project: "AnyProject") -> Iterator[BadInput]:
    environments: Sequence[AnyEnvironment] = project.environments
    for index, each in enumerate(environments):
        if each.name == release.environment:
            keys = ("spec", "environments", index)
            place = EnvironmentPlace(source=project.source, keys=keys, engine=each.engine)
            yield from check_engine(release.source, release.name, _asked(release), place)


def _asked(release: "AnyRelease") -> Asked:
    if isinstance(release, ReleaseOutline):
        return release.asked
    from mlci.manifest.asked import asked_by  # which comes with the classes of all records

    return asked_by(release)


def _no_exam(
    release: "AnyRelease", exams: Mapping[str, "AnyExam"], unread: Collection[str]
) -> Iterator[BadInput]:
    path = f"evaluations/{release.evaluation}.yaml"
    if release.evaluation and path not in unread:
        yield problem(
            release.source,
            ("spec", "evaluation"),
            f"evaluation {show(release.evaluation)}",
            one_of(sorted(exams)) if exams else f"an evaluation set in {path}",
            nearest(release.evaluation, exams),
        )


def _permitted(
    release: "AnyRelease", policy: "AnyPolicy", exam: "AnyExam | None"
) -> Iterator[BadInput]:
    exam_name = release.evaluation
    if exam_name and policy.evaluations is not None and not _in(exam_name, policy.evaluations):
        yield problem(
            release.source,
            ("spec", "evaluation"),
            f"evaluation {show(release.evaluation)}",
            f"one that policy {show(policy.name)} permits: {one_of(policy.evaluations)}",
            nearest(release.evaluation, policy.evaluations),
        )
    places: list[tuple[Source, tuple[str, ...], str | None]] = [
        (release.source, ("spec", "model", "uri"), release.model.uri)
    ]
    if exam is not None:
        places.append((exam.source, ("spec", "uri"), exam.uri))
    for source, keys, uri in places:
        if uri and not any(each is None or _within(uri, each) for each in policy.sources):
            expected = f"a uri within the sources of policy {show(policy.name)}: "
            yield problem(source, keys, show(uri), expected + one_of(policy.sources))


def _environments(project: "AnyProject | None") -> list[str | None]:
    return list(dict.fromkeys(each.name for each in project.environments)) if project else []


def _in(name: str, names: Sequence[str | None]) -> bool:
    """Whether it is among them, or may be the one that couldn't be read."""
    return name in names or None in names


def _within(uri: str, source: str) -> bool:
    return "://" not in uri if source == "./" else uri.startswith(source)


def _fits(release: "AnyRelease", policy: "AnyPolicy", exam: "AnyExam | None") -> Iterator[BadInput]:
    for spec in policy.gates:
        if gates.is_brought(spec.gate):
            continue  # its keys mean what its package says
        keys = ("spec", "gates", spec.index)
        metric = metrics.find(spec.parameters.get("metric"))
        if metric is not None and release.task and release.task not in metric.tasks:
            names = fitting(spec.gate, release.task) if spec.gate else ()
            yield problem(
                policy.source,
                (*keys, "metric"),
                f"{show(metric.name)}, which doesn't fit the {release.task} of "
                f"{release.source.path}",
                one_of(names) if names else "no such gate for this task",
                nearest(metric.name, names),
            )
        tolerant = spec.gate != "robustness" or "tolerance" in spec.parameters
        if release.task == REGRESSION and not tolerant:
            yield problem(
                policy.source,
                keys,
                f"no tolerance, next to the {release.task} of {release.source.path}",
                "how far an answer may move before it counts as another one",
            )
        elif metric is not None:
            yield from _of_class(release, policy, spec, metric)
        if exam is None:
            continue
        for index, entry in enumerate(spec.parameters.get("by", ())):
            for column in [entry] if isinstance(entry, str) else entry:
                if not _in(column, exam.sensitive):
                    yield problem(
                        policy.source,
                        (*keys, "by", index),
                        f"the column {show(column)}, which {exam.source.path} doesn't list",
                        f"a column of its `sensitive`: {one_of(exam.sensitive)}"
                        if exam.sensitive
                        else "a column of its `sensitive`, which is empty",
                        nearest(column, exam.sensitive),
                    )


def _of_class(
    release: "AnyRelease", policy: "AnyPolicy", spec: "AnyGate", metric: Metric
) -> Iterator[BadInput]:
    keys = ("spec", "gates", spec.index)
    if release.task == MULTICLASS and metric.one_class and "class" not in spec.parameters:
        found = f"{metric.name} without a class, for the {MULTICLASS} of {release.source.path}"
        yield problem(policy.source, keys, found, "the class that it is of, such as class: high")
    if release.task == BINARY and "class" in spec.parameters:
        found = f"a class, for the {BINARY} of {release.source.path}"
        expected = "none: `positive` of the exam says it"
        yield problem(policy.source, (*keys, "class"), found, expected)


def _check_policy(
    policy: "AnyPolicy",
    project: "AnyProject | None",
    exams: Mapping[str, "AnyExam"],
    unread: Collection[str],
) -> Iterator[BadInput]:
    known = _environments(project)
    for index, name in enumerate(policy.environments):
        if project and name and "*" not in name and not _in(name, known):
            yield problem(
                policy.source,
                ("spec", "appliesTo", "environments", index),
                f"environment {show(name)}",
                one_of(known),
                nearest(name, known),
            )
    for index, name in enumerate(policy.evaluations or ()):
        if name and name not in exams and f"evaluations/{name}.yaml" not in unread:
            yield problem(
                policy.source,
                ("spec", "evaluations", index),
                f"evaluation {show(name)}",
                one_of(sorted(exams)) if exams else f"a file evaluations/{name}.yaml",
                nearest(name, exams),
            )

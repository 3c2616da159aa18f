"""A change's releases as a GitLab child pipeline: one job a release, each with its reports.

The form: GitLab's CI/CD YAML syntax, "Dynamic child pipelines". Not more than ``lanes`` jobs run at
once: a lane's next job waits for the one before, however that one ended.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import yaml

from mlci.records.change import ChangedRelease
from mlci.reports.formats import BESIDE, K6

MOST = 200  # of the jobs that one pipeline should hold; the rest share them
_OUT = ".mlci/out"
_GITLAB = {"junit": "junit", "codequality": "codequality", "metrics": "openmetrics"}
# Job tokens mostly may not push; a project's token takes their place where there is one.
_PUSH = (
    'test -z "${MLCI_PUSH_TOKEN:-}" || export GIT_CONFIG_COUNT=1 '
    "GIT_CONFIG_KEY_0=remote.origin.pushurl GIT_CONFIG_VALUE_0="
    '"$CI_SERVER_PROTOCOL://mlci:$MLCI_PUSH_TOKEN@$CI_SERVER_FQDN/$CI_PROJECT_PATH.git"'
)


@dataclass(frozen=True, kw_only=True)
class JobForm:
    """What all jobs share: ``image`` ("" for the runner's own), ``tags`` that runners have,
    ``before`` the commands that install mlci, ``base`` the ref whose rules hold ("" for the
    default), ``record`` whether the verdict admits, ``lanes`` how many run at once."""

    image: str = ""
    tags: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    base: str = ""
    record: bool = False
    lanes: int = 4


def render(releases: Sequence[ChangedRelease], form: JobForm) -> str:
    """The pipeline as YAML. Without releases it is one job that says so: GitLab refuses none."""
    shared = _shared(releases, MOST)
    jobs = [_gate(group, form) for group in shared] or [_nothing(form)]
    names = [_name(group) for group in shared] or ["no release is changed"]
    for at in range(form.lanes, len(jobs)):
        jobs[at]["needs"] = [{"job": names[at - form.lanes], "artifacts": False}]
    pipeline = {
        "stages": ["gate"],
        "workflow": {"rules": [{"when": "always"}]},
        **dict(zip(names, jobs, strict=True)),
    }
    text: str = yaml.safe_dump(pipeline, sort_keys=False, width=100)
    return text


def _shared(releases: Sequence[ChangedRelease], most: int) -> list[Sequence[ChangedRelease]]:
    """At most ``most`` groups of neighbours, as even as can be."""
    groups = min(most, len(releases))
    bounds = [len(releases) * at // groups for at in range(groups + 1)] if groups else []
    return [releases[low:high] for low, high in pairwise(bounds)]


def _name(group: Sequence[ChangedRelease]) -> str:
    more = f" and {len(group) - 1} more" if len(group) > 1 else ""
    return f"gate {group[0].model}/{group[0].environment}{more}"


def _gate(group: Sequence[ChangedRelease], form: JobForm) -> dict[str, Any]:
    """``when: always``: a release is judged whatever became of the one before it in its lane."""
    outs = [f"{_OUT}/{each.model}/{each.environment}" for each in group]
    options = [*(["--base", '"$MLCI_BASE"'] if form.base else [])]
    options += ["--record"] if form.record else []
    gates = [
        " ".join(["mlci gate", each.path, *options, "--html", "--out", out])
        for each, out in zip(group, outs, strict=True)
    ]
    return {
        **_common(form),
        "when": "always",
        "variables": {"GIT_DEPTH": "20", **({"MLCI_BASE": form.base} if form.base else {})},
        "script": _every(gates),
        "artifacts": {
            "when": "always",
            "expire_in": "90 days",
            "paths": [f"{out}/" for out in outs],
            "reports": _declared(outs),
        },
    }


def _every(gates: Sequence[str]) -> list[str]:
    """All of them run; the job ends as the first that failed did."""
    if len(gates) == 1:
        return list(gates)
    return ["code=0", *(f"{gate} || code=$(( code ? code : $? ))" for gate in gates), "exit $code"]


def _declared(outs: Sequence[str]) -> dict[str, Any]:
    """GitLab takes several files of JUnit and code quality, but one of load results."""
    return {
        **{report: [f"{out}/{BESIDE[name]}" for out in outs] for report, name in _GITLAB.items()},
        "load_performance": f"{outs[0]}/{BESIDE[K6]}",
    }


def _nothing(form: JobForm) -> dict[str, Any]:
    return {**_common(form), "before_script": [], "script": ["echo 'no release is changed'"]}


def _common(form: JobForm) -> dict[str, Any]:
    image: Mapping[str, Any] = {"image": form.image} if form.image else {}
    tags: Mapping[str, Any] = {"tags": list(form.tags)} if form.tags else {}
    before = [*form.before, *([_PUSH] if form.record else [])]
    return {"stage": "gate", **image, **tags, "before_script": before}

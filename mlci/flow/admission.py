"""May the tip's release be delivered? Read from rules and records; nothing is measured here."""

from mlci.errors import Invalid, MlciError
from mlci.flow.decide import Admission, Tip
from mlci.flow.standing import context, recorded_verdicts, reruns, stand, verdict_that_stands
from mlci.flow.truth import Truth
from mlci.gitops.repository import Repository
from mlci.manifest.release import parse_release
from mlci.manifest.together import check_release
from mlci.policy.plan import applicable
from mlci.records.digest import digest_of
from mlci.records.release import Release, release_path


def read_tip(repository: Repository, truth: Truth, environment: str, model: str) -> Tip:
    """The model's manifest at the tip, checked against the tip's rules."""
    commit = truth.protected.commit
    path = release_path(model, environment)
    if path not in repository.paths(commit, path):
        return Tip(commit=commit, digest=None, release=None)
    content = repository.read(commit, path)
    try:
        release = parse_release(path, content)
        rules = truth.rules
        problems = check_release(release, rules.project, rules.policies, rules.exams)
        if problems:
            raise Invalid(tuple(problems))
    except MlciError as error:
        return Tip(commit=commit, digest=digest_of(content), release=None, problem=str(error))
    return Tip(commit=commit, digest=release.digest, release=release)


def admit(release: Release, truth: Truth) -> Admission:
    """The record of a way back, a verdict that stands, or a reason to hold; else nothing."""
    standing = stand(release, truth.rules.project, truth.records)
    if standing.way_back is not None:
        back = standing.way_back
        return Admission(
            admits=True,
            verdict=back.verdict,
            reason=f"a way back: {back.state} in delivery {back.delivery[:12]}",
        )
    if standing.held:
        return Admission(held=standing.held)
    policies = applicable(truth.rules.policies, release)
    key = context(policies, truth.rules.exams[release.evaluation], standing.champion)
    history = truth.records.deliveries(release.environment, release.name)
    stands = verdict_that_stands(truth.records, release.digest, key, history)
    if stands is not None:
        reason = f"verdict {stands.outcome} ({stands.id})"
        if stands.admits:
            return Admission(admits=True, verdict=stands.id, reason=reason)
        return Admission(refused=True, verdict=stands.id, reason=reason)
    tried = recorded_verdicts(truth.records, release.digest, key)
    if len(tried) > reruns(history, release.digest):
        last = tried[-1]
        return Admission(
            held=f"verdict {last.outcome} ({last.id}) decides nothing; "
            f"`mlci approve {release.path}` permits another gate run"
        )
    return Admission()

"""May the tip's release be delivered? Read from rules and records; nothing is measured here."""

from collections.abc import Sequence

from mlci.errors import BadInput, Invalid, MlciError
from mlci.flow.argo.rendering import check_bundle
from mlci.flow.clock import moment, today
from mlci.flow.decide import Admission, Tip
from mlci.flow.freeze import frozen
from mlci.flow.holdings import Holdings
from mlci.flow.standing import context, stand, undecided, verdict_that_stands, way_back
from mlci.flow.truth import Truth
from mlci.gitops.repository import REGULAR
from mlci.manifest.release import parse_release
from mlci.manifest.together import check_release
from mlci.policy.plan import applicable
from mlci.records.delivery import Blob, DeliveryRecord
from mlci.records.digest import digest_of
from mlci.records.release import Release, release_path


def read_tip(holdings: Holdings, truth: Truth, model: str) -> Tip:
    """The model's manifest at the tip, checked against the tip's rules."""
    commit, path = truth.protected.commit, release_path(model, holdings.environment)
    own = holdings.own(truth, model)
    manifest = next((entry for entry in own.files if entry.path == path), None)
    if manifest is None:
        return Tip(commit=commit, digest=None, release=None)
    content = holdings.content(manifest) if manifest.mode in REGULAR else b""
    digest, release = digest_of(content), None
    try:
        _check_files(own.files)
        release = parse_release(path, content)
        rules = truth.rules
        problems = check_release(release, rules.project, rules.policies, rules.exams)
        if problems:
            raise Invalid(tuple(problems))
        declared = rules.project.environment(holdings.environment)
        if declared is not None and declared.argo is not None:
            history = holdings.history(own, model)
            check_bundle(holdings.repository, release, declared.argo, own.files, history)
    except MlciError as error:
        return Tip(commit=commit, digest=digest, release=release, problem=str(error))
    return Tip(commit=commit, digest=digest, release=release)


def _check_files(entries: Sequence[Blob]) -> None:
    """Refused before anything is recorded: a link could never be restored as what it was."""
    for entry in entries:
        if entry.mode not in REGULAR:
            raise BadInput(
                place=entry.path,
                found=f"mode {entry.mode}: a link or a submodule",
                expected="regular files in a release and its bundle",
                next_step="commit the file itself under that path",
            )


def admit_back(release: Release, history: Sequence[DeliveryRecord]) -> Admission | None:
    """What the model's own records alone admit: a way back, whatever else holds."""
    back = way_back(release, history)
    if back is None:
        return None
    return Admission(
        admits=True,
        verdict=back.verdict,
        reason=f"a way back: {back.state} in delivery {back.delivery[:12]}",
    )


def admit(release: Release, truth: Truth) -> Admission:
    """A verdict that stands, or a reason to hold; else nothing.

    A freeze holds what a verdict admits, for as long as it lasts.
    """
    standing = stand(release, truth.rules.project, truth.records)
    if standing.held:
        return Admission(held=standing.held)
    policies = applicable(truth.rules.policies, release)
    key = context(policies, truth.rules.exams[release.evaluation], standing.champion)
    history = truth.records.deliveries(release.environment, release.name)
    stands = verdict_that_stands(truth.records, release.digest, key, history, today())
    if stands is not None:
        reason = f"verdict {stands.outcome} ({stands.id})"
        freeze = frozen(truth.rules.project.environment(release.environment), moment())
        if stands.admits and freeze:
            return Admission(held=freeze, passing=True)
        if stands.admits:
            return Admission(admits=True, verdict=stands.id, reason=reason)
        return Admission(refused=True, verdict=stands.id, reason=reason)
    last = undecided(truth.records, release.digest, key, history)
    if last is not None:
        return Admission(
            held=f"verdict {last.outcome} ({last.id}) decides nothing; "
            f"`mlci approve {release.path}` permits another gate run"
        )
    return Admission()

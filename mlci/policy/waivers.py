"""Waivers of the policies -> the judgements that they cover, which keep their outcomes."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from mlci.records.judgement import Judgement, Planned
from mlci.records.policy import GatePolicy
from mlci.records.release import Release
from mlci.records.waiver import Waived, Waiver


def waive(
    judgements: Iterable[Judgement], policies: Sequence[GatePolicy], release: Release, on: date
) -> tuple[Judgement, ...]:
    """The judgements, those that failed under a waiver for this release marked as waived.

    ``on`` is the day of the gate, in UTC. A waiver that is about the judgement and doesn't hold is
    named in its reason. Only what was measured is waived: an ERROR stays one.
    """
    by_name = {policy.name: policy for policy in policies}
    return tuple(_waived(each, by_name[each.planned.policy], release, on) for each in judgements)


def prospects(
    policy: GatePolicy, planned: Iterable[Planned], release: Release, on: date
) -> tuple[tuple[Waiver, str], ...]:
    """Each waiver of the policy, and why it waives nothing ``on`` that day; empty where it covers
    what of its gate may fail."""
    judged = [each for each in planned if each.policy == policy.name]
    return tuple((each, _idle(each, judged, release, on)) for each in policy.waivers)


def _idle(waiver: Waiver, judged: Sequence[Planned], release: Release, on: date) -> str:
    if (waiver.model, waiver.environment) != (release.name, release.environment):
        return f"the waiver of {waiver.approver} is for {waiver.model}/{waiver.environment}"
    if why := _why_not(waiver, release, on):
        return why
    if not any(_covers(waiver, each) for each in judged):
        return f"no judgement of {waiver.metric or waiver.gate} is planned"
    return ""


def _waived(judgement: Judgement, policy: GatePolicy, release: Release, on: date) -> Judgement:
    about = [each for each in policy.waivers if _is_about(each, judgement, release)]
    if not about or not judgement.outcome.waivable:
        return judgement
    holding = [each for each in about if not _why_not(each, release, on)]
    if not holding:
        words = "; ".join(dict.fromkeys(_why_not(each, release, on) for each in about))
        return replace(judgement, reason=f"{judgement.reason}; not waived: {words}")
    waiver = max(holding, key=lambda each: each.expires)
    return replace(
        judgement,
        waived=Waived(
            policy=policy.name,
            gate=waiver.gate,
            reason=waiver.reason,
            approver=waiver.approver,
            expires=waiver.expires,
        ),
    )


def _is_about(waiver: Waiver, judgement: Judgement, release: Release) -> bool:
    named = (waiver.model, waiver.environment) == (release.name, release.environment)
    return named and _covers(waiver, judgement.planned)


def _covers(waiver: Waiver, planned: Planned) -> bool:
    return waiver.gate == planned.gate and waiver.metric in (None, planned.metric)


def _why_not(waiver: Waiver, release: Release, on: date) -> str:
    if not waiver.names(release):
        same = waiver.version in (None, release.version)
        another = "another model digest" if same else f"version {waiver.version}"
        return f"the waiver of {waiver.approver} is for {another}"
    if on < waiver.granted:
        return f"the waiver of {waiver.approver} begins on {waiver.granted}"
    if on > waiver.expires:
        return f"the waiver of {waiver.approver} expired on {waiver.expires}"
    return ""

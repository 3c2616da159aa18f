"""All that the gates measure on: verified files of candidate, champion, anchors and exam."""

from collections.abc import Callable, Sequence
from functools import cache, partial

from mlci.evaluation.examine import examine
from mlci.flow.case import Case, artifacts_of, recorded_release
from mlci.flow.folders import fetch_data
from mlci.flow.former import former_exam
from mlci.gates.protocol import Bench, Contender, anchor_of
from mlci.gitops import deliveries
from mlci.policy.plan import groupings
from mlci.records.delivery import DeliveryRecord
from mlci.records.examination import Examination
from mlci.records.judgement import Planned
from mlci.records.shard import ALL, Shard

TRAINING = ("spec", "lineage", "training", "dataset", "digest")


def set_up(
    case: Case, planned: Sequence[Planned], say: Callable[[str], None], shard: Shard = ALL
) -> Bench:
    """What the planned judgements need. Raises Broken where a model's or the exam's file can't be
    had; an anchor that was never delivered is left to the judgements that need it."""
    comparing = case.standing.comparing(case.release)
    own = artifacts_of(case)
    model = case.release.model
    candidate = Contender(
        release=case.release,
        model=own.fetch(model.uri, model.digest, case.release.source.at("spec", "model", "digest")),
    )
    champion = None
    if comparing and case.standing.champion is not None:
        champion = _recorded(case, case.standing.champion, "champion")
    anchors = {
        version: _recorded(case, record, "anchor")
        for version in (_anchors(case, planned) if comparing else ())
        if (record := delivered(case, version)) is not None
    }
    trained = case.release.training_data
    place = case.exam.source.at("spec", "digest")
    data = fetch_data(own, case.exam.uri, case.exam.digest, place)
    wanted = groupings(planned)

    @cache
    def examination() -> Examination:
        models = 1 + (champion is not None) + len(anchors)
        say(f"exam {case.exam.name}: predictions of {models} model{'s' * (models > 1)}")
        return examine(candidate, champion, case.exam, data, wanted, anchors, shard)

    return Bench(
        candidate=candidate,
        champion=champion,
        anchors=anchors,
        exam=case.exam,
        data=data,
        examination=examination,
        say=say,
        training=None
        if trained is None
        else partial(fetch_data, own, *trained, case.release.source.at(*TRAINING)),
        former=partial(former_exam, case),
        shard=shard,
    )


def _recorded(case: Case, record: DeliveryRecord, role: str) -> Contender:
    release = recorded_release(case.repository, record)
    place = f"{role} {release.version} (mlci/records)"
    file = artifacts_of(case, record).fetch(release.model.uri, release.model.digest, place)
    return Contender(release=release, model=file)


def _anchors(case: Case, planned: Sequence[Planned]) -> tuple[str, ...]:
    """The versions that their gates name as an anchor, each once."""
    asked = {(each.policy, each.gate_index) for each in planned}
    named = [
        anchor_of(spec)
        for policy in case.policies
        for spec in policy.gates
        if (policy.name, spec.index) in asked
    ]
    return tuple(dict.fromkeys(version for version in named if version is not None))


def delivered(case: Case, version: str) -> DeliveryRecord | None:
    """The newest delivery of this version that was HEALTHY or ADOPTED, and is not voided."""
    history = case.truth.records.deliveries(case.release.environment, case.release.name)
    return next((each for each in deliveries.standing(history) if each.version == version), None)

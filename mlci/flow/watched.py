"""The watch that binds a delivery: what the policies said when it began."""

from mlci.errors import Broken
from mlci.flow.truth import Rules, read_rules
from mlci.gitops.repository import Repository
from mlci.policy.plan import applicable
from mlci.policy.watch import strictest
from mlci.records.delivery import DeliveryRecord
from mlci.records.policy import Watch
from mlci.records.release import Release


def watch_of(repository: Repository, record: DeliveryRecord, release: Release, tip: Rules) -> Watch:
    """``tip`` holds the newest rules, for a shallow clone that lacks those of the start."""
    try:
        rules = read_rules(repository, record.commit)
    except Broken:
        rules = tip
    return strictest(applicable(rules.policies, release))

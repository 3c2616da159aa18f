"""The eyes: all Rollouts that mlci rendered and their AnalysisRuns, as they are now."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlci.delivery.argo.cluster import Cluster
from mlci.delivery.argo.collection import Collection, Patience
from mlci.delivery.argo.reading import KIND, name_of, read_analysis, read_rollout, rollout_of
from mlci.errors import MlciError
from mlci.records.labels import MANAGED_BY, MODEL
from mlci.records.live import Live, LiveAnalysis, LiveRollout


@dataclass(frozen=True, kw_only=True)
class _Unread:
    rollout: str
    why: str


class Follower:
    """``changed`` is set at each change, by who follows; who waits for it clears it, then asks
    ``live``. ``patience`` says how soon a watch that stalls is noticed."""

    def __init__(self, cluster: Cluster, patience: Patience | None = None) -> None:
        how = patience or Patience()
        self.changed = threading.Event()
        self._rollouts = Collection(
            cluster,
            cluster.rollouts,
            f"{MANAGED_BY}=mlci",
            _rollout,
            patience=how,
            changed=self.changed,
        )
        # Runs carry the labels by which their Rollout selects its pods.
        self._analyses = Collection(
            cluster,
            cluster.analyses,
            f"{KIND},{MODEL}",
            _analysis,
            patience=how,
            changed=self.changed,
        )

    def start(self) -> None:
        self._rollouts.start()
        self._analyses.start()

    def live(self) -> Live:
        """Never waits and never raises."""
        runs, found = self._analyses.seen(), self._rollouts.seen()
        rollouts: dict[str, LiveRollout] = {}
        analyses: dict[str, list[LiveAnalysis]] = {}
        unread: dict[str, str] = {}
        for each in (*found.records.values(), *runs.records.values()):
            match each:
                case LiveRollout():
                    rollouts[each.name] = each
                case LiveAnalysis():
                    analyses.setdefault(each.rollout, []).append(each)
                case _Unread():
                    unread[each.rollout] = each.why
        return Live(
            rollouts=rollouts,
            analyses={name: _oldest_first(each) for name, each in analyses.items()},
            unread=unread,
            read_at=min(runs.read_at, found.read_at),
            event_at=max(runs.event_at, found.event_at),
            trouble=found.trouble or runs.trouble,
        )

    def close(self) -> None:
        self._rollouts.close()
        self._analyses.close()


def _oldest_first(runs: list[LiveAnalysis]) -> tuple[LiveAnalysis, ...]:
    """What has not begun yet is the newest."""
    return tuple(sorted(runs, key=lambda run: (run.started_at or "~", run.name)))


def _rollout(document: Mapping[str, Any]) -> LiveRollout | _Unread:
    try:
        return read_rollout(document)
    except MlciError as error:
        return _Unread(rollout=name_of(document), why=str(error))


def _analysis(document: Mapping[str, Any]) -> LiveAnalysis | _Unread:
    try:
        return read_analysis(document)
    except MlciError as error:
        return _Unread(rollout=rollout_of(document), why=str(error))

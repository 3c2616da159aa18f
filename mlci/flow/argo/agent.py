"""The agent of an environment that Argo delivers to: its parts, put together.

It keeps nothing: what it knows it reads from Git, the cluster and Prometheus, so that a new one
goes on where an old one was killed.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlci.delivery.argo.access import check
from mlci.delivery.argo.cluster import Cluster, connect
from mlci.delivery.argo.following import Follower
from mlci.errors import BadInput
from mlci.flow.argo.delivered import Delivered, delivered
from mlci.flow.argo.hand import Following
from mlci.flow.argo.listening import listening
from mlci.flow.argo.looking import Looking
from mlci.flow.argo.moment import Moment
from mlci.flow.argo.moving import Moving
from mlci.flow.argo.notices import Notices
from mlci.flow.argo.rounds import ArgoAgent, Kept
from mlci.flow.doing import Doing
from mlci.flow.explain import Explain
from mlci.flow.exposing import Exposing
from mlci.flow.holdings import Holdings
from mlci.flow.keeping import keeper_of, who
from mlci.flow.reading import Reader
from mlci.flow.scribe import Scribe
from mlci.gitops.repository import Repository
from mlci.records.argo import Argo
from mlci.records.delivery import DeliveryRecord
from mlci.records.project import Environment, Project
from mlci.records.prometheus import Prometheus
from mlci.watch.prometheus.client import Client

_FIRST = 10.0  # seconds for the cluster's first answer
_ASIDE = 8  # threads for gates, Prometheus and the cluster

Beside = Callable[[Callable[[], object]], "Future[Any]"]


def argo_agent(
    repository: Repository,
    environment: Environment,
    *,
    base: str | None,
    folder: Path,
    reader: Reader,
    exposing: Exposing,
    ended: threading.Event,
    say: Callable[[str], None],
) -> ArgoAgent:
    """Follows the cluster from now on. Raises BadInput where the project file says too little,
    Broken where the cluster can't be reached, or the agent lacks rights there."""
    project = reader.newest().rules.project
    argo, source = _declared(project, environment)
    cluster = connect(argo.namespace)
    check(cluster)
    follower = Follower(cluster)
    follower.start()
    follower.changed.wait(_FIRST)
    aside = ThreadPoolExecutor(_ASIDE, thread_name_prefix="mlci-aside")
    explain = Explain(f"agent of {environment.name}", say)
    client = Client(source.address)
    moment = Moment(client=client, beside=aside.submit, explain=explain)
    holdings = Holdings(repository=repository, environment=environment.name)
    making = _Making(
        holdings=holdings,
        repository=repository,
        base=base,
        environment=environment.name,
        argo=argo,
        source=source,
        cluster=cluster,
        client=client,
        moment=moment,
        folder=folder,
        reader=reader,
        aside=aside,
        changed=follower.changed,
        say=say,
    )
    agent = ArgoAgent(
        environment=environment.name,
        reader=reader,
        follower=follower,
        moment=moment,
        exposing=exposing,
        aside=aside,
        keep=making.kept,
        models=holdings.models,
        explain=explain,
        ended=ended,
    )
    exposing.ask = listening(environment.name, lambda: agent.table)
    return agent


def _declared(project: Project, environment: Environment) -> tuple[Argo, Prometheus]:
    argo = environment.argo
    source = argo.counts if argo is not None else None
    if argo is not None and source is not None and argo.judge == "agent":
        return argo, source
    index = project.environments.index(environment)
    found = "no prometheus: nothing could be seen of live traffic"
    if argo is not None and argo.judge != "agent":
        found = f"judge: {argo.judge}, which asks no agent"
    raise BadInput(
        place=project.source.at("spec", "environments", index, "engine", "argo"),
        found=found,
        expected='judge: agent, and prometheus: {address: "http://…", source: …}',
    )


@dataclass(frozen=True, kw_only=True)
class _Making:
    """What all keepers of one agent share."""

    holdings: Holdings
    repository: Repository
    base: str | None
    environment: str
    argo: Argo
    source: Prometheus
    cluster: Cluster
    client: Client
    moment: Moment
    folder: Path
    reader: Reader
    aside: ThreadPoolExecutor
    changed: threading.Event
    say: Callable[[str], None]
    _known: dict[str, Delivered] = field(default_factory=dict)

    def kept(self, model: str) -> Kept:
        explain = Explain(f"{model}/{self.environment}", self.say)
        doing = Doing(self._waking(self.aside.submit), explain)
        notices = Notices(
            cluster=self.cluster, environment=self.environment, model=model, doing=doing
        )
        moving = Moving(
            cluster=self.cluster,
            notices=notices,
            moment=self.moment,
            doing=doing,
            scribe=Scribe(self.repository, self._waking(self.reader.act), explain),
            explain=explain,
            by=who(),
        )
        hand = Following(
            argo=self.argo,
            known=self._delivered,
            notices=notices,
            looking=Looking(self.client, self.source, self.aside.submit),
            moment=self.moment,
            moving=moving,
            explain=explain,
        )
        keeper = keeper_of(
            model,
            hand,
            holdings=self.holdings,
            base=self.base,
            folder=self.folder / "models" / model,
        )
        return Kept(keeper=keeper, hand=hand)

    def _waking(self, beside: Beside) -> Beside:
        """The end of an act begins the next round, which sees what came of it."""

        def begin(act: Callable[[], object]) -> "Future[Any]":
            future = beside(act)
            future.add_done_callback(lambda _: self.changed.set())
            return future

        return begin

    def _delivered(self, record: DeliveryRecord) -> Delivered:
        """Read once: what a record names doesn't change."""
        found = self._known.get(record.delivery)
        if found is None:
            found = delivered(self.repository, record, self.reader.newest().rules)
            self._known[record.delivery] = found
        return found

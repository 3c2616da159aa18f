"""What runs where, since which commit, under which verdict: read from Git alone."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mlci.errors import BadInput
from mlci.flow.admission import read_tip
from mlci.flow.decide import DELIVERING
from mlci.flow.holdings import Holdings
from mlci.flow.truth import Truth, read_truth
from mlci.flow.waits import waits
from mlci.gitops import deliveries
from mlci.gitops.repository import Repository
from mlci.records.delivery import DeliveryRecord, State
from mlci.records.release import Release

WAITED_FOR = {
    State.HEALTHY: 0,
    State.ADOPTED: 0,
    State.REGRESSED: 1,
    State.REFUSED: 1,
    State.REVERTED: 1,
    State.HELD: 3,
    State.PAUSED: 3,
    State.SUPERSEDED: 4,
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One model in one environment: what serves, what the tip asks for, and how far that is.

    ``newest`` is the newest step of a delivery; ``approved`` a person's yes that came after it;
    ``under_way`` the delivery that has begun and not ended, or the first release that REGRESSED
    with nothing to go back to; ``regressed`` are the manifests that their own REGRESSED bars;
    ``problem`` says why the tip's manifest can't be used, ``release`` is what it says.
    """

    environment: str
    model: str
    serving: DeliveryRecord | None
    asked: str
    newest: DeliveryRecord | None
    approved: DeliveryRecord | None = None
    under_way: DeliveryRecord | None = None
    regressed: frozenset[str] = frozenset()
    problem: str = ""
    release: Release | None = None

    @property
    def state(self) -> str:
        """The state of what the tip asks for; NEW where nothing is recorded of it yet."""
        if self.waiting_for_agent:
            return str(State.APPROVED)
        if self.newest is not None and self.newest.manifest_digest == self.asked:
            return str(self.newest.state)
        if self.serving is not None and self.serving.manifest_digest == self.asked:
            return str(self.serving.state)
        if self.problem:
            return str(State.HELD)
        return "NEW" if self.asked else "REMOVED"

    @property
    def reason(self) -> str:
        if self.waiting_for_agent and self.approved is not None:
            return self.approved.reason
        if self.newest is not None and self.newest.manifest_digest == self.asked:
            return self.newest.reason
        return self.problem

    @property
    def waiting_for_agent(self) -> bool:
        """A person said yes to what the tip asks for, and nothing followed from it yet."""
        serves = self.serving is not None and self.serving.manifest_digest == self.asked
        approved = self.approved is not None and self.approved.manifest_digest == self.asked
        return approved and not serves

    def to_dict(self) -> dict[str, Any]:
        """As ``mlci schema status`` describes one of its ``releases``."""
        serving, under_way = self.serving, self.under_way
        return {
            "environment": self.environment,
            "model": self.model,
            "state": self.state,
            "reason": self.reason,
            "serving": _release(serving) if serving else None,
            "delivering": {
                **_release(under_way),
                "state": str(under_way.state),
                "first": serving is None,
                "stages": self._stages(under_way),
                "pausedAt": under_way.step or None,
            }
            if under_way
            else None,
            "asked": self.asked or None,
        }

    def _stages(self, under_way: DeliveryRecord) -> list[dict[str, Any]]:
        """Of a delivery whose manifest isn't the tip's any more nothing comes after this one."""
        if self.release is None or self.release.digest != under_way.manifest_digest:
            return []
        return waits(self.release, first=self.serving is None)


def _release(record: DeliveryRecord) -> dict[str, str]:
    return {
        "version": record.version,
        "digest": record.manifest_digest,
        "modelDigest": record.model_digest,
        "commit": record.commit,
        "verdict": record.verdict,
        "since": record.time,
    }


def status(repository: Repository, *, base: str | None, environment: str | None) -> list[Line]:
    """Every model in every environment, or in one. Raises BadInput for one that isn't declared."""
    truth = read_truth(repository, base)
    project = truth.rules.project
    if environment is not None and project.environment(environment) is None:
        raise BadInput(
            place=project.source.at("spec", "environments"),
            found=f"no environment {environment!r}",
            expected=f"one of {', '.join(each.name for each in project.environments)}",
            next_step="name one of them with --environment",
        )
    return [
        _line(holdings, truth, model)
        for each in project.environments
        if environment in (None, each.name)
        for holdings in [Holdings(repository=repository, environment=each.name)]
        for model in holdings.models(truth)
    ]


def _line(holdings: Holdings, truth: Truth, model: str) -> Line:
    environment = holdings.environment
    history = holdings.history(holdings.own(truth, model), model)
    tip = read_tip(holdings, truth, model)
    steps = [each for each in history if each.state is not State.APPROVED]
    last = history[-1] if history else None
    serving = deliveries.champion(history)
    return Line(
        environment=environment,
        model=model,
        serving=serving,
        asked=tip.digest or "",
        newest=steps[-1] if steps else None,
        approved=last if last and last.state is State.APPROVED else None,
        under_way=_under_way(steps, first=serving is None) if tip.digest else None,
        regressed=_regressed(history),
        problem=tip.problem,
        release=tip.release,
    )


def _under_way(steps: Sequence[DeliveryRecord], *, first: bool) -> DeliveryRecord | None:
    if steps and steps[-1].state in DELIVERING:
        return steps[-1]
    ends = (*DELIVERING, State.HEALTHY, State.REGRESSED, State.SUPERSEDED)
    last = next((each for each in reversed(steps) if each.state in ends), None)
    return last if first and last is not None and last.state is State.REGRESSED else None


def _regressed(history: Sequence[DeliveryRecord]) -> frozenset[str]:
    """Until a person permits another delivery, the newest of a manifest is barred by its own."""
    own = {each.manifest_digest for each in history if each.state is State.REGRESSED}
    newest = {each.manifest_digest: each for each in history}
    return frozenset(
        digest
        for digest in own
        if deliveries.blocked(history, newest[digest].model_digest, newest[digest].delivery)
    )


def wait(
    repository: Repository,
    *,
    base: str | None,
    environment: str | None,
    timeout: float,
    say: Callable[[str], None],
) -> tuple[list[Line], int]:
    """Polls until every release that the tip asks for is decided, or ``timeout`` seconds passed.

    Returns the lines and the exit code: the worst of 0 HEALTHY, 1 REGRESSED, 3 HELD or still
    under way, 4 SUPERSEDED. The manifests asked for are those at the start.
    """
    end = time.monotonic() + timeout
    lines = status(repository, base=base, environment=environment)
    asked = {(line.environment, line.model): line.asked for line in lines if line.asked}
    said: dict[tuple[str, str], str] = {}
    while True:
        codes = [
            _code(line, asked[line.environment, line.model])
            for line in lines
            if (line.environment, line.model) in asked
        ]
        for line in lines:
            if said.get((line.environment, line.model)) != line.state:
                said[line.environment, line.model] = line.state
                say(f"{line.environment}/{line.model}: {line.state}")
        if all(code is not None for code in codes):
            return lines, max((code for code in codes if code is not None), default=0)
        if time.monotonic() >= end:
            return lines, 3
        time.sleep(min(1.0, max(0.0, end - time.monotonic())))
        lines = status(repository, base=base, environment=environment)


def _code(line: Line, asked: str) -> int | None:
    """None while the release asked for at the start is still on its way."""
    if line.waiting_for_agent and line.asked == asked:
        return None
    serves = line.serving is not None and line.serving.manifest_digest == asked
    if asked in line.regressed and not serves:
        return WAITED_FOR[State.REGRESSED]
    if line.newest is not None and line.newest.manifest_digest == asked:
        return WAITED_FOR.get(line.newest.state)
    if serves:
        return WAITED_FOR[State.HEALTHY]
    if line.problem and line.asked == asked:
        return WAITED_FOR[State.HELD]
    return 4 if line.asked != asked else None

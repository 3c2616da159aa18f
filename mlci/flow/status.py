"""What runs where, since which commit, under which verdict: read from Git alone."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mlci.flow.admission import read_tip
from mlci.flow.truth import Truth, read_truth
from mlci.gitops import deliveries
from mlci.gitops.repository import Repository
from mlci.records.delivery import DeliveryRecord, State

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
    """One model in one environment: what serves, what the tip asks for, and how far that is."""

    environment: str
    model: str
    serving: DeliveryRecord | None
    asked: str
    newest: DeliveryRecord | None

    @property
    def state(self) -> str:
        if self.newest is not None and self.newest.manifest_digest == self.asked:
            return str(self.newest.state)
        if self.serving is not None and self.serving.manifest_digest == self.asked:
            return str(self.serving.state)
        return "NEW" if self.asked else "REMOVED"

    def to_dict(self) -> dict[str, Any]:
        serving = self.serving
        return {
            "environment": self.environment,
            "model": self.model,
            "state": self.state,
            "reason": self.newest.reason if self.newest else "",
            "serving": {
                "version": serving.version,
                "digest": serving.manifest_digest,
                "modelDigest": serving.model_digest,
                "commit": serving.commit,
                "verdict": serving.verdict,
                "since": serving.time,
            }
            if serving
            else None,
            "asked": self.asked or None,
        }


def status(repository: Repository, *, base: str | None, environment: str | None) -> list[Line]:
    truth = read_truth(repository, base)
    return [
        _line(repository, truth, each.name, model)
        for each in truth.rules.project.environments
        if environment in (None, each.name)
        for model in models(repository, truth, each.name)
    ]


def models(repository: Repository, truth: Truth, environment: str) -> tuple[str, ...]:
    """Models with a manifest at the tip or a record, for one environment."""
    at_tip = {
        path.split("/")[1]
        for path in repository.paths(truth.protected.commit, "releases/")
        if path.count("/") == 2 and path.endswith(f"/{environment}.yaml")
    }
    return tuple(sorted(at_tip | set(truth.records.models(environment))))


def _line(repository: Repository, truth: Truth, environment: str, model: str) -> Line:
    history = truth.records.deliveries(environment, model)
    steps = [each for each in history if each.state is not State.APPROVED]
    return Line(
        environment=environment,
        model=model,
        serving=deliveries.champion(history),
        asked=read_tip(repository, truth, environment, model).digest or "",
        newest=steps[-1] if steps else None,
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
    first = status(repository, base=base, environment=environment)
    asked = {(line.environment, line.model): line.asked for line in first if line.asked}
    said: dict[tuple[str, str], str] = {}
    while True:
        lines = status(repository, base=base, environment=environment)
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


def _code(line: Line, asked: str) -> int | None:
    """None while the release asked for at the start is still on its way."""
    if line.newest is not None and line.newest.manifest_digest == asked:
        return WAITED_FOR.get(line.newest.state)
    if line.serving is not None and line.serving.manifest_digest == asked:
        return 0
    return 4 if line.asked != asked else None

"""Waivers: failures that a policy's owners accept, for one release and until a day."""

from dataclasses import dataclass
from datetime import date

from mlci.records.defaults import WAIVED_DAYS
from mlci.records.release import Release


@dataclass(frozen=True, kw_only=True)
class WaiverRules:
    """What the waivers of a policy may do: no longer than ``maximum_days``, and only ``gates`` (by
    name; None: any)."""

    maximum_days: int = WAIVED_DAYS
    gates: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """Accepts that judgements of ``gate`` (its name) fail for one release.

    ``metric`` None: every metric of the gate. ``version`` and ``digest`` (of the model) are None
    where not said; at least one is. It holds from ``granted`` through ``expires``, days in UTC.
    """

    gate: str
    metric: str | None
    model: str
    environment: str
    version: str | None
    digest: str | None
    reason: str
    approver: str
    granted: date
    expires: date

    def names(self, release: Release) -> bool:
        """Whether it is about this release, and not another model, environment or version."""
        return (self.model, self.environment) == (release.name, release.environment) and (
            self.version in (None, release.version) and self.digest in (None, release.model.digest)
        )


@dataclass(frozen=True, kw_only=True)
class Waived:
    """The waiver as a judgement bears it; ``expires`` is the last day on which it holds."""

    policy: str
    gate: str
    reason: str
    approver: str
    expires: date

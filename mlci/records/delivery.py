"""What happened to a release in an environment, as the records branch keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    """GATING and HELD come before delivery; ADMITTED starts it.

    REVERTED says that Git was put right after REGRESSED or REFUSED. APPROVED is a person's yes.
    """

    GATING = "GATING"
    HELD = "HELD"
    REFUSED = "REFUSED"
    ADMITTED = "ADMITTED"
    HEALTHY = "HEALTHY"
    REGRESSED = "REGRESSED"
    REVERTED = "REVERTED"
    SUPERSEDED = "SUPERSEDED"
    REMOVED = "REMOVED"
    ADOPTED = "ADOPTED"
    APPROVED = "APPROVED"


@dataclass(frozen=True, kw_only=True)
class Blob:
    """A file by its git object: enough to restore it without its commit."""

    path: str
    mode: str
    oid: str


@dataclass(frozen=True, kw_only=True)
class DeliveryRecord:
    """``deliveries/<environment>/<model>/<seq>.json``; the highest ``seq`` is the newest.

    ``delivery`` is sha256(environment, model, manifest digest, previous delivery's id): two agents
    that race mean the same one. ``commit`` is the protected ref's tip that was acted on; ``paths``
    the release's own files there, and ``artifacts`` those in the repository that it loads.
    ``time`` is for people only.
    """

    seq: int
    delivery: str
    state: State
    environment: str
    model: str
    version: str
    manifest_digest: str
    model_digest: str
    commit: str
    reason: str
    time: str
    by: str
    previous: str = ""
    verdict: str = ""
    reversal: str = ""
    paths: tuple[Blob, ...] = ()
    artifacts: tuple[Blob, ...] = ()
    evidence: Mapping[str, float] = field(default_factory=dict)

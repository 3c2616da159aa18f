"""The fold of all judgements, bound by digest to what was judged and under which rules."""

from dataclasses import dataclass
from typing import Any

from mlci.records.judgement import Judgement
from mlci.records.outcome import Outcome


@dataclass(frozen=True, kw_only=True)
class ReleaseId:
    """A release as a verdict names it."""

    model: str
    environment: str
    version: str
    path: str
    digest: str
    model_digest: str


@dataclass(frozen=True, kw_only=True)
class PolicyId:
    name: str
    path: str
    commit: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Times are RFC 3339 in UTC; ``versions`` names mlci and the libraries that measured.

    ``reason`` says why a verdict without judgements admits: on the record of a way back.
    """

    outcome: Outcome
    admits: bool
    release: ReleaseId
    champion: ReleaseId | None
    policies: tuple[PolicyId, ...]
    evaluation: tuple[str, str]
    judgements: tuple[Judgement, ...]
    started: str
    finished: str
    versions: dict[str, Any]
    reason: str = ""

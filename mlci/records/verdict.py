"""The fold of all judgements, bound by digest to what was judged and under which rules."""

from dataclasses import dataclass
from typing import Any

from mlci.records.judgement import Judgement
from mlci.records.outcome import Outcome
from mlci.records.rule import Ruling


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
    """A policy as a verdict names it; ``on_inconclusive`` is its word, empty where not noted.

    ``pack`` is the name of the pack that it extends, with the digest of its bytes, or empty.
    """

    name: str
    path: str
    commit: str
    digest: str
    on_inconclusive: str = ""
    pack: str = ""
    pack_digest: str = ""

    @property
    def digests(self) -> tuple[str, ...]:
        """All text that its judgements and rules come from."""
        return (self.digest, self.pack_digest) if self.pack_digest else (self.digest,)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Times are RFC 3339 in UTC; ``versions`` names mlci and the libraries that measured.

    ``exam_data`` is the digest of the exam's rows, ``exam_runs`` how many recorded runs there were
    on them before this one, ``exam_runs_permitted`` how many the policies permit.

    ``reason`` says why a verdict without judgements admits: on the record of a way back; or why
    nothing is left to decide by.
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
    rulings: tuple[Ruling, ...] = ()
    exam_data: str = ""
    exam_runs: int | None = None
    exam_runs_permitted: int | None = None

"""What the agent answers to Argo's analyses, in one word and its reason. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mlci.records.answer import Answer
from mlci.records.delivery import DeliveryRecord, State
from mlci.records.outcome import Health
from mlci.watch.judge import Assessment


@dataclass(frozen=True, kw_only=True)
class Said:
    answer: Answer
    reason: str


@dataclass(frozen=True, kw_only=True)
class Both:
    """``admission``: may its pods start, its steps begin? ``analysis``: how does it do?"""

    admission: Said
    analysis: Said


def alike(answer: Answer, reason: str) -> Both:
    """The same to both questions."""
    said = Said(answer=answer, reason=reason)
    return Both(admission=said, analysis=said)


UNKNOWN = alike(Answer.HELD, "no release of that digest is known here")


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """What keeps a delivery from going on, whatever its evidence: ``held`` says so, or is empty.
    ``late``: it is past its deadline. ``approved``: a person said yes to it all the same."""

    held: str = ""
    late: bool = False
    approved: bool = False


def judged(seen: Assessment, around: Circumstances) -> Said:
    """Harm is said whatever else holds; nothing moves up in an incident, or past the deadline."""
    if seen.health is Health.REGRESSED:
        return Said(answer=Answer.REGRESSED, reason=seen.reason)
    if around.held:
        return Said(answer=Answer.HELD, reason=around.held)
    if around.approved and around.late:
        return Said(answer=Answer.HEALTHY, reason=f"approved; {seen.reason}")
    if seen.health is Health.HEALTHY:
        return Said(answer=Answer.HEALTHY, reason=seen.reason)
    if seen.health is Health.UNKNOWN:
        return Said(answer=Answer.UNKNOWN, reason=seen.reason)
    if seen.incident or around.late:
        why = "undecided at the deadline: " * around.late
        return Said(answer=Answer.HELD, reason=f"{why}{seen.reason}")
    return Said(answer=Answer.WATCHING, reason=seen.reason)


def held_all(answers: Mapping[str, Both], why: str) -> dict[str, Both]:
    """The kill switch: nothing is asked of Argo any more, not even to take traffic back."""
    return dict.fromkeys(answers, alike(Answer.HELD, why))


def recorded(history: Sequence[DeliveryRecord], digest: str) -> Both:
    """Of a manifest that is not being delivered: what the records say of it."""
    own = [e for e in history if e.manifest_digest == digest and e.state is not State.APPROVED]
    if not own:
        return UNKNOWN
    newest = own[-1]
    word = Answer.GATING if newest.state is State.GATING else Answer.HELD
    if newest.state is State.REGRESSED:
        word = Answer.REGRESSED
    return alike(word, f"{newest.state}: {newest.reason}")


@dataclass(frozen=True, kw_only=True)
class Table:
    """All answers of one round, by model and manifest digest; ``at`` is its end in seconds of
    ``time.monotonic()``."""

    at: float
    answers: Mapping[tuple[str, str], Both] = field(default_factory=dict)
    histories: Mapping[str, Sequence[DeliveryRecord]] = field(default_factory=dict)

    def of(self, model: str, digest: str) -> Both:
        known = self.answers.get((model, digest))
        return known or recorded(self.histories.get(model, ()), digest)

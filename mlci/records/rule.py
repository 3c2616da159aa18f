"""A policy's rules, and what came of them."""

from dataclasses import dataclass

from mlci.records.outcome import Outcome


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One entry of ``rules``: a condition over release, verdict and governance.

    ``control`` names what it answers for, such as a paragraph of a standard; ``expression`` is CEL;
    ``message`` is what a reader is told where it is false, never interpreted.
    """

    id: str
    control: str
    title: str
    expression: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """What came of a rule: PASS, FAIL or ERROR. ``id`` is ``policy/rules/rule``; ``place`` is the
    ``path:line:column`` of the rule in its policy, empty where nobody noted it."""

    id: str
    policy: str
    control: str
    title: str
    outcome: Outcome
    reason: str
    place: str = ""


def ruling_id(policy: str, rule: str) -> str:
    """
    >>> ruling_id("production", "owner-is-named")
    'production/rules/owner-is-named'
    """
    return f"{policy}/rules/{rule}"

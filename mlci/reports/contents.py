"""What every report shows, read once from a verdict's JSON form.

Words for people stand here, so that all formats use the same ones.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mlci.errors import Broken
from mlci.records.judgement import Judgement, LimitKind, Planned
from mlci.records.outcome import Outcome
from mlci.records.verdict import Verdict
from mlci.records.waiver import Waived
from mlci.reports.json import from_json

_ASKED = {
    LimitKind.MINIMUM: "at least",
    LimitKind.MAXIMUM: "at most",
    LimitKind.MARGIN: "against the champion",
    LimitKind.ANCHOR: "against the anchor",
    LimitKind.MAXIMUM_DIFFERENCE: "largest difference between groups",
    LimitKind.MINIMUM_RATIO: "smallest ratio between groups",
    LimitKind.MAXIMUM_RATIO: "as a multiple of the champion's",
    LimitKind.OBJECTIVE: "objective",
}
_MEASURES = {
    LimitKind.MARGIN: "change against the champion",
    LimitKind.ANCHOR: "change against the anchor",
    LimitKind.MAXIMUM_DIFFERENCE: "largest difference between groups",
    LimitKind.MINIMUM_RATIO: "smallest ratio between groups",
    LimitKind.MAXIMUM_RATIO: "multiple of the champion's",
}
_METRICS = {"errorRate": "error rate", "roc_auc": "ROC AUC", "f1": "F1", "r2": "R²"}
_LATENCIES = ("p50", "p95", "p99")


@dataclass(frozen=True, kw_only=True)
class Item:
    """A judgement in the words of reports."""

    judgement: Judgement

    @property
    def waived(self) -> Waived | None:
        """The waiver, where there is something that it can accept."""
        return self.judgement.waived if self.outcome.waivable else None

    @property
    def planned(self) -> Planned:
        return self.judgement.planned

    @property
    def outcome(self) -> Outcome:
        return self.judgement.outcome

    @property
    def decides(self) -> bool:
        return self.planned.required and self.waived is None

    @property
    def label(self) -> str:
        """The outcome, and why it doesn't decide: never a PASS that isn't one."""
        note = " (waived)" if self.waived else "" if self.planned.required else " (advice)"
        return self.outcome.value + note

    @property
    def title(self) -> str:
        """What is measured, in words: ``true positive rate by sex``."""
        metric = self.planned.metric
        name = f"{metric} latency" if metric in _LATENCIES else _METRICS.get(metric)
        name = name or metric.replace("_", " ")
        return f"{name} by {_by(self.planned.slice)}" if self.planned.slice else name

    @property
    def measure(self) -> str:
        """What the estimate is: the metric, or a difference or ratio of it."""
        return _MEASURES.get(self.planned.limit.kind, "measured")

    @property
    def asked(self) -> str:
        return _ASKED[self.planned.limit.kind]


@dataclass(frozen=True, kw_only=True)
class Contents:
    """A verdict in the words of reports."""

    verdict: Verdict
    items: tuple[Item, ...]

    @property
    def headline(self) -> str:
        release, champion = self.verdict.release, self.verdict.champion
        against = f"against {champion.version}" if champion else "a first release"
        return f"{release.model} {release.version} for {release.environment}, {against}"

    @property
    def summary(self) -> str:
        """How many of what decides came out how; or why nothing had to."""
        if self.verdict.reason:
            return self.verdict.reason
        outcomes = [each.outcome.value for each in self.items if each.decides]
        outcomes += [ruling.outcome.value for ruling in self.verdict.rulings]
        counts = [f"{outcomes.count(each)} {each}" for each in Outcome if each in outcomes]
        waived = sum(each.waived is not None for each in self.items)
        return ", ".join(counts) + " required" + (f", {waived} waived" if waived else "")

    @property
    def worn(self) -> str:
        """How often the exam's rows were sat before, if that was counted."""
        runs, most = self.verdict.exam_runs, self.verdict.exam_runs_permitted
        if runs is None:
            return ""
        said = f", sat {runs:,} {'time' if runs == 1 else 'times'} before"
        return said if most is None else f"{said} of at most {most:,}"

    @property
    def tolerated(self) -> bool:
        return self.verdict.admits and self.verdict.outcome is not Outcome.PASS


def read(document: Mapping[str, Any]) -> Contents:
    """Raises Broken when ``document`` is no verdict."""
    verdict = from_json(document, "verdict")
    items = tuple(Item(judgement=judgement) for judgement in verdict.judgements)
    return Contents(verdict=verdict, items=items)


@contextmanager
def reading_details() -> Iterator[None]:
    """Details are each gate's own: no schema holds them, and a verdict may come from anywhere.
    Raises Broken where they have another form than the gates write."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise Broken(
            place="verdict",
            found=f"details of another form: {type(error).__name__}: {error}",
            expected="details as the gates write them",
            next_step="gate the release again",
        ) from error


def rows(details: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """The list of mappings under ``key``; nothing where a gate means something else by it."""
    found = details.get(key)
    return [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []


def waiver(waived: Waived) -> str:
    """``waived by Ann until 2026-12-01: reason``"""
    return f"waived by {waived.approver} until {waived.expires}: {waived.reason}"


def _by(cut: Mapping[str, Any]) -> str:
    columns = cut.get("by") or [cut.get("column", "slice")]
    return " and ".join(str(column) for column in columns)

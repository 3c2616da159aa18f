"""The exam against what its owner expects: how many columns or counts aren't as they should be.

The exam's rows are all that there is, a census and no sample: what is counted is exact, and its
interval is the number itself. Only repetitions beyond what memory holds are a sample's.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from mlci.evaluation.quality.identifiers import looks_like_identifier, warning
from mlci.evaluation.quality.sketch import Sketch
from mlci.gates.data.measurement import DataMeasurement
from mlci.gates.decision import decide
from mlci.records.judgement import Judgement, Planned

MOST_LISTED = 100
_NAMED = 5
# Of an exam whose owner says nothing: a row in twenty that repeats another one understates a
# standard error by about as much.
DEFAULT_DUPLICATES = 0.05

_WORDS = {
    "below": "below the minimum",
    "above": "above the maximum",
    "notListed": "not listed",
    "noMatch": "without a match of the pattern",
    "notWhole": "not whole numbers",
    "notFinite": "infinite",
}


class Finding(NamedTuple):
    """Something that isn't as expected; ``shown`` is False where a sample can't exclude chance."""

    column: str | None
    found: str
    details: Mapping[str, Any]
    shown: bool = True

    @property
    def text(self) -> str:
        return f"{self.column}: {self.found}" if self.column else self.found


def judge_schema(planned: Planned, measurement: DataMeasurement) -> Judgement:
    """Columns that are missing, of another type, or too many, and the number of rows."""
    stored, expected = measurement.survey.stored, measurement.expected
    wanted = dict.fromkeys([*measurement.own, *expected.names])
    findings = [Finding(name, "no such column", {}) for name in wanted if name not in stored]
    for each in expected.columns:
        counted = measurement.survey.counts.get(each.name)
        if counted is not None and counted.incomparable:
            findings.append(Finding(each.name, counted.incomparable, {}))
    if expected.closed:
        extra = [name for name in stored if name not in wanted]
        findings += [Finding(name, "a column that nobody expects", {}) for name in extra]
    rows, least, most = measurement.survey.rows, expected.minimum_rows, expected.maximum_rows
    if least is not None and rows < least:
        findings.append(Finding(None, f"{rows:,} rows, fewer than {least:,}", {}))
    if most is not None and rows > most:
        findings.append(Finding(None, f"{rows:,} rows, more than {most:,}", {}))
    about = f"{len(stored)} columns, {rows:,} rows"
    return _judged(planned, measurement, findings, about)


def judge_nulls(planned: Planned, measurement: DataMeasurement) -> Judgement:
    """Columns with a larger share of empty values than their owner permits."""
    findings, expected = [], [e for e in measurement.expected.columns if e.nulls is not None]
    for each in expected:
        counted = measurement.survey.counts.get(each.name)
        if counted is None:
            findings.append(Finding(each.name, "no such column", {}))
        elif each.nulls is not None and counted.nulls > each.nulls * counted.rows:
            share = counted.nulls / counted.rows
            found = f"{share:.2%} empty, more than {each.nulls:.2%}"
            findings.append(Finding(each.name, found, {"share": share, "maximum": each.nulls}))
    return _judged(planned, measurement, findings, _of(len(expected), "expectation"))


def judge_values(planned: Planned, measurement: DataMeasurement) -> Judgement:
    """Columns with a value of another type, out of range, not listed, or that doesn't match."""
    findings, expected = [], [e for e in measurement.expected.columns if e.kind is not None]
    for each in expected:
        counted = measurement.survey.counts.get(each.name)
        if counted is None or counted.incomparable:
            why = "no such column" if counted is None else counted.incomparable
            findings.append(Finding(each.name, why, {}))
        elif counted.wrong:
            words = [f"{hits:,} {_WORDS[key]}" for key, hits in counted.wrong.items()]
            details = {"values": dict(counted.wrong), "rows": counted.rows}
            findings.append(Finding(each.name, ", ".join(words), details))
    return _judged(planned, measurement, findings, _of(len(expected), "column"))


def judge_duplicates(planned: Planned, measurement: DataMeasurement) -> Judgement:
    """Rows that repeat an earlier one, and columns whose values must not repeat."""
    found, expected = measurement.survey, measurement.expected
    limit = expected.duplicates.maximum if expected.duplicates else DEFAULT_DUPLICATES
    unique = [each for each in expected.columns if each.unique]
    findings = list(_repeated(None, found.duplicates, limit, planned))
    for each in unique:
        findings += _repeated(each.name, found.unique.get(each.name), 0.0, planned)
    warnings = identifiers(measurement)
    details: dict[str, Any] = {"warnings": warnings[:MOST_LISTED]} if warnings else {}
    if found.duplicates is not None:
        share, bounds = found.duplicates.repeated(planned.confidence)
        details |= {"share": share, "bounds": list(bounds), "maximum": limit}
        details["exact"] = found.duplicates.exact
    about = f"at most {limit:.2%} of rows repeat another" + (
        f", and no value of {_of(len(unique), 'column')}" if unique else ""
    )
    return _judged(planned, measurement, findings, about, details, warnings)


def identifiers(measurement: DataMeasurement) -> list[str]:
    """Warnings of columns that look like what rows belong to, and that nobody named for it."""
    inputs = measurement.inputs or ()
    return [
        warning(name)
        for name, sketch in measurement.survey.identifiers.items()
        if name not in inputs and looks_like_identifier(sketch)
    ]


def _repeated(
    column: str | None, kept: Sketch | None, limit: float, planned: Planned
) -> Iterable[Finding]:
    if kept is None:
        yield Finding(column, "values that can't be compared, or no such column", {})
        return
    share, (low, high) = kept.repeated(planned.confidence)
    if high > limit:
        what = "values repeat an earlier one" if column else "rows repeat an earlier one"
        found = f"{share:.2%} of {what}, more than {limit:.2%}"
        if low <= limit:
            found = f"{low:.2%} to {high:.2%} of {what} by a sample, and {limit:.2%} may"
        yield Finding(column, found, {"share": share, "maximum": limit}, low > limit)


def _judged(
    planned: Planned,
    measurement: DataMeasurement,
    findings: list[Finding],
    about: str,
    details: Mapping[str, Any] | None = None,
    warnings: Iterable[str] = (),
) -> Judgement:
    interval = (float(sum(each.shown for each in findings)), float(len(findings)))
    listed = [{"column": e.column, "found": e.found, **e.details} for e in findings[:MOST_LISTED]]
    reason = f"as expected: {about}"
    if findings:
        more = f"; and {len(findings) - _NAMED} more" if len(findings) > _NAMED else ""
        reason = "; ".join(each.text for each in findings[:_NAMED]) + more
    return Judgement(
        planned=planned,
        outcome=decide(planned.limit, interval),
        reason="; warning: ".join([reason, *list(warnings)[:_NAMED]]),
        estimate=float(len(findings)),
        interval=interval,
        n=measurement.survey.rows,
        details={"findings": listed, **(details or {})},
    )


def _of(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'s' * (number != 1)}"

"""The rules of an AnalysisTemplate: those of Argo Rollouts, and what makes it pass when it should
fail."""

from collections.abc import Mapping
from typing import Any

from mlci.render.fault import Fault, Path, dig, mappings, number


def analysis_faults(template: Mapping[str, Any], *, inline: bool) -> list[Fault]:
    """``inline``: as a step, before or after a switch; else in the background of a canary."""
    name = str(dig(template, "metadata", "name"))
    found: list[tuple[Path, str, str]] = []
    seen: set[Any] = set()
    for index, metric in mappings(template, "spec", "metrics"):
        path: Path = ("spec", "metrics", index)
        if dig(metric, "name") in seen:
            found.append(((*path, "name"), "a second metric of this name", "each name once"))
        seen.add(dig(metric, "name"))
        found += [((*path, *at), what, why) for at, what, why in _limits(metric, inline)]
        found += [((*path, *at), what, why) for at, what, why in _conditions(metric)]
    if not seen:
        found.append((("spec", "metrics"), "no metric", "one at least"))
    if dig(template, "spec", "dryRun"):
        expected = "none: it takes patterns, and what they match can't fail"
        found.append((("spec", "dryRun"), "dryRun", expected))
    return [
        Fault(kind="AnalysisTemplate", name=name, path=path, found=what, expected=expected)
        for path, what, expected in found
    ]


_Found = list[tuple[Path, str, str]]


def _limits(metric: Any, inline: bool) -> _Found:
    found: _Found = []
    count = dig(metric, "count")
    interval, times = dig(metric, "interval"), number(count)
    failures = number(dig(metric, "failureLimit"))
    effective = times or (0 if interval else 1)
    if times > 1 and not interval:
        found.append((("count",), f"{times:g} measurements", "an interval between them"))
    if inline and interval and not count:
        found.append((("interval",), "an interval without an end", "a count"))
    if effective and failures >= effective:
        expected = "fewer failures than measurements: it could never fail"
        found.append((("failureLimit",), f"{failures:g} of {effective:g}", expected))
    if failures < 0:
        found.append((("failureLimit",), "failures without a limit", "0 or more"))
    successes = number(dig(metric, "consecutiveSuccessLimit"))
    if times and times < failures + successes:
        expected = "at least failureLimit and consecutiveSuccessLimit together"
        found.append((("count",), f"{times:g} measurements", expected))
    if times and times < number(dig(metric, "inconclusiveLimit")):
        found.append((("count",), f"{times:g} measurements", "at least inconclusiveLimit"))
    return found


def _conditions(metric: Any) -> _Found:
    found: _Found = []
    provider = dig(metric, "provider") or {}
    if len(provider) != 1:
        found.append((("provider",), f"{len(provider)} providers", "one"))
    if "job" in provider:
        expected = "another provider: a Job whose image can't be pulled counts as a success"
        found.append((("provider", "job"), "a Job", expected))
    elif not dig(metric, "successCondition"):
        word = "only a failureCondition" if dig(metric, "failureCondition") else "no condition"
        expected = "a successCondition: NaN and no data count as a success else"
        found.append(((), word, expected))
    return found

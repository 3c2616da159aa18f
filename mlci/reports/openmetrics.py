"""A verdict as OpenMetrics text: for GitLab's ``metrics`` report and for any Prometheus.

Labels name the judgement and nothing that changes between runs, so that a series goes on from
release to release. https://prometheus.io/docs/specs/om/open_metrics_spec/
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mlci.records.outcome import Outcome
from mlci.reports.contents import Contents, Item, read

_VERDICTS = (Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.ERROR)
_Value = Callable[[Item], float | None]

# An estimate is written only with its interval and n, so that none is read without them.
_GAUGES: Mapping[str, tuple[str, _Value]] = {
    "estimate": ("What was measured, in the metric's own unit.", lambda x: x.judgement.estimate),
    "lower": ("Lower bound at the judgement's confidence.", lambda x: _bound(x, 0)),
    "upper": ("Upper bound at the judgement's confidence.", lambda x: _bound(x, 1)),
    "limit": ("What the policy asks.", lambda x: x.planned.limit.value),
    "n": ("Sample size: rows, requests or blocks.", lambda x: x.judgement.n),
}


def render(document: Mapping[str, Any]) -> str:
    contents = read(document)
    lines = _verdict(contents)
    for name, (meaning, value) in _GAUGES.items():
        lines += _family(f"mlci_judgement_{name}", "gauge", meaning)
        for item in contents.items:
            found = value(item)
            if found is not None:
                lines.append(
                    _sample(f"mlci_judgement_{name}", found, _labels(contents, item.planned.id))
                )
    states = [(item.planned.id, item.outcome.value) for item in contents.items]
    lines += _states("mlci_judgement_outcome", "Outcome of each judgement.", states, contents)
    rules = [(ruling.id, ruling.outcome.value) for ruling in contents.verdict.rulings]
    if rules:
        lines += _states("mlci_rule_outcome", "Outcome of each rule.", rules, contents)
    return "\n".join([*lines, "# EOF"]) + "\n"


def _verdict(contents: Contents) -> list[str]:
    verdict = contents.verdict
    name, own = "mlci_verdict_outcome", _labels(contents)
    admits = "mlci_verdict_admits"
    return [
        *_family(admits, "gauge", "1 where the release may be delivered."),
        _sample(admits, int(verdict.admits), own),
        *_family(name, "stateset", "The fold of all judgements."),
        *(_sample(name, int(verdict.outcome is each), {**own, name: each}) for each in _VERDICTS),
    ]


def _states(
    name: str, meaning: str, states: Sequence[tuple[str, str]], contents: Contents
) -> list[str]:
    return [
        *_family(name, "stateset", meaning),
        *(
            _sample(name, int(outcome == each), {**_labels(contents, of), name: each})
            for of, outcome in states
            for each in Outcome
        ),
    ]


def _bound(item: Item, side: int) -> float | None:
    return None if item.judgement.interval is None else item.judgement.interval[side]


def _labels(contents: Contents, judgement: str = "") -> dict[str, str]:
    release = contents.verdict.release
    own = {"model": release.model, "environment": release.environment}
    return {**own, "judgement": judgement} if judgement else own


def _family(name: str, kind: str, meaning: str) -> list[str]:
    return [f"# TYPE {name} {kind}", f"# HELP {name} {meaning}"]


def _sample(name: str, value: float, labels: Mapping[str, str]) -> str:
    inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
    return f"{name}{{{inside}}} {value!r}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')

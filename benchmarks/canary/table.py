"""What the rules said over all runs -> one row, with the simulation's own error."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from canary import argo, flagger, kayenta, watched
from canary.traffic import Floats, Traffic


@dataclass(frozen=True, kw_only=True)
class Rule:
    """``minutes`` gives when it aborts, by run."""

    name: str
    minutes: Callable[[Traffic], Floats]


ON_A_CLUSTER = Rule(name="mlci", minutes=watched.on_a_cluster)
EMBEDDED = Rule(name="mlci, embedded engine", minutes=watched.embedded)
PEERS = (
    Rule(name="Argo Rollouts, documented", minutes=argo.documented),
    Rule(name="Flagger, tutorial", minutes=flagger.tutorial),
    Rule(name="Flagger, how it works", minutes=flagger.how_it_works),
    Rule(name="Kayenta, each hour", minutes=kayenta.documented),
)
# What a person who knows the service makes of them; no default of theirs.
TUNED = (
    Rule(name="Argo Rollouts, >= 0.99 a minute (tuned)", minutes=argo.tightened),
    Rule(name="Kayenta, each minute (tuned)", minutes=kayenta.hurried),
)


def aborts(minutes: Floats) -> dict[str, Any]:
    """Percent of runs that abort, ± its standard error."""
    share = float(np.isfinite(minutes).mean())
    # Of none or all seen, the error is that of half a run.
    spread = min(max(share, 0.5 / minutes.size), 1.0 - 0.5 / minutes.size)
    error = math.sqrt(spread * (1.0 - spread) / minutes.size)
    return {"aborts %": round(100 * share, 1), "±": round(100 * error, 1)}


def times(minutes: Floats) -> dict[str, Any]:
    """Median and 90th percentile over all runs, those that never abort among them (None where so
    many do not); the median's 95 % interval by order statistics."""
    ordered = np.sort(np.where(np.isnan(minutes), np.inf, minutes))
    half = 0.98 / math.sqrt(ordered.size)
    low, median, high, late = (_at(ordered, q) for q in (0.5 - half, 0.5, 0.5 + half, 0.9))
    between = f"{_said(low)} to {_said(high)}" if low is not None else None
    return {"median min": median, "95 % of it": between, "p90 min": late}


def _at(ordered: Floats, q: float) -> float | None:
    value = float(ordered[min(max(math.ceil(q * ordered.size) - 1, 0), ordered.size - 1)])
    return round(value, 2) if math.isfinite(value) else None


def _said(value: float | None) -> str:
    return "never" if value is None else f"{value:g}"

"""What Prometheus has of the arms of a delivery, as the looks of a watch."""

from collections.abc import Mapping
from dataclasses import dataclass

from mlci.errors import Broken
from mlci.records.prometheus import Arm, Prometheus, selector
from mlci.records.traffic import Scrape
from mlci.watch.prometheus.client import Client
from mlci.watch.prometheus.looks import BEFORE, begin, grid, looks
from mlci.watch.prometheus.series import ArmSeries, Series


@dataclass(frozen=True, kw_only=True)
class Reading:
    """``looks`` from the first on; ``nothing`` says what is not there where there is none."""

    looks: tuple[Scrape | None, ...] = ()
    nothing: str = ""


def read(
    client: Client, source: Prometheus, canary: Arm, stable: Arm | None, *, since: float
) -> Reading:
    """All looks at the canary since its first sample after ``since``, by Prometheus's clock, under
    the arms' template hashes. Asked again, it gives the same looks, and those that came to pass.

    Raises Broken where Prometheus can't be asked, or answers what can't be counted.
    """
    at = client.clock()
    seconds = at - since + BEFORE * source.every
    arms = {
        arm.hash: _arm(client, source, arm, at=at, seconds=seconds)
        for arm in (canary, stable)
        if arm is not None
    }
    start = begin(arms[canary.hash], since=since, every=source.every)
    if start is None:
        asked = "; ".join(selector(of.query, canary) for of in source.requests)
        return Reading(nothing=f"Prometheus has no sample of {asked}")
    times = grid(start, until=at, every=source.every)
    return Reading(looks=looks(arms, times, every=source.every, instance=source.instance))


def _arm(client: Client, source: Prometheus, arm: Arm, *, at: float, seconds: float) -> ArmSeries:
    def samples(query: str) -> tuple[Series, ...]:
        asked = selector(query, arm)
        return client.samples(asked, at=at, seconds=seconds) if asked else ()

    edges = [(_edge(each) * source.unit, each) for each in samples(source.buckets or "")]
    return ArmSeries(
        requests=tuple(
            (of.code if isinstance(of.code, int) else _code(each, of.code), each)
            for of in source.requests
            for each in samples(of.query)
        ),
        buckets=tuple(each for each in edges if each[0] < float("inf")),
        active=samples(source.active or ""),
    )


def _code(series: Series, label: str) -> int:
    """A class of codes (``5``, ``5xx``) is read as its first; what is no code was no answer."""
    found = series.labels.get(label)
    digits = (found or "").removesuffix("xx")
    if found is None or not digits.isdigit():
        raise _uncountable(series, label, "a status code, or the digit of its class")
    return int(digits) * (100 if len(digits) == 1 and digits != "0" else 1)


def _edge(series: Series) -> float:
    try:
        return float(series.labels["le"])
    except (KeyError, ValueError):
        raise _uncountable(series, "le", "the upper edge of a bucket") from None


def _uncountable(series: Series, label: str, expected: str) -> Broken:
    labels: Mapping[str, str] = series.labels
    found = repr(labels[label]) if label in labels else f"none among {', '.join(sorted(labels))}"
    return Broken(
        place=f"Prometheus's series {labels.get('__name__', 'without a name')}",
        found=f"label {label}: {found}",
        expected=expected,
        next_step="correct engine.argo.prometheus in mlci.yaml",
    )

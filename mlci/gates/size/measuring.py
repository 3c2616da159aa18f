"""Looks at the model's file, or starts its server again and again, in turn with the champion's."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from mlci.errors import Broken
from mlci.gates.protocol import Bench, Contender
from mlci.gates.requests import requests_of
from mlci.gates.size.measurement import SizeMeasurement, Start
from mlci.gates.size.planning import read_terms
from mlci.loadtest.block import CANDIDATE, CHAMPION
from mlci.loadtest.blocks import pair_order
from mlci.loadtest.client import client_of
from mlci.loadtest.footprint import peak_memory
from mlci.loadtest.served import served
from mlci.records.judgement import LimitKind, Planned
from mlci.records.metric import COLD_START, MODEL_BYTES
from mlci.records.policy import GateSpec

# One seed for all runs: the same rows and order of arms for every candidate.
_SEED = 20_260_801

Look = Callable[[], float]


def measure(spec: GateSpec, planned: tuple[Planned, ...], bench: Bench) -> SizeMeasurement:
    """A server is stopped before the next one starts; none is left running. A shard makes every
    N-th start.

    What can't be served is said in the measurement, not raised.
    """
    terms = read_terms(spec)
    arms = {CANDIDATE: bench.candidate}
    if bench.champion and any(each.limit.kind is LimitKind.MAXIMUM_RATIO for each in planned):
        arms[CHAMPION] = bench.champion
    looks: dict[str, Look] = {}
    taken: dict[str, dict[int, float]] = {CANDIDATE: {}, CHAMPION: {}}
    errors = {CANDIDATE: "", CHAMPION: "" if CHAMPION in arms else "there is no champion"}
    for arm, contender in arms.items():
        try:
            looks[arm] = _look(terms.metric, contender, bench.data)
        except Broken as error:
            errors[arm] = f"the {arm} can't be measured: {error}"
    for number in range(bench.shard.number - 1, terms.starts, bench.shard.of):
        if errors[CANDIDATE]:
            break
        bench.say(f"{spec.name}: {terms.metric}, {number + 1} of {terms.starts}")
        for arm in pair_order(number, _SEED):
            if not errors[arm]:
                try:
                    taken[arm][number] = looks[arm]()
                except Broken as error:
                    errors[arm] = f"the {arm} failed in start {number + 1}: {error}"
    return SizeMeasurement(
        starts={
            number: Start(candidate=value, champion=taken[CHAMPION].get(number))
            for number, value in taken[CANDIDATE].items()
        },
        error=errors[CANDIDATE],
        champion_error=errors[CHAMPION],
    )


def _look(metric: str, contender: Contender, data: Path) -> Look:
    """How one value is had. The first start isn't counted: it brings files into memory."""
    if metric == MODEL_BYTES:
        return partial(_file_bytes, contender)
    bodies = requests_of(contender, data, seed=_SEED)
    look = partial(_cold_start if metric == COLD_START else _peak_memory, contender, bodies)
    look()
    return look


def _file_bytes(contender: Contender) -> float:
    return float(contender.model.stat().st_size)


def _cold_start(contender: Contender, bodies: tuple[bytes, ...]) -> float:
    """Seconds from the start of the process to the end of the first answer."""
    began = time.perf_counter()
    with (
        served(contender.model, version=contender.release.version) as server,
        client_of(server) as client,
    ):
        client.ready()
        client.infer(bodies[0])
        return time.perf_counter() - began


def _peak_memory(contender: Contender, bodies: tuple[bytes, ...]) -> float:
    """Bytes after each of the bodies has been answered, one after the other."""
    with (
        served(contender.model, version=contender.release.version) as server,
        client_of(server) as client,
    ):
        for body in bodies:
            client.infer(body)
        return float(peak_memory(server.pid))

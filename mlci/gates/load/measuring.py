"""Serves candidate and champion side by side and sends them blocks until all is decided."""

import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from mlci.errors import Broken
from mlci.gates.load.judging import judge
from mlci.gates.load.measurement import LoadMeasurement, Measured
from mlci.gates.load.planning import Terms, read_terms
from mlci.gates.protocol import Bench, Contender
from mlci.gates.requests import requests_of
from mlci.loadtest.block import CANDIDATE, CHAMPION, Block, Order
from mlci.loadtest.blocks import Cut, cut, pair_order
from mlci.loadtest.driver import Generator, Target, generating
from mlci.loadtest.served import served
from mlci.loadtest.void import lag_limit, void
from mlci.records.judgement import LimitKind, Planned
from mlci.records.outcome import Outcome
from mlci.records.policy import GateSpec

# One seed for all runs: the same schedule, rows and order of arms for every candidate.
_SEED = 20_260_801


def measure(spec: GateSpec, planned: tuple[Planned, ...], bench: Bench) -> LoadMeasurement:
    """Starts the servers (always stopped again) and runs blocks within the budget.

    What can't be served is said in the measurement, not raised.
    """
    terms = read_terms(spec)
    empty = LoadMeasurement(timeout=terms.timeout)
    comparing = any(each.limit.kind is LimitKind.MAXIMUM_RATIO for each in planned)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mlci-load-")))
        targets: dict[str, Target] = {}
        try:
            targets[CANDIDATE] = _serve(stack, bench.candidate, bench.data, folder / CANDIDATE)
        except Broken as error:
            return replace(empty, error=f"the candidate can't be served: {error}")
        if comparing:
            try:
                targets[CHAMPION] = _champion(stack, bench, folder)
            except Broken as error:
                empty = replace(empty, champion_error=f"the champion can't be served: {error}")
        try:
            generator = stack.enter_context(
                generating(targets, rate=terms.rate, timeout=terms.timeout)
            )
            return _Run(spec, planned, terms, generator, bench.say, empty).all()
        except Broken as error:
            return replace(empty, error=str(error))


def measure_running(
    spec: GateSpec,
    planned: tuple[Planned, ...],
    target: Target,
    say: Callable[[str], None],
) -> LoadMeasurement:
    """The absolute objectives of a server that runs already, and goes on running. What can't be
    measured is said in the measurement."""
    terms = read_terms(spec)
    empty = LoadMeasurement(timeout=terms.timeout)
    try:
        with generating({CANDIDATE: target}, rate=terms.rate, timeout=terms.timeout) as generator:
            return _Run(spec, planned, terms, generator, say, empty).all()
    except Broken as error:
        return replace(empty, error=str(error))


def _champion(stack: ExitStack, bench: Bench, folder: Path) -> Target:
    if bench.champion is None:
        raise Broken(place=bench.candidate.release.path, found="no champion", expected="a model")
    return _serve(stack, bench.champion, bench.data, folder / CHAMPION)


def _serve(stack: ExitStack, contender: Contender, data: Path, file: Path) -> Target:
    bodies = requests_of(contender, data, seed=_SEED)
    file.write_bytes(b"\n".join(bodies))
    server = stack.enter_context(served(contender.model, version=contender.release.version))
    return Target(url=server.infer, payloads=file)


@dataclass
class _Run:
    """The blocks of one measurement; ``measurement`` grows by one round at a time."""

    spec: GateSpec
    planned: tuple[Planned, ...]
    terms: Terms
    generator: Generator
    say: Callable[[str], None]
    measurement: LoadMeasurement

    def all(self) -> LoadMeasurement:
        comparing = self._comparing(self.planned) and not self.measurement.champion_error
        started = time.monotonic()
        rank = self.terms.rank(comparing=comparing)
        plan = cut(self.terms.rate, self.terms.budget, rank=rank, comparing=comparing)
        reference = self._warm_up(plan, (CANDIDATE, CHAMPION) if comparing else (CANDIDATE,))
        limit = lag_limit(self.terms.smallest_objective, reference)
        self.measurement = replace(
            self.measurement,
            maximum_pairs=plan.rounds if comparing else 0,
            block_seconds=plan.seconds,
        )
        number = 0
        while arms := self._next(plan, number, self.terms.budget - (time.monotonic() - started)):
            pair = number if len(arms) == 2 else None
            for arm in arms:
                block = self.generator.run(
                    Order(arm=arm, seconds=plan.seconds, seed=_SEED + number)
                )
                self._add(block, pair, void(block, limit))
            number += 1
            self._report(number, plan.rounds)
        return self.measurement

    def _warm_up(self, plan: Cut, arms: tuple[str, ...]) -> float | None:
        """Sends what is not counted; the champion's percentile, to measure lag against."""
        rank = self.terms.rank(comparing=len(arms) == 2)
        for arm in arms:
            block = self.generator.run(Order(arm=arm, seconds=plan.warm_up, seed=_SEED - 1))
        return block.percentile(rank, self.terms.timeout)

    def _next(self, plan: Cut, number: int, left: float) -> tuple[str, ...]:
        """The arms of the next round: both while a ratio is open, then the candidate alone."""
        judged = judge(self.spec, self.planned, self.measurement)
        undecided = tuple(each.planned for each in judged if each.outcome is Outcome.INCONCLUSIVE)
        one = plan.round_seconds / plan.arms
        pairs_left = len(self.measurement.pairs()) < self.measurement.maximum_pairs
        if self._comparing(undecided) and pairs_left and 2 * one <= left:
            return pair_order(number, _SEED)
        if any(each.limit.kind is LimitKind.OBJECTIVE for each in undecided) and one <= left:
            return (CANDIDATE,)
        return ()

    def _add(self, block: Block, pair: int | None, reason: str) -> None:
        measured = Measured(block=block, pair=pair, void=reason)
        self.measurement = replace(self.measurement, blocks=(*self.measurement.blocks, measured))

    def _report(self, number: int, rounds: int) -> None:
        last = self.measurement.blocks[-1]
        state = f"void: {last.void}" if last.void else f"{last.block.sent} requests"
        self.say(f"{self.spec.name}: round {number} of at most {max(rounds, number)}, {state}")

    @staticmethod
    def _comparing(planned: tuple[Planned, ...]) -> bool:
        return any(each.limit.kind is LimitKind.MAXIMUM_RATIO for each in planned)

"""Minutes to the abort of a canary with twice the errors, and false aborts of one that is equal.

mlci's own fold of looks against the published rules of Argo Rollouts, Flagger and Kayenta, all over
the same simulated counts of one hour; where each rule is published stands beside it in `canary/`.
Both arms fail in 0.5 % of requests. Whoever may look again looks through the whole hour.

    python benchmarks/canary_rules.py [--smoke] [--output FILE] [--page FILE]
"""

import argparse
import math
import os
import zlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from canary.page import page
from canary.table import EMBEDDED, ON_A_CLUSTER, PEERS, TUNED, Rule, aborts, times
from canary.traffic import Fault, Scenario, draw, rising
from report import report

from mlci.records.prometheus import EVERY

EQUAL = Fault(name="equal")
FAILING = Fault(name="errors x 2", errors=2.0)
SLOWER = Fault(name="30 % slower", durations=1.3)


def swell(done: float) -> float:
    return 0.5 + done


def tide(done: float) -> float:
    """Six times an hour between half and double."""
    return 2.0 ** math.sin(12.0 * math.pi * done)


def scenarios(rate: float) -> tuple[Scenario, ...]:
    return (
        Scenario(name="constant", rate=rate),
        Scenario(name="ramping", rate=rate, load=swell, weight=rising),
        Scenario(name="drifting", rate=rate, load=swell, drift=tide),
        Scenario(name="bursts of 15 s", rate=rate, burst=15.0),
        Scenario(name="bursts of 1 min", rate=rate, burst=60.0),
    )


SPARSE = Scenario(name="sparse", rate=2.0)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One simulation, which all ``rules`` see."""

    scenario: Scenario
    fault: Fault
    latency: bool
    rules: tuple[Rule, ...]
    runs: int
    minutes: float
    every: float = EVERY

    def rows(self) -> list[dict[str, Any]]:
        names = (self.scenario.name, self.scenario.rate, self.fault.name, self.latency, self.every)
        traffic = draw(
            self.scenario,
            self.fault,
            runs=self.runs,
            minutes=self.minutes,
            every=self.every,
            latency=self.latency,
            seed=zlib.crc32(repr(names).encode()),
        )
        return [self._row(rule, rule.minutes(traffic)) for rule in self.rules]

    def _row(self, rule: Rule, minutes: Any) -> dict[str, Any]:
        return {
            "requests/s": f"{self.scenario.rate:g}",
            "traffic": self.scenario.name,
            "watched": "errors, latency" if self.latency else "errors",
            "canary": self.fault.name,
            "rule": rule.name,
            **aborts(minutes),
            **({} if self.fault == EQUAL else times(minutes)),
            "runs": self.runs,
        }


def cells() -> Iterator[Cell]:
    """The whole table. The cell of the claim, which comes first, has the most runs."""
    rules = (ON_A_CLUSTER, *PEERS, *TUNED)
    for number, scenario in enumerate((*scenarios(200.0), *scenarios(20.0), SPARSE)):
        for latency in (False, True):
            for fault in (EQUAL, FAILING, *((SLOWER,) if latency else ())):
                few = 100 if fault is EQUAL else 200
                yield Cell(
                    scenario=scenario,
                    fault=fault,
                    latency=latency,
                    rules=rules,
                    runs=few if number or latency else 1000,
                    minutes=60.0,
                )
    for fault, runs in ((EQUAL, 50), (FAILING, 200)):
        yield Cell(
            scenario=scenarios(200.0)[0],
            fault=fault,
            latency=False,
            rules=(EMBEDDED,),
            runs=runs,
            minutes=60.0,
            every=1.0,
        )


def smoke() -> Iterator[Cell]:
    """All rules and kinds of traffic, few runs of ten minutes."""
    rules = (ON_A_CLUSTER, *PEERS, *TUNED)
    for scenario in (*scenarios(200.0), SPARSE):
        for latency, fault in ((False, EQUAL), (False, FAILING), (True, SLOWER)):
            yield Cell(
                scenario=scenario, fault=fault, latency=latency, rules=rules, runs=5, minutes=10.0
            )
    yield Cell(
        scenario=scenarios(200.0)[0],
        fault=FAILING,
        latency=False,
        rules=(EMBEDDED,),
        runs=2,
        minutes=5.0,
        every=1.0,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="few runs of few cells")
    parser.add_argument("--output", type=Path, help="where the JSON goes")
    parser.add_argument("--page", type=Path, help="where the table in Markdown goes")
    arguments = parser.parse_args()
    planned = list(smoke() if arguments.smoke else cells())
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        rows = [row for found in pool.map(Cell.rows, planned) for row in found]
    report("Canary rules on the same simulated traffic", rows, output=arguments.output)
    if arguments.page:
        arguments.page.write_text(page(rows), encoding="utf-8")


if __name__ == "__main__":
    main()

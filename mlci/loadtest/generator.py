"""The load generator, a process of its own: ``python -m mlci.loadtest.generator``.

Importing locust patches the whole process, and other work in it would show in the latencies; so
nothing else may import this module. Standard input: one line with the job, then one line an order;
standard output: one line a finished block. It ends when standard input does.

    job    {"rate": 200, "timeout": 2.0, "arms": {"candidate": ARM, …}}
    ARM    {"url": …, "payloads": FILE, "headers": {}}
    order  {"arm": "candidate", "seconds": 5.0, "seed": 7}
"""

# ruff: noqa: I001 - locust patches the sockets that everything below it uses
from locust import FastHttpUser
from locust.env import Environment

import gc
import json
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gevent
import numpy as np

from mlci.loadtest.schedule import arrivals

# What isn't begun so long after the block's end is given up, and counts as not sent.
_OVERTIME_SECONDS = 1.0
_SOCKETS = 900


@dataclass(kw_only=True)
class _Tally:
    """What the listener has seen of the block that runs."""

    latencies: list[int] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)


class _Generator:
    def __init__(self, job: Mapping[str, Any]) -> None:
        self._rate = float(job["rate"])
        self._tally = _Tally()
        environment = Environment()
        environment.events.request.add_listener(self._on_request)  # type: ignore[no-untyped-call]
        self._arms = {
            name: _Arm(environment, arm, float(job["timeout"])) for name, arm in job["arms"].items()
        }

    def run(self, order: Mapping[str, Any]) -> dict[str, Any]:
        schedule = arrivals(self._rate, float(order["seconds"]), int(order["seed"]))
        bodies = random.Random(int(order["seed"]))  # noqa: S311 - a seeded choice of rows
        arm = self._arms[order["arm"]]
        self._tally = _Tally()
        gc.collect()
        gc.disable()  # a collection in the middle of a block would be read as the server's latency
        before, start = _cpu_seconds(), time.perf_counter()
        give_up = start + float(order["seconds"]) + _OVERTIME_SECONDS
        requests = []
        for offset in schedule:
            due = start + offset
            # Also when late: every arrival yields once, so that answers are read in between.
            gevent.sleep(max(due - time.perf_counter(), 0.0))
            if time.perf_counter() > give_up:
                break
            requests.append(gevent.spawn(self._request, arm, bodies.choice(arm.bodies), due))
        gevent.joinall(requests)
        share = (_cpu_seconds() - before) / (time.perf_counter() - start)
        gc.enable()
        tally = self._tally
        return {
            "arm": order["arm"],
            "scheduled": len(schedule),
            "sent": len(tally.lags),
            "failed": len(tally.lags) - len(tally.latencies),
            "latencies": tally.latencies,
            "lagP99": float(np.quantile(tally.lags, 0.99)) if tally.lags else 0.0,
            "cpu": share,
            "reasons": dict(tally.reasons),
        }

    def _request(self, arm: "_Arm", body: bytes, due: float) -> None:
        self._tally.lags.append(time.perf_counter() - due)
        arm.user.client.post(
            arm.path,
            data=body,
            headers=arm.headers,
            allow_redirects=True,
            context={"due": due},
        )

    def _on_request(
        self, *, context: Mapping[str, Any], exception: Exception | None, response: Any, **_: Any
    ) -> None:
        elapsed = time.perf_counter() - context["due"]
        if exception is None and 200 <= response.status_code < 300:
            self._tally.latencies.append(max(round(elapsed * 1e6), 0))
        else:
            status = response.status_code
            self._tally.reasons[f"status {status}" if status else type(exception).__name__] += 1


class _Arm:
    def __init__(self, environment: Environment, arm: Mapping[str, Any], deadline: float) -> None:
        self.path = ""
        self.headers = {"Content-Type": "application/json", **arm["headers"]}
        self.bodies = [line for line in Path(arm["payloads"]).read_bytes().splitlines() if line]
        settings = {
            "host": arm["url"],
            "network_timeout": deadline,
            "connection_timeout": deadline,
            "max_redirects": 0,
            "concurrency": _SOCKETS,
        }
        self.user = type("Client", (FastHttpUser,), settings)(environment)


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    generator = _Generator(json.loads(sys.stdin.readline()))
    while line := sys.stdin.readline():
        print(json.dumps(generator.run(json.loads(line))), flush=True)  # noqa: T201 - its answer


if __name__ == "__main__":
    main()

"""What load generators see of a server that stalls for 1 s in every 10, at 200 requests a second.

One request in ten arrives during a stall and waits for the rest of it, evenly between 0 and 1 s:
the true 99th percentile is 900 ms. Users in a closed loop don't send while they wait, so that they
miss most of what they should have measured; an open schedule does not. How wrong they are depends
on their number and on their phase against the stalls, which move them all together.

    python benchmarks/coordinated_omission.py [--smoke] [--output FILE]
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from report import report

from mlci.loadtest.block import CANDIDATE, Order
from mlci.loadtest.driver import Target, generating

RATE = 200
STALL, PERIOD = 1.0, 10.0
TRUTH_P99 = 0.9
TIMEOUT = 10.0


class Answer(asyncio.Protocol):
    """Answers each small request, which arrives in one piece."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, _: bytes) -> None:
        self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")


async def serve_stalling() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Answer, "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    while True:
        await asyncio.sleep(PERIOD - STALL)
        time.sleep(STALL)


def closed_loop(url: str, users: int, seconds: float) -> None:
    """Locust as it is mostly used: users who send, wait for the answer, and send again."""
    import gevent
    from locust import FastHttpUser, constant_throughput, task
    from locust.env import Environment

    class User(FastHttpUser):
        host = url
        wait_time = constant_throughput(RATE / users)

        @task
        def ask(self) -> None:
            self.client.post("/", data=b"{}")

    latencies: list[float] = []
    environment = Environment(user_classes=[User])
    environment.events.request.add_listener(
        lambda response_time, **_: latencies.append(response_time / 1e3)
    )
    runner = environment.create_local_runner()
    runner.start(users, spawn_rate=users)
    gevent.sleep(seconds)
    seen = list(latencies)
    runner.quit()
    print(json.dumps(seen))


@contextmanager
def stalling_server() -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait()


def measure_open(url: str, seconds: float) -> list[float]:
    with tempfile.TemporaryDirectory() as folder:
        bodies = Path(folder) / "bodies"
        bodies.write_text("{}")
        targets = {CANDIDATE: Target(url=url + "/", payloads=bodies)}
        with generating(targets, rate=RATE, timeout=TIMEOUT) as generator:
            block = generator.run(Order(arm=CANDIDATE, seconds=seconds, seed=1))
    return [latency / 1e6 for latency in block.latencies]


def measure_closed(url: str, users: int, seconds: float) -> list[float]:
    command = [sys.executable, __file__, "--closed", url, str(users), str(seconds)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    latencies: list[float] = json.loads(ended.stdout.splitlines()[-1])
    return latencies


def row(generator: str, latencies: list[float]) -> dict[str, object]:
    p50, p95, p99 = np.quantile(latencies, [0.5, 0.95, 0.99])
    return {
        "generator": generator,
        "requests": len(latencies),
        "p50 ms": round(p50 * 1e3, 2),
        "p95 ms": round(p95 * 1e3, 1),
        "p99 ms": round(p99 * 1e3, 1),
        "p99 / truth": round(p99 / TRUTH_P99, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="one stall, two generators")
    parser.add_argument("--output", type=Path, help="where to write the JSON")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--closed", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(serve_stalling())
    if arguments.closed:
        url, users, seconds = arguments.closed
        closed_loop(url, int(users), float(seconds))
        return
    seconds = PERIOD if arguments.smoke else 6 * PERIOD
    crowds = (4,) if arguments.smoke else (4, 50, 200)
    # Each generator meets a fresh server, and so as many stalls as the others.
    with stalling_server() as url:
        rows = [row("mlci, open schedule", measure_open(url, seconds))]
    for users in crowds:
        with stalling_server() as url:
            latencies = measure_closed(url, users, seconds)
        rows.append(row(f"locust, closed loop, {users} users", latencies))
    report("coordinated omission: true p99 is 900 ms", rows, output=arguments.output)


if __name__ == "__main__":
    main()

"""Claim: the embedded engine adds little to a request, and bears more than its servers do.

Two releases of one model under `mlci serve`, and mlci's Envoy in front of them with a canary of
10 %. The peer is the stable server itself, asked by the same generator: open schedules, the same
arrivals and rows for both, block after block in turns. A share of the machine that others take is
taken from both; of each way the calmest block counts, and the median of the pairs' differences is
beside it. The limit is looked for by doubling the rate. What the generator can't send is its own
limit, and marked so; Envoy's CPU seconds a request say where its one worker would end.
"""

import argparse
import hashlib
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pyarrow.parquet as pq
from report import report

import mlci.demo
from mlci.delivery.engine import Arm, Phase, Role, Route, Server
from mlci.delivery.local.engine import LocalEngine
from mlci.errors import Broken
from mlci.flow.demo.traffic import bodies
from mlci.loadtest.block import Block, Order
from mlci.loadtest.driver import Target, generating
from mlci.loadtest.void import void

DEMO = Path(mlci.demo.__file__).parent
MODEL = "income"
TIMEOUT = 5.0
BARE, ENGINE = "server alone", "embedded engine"
SLOW = 0.1  # seconds at p99: more, and the rate isn't borne


def server(version: str) -> Server:
    file = DEMO / f"models/income-{version}.onnx"
    return Server(
        model=MODEL,
        version=version,
        manifest_digest="sha256:" + hashlib.sha256(version.encode()).hexdigest(),
        model_digest="sha256:" + hashlib.sha256(file.read_bytes()).hexdigest(),
        model_file=file,
    )


@contextmanager
def running(folder: Path) -> Iterator[dict[str, Target]]:
    """The two ways to the same server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    rows = pq.read_table(DEMO / "data/adult-live.parquet").slice(0, 200).to_pylist()
    payloads = folder / "bodies"
    payloads.write_bytes(b"\n".join(bodies(rows)))
    engine = LocalEngine(environment="production", port=port, state_dir=folder / "state")
    stable, canary = server("1.0.0"), server("1.1.0")
    engine.start()
    try:
        for each in (stable, canary):
            while engine.ensure(each).phase is not Phase.READY:
                time.sleep(0.05)
        arms = (
            Arm(identity=stable.identity, role=Role.STABLE, weight=90),
            Arm(identity=canary.identity, role=Role.CANARY, weight=10),
        )
        engine.route((Route(model=MODEL, arms=arms),))
        [alone] = [each.port for each in engine.running() if each.identity == stable.identity]
        path = f"/v2/models/{MODEL}/infer"
        yield {
            BARE: Target(url=f"http://127.0.0.1:{alone}{path}", payloads=payloads),
            ENGINE: Target(url=f"http://127.0.0.1:{port}{path}", payloads=payloads),
        }
    finally:
        engine.stop()


def envoy(folder: Path) -> psutil.Process:
    root = str((folder / "state/production").resolve())
    [found] = [
        each
        for each in psutil.process_iter(["cwd", "name"])
        if each.info["cwd"] == root and "envoy" in each.info["name"]
    ]
    return found


def cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def latencies(
    targets: dict[str, Target], *, rate: float, pairs: int, seconds: float
) -> list[dict[str, Any]]:
    found: dict[str, list[Block]] = {way: [] for way in targets}
    with generating(targets, rate=rate, timeout=TIMEOUT) as generator:
        for way in targets:
            generator.run(Order(arm=way, seconds=1.0, seed=0))
        for pair in range(pairs):
            for way in sorted(targets, reverse=bool(pair % 2)):
                found[way].append(generator.run(Order(arm=way, seconds=seconds, seed=pair + 1)))
    rows = []
    for way, blocks in found.items():
        row: dict[str, Any] = {"way": way, "requests/s": rate, "pairs": pairs}
        for rank in (0.5, 0.99):
            name = f"p{100 * rank:g}"
            own, bare = (milliseconds(each, rank) for each in (blocks, found[BARE]))
            row[f"{name} ms"] = min(own)
            if way == ENGINE:
                row[f"added at {name}"] = min(own) - min(bare)
                differences = [one - other for one, other in zip(own, bare, strict=True)]
                row[f"median of pairs, {name}"] = statistics.median(differences)
        rows.append(row)
    return rows


def milliseconds(blocks: list[Block], rank: float) -> list[float]:
    return [1e3 * (block.percentile(rank, TIMEOUT) or TIMEOUT) for block in blocks]


def limits(
    targets: dict[str, Target],
    proxy: psutil.Process,
    *,
    rates: list[float],
    tries: int,
    seconds: float,
) -> list[dict[str, Any]]:
    """The highest rate of each way that was borne in one of its ``tries``, and what came next."""
    rows: dict[str, dict[str, Any]] = {way: {"way": way} for way in targets}
    for rate in rates:
        left = [way for way in targets if "beyond it" not in rows[way]]
        if not left:
            break
        with generating(targets, rate=rate, timeout=TIMEOUT) as generator:
            for attempt in range(tries):
                for way in left if attempt % 2 else left[::-1]:
                    if rows[way].get("limit, requests/s") == rate:
                        continue
                    before = cpu(proxy)
                    why = borne(generator, way, seconds, attempt)
                    if why:
                        rows[way]["beyond it"] = f"at {rate:g}/s {why}"
                    else:
                        rows[way] = {"way": way, "limit, requests/s": rate}
                    if way == ENGINE and not why:
                        spent = (cpu(proxy) - before) / (rate * seconds)
                        rows[way]["Envoy's CPU us a request"] = 1e6 * spent
    return list(rows.values())


def borne(generator: Any, way: str, seconds: float, seed: int) -> str:
    """Why a rate was too much, or "" where all was answered in time."""
    try:
        block = generator.run(Order(arm=way, seconds=seconds, seed=seed))
    except Broken as error:
        return str(error)
    late = block.percentile(0.99, TIMEOUT) or TIMEOUT
    if block.failed:
        return f"{block.failed} of {block.sent} failed"
    if late <= SLOW and block.sent >= 0.98 * block.scheduled:
        return ""
    return void(block, SLOW / 10) or f"p99 was {1e3 * late:.0f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="one pair, two rates")
    parser.add_argument("--output", type=Path, help="where the JSON goes")
    arguments = parser.parse_args()
    pairs, seconds, tries = (1, 1.0, 1) if arguments.smoke else (10, 3.0, 2)
    rates = [100.0, 200.0] if arguments.smoke else [250.0, 500.0, 1000.0, 2000.0, 4000.0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with running(folder) as targets:
            proxy = envoy(folder)
            rows = latencies(targets, rate=100.0, pairs=pairs, seconds=seconds)
            most = limits(targets, proxy, rates=rates, tries=tries, seconds=seconds)
    for row in rows:
        row.update(next(each for each in most if each["way"] == row["way"]))
    report("The embedded engine and the server behind it", rows, output=arguments.output)


if __name__ == "__main__":
    main()

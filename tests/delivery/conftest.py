"""A real engine (supervisord and Envoy) in a folder of its own, and clients that keep count."""

import asyncio
import contextlib
import hashlib
import json
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from mlci.delivery.engine import Arm, Phase, Role, Route, Server
from mlci.delivery.local.engine import LocalEngine
from mlci.delivery.local.servers import Kept

TINY = Path(__file__).parent / "tiny_server.py"


def tiny_command(kept: Kept) -> tuple[str, ...]:
    return (sys.executable, str(TINY), kept.model_file, kept.version, str(kept.port))


@dataclass
class Stage:
    """One environment: its engine, its folder and its port."""

    folder: Path
    port: int
    engines: list[LocalEngine] = field(default_factory=list)

    def engine(self, **options: Any) -> LocalEngine:
        defaults: dict[str, Any] = {"command": tiny_command, "timeout": 3.0}
        engine = LocalEngine(
            environment="production",
            port=options.pop("port", self.port),
            state_dir=self.folder / "state",
            **(defaults | options),
        )
        self.engines.append(engine)
        return engine

    def server(
        self, version: str, *, answer: str = "ok", delay: float = 0.0, text: str = ""
    ) -> Server:
        content = text or json.dumps({"answer": answer, "delay": delay})
        model = self.folder / f"{version}.onnx"
        model.write_text(content)
        return Server(
            model="income",
            version=version,
            manifest_digest="sha256:" + hashlib.sha256(version.encode()).hexdigest(),
            model_digest="sha256:" + hashlib.sha256(content.encode()).hexdigest(),
            model_file=model,
        )

    def processes(self) -> list[psutil.Process]:
        """All processes whose working directory is the environment's folder."""
        root = str((self.folder / "state" / "production").resolve())
        return [
            each
            for each in psutil.process_iter(["cwd", "status", "cmdline"])
            if each.info["cwd"] == root and each.info["status"] != psutil.STATUS_ZOMBIE
        ]

    def process(self, word: str) -> psutil.Process:
        """The one process whose command line has this word."""
        (found,) = (
            each for each in self.processes() if word in " ".join(each.info["cmdline"] or ())
        )
        return found

    def kill(self, *words: str) -> None:
        """At once, all processes whose command line has one of these words."""
        found = [
            each
            for each in self.processes()
            if any(word in " ".join(each.info["cmdline"] or ()) for word in words)
        ]
        for process in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(found, timeout=10)

    def switch_off(self) -> None:
        """Everything at once, as when a machine loses its power."""
        while self.processes():
            self.kill("")

    @staticmethod
    def wait(condition: Callable[[], Any], seconds: float = 90.0) -> Any:
        deadline = time.monotonic() + seconds
        while not (value := condition()):
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds} s")
            time.sleep(0.05)
        return value

    def bring_up(self, engine: LocalEngine, *servers: Server) -> None:
        for server in servers:
            self.wait(lambda server=server: engine.ensure(server).phase is Phase.READY)

    def failure(self, engine: LocalEngine, server: Server) -> str:
        def reason() -> str:
            state = engine.ensure(server)
            return state.reason if state.phase is Phase.FAILED else ""

        return str(self.wait(reason))

    @staticmethod
    def split(stable: Server, canary: Server | None = None, weight: int = 0) -> tuple[Route, ...]:
        arms = [Arm(identity=stable.identity, role=Role.STABLE, weight=100 - weight)]
        if canary is not None:
            arms.append(Arm(identity=canary.identity, role=Role.CANARY, weight=weight))
        return (Route(model=stable.model, arms=tuple(arms)),)

    def drive(self, requests: int, **options: Any) -> "Seen":
        """``requests`` answers, or a few more."""
        with self.traffic(
            until=lambda seen: seen.total + seen.broken >= requests, **options
        ) as seen:
            pass
        return seen

    @contextmanager
    def traffic(
        self, until: Callable[["Seen"], bool] | None = None, clients: int = 8, **options: Any
    ) -> Iterator["Seen"]:
        """Clients in a thread beside the block; they end after it, or when ``until`` says so."""
        seen, over = Seen(), threading.Event()
        until = until or (lambda seen: over.is_set())

        async def all_clients() -> None:
            await asyncio.gather(
                *(client(self.port, until, seen, **options) for _ in range(clients))
            )

        thread = threading.Thread(target=lambda: asyncio.run(all_clients()))
        thread.start()
        try:
            yield seen
        finally:
            over.set()
            thread.join()

    @contextmanager
    def impatient(self) -> Iterator[None]:
        """A client that asks, and goes before it is answered."""
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.sendall(b"GET /v2/models/income/infer HTTP/1.1\r\nHost: models\r\n\r\n")
            yield


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(folder=tmp_path, port=free_port())
    yield stage
    for engine in reversed(stage.engines):
        engine.stop()
    left = stage.processes()
    stage.switch_off()
    assert not left, f"left behind: {left}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Seen:
    """What clients saw: how often which status from which release, and what got no answer.

    ``broken`` requests were sent and lost; ``refused`` connections never came about.
    """

    answers: Counter = field(default_factory=Counter)
    broken: int = 0
    refused: int = 0

    @property
    def total(self) -> int:
        return sum(self.answers.values())

    def of(self, version: str) -> int:
        return sum(n for (_, release), n in self.answers.items() if release == version)


async def client(
    port: int, until: Callable[[Seen], bool], seen: Seen, path: str = "/v2/models/income/infer"
) -> None:
    """One connection after the other; a request that gets no whole answer counts as broken."""
    head = f"GET {path} HTTP/1.1\r\nHost: models\r\n\r\n".encode()
    while not until(seen):
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            closing = False
            while not closing and not until(seen):
                writer.write(head)
                answer = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                headers = dict(line.split(": ", 1) for line in answer.split("\r\n")[1:] if line)
                await reader.readexactly(int(headers["content-length"]))
                assert answer.count("mlci-release") <= 1
                status = int(answer.split(" ", 2)[1])
                seen.answers[status, headers.get("mlci-release", "")] += 1
                closing = headers.get("connection") == "close"
            writer.close()
        except ConnectionRefusedError:
            seen.refused += 1
            await asyncio.sleep(0.01)
        except (OSError, asyncio.IncompleteReadError):
            seen.broken += 1
            await asyncio.sleep(0.01)

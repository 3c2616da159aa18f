"""Envoy in front of the servers: how it comes up, is revived, and goes."""

import contextlib
import json
import time
from collections.abc import Collection, Mapping
from pathlib import Path

from mlci.delivery.local import envoy as proxy
from mlci.delivery.local import envoy_config, envoy_routes, files, ports
from mlci.delivery.local.pauses import Pauses
from mlci.delivery.local.supervisor import Supervisor
from mlci.errors import Broken

ENVOY = "envoy"
# For clients to hear, with an answer, that their connection closes; some never ask again.
GOODBYE_SECONDS = 4.0


class Front:
    """The Envoy of the folder ``root`` at ``127.0.0.1:port``, kept by ``supervisor``.

    ``timeout`` (seconds) ends every request; ``bounds`` are seconds.
    """

    def __init__(
        self,
        root: Path,
        *,
        port: int,
        bounds: Collection[float],
        timeout: float,
        supervisor: Supervisor,
    ) -> None:
        self.envoy = proxy.Envoy(root)
        self._root, self._port, self._bounds, self._timeout = root, port, bounds, timeout
        self._supervisor, self._pauses = supervisor, Pauses()

    def check_port(self) -> None:
        """Broken where another program listens there."""
        if not ports.is_free(self._port):
            raise Broken(
                place=f"127.0.0.1:{self._port}",
                found="another program listens on this port",
                expected="a free port for this environment's traffic",
                next_step="stop that program, or name another port in mlci.yaml",
            )

    def prepare(self, ports_of: Mapping[str, int]) -> None:
        """What Envoy starts with: the servers where they are now, and the routes of before."""
        self.check_port()
        (self._root / "xds").mkdir(exist_ok=True)
        table = {
            "bootstrap.json": envoy_config.bootstrap(self._port, self._bounds),
            "xds/clusters.json": envoy_config.clusters(ports_of),
        }
        if not (self._root / "xds/routes.json").exists():
            table["xds/routes.json"] = envoy_routes.routes((), {}, self._timeout)
        for name, content in table.items():
            files.replace(self._root / name, json.dumps(content, indent=1))

    def outdated(self) -> bool:
        """The one that runs has another port, or lacks a bucket's edge."""
        running = (self._root / "bootstrap.json").read_text("utf-8")
        return self.envoy.live() and not envoy_config.serves(running, self._port, self._bounds)

    def revive(self) -> None:
        """Started unless it runs; one that was given up, after a pause."""
        program = self._supervisor.add(ENVOY, proxy.command())
        if program.state == "FATAL" and self._pauses.due(ENVOY):
            self._supervisor.again(ENVOY)

    def fine(self) -> None:
        """It is live: should it be given up later, that is a first time."""
        self._pauses.over(ENVOY)

    def wait(self) -> None:
        """Returns when it is live; Broken with its own last words when it isn't in 10 s."""
        deadline = time.monotonic() + proxy.SECONDS
        while not self.envoy.live():
            if time.monotonic() > deadline:
                raise Broken(
                    place=f"127.0.0.1:{self._port}",
                    found=f"Envoy didn't start: {self._supervisor.log_tail(ENVOY)}",
                    expected="Envoy listening",
                    next_step=f"see {self._root / 'logs' / 'envoy.log'}",
                )
            time.sleep(0.05)

    def wait_until_idle(self, clusters: str | None = None) -> None:
        """No request is in flight, in clusters with names like that or at all; bounded by the
        route's timeout."""
        deadline = time.monotonic() + self._timeout + 1.0
        while self.envoy.active(clusters) and time.monotonic() < deadline:
            time.sleep(0.02)

    def drain(self) -> None:
        """Nobody new comes in, who is in is answered; over at once where Envoy dies."""
        with contextlib.suppress(Broken):
            self.envoy.drain()
            deadline = time.monotonic() + GOODBYE_SECONDS
            while self.envoy.connections() and time.monotonic() < deadline:
                time.sleep(0.02)
            self.wait_until_idle()

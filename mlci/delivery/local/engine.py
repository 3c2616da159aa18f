"""The embedded engine: supervisord keeps model servers and Envoy, Envoy splits the traffic.

What is desired lies in files (servers, routes); what runs follows from them. So a killed agent's
successor finds everything by its digest, and each call may be repeated after a kill at any point:

    servers/<digest>/  before  conf.d/server-*.ini  before  the cluster  before  the route

and the other way round when a server goes.
"""

import http.client
import json
import threading
import time
from pathlib import Path

from mlci.delivery.engine import Phase, Route, Running, Server, ServerState
from mlci.delivery.local import envoy as proxy
from mlci.delivery.local import envoy_config, files, lock, ports
from mlci.delivery.local.servers import Command, Kept, Servers, serve_command
from mlci.delivery.local.supervisor import Program, Supervisor
from mlci.errors import Broken
from mlci.records.traffic import Scrape

ENVOY = "envoy"
STRAGGLER_SECONDS = 0.2
READY_SECONDS = 30.0
# For clients to hear, with an answer, that their connection closes; some never ask again.
GOODBYE_SECONDS = 4.0


class LocalEngine:
    """Delivery on this machine, behind ``127.0.0.1:port``.

    ``latency_bounds`` (seconds) become bucket edges of Envoy's histograms; a bound outside the
    standard ladder makes a running Envoy restart once. ``timeout`` (seconds) ends a request as 504.
    """

    def __init__(
        self,
        *,
        environment: str,
        port: int,
        state_dir: Path,
        latency_bounds: tuple[float, ...] = (),
        timeout: float = 15.0,
        command: Command = serve_command,
    ) -> None:
        self._root = state_dir.absolute() / environment
        self._port, self._timeout = port, timeout
        self._bounds, self._command = latency_bounds, command
        self._supervisor, self._servers = Supervisor(self._root), Servers(self._root)
        self._envoy = proxy.Envoy(self._root)
        self._lock: int | None = None
        # A drain may wait in a thread of its own: what is written is written under this.
        self._writing = threading.RLock()

    def start(self) -> None:
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._root.chmod(0o700)
        if self._lock is None:
            self._lock = lock.take(self._root / "lock")
        adopted = self._supervisor.alive()
        if not adopted:
            self._supervisor.end_orphans()
            self._prepare_envoy()
            self._supervisor.start(without=ENVOY)
            self._wait_for_routed()
        try:
            self._start_envoy()
        except Broken:
            if not adopted:
                self._supervisor.stop()
            raise

    def ensure(self, server: Server) -> ServerState:
        with self._writing:
            kept = self._servers.keep(server)
            self._supervisor.add(kept.program, self._command(kept))
            program = self._supervisor.programs()[kept.program]
            if program.state in ("BACKOFF", "FATAL") and not ports.is_free(kept.port):
                kept = self._servers.move(kept)
                self._supervisor.add(kept.program, self._command(kept))
                self._write_clusters(self._servers.all())
                return ServerState(phase=Phase.STARTING, reason=f"its port was taken: {kept.port}")
        return self._state(kept, program)

    def running(self) -> tuple[Running, ...]:
        programs = self._supervisor.programs()
        return tuple(
            Running(
                identity=kept.identity,
                model=kept.model,
                version=kept.version,
                port=kept.port,
                state=self._state(kept, programs.get(kept.program)),
            )
            for kept in self._servers.all().values()
        )

    def route(self, routes: tuple[Route, ...]) -> None:
        with self._writing:
            known = self._servers.all()
            for arm in (arm for route in routes for arm in route.arms):
                if arm.identity not in known:
                    raise ValueError(f"{arm.identity} is routed before it is ensured")
            versions = {identity: kept.version for identity, kept in known.items()}
            self._write_clusters(known)
            self._envoy.apply("routes.json", envoy_config.routes(routes, versions, self._timeout))

    def routes(self) -> tuple[Route, ...]:
        return envoy_config.routes_of((self._root / "xds" / "routes.json").read_text("utf-8"))

    def drain_and_stop(self, identity: str) -> None:
        kept = self._servers.all().get(identity)
        if kept is None:
            return
        if any(arm.identity == identity for route in self.routes() for arm in route.arms):
            raise ValueError(f"{identity} is still routed")
        # A request that was on its way when the routes changed is counted by now.
        time.sleep(STRAGGLER_SECONDS)
        self._wait_until_idle(envoy_config.cluster_name(identity))
        with self._writing:
            if any(arm.identity == identity for route in self.routes() for arm in route.arms):
                return
            left = {each: one for each, one in self._servers.all().items() if each != identity}
            self._write_clusters(left)
        # Its end may take a while, and nothing else may wait for it.
        self._supervisor.remove(kept.program)
        with self._writing:
            self._servers.forget(kept)
            self._write_clusters(self._servers.all())

    def scrape(self) -> Scrape:
        return self._envoy.scrape()

    def stop(self) -> None:
        if self._supervisor.alive():
            self._drain_envoy()
            self._supervisor.halt(ENVOY)
            self._supervisor.stop()
        self.release()

    def release(self) -> None:
        """Leaves everything running and lets another agent take over."""
        if self._lock is not None:
            lock.give_back(self._lock)
            self._lock = None

    def _start_envoy(self) -> None:
        if ENVOY in self._supervisor.programs() and not self._serves():
            self._drain_envoy()
            self._supervisor.remove(ENVOY)
            self._prepare_envoy()
        self._supervisor.add(ENVOY, proxy.command())
        deadline = time.monotonic() + proxy.SECONDS
        while not self._envoy.live():
            if self._supervisor.programs()[ENVOY].state == "FATAL" or time.monotonic() > deadline:
                raise Broken(
                    place=f"127.0.0.1:{self._port}",
                    found=f"Envoy didn't start: {self._supervisor.log_tail(ENVOY)}",
                    expected="Envoy listening",
                    next_step=f"see {self._root / 'logs' / 'envoy.log'}",
                )
            time.sleep(0.05)

    def _serves(self) -> bool:
        running = (self._root / "bootstrap.json").read_text("utf-8")
        return envoy_config.serves(running, self._port, self._bounds)

    def _prepare_envoy(self) -> None:
        """Bootstrap, and the resources' files where none are left from an earlier run."""
        if not ports.is_free(self._port):
            raise Broken(
                place=f"127.0.0.1:{self._port}",
                found="another program listens on this port",
                expected="a free port for this environment's traffic",
                next_step="stop that program, or name another port in mlci.yaml",
            )
        folder = self._root / "xds"
        folder.mkdir(exist_ok=True)
        first = {
            "xds/clusters.json": envoy_config.clusters({}),
            "xds/routes.json": envoy_config.routes((), {}, self._timeout),
        }
        missing = {name: each for name, each in first.items() if not (self._root / name).exists()}
        bootstrap = {"bootstrap.json": envoy_config.bootstrap(self._port, self._bounds)}
        for name, content in (missing | bootstrap).items():
            files.replace(self._root / name, json.dumps(content, indent=1))

    def _write_clusters(self, known: dict[str, Kept]) -> None:
        ports_of = {identity: kept.port for identity, kept in known.items()}
        self._envoy.apply("clusters.json", envoy_config.clusters(ports_of))

    def _wait_until_idle(self, cluster: str | None) -> None:
        """Bounded by the route's timeout, which ends every request."""
        deadline = time.monotonic() + self._timeout + 1.0
        while self._envoy.active(cluster) and time.monotonic() < deadline:
            time.sleep(0.02)

    def _drain_envoy(self) -> None:
        if not self._envoy.live():
            return
        self._envoy.drain()
        deadline = time.monotonic() + GOODBYE_SECONDS
        while self._envoy.connections() and time.monotonic() < deadline:
            time.sleep(0.02)
        self._wait_until_idle(None)

    def _wait_for_routed(self) -> None:
        """After a reboot servers come before traffic: requests that fail only because a server is
        not up yet would count against its release."""
        routed = {arm.identity for route in self.routes() for arm in route.arms}
        deadline = time.monotonic() + READY_SECONDS
        while any(
            each.identity in routed and each.state.phase is Phase.STARTING
            for each in self.running()
        ):
            if time.monotonic() > deadline:
                return
            time.sleep(0.05)

    def _state(self, kept: Kept, program: Program | None) -> ServerState:
        """READY once a process answered, for as long as it lives: whether it then still answers
        is for the watch to judge by its traffic."""
        if program is None:
            return ServerState(phase=Phase.FAILED, reason="supervisord doesn't know it")
        if program.state in ("FATAL", "STOPPED"):
            said = self._supervisor.log_tail(kept.program) or program.error or "no word in its log"
            return ServerState(phase=Phase.FAILED, reason=f"{program.state}: {said}")
        if program.state in ("STARTING", "RUNNING"):
            if self._servers.is_ready(kept, program.process):
                return ServerState(phase=Phase.READY)
            if _answers(kept.port):
                self._servers.set_ready(kept, program.process)
                return ServerState(phase=Phase.READY)
        return ServerState(phase=Phase.STARTING)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1.0)
    try:
        connection.request("GET", "/v2/health/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()

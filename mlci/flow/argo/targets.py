"""Which counters are whose: the arms of a live Rollout, as Prometheus's selectors name them."""

from mlci.records.argo import Argo
from mlci.records.live import LiveRollout
from mlci.records.prometheus import Arm
from mlci.records.release import Release
from mlci.render.names import other_service, stable_service


def arms(argo: Argo, release: Release, live: LiveRollout) -> tuple[Arm, Arm | None]:
    """The canary, and the stable arm that takes requests beside it: None before the switch of
    blue-green and after it, at a first deploy, and once the canary is stable itself."""
    beside = live.stable_hash not in ("", live.current_hash) and not live.blue_green
    service = stable_service(release)
    routed = argo.gateway is not None and beside
    canary = Arm(
        namespace=argo.namespace,
        model=release.name,
        service=other_service(release, "canary") if routed else service,
        hash=live.current_hash,
    )
    if not beside:
        return canary, None
    stable = Arm(
        namespace=argo.namespace, model=release.name, service=service, hash=live.stable_hash
    )
    return canary, stable

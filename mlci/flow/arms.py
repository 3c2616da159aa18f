"""Both sides of a delivery, and what their servers' states make of them."""

from dataclasses import dataclass, replace

from mlci.delivery.engine import Phase, Route, Server
from mlci.flow.routes import alone, beside, only
from mlci.flow.served import Served
from mlci.flow.stages import Stage
from mlci.flow.view import Now


@dataclass(frozen=True, kw_only=True)
class Arms:
    """``stable`` is what stands beside the canary and what traffic goes back to: None for a first
    release, or where it is ``down``: kept, so that it is started again, but given no traffic."""

    canary: Served
    stable: Served | None
    down: Served | None = None

    @property
    def servers(self) -> tuple[Server, ...]:
        return tuple(each.server for each in (self.canary, self.stable, self.down) if each)

    @property
    def all_canary(self) -> Route:
        return only(self.canary.server)

    def at(self, stage: Stage) -> Route | None:
        """The traffic that the stage asks for; None: nobody's."""
        if self.stable is None:
            return alone(self.canary.server, stage)
        return beside(self.stable.server, self.canary.server, stage)

    def as_they_run(self, now: Now) -> "Arms":
        """A stable server that FAILED can neither serve nor be compared with."""
        failed = self.stable and now.phase(self.stable.server) is Phase.FAILED
        return self.without_stable() if failed else self

    def as_compared(self, now: Now) -> "Arms":
        """One that had FAILED is beside the canary again once it is READY."""
        back = self.stable is None or now.phase(self.stable.server) is Phase.READY
        return self if back or now.in_force != self.all_canary else self.without_stable()

    def without_stable(self) -> "Arms":
        return replace(self, stable=None, down=self.stable)

"""The shapes that traffic has: all to one server, or what a delivery's stage asks for."""

from mlci.delivery.engine import Arm, Role, Route, Server
from mlci.flow.stages import Stage


def only(server: Server) -> Route:
    return Route(
        model=server.model, arms=(Arm(identity=server.identity, role=Role.STABLE, weight=100),)
    )


def beside(stable: Server, canary: Server, stage: Stage) -> Route:
    """The canary's part is what ``stage`` asks for, the rest is stable's."""
    return Route(
        model=canary.model,
        arms=(
            Arm(identity=stable.identity, role=Role.STABLE, weight=100 - stage.weight),
            Arm(identity=canary.identity, role=Role.CANARY, weight=stage.weight),
        ),
        testers=stage.testers,
        shadow=stage.shadow,
    )


def alone(canary: Server, stage: Stage) -> Route | None:
    """Nothing serves beside it: it has all requests from its first weight on, before that those of
    testers; None where there are none either."""
    if stage.weight:
        return only(canary)
    if not stage.testers:
        return None
    arm = Arm(identity=canary.identity, role=Role.CANARY, weight=0)
    return Route(model=canary.model, arms=(arm,), testers=stage.testers)

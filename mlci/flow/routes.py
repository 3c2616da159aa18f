"""The two shapes that traffic has: all to one server, or split between stable and canary."""

from mlci.delivery.engine import Arm, Role, Route, Server


def only(server: Server) -> Route:
    return Route(
        model=server.model, arms=(Arm(identity=server.identity, role=Role.STABLE, weight=100),)
    )


def split(stable: Server, canary: Server, weight: int) -> Route:
    """``weight`` percent to the canary, the rest to stable."""
    return Route(
        model=canary.model,
        arms=(
            Arm(identity=stable.identity, role=Role.STABLE, weight=100 - weight),
            Arm(identity=canary.identity, role=Role.CANARY, weight=weight),
        ),
    )

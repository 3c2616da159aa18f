"""The keeper of a model, whichever engine's hand it has."""

import socket
from pathlib import Path
from typing import TypeVar

from mlci.flow.gating import GateRun
from mlci.flow.hand import Hand, Round
from mlci.flow.holdings import Holdings
from mlci.flow.keeper import Keeper

Seen = TypeVar("Seen", bound=Round)


def who() -> str:
    """Who records what the agent does."""
    return f"mlci agent on {socket.gethostname()}"


def keeper_of(
    model: str,
    hand: Hand[Seen],
    *,
    holdings: Holdings,
    base: str | None,
    folder: Path,
) -> Keeper[Seen]:
    """``folder`` is where the model's own gate runs leave their files. All keepers of an agent
    share the ``holdings``."""
    repository = holdings.repository
    return Keeper(
        repository=repository,
        base=base,
        environment=holdings.environment,
        holdings=holdings,
        model=model,
        gate=GateRun(repository=repository.root or repository.git_dir, folder=folder / "gate"),
        hand=hand,
        by=who(),
    )

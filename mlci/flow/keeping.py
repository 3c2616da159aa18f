"""The keeper of a model, whichever engine's hand it has."""

import socket
from pathlib import Path
from typing import TypeVar

from mlci.flow.gating import GateRun
from mlci.flow.hand import Hand, Round
from mlci.flow.keeper import Keeper
from mlci.gitops.repository import Repository

Seen = TypeVar("Seen", bound=Round)


def who() -> str:
    """Who records what the agent does."""
    return f"mlci agent on {socket.gethostname()}"


def keeper_of(
    model: str,
    hand: Hand[Seen],
    *,
    repository: Repository,
    base: str | None,
    environment: str,
    folder: Path,
) -> Keeper[Seen]:
    """``folder`` is where the model's own gate runs leave their files."""
    return Keeper(
        repository=repository,
        base=base,
        environment=environment,
        model=model,
        gate=GateRun(repository=repository.root or repository.git_dir, folder=folder / "gate"),
        hand=hand,
        by=who(),
    )

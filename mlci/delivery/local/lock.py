"""One agent an environment: the kernel gives the lock back however its holder ends."""

import fcntl
import os
from pathlib import Path

from mlci.errors import Conflict


def take(path: Path) -> int:
    """The descriptor that holds the lock. Conflict when another process holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
        os.close(descriptor)
        raise Conflict(
            place=str(path),
            found=f"process {holder or 'unknown'} drives this environment",
            expected="one agent an environment",
            next_step="stop the other agent, or give this one another --state",
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def give_back(descriptor: int) -> None:
    os.close(descriptor)

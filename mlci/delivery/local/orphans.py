"""What a supervisord that was killed left running: it holds the ports of its successors."""

import contextlib
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import psutil

from mlci.delivery.local.supervisor import DAEMON, STOP_SECONDS


def orphans(
    root: Path, name_of: Callable[[Sequence[str]], str | None]
) -> dict[str, list[psutil.Process]]:
    """By program, the processes that work in ``root`` and that no daemon there keeps.

    ``name_of`` says whose command line it is, None for any that isn't exactly ours.
    """
    here = [
        each
        for each in psutil.process_iter(["cwd", "cmdline", "ppid", "status"])
        if each.info["cwd"] == str(root.resolve())
        and each.info["status"] != psutil.STATUS_ZOMBIE
        and each.info["cmdline"]
    ]
    daemons = {each.pid for each in here if DAEMON in each.info["cmdline"]}
    found: dict[str, list[psutil.Process]] = {}
    for each in here:
        name = name_of(each.info["cmdline"])
        if name is not None and each.info["ppid"] not in daemons:
            found.setdefault(name, []).append(each)
    return found


def end(processes: Collection[psutil.Process]) -> None:
    """Asks them to end, and ends those that don't."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    for process in psutil.wait_procs([*processes], timeout=STOP_SECONDS)[1]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()

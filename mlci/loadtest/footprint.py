"""The most memory that a server ever held, as the kernel counted it."""

from pathlib import Path

import psutil

from mlci.errors import Broken


def peak_memory(pid: int) -> int:
    """Bytes: the peak resident size (``VmHWM`` of proc(5)) of the process and all below it, added
    up. Pages that they share, and peaks at different times, make it too large, never too small.

    Raises Broken when the process is gone or the kernel doesn't say.
    """
    try:
        family = [pid, *(each.pid for each in psutil.Process(pid).children(recursive=True))]
        return sum(_peak(each) for each in family)
    except (OSError, ValueError, psutil.Error) as error:
        raise Broken(
            place=f"process {pid}",
            found=f"its peak memory can't be read: {error}",
            expected="a running server, and VmHWM in /proc/<pid>/status",
            next_step="measure on Linux, outside of sandboxes that hide it",
        ) from None


def _peak(pid: int) -> int:
    for line in (
        Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").split("\n")
    ):
        name, _, rest = line.partition(":")
        if name == "VmHWM":
            return int(rest.split()[0]) * 1024
    raise ValueError(f"no VmHWM of process {pid}")

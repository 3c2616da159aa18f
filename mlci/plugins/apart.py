"""What a package brings runs in a process whose end alone is no answer.

A package may leave its process without a word (``os._exit``, a library that crashes), and an exit
code of 0 would then look like PASS. So a command that comes upon a plug-in is begun again in a
child, which says its answer on a pipe before it ends: an end without an answer is an ERROR.
"""

import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlci.plugins.discovery import Plugin

_PIPE = "MLCI_ANSWERS_ON"


class Apart(BaseException):
    """This process is not to run plug-ins."""

    def __init__(self, plugin: "Plugin") -> None:
        super().__init__(str(plugin))
        self.plugin = plugin


class _Watch:
    """``refuses``: whether plug-ins are not for this process."""

    refuses = False


def begin() -> int | None:
    """Says that this process is a command's. The pipe on which it has to answer, where it is a
    child that may run plug-ins."""
    pipe = os.environ.pop(_PIPE, None)
    _Watch.refuses = pipe is None
    if pipe is None:
        return None
    os.set_inheritable(int(pipe), False)
    return int(pipe)


def stay() -> None:
    """Lets this process run plug-ins itself: one that lives long, and whose end admits nothing."""
    _Watch.refuses = False


def enter(plugin: "Plugin") -> None:
    """Raises Apart where the plug-in is not to run in this process."""
    if _Watch.refuses:
        raise Apart(plugin)


def answer(pipe: int, exit_code: int) -> None:
    """Of a child, when all is said and done."""
    sys.stdout.flush()
    os.write(pipe, bytes([exit_code]))


def again(plugin: "Plugin") -> int:
    """This process' command in a child: its exit code. Raises Broken where it doesn't answer."""
    import subprocess  # which most commands do without

    reading, writing = os.pipe()
    with subprocess.Popen(
        [sys.executable, *sys.orig_argv[1:]],
        env={**os.environ, _PIPE: str(writing)},
        pass_fds=[writing],
    ) as child:
        os.close(writing)
        # A terminal's Ctrl-C reaches the child too, which ends as it does without a parent.
        signal.signal(signal.SIGINT, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        child.wait()
    os.set_blocking(reading, False)  # what the plug-in started may hold the other end
    try:
        answered = os.read(reading, 1)
    except BlockingIOError:
        answered = b""
    if not answered:
        raise plugin.broken(
            f"the process that it ran in {_end(child.returncode)} before it answered",
            "a plug-in that returns or raises",
        )
    return answered[0]


def _end(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"left with code {code}"

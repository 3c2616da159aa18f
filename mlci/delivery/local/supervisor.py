"""supervisord keeps Envoy and the model servers alive, so that they outlive the agent.

Everything in its configuration is relative to the environment's folder, its working directory: no
text of a user's path stands in it. One program has one file in ``conf.d``.
"""

import os
import re
import subprocess
import sys
import threading
import time
import xmlrpc.client
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

import mlci
from mlci.delivery.local import files
from mlci.delivery.local.unix import XmlRpcTransport
from mlci.errors import Broken

STOP_SECONDS = 20

# supervisord makes paths absolute, and a socket's address has room for 107 bytes: by way of its
# working directory any path is short.
_DAEMON = """\
[unix_http_server]
file = /proc/self/cwd/supervisor.sock
chmod = 0700
[supervisord]
logfile = supervisord.log
logfile_maxbytes = 1MB
logfile_backups = 2
pidfile = supervisord.pid
umask = 077
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""

# A program that ends within `startsecs` counts as not started: it is tried again after 1, 2, 3 s
# and then given up (FATAL). One that ran longer is started again at once, always.
_PROGRAM = f"""\
[program:{{name}}]
command = {{command}}
autorestart = true
startsecs = 10
startretries = 3
stopwaitsecs = {STOP_SECONDS}
stopasgroup = true
killasgroup = true
redirect_stderr = true
stdout_logfile = logs/{{name}}.log
stdout_logfile_maxbytes = 1MB
stdout_logfile_backups = 2
"""


@dataclass(frozen=True, kw_only=True)
class Program:
    """``state`` is supervisord's: STARTING, RUNNING, BACKOFF, STOPPING, STOPPED, EXITED, FATAL.

    ``process`` names the process that runs now, and no other.
    """

    state: str
    process: str
    error: str


def quote(arguments: Sequence[str]) -> str:
    """A ``command`` value that supervisord splits into exactly these arguments.

    Its parser cuts at " #" and " ;" and expands %; its splitter is the POSIX shell's, without any
    shell. ValueError for control characters, which no value can hold.
    """
    for each in arguments:
        if re.search(r"[\x00-\x1f\x7f]", each):
            raise ValueError(f"{each!r} holds a control character")
    quoted = (re.sub(r"['#;]", r"""'"\g<0>"'""", each) for each in arguments)
    return " ".join(f"'{each}'" for each in quoted).replace("%", "%%")


class Supervisor:
    """The supervisord of the folder ``root``."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._programs = root / "conf.d"
        # Its file is made of all programs' files, by whichever thread changed one of them.
        self._writing = threading.Lock()

    def alive(self) -> bool:
        try:
            return bool(self._proxy().getState()["statename"])
        except OSError:
            return False

    def start(self, *, without: str) -> None:
        """Starts the daemon and all its programs but one, which is forgotten.

        Broken when it doesn't answer in 10 s.
        """
        for folder in (self._programs, self._root / "logs"):
            folder.mkdir(exist_ok=True)
        (self._programs / f"{without}.ini").unlink(missing_ok=True)
        self._write()
        done = subprocess.run(
            [sys.executable, "-P", "-m", "supervisor.supervisord", "-c", "supervisord.conf"],
            cwd=self._root,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if not _wait(self.alive, 10.0):
            raise Broken(
                place=str(self._root / "supervisord.log"),
                found=f"supervisord didn't start: {done.stderr.strip()[-500:]}",
                expected="supervisord answering on its socket",
            )

    def add(self, name: str, arguments: Sequence[str]) -> None:
        """The program runs from now on; another command replaces it. Nothing when it is there."""
        text = _PROGRAM.format(name=name, command=quote(arguments))
        changed = files.replace(self._programs / f"{name}.ini", text)
        known = name in self.programs()
        if known and not changed:
            return
        if known:
            self._end(name)
        with self._writing:
            self._write()
            self._call("reloadConfig")
            self._call("addProcessGroup", name)

    def remove(self, name: str) -> None:
        """The program is stopped and forgotten."""
        with self._writing:
            (self._programs / f"{name}.ini").unlink(missing_ok=True)
            self._write()
        if name in self.programs():
            self._end(name)
        with self._writing:
            self._call("reloadConfig")

    def halt(self, name: str) -> None:
        """The program ends, and is started again with the daemon only."""
        if name in self.programs():
            self._call("stopProcessGroup", name)

    def programs(self) -> dict[str, Program]:
        return {
            each["group"]: Program(
                state=each["statename"],
                process=f"{each['pid']} {each['start']}",
                error=each["spawnerr"],
            )
            for each in self._call("getAllProcessInfo")
        }

    def log_tail(self, name: str) -> str:
        """The end of what the program printed, on one line."""
        try:
            text = (self._root / "logs" / f"{name}.log").read_text("utf-8", errors="replace")
        except OSError:
            return ""
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return "".join(each if each.isprintable() else " " for each in " | ".join(lines[-3:]))[
            -500:
        ]

    def stop(self) -> None:
        """All programs end, then the daemon; returns when it is gone."""
        try:
            pid = int(self._call("getPID"))
            self._call("shutdown")
        except Broken:
            return
        allowed = (STOP_SECONDS + 5.0) * 2
        if not _wait(lambda: not psutil.pid_exists(pid), allowed):
            raise Broken(
                place=str(self._root), found=f"supervisord {pid} still runs", expected="its end"
            )

    def _end(self, name: str) -> None:
        self._call("stopProcessGroup", name)
        self._call("removeProcessGroup", name)

    def _write(self) -> None:
        programs = (each.read_text("utf-8") for each in sorted(self._programs.glob("*.ini")))
        files.replace(self._root / "supervisord.conf", _DAEMON + "".join(programs))

    def end_orphans(self) -> None:
        """What a supervisord that was killed left behind holds the ports of its successor."""
        texts = {each.read_text("utf-8") for each in self._programs.glob("*.ini")}
        orphans = []
        for process in psutil.process_iter(["pid", "ppid", "cwd", "cmdline"]):
            here = process.info["cwd"] == str(self._root.resolve()) and process.info["cmdline"]
            if here and any(f"command = {quote(here)}\n" in text for text in texts):
                process.terminate()
                orphans.append(process)
        for process in psutil.wait_procs(orphans, timeout=STOP_SECONDS)[1]:
            process.kill()

    def _proxy(self) -> Any:
        # Stopping a program takes up to STOP_SECONDS, and the call waits for it.
        transport = XmlRpcTransport(self._root / "supervisor.sock", STOP_SECONDS + 10.0)
        return xmlrpc.client.ServerProxy("http://localhost", transport=transport).supervisor

    def _call(self, method: str, *arguments: str) -> Any:
        try:
            return getattr(self._proxy(), method)(*arguments)
        except (OSError, xmlrpc.client.Error) as error:
            raise Broken(
                place=str(self._root / "supervisor.sock"),
                found=f"supervisord's {method} failed ({error})",
                expected="supervisord at work",
                next_step=f"see {self._root / 'supervisord.log'}",
            ) from None


def _environment() -> dict[str, str]:
    """Nothing of the agent's own environment reaches a model server, but where mlci lies."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"PYTHONPATH": str(Path(mlci.__file__).parents[1])}


def _wait(condition: Any, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True

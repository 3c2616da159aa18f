"""supervisord keeps Envoy and the model servers alive, so that they outlive the agent.

Everything in its configuration is relative to the environment's folder, its working directory: no
text of a user's path stands in it. One program has one file in ``conf.d``.
"""

import http.client
import os
import re
import subprocess
import sys
import threading
import time
import xmlrpc.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

import mlci
from mlci.delivery.local import files
from mlci.delivery.local.unix import UnixConnection, XmlRpcTransport
from mlci.errors import Broken

DAEMON = "supervisor.supervisord"
STOP_SECONDS = 20
# An answer to anything but a stop takes milliseconds.
ANSWER_SECONDS = 5.0

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
        # By program, the file that the daemon is known to have taken over.
        self._taken_over: dict[str, str] = {}

    def dead(self) -> bool:
        """Nobody listens on its socket. A daemon that listens and doesn't answer isn't dead."""
        connection = UnixConnection(self._root / "supervisor.sock", ANSWER_SECONDS)
        try:
            connection.connect()
        except (FileNotFoundError, ConnectionRefusedError):
            return True
        except OSError:
            return False
        finally:
            connection.close()
        return False

    def start(self, programs: Mapping[str, Sequence[str]]) -> None:
        """Starts the daemon with exactly these programs: name -> arguments.

        Broken when it doesn't answer in 10 s.
        """
        for folder in (self._programs, self._root / "logs"):
            folder.mkdir(exist_ok=True)
        for file in self._programs.glob("*.ini"):
            file.unlink()
        for name, arguments in programs.items():
            files.replace(self._file(name), _program(name, arguments))
        self._taken_over.clear()
        self._write()
        done = subprocess.run(
            [sys.executable, "-P", "-m", DAEMON, "-c", "supervisord.conf"],
            cwd=self._root,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if not _wait(self._answers, 10.0):
            raise Broken(
                place=str(self._root / "supervisord.log"),
                found=f"supervisord didn't start: {done.stderr.strip()[-500:]}",
                expected="supervisord answering on its socket",
            )

    def add(self, name: str, arguments: Sequence[str]) -> Program:
        """The program runs from now on, and how it does; other arguments replace it.

        What an earlier call began and didn't end, for whatever reason, is done now.
        """
        text = _program(name, arguments)
        known = self.programs()
        if name not in known or self._taken_over.get(name) != text:
            self._take_over(name, text)
            known = self.programs()
        if known[name].state == "STOPPED":
            self.again(name)
        return known[name]

    def again(self, name: str) -> None:
        """Starts a program that has ended, or was given up; nothing where it runs."""
        self._call("startProcessGroup", name, False)

    def remove(self, name: str) -> None:
        """The program is stopped and forgotten."""
        with self._writing:
            self._file(name).unlink(missing_ok=True)
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
            if self.dead():
                return
            raise
        allowed = (STOP_SECONDS + 5.0) * 2
        if not _wait(lambda: not psutil.pid_exists(pid), allowed):
            raise Broken(
                place=str(self._root), found=f"supervisord {pid} still runs", expected="its end"
            )

    def _take_over(self, name: str, text: str) -> None:
        with self._writing:
            files.replace(self._file(name), text)
            self._write()
            ((added, changed, _),) = self._call("reloadConfig")
        if name in changed:
            self._end(name)
        if name in added or name in changed:
            self._call("addProcessGroup", name)
        self._taken_over[name] = text

    def _end(self, name: str) -> None:
        self._call("stopProcessGroup", name)
        self._call("removeProcessGroup", name)

    def _file(self, name: str) -> Path:
        return self._programs / f"{name}.ini"

    def _write(self) -> None:
        programs = (each.read_text("utf-8") for each in sorted(self._programs.glob("*.ini")))
        files.replace(self._root / "supervisord.conf", _DAEMON + "".join(programs))

    def _answers(self) -> bool:
        try:
            return bool(self._call("getState")["statename"])
        except Broken:
            return False

    def _call(self, method: str, *arguments: Any) -> Any:
        # Stopping a program takes up to STOP_SECONDS, and the call waits for it.
        patience = STOP_SECONDS + 10.0 if method.startswith("stop") else ANSWER_SECONDS
        transport = XmlRpcTransport(self._root / "supervisor.sock", patience)
        try:
            proxy = xmlrpc.client.ServerProxy("http://localhost", transport=transport)
            return getattr(proxy.supervisor, method)(*arguments)
        except (OSError, http.client.HTTPException, xmlrpc.client.Error) as error:
            raise Broken(
                place=str(self._root / "supervisor.sock"),
                found=f"supervisord's {method} failed ({error})",
                expected="supervisord at work",
                next_step=f"see {self._root / 'supervisord.log'}",
            ) from None


def _program(name: str, arguments: Sequence[str]) -> str:
    return _PROGRAM.format(name=name, command=quote(arguments))


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

"""A plane that runs, as tests see it."""

import ctypes
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml
from kubernetes import client, config

CLONE_NEWNET = 0x40000000
START_SECONDS = 60
_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, kw_only=True)
class Plane:
    """``network`` is the plane's network namespace, None where it shares the host's."""

    process: subprocess.Popen
    program: Path
    folder: Path
    kubeconfig: Path
    server: str
    token: str
    ca: Path
    pods: str
    network: Path | None
    seconds: float

    @contextmanager
    def inside(self) -> Iterator[None]:
        """This thread, and what it starts meanwhile, is in the plane's network.

        A socket stays where it was made: a server that listens there may be served from anywhere.
        """
        if self.network is None:
            yield
            return
        with Path("/proc/thread-self/ns/net").open("rb") as here:
            with self.network.open("rb") as there:
                _enter(there.fileno())
            try:
                yield
            finally:
                _enter(here.fileno())

    def api(self) -> client.ApiClient:
        return config.new_client_from_config(str(self.kubeconfig))

    def kubectl(self, *arguments: str, text: str = "") -> str:
        """What kubectl prints; call it inside."""
        command = [str(self.program), "kubectl", "--kubeconfig", str(self.kubeconfig), *arguments]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command[1:]}: {done.stderr}"
        return done.stdout

    def apply(self, namespace: str, *documents: dict[str, Any]) -> None:
        """Client-side apply, as a person and Argo CD do by default."""
        text = yaml.safe_dump_all(documents)
        self.kubectl("apply", "--namespace", namespace, "-f", "-", text=text)

    def part(self, name: str) -> psutil.Process:
        """One of the plane's own processes, kube-apiserver say."""
        for process in psutil.Process(self.process.pid).children(recursive=True):
            command = process.cmdline()
            if name in command[:2] or (command and command[0].endswith(f"/{name}")):
                return process
        raise LookupError(f"{name} does not run")

    def images(self, **commands: list[str]) -> None:
        """What runs where a container names an image and no command."""
        (self.folder / "images.json").write_text(json.dumps(commands))

    def keep(self, *folders: Path) -> None:
        """What containers see although a volume, at /tmp say, lies over it: an image's stand-in."""
        (self.folder / "keep.json").write_text(json.dumps([str(each) for each in folders]))

    def logs(self) -> str:
        """The end of each log, for a test that failed."""
        files = sorted((self.folder / "logs").rglob("*.log"))
        return "\n".join(f"--- {file.name}\n{file.read_text()[-2000:]}" for file in files)


@contextmanager
def started(
    programs: Path, folder: Path, *options: str, prefix: tuple[str, ...] = ()
) -> Iterator[Plane]:
    """A plane that ends with the block, or with this process, whatever ends that."""
    program = programs / "plane"
    process = subprocess.Popen(
        [*prefix, program, "up", "--dir", str(folder), "--stop-with-stdin", *options],
        # What an image would hold: this interpreter's programs, mlci among them.
        env=os.environ | {"PATH": f"{Path(sys.prefix) / 'bin'}{os.pathsep}{os.environ['PATH']}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        ready, _, _ = select.select([process.stdout], [], [], START_SECONDS)
        line = process.stdout.readline() if ready else b""
        assert line, f"no plane after {START_SECONDS} s; its logs are in {folder}/logs"
        said = json.loads(line)
        network = Path(said["network"]) if said["network"] else None
        yield Plane(
            process=process,
            program=program,
            folder=folder,
            kubeconfig=Path(said["kubeconfig"]),
            server=said["server"],
            token=said["token"],
            ca=Path(said["ca"]),
            pods=said["pods"],
            network=network,
            seconds=said["seconds"],
        )
    finally:
        process.stdin.close()
        process.wait(timeout=60)
        process.stdout.close()


def eventually(ask: Callable[[], Any], *, seconds: float = 60, every: float = 0.1) -> Any:
    """The first answer that is true."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {answer!r}"
        time.sleep(every)
    return answer


def _enter(namespace: int) -> None:
    if _LIBC.setns(namespace, CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))

"""The servers of an environment as folders: ``servers/<64 hex>/`` with model and record.

A folder appears by rename with everything in it: whoever finds one can run the server from it.
"""

import contextlib
import dataclasses
import hashlib
import json
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlci.delivery.engine import Server
from mlci.delivery.local import files, ports
from mlci.errors import Broken

MODEL = "model.onnx"
RECORD = "server.json"
READY = "ready"


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What a folder says; ``port`` is chosen once, and again only when it is found taken."""

    identity: str
    model: str
    version: str
    model_digest: str
    port: int

    @property
    def folder(self) -> str:
        return self.identity.removeprefix("sha256:")

    @property
    def program(self) -> str:
        return f"server-{self.model}-{self.folder[:12]}"

    @property
    def model_file(self) -> str:
        """Relative to the environment's folder, where all programs run."""
        return f"servers/{self.folder}/{MODEL}"


Command = Callable[[Kept], tuple[str, ...]]


def runs(kept: Kept, command: Command, arguments: Sequence[str]) -> bool:
    """Whether these are the arguments of this server, on whichever port."""
    numbers = {int(each) for each in arguments if each.isascii() and each.isdigit()}
    own = (command(dataclasses.replace(kept, port=number)) for number in numbers)
    return tuple(arguments) in own


def serve_command(kept: Kept) -> tuple[str, ...]:
    """``mlci serve`` by the interpreter that runs now."""
    return (
        *(sys.executable, "-P", "-m", "mlci", "serve", kept.model_file),
        *("--name", kept.model, "--version", kept.version),
        *("--host", "127.0.0.1", "--port", str(kept.port)),
    )


class Servers:
    """The folder ``root/servers``."""

    def __init__(self, root: Path) -> None:
        self._folder = root / "servers"

    def all(self) -> dict[str, Kept]:
        """By identity."""
        found = []
        for record in sorted(self._folder.glob(f"[0-9a-f]*/{RECORD}")):
            # One that is forgotten just now, by a drain in another thread, is gone.
            with contextlib.suppress(FileNotFoundError):
                found.append(Kept(**json.loads(record.read_text("utf-8"))))
        return {kept.identity: kept for kept in found}

    def keep(self, server: Server) -> Kept:
        """Copies the model and checks the copy. Broken when it isn't the one named.

        A copy, not a link: whoever writes into the original's bytes must not change what runs.
        """
        known = self.all()
        if server.identity in known:
            return known[server.identity]
        kept = Kept(
            identity=server.identity,
            model=server.model,
            version=server.version,
            model_digest=server.model_digest,
            port=ports.choose({each.port for each in known.values()}),
        )
        unfinished = self._folder / f".{kept.folder}"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        _copy(server, unfinished / MODEL)
        self._write(unfinished, kept)
        unfinished.rename(self._folder / kept.folder)
        return kept

    def elsewhere(self, kept: Kept) -> Kept:
        """The same server on another port; nobody knows of it before it is ``put``."""
        taken = {each.port for each in self.all().values()}
        return dataclasses.replace(kept, port=ports.choose(taken))

    def put(self, kept: Kept) -> None:
        self._write(self._folder / kept.folder, kept)

    def is_ready(self, kept: Kept, process: str) -> bool:
        """Whether this very process has answered before, to whichever agent."""
        file = self._folder / kept.folder / READY
        return file.exists() and file.read_text("utf-8") == process

    def set_ready(self, kept: Kept, process: str) -> None:
        files.replace(self._folder / kept.folder / READY, process)

    def forget(self, kept: Kept) -> None:
        shutil.rmtree(self._folder / kept.folder, ignore_errors=True)

    def _write(self, folder: Path, kept: Kept) -> None:
        files.replace(folder / RECORD, json.dumps(dataclasses.asdict(kept), indent=1))


def _copy(server: Server, target: Path) -> None:
    try:
        shutil.copyfile(server.model_file, target)
    except OSError as error:
        raise Broken(
            place=str(server.model_file),
            found=f"can't be read ({error.strerror})",
            expected="the verified model file",
        ) from None
    with target.open("rb") as file:
        digest = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    if digest != server.model_digest:
        raise Broken(
            place=str(server.model_file),
            found=digest,
            expected=server.model_digest,
            next_step="put back the file that the manifest names",
        )

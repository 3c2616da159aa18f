"""A model served by ``mlci serve`` in a process of its own, for as long as it is measured."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mlci.errors import Broken
from mlci.loadtest.processes import child

_READY_SECONDS = 30.0
_NAME = "model"


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running server of one model: the URL of its root, and its process."""

    url: str
    pid: int

    @property
    def infer(self) -> str:
        """The URL that the model is asked at."""
        return f"{self.url}/v2/models/{_NAME}/infer"


@contextmanager
def served(model: Path, *, version: str) -> Iterator[Server]:
    """The model's server, once it is ready. Raises Broken when it can't be served."""
    command = ("mlci", "serve", os.fspath(model.resolve()), "--name", _NAME, "--version", version)
    # Its standard input is a pipe of ours: should this process be killed, the server ends too.
    with child(*command, "--stop-with-stdin") as server:
        try:
            url = json.loads(server.read(_READY_SECONDS))["url"]
        except (ValueError, KeyError, TimeoutError) as error:
            raise Broken(
                place=os.fspath(model),
                found=f"can't be served: {server.last_words() or error}",
                expected=f"a server that is ready within {_READY_SECONDS:.0f} s",
            ) from None
        yield Server(url=url, pid=server.pid)

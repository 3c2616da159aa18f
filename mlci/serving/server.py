"""Runs the application under uvicorn until a signal, and leaves without dropping a request."""

import asyncio
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

import uvicorn

from mlci.errors import Broken
from mlci.serving.app import Application
from mlci.serving.session import open_model

# Time for clients with open connections to hear "Connection: close" on their next answer.
_FAREWELL_SECONDS = 0.5
# Longer than the hour that proxies keep an idle connection: the side that closes first must be
# the one that sends requests, or a request can meet a connection that is just closing.
_KEEP_ALIVE_SECONDS = 3700
_FINISH_SECONDS = 30
_BACKLOG = 2048


def serve(
    path: Path,
    *,
    name: str,
    version: str,
    host: str,
    port: int,
    threads: int,
    ready: Callable[[int], None],
) -> None:
    """Serves until SIGTERM (exit 0) or SIGINT; ``ready`` hears the port. Raises Broken."""
    signal.signal(signal.SIGTERM, _leave)
    application = Application(open_model(path, threads=threads), name=name, version=version)
    with _listen(host, port) as listener:
        config = uvicorn.Config(
            application,
            loop="asyncio",
            http="httptools",
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_FINISH_SECONDS,
        )
        server = _Server(config, application, lambda: ready(listener.getsockname()[1]))
        server.run(sockets=[listener])


def stop_with_input() -> None:
    """Sends this process SIGTERM when its standard input ends: whoever held it has gone."""

    def watch() -> None:
        # Not through sys.stdin: its lock, held by this thread, would break the interpreter's exit.
        while os.read(0, 4096):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


class _Server(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, application: Application, ready: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._application = application
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._application.draining = True
        for listener in self.servers:
            listener.close()
        if self.server_state.connections:
            await asyncio.sleep(_FAREWELL_SECONDS)
        await super().shutdown(sockets)


def _listen(host: str, port: int) -> socket.socket:
    with ExitStack() as undo:
        try:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
            # asyncio turns off Nagle's algorithm only on sockets that name their protocol; with
            # it, each answer would wait some 40 ms for the client's acknowledgement.
            listener = undo.enter_context(
                socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            )
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen(_BACKLOG)
        except OSError as error:
            raise Broken(
                place=f"{host}:{port}",
                found=f"can't listen: {error.strerror or error}",
                expected="a free port on an address of this machine",
                next_step="choose another --port; 0 takes any free one",
            ) from None
        undo.pop_all()
    return listener


def _leave(_signal: int, _frame: FrameType | None) -> None:
    # uvicorn raises the signal that ended it once more, for this handler.
    sys.exit(0)

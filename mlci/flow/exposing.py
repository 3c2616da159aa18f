"""What the agent answers over HTTP: ``/metrics``, and what Argo's analyses ask.

The answers are those of its last round, whoever asks.
"""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from mlci.errors import Broken

_TEXT = "text/plain; version=0.0.4; charset=utf-8"
_JSON = "application/json"


@dataclass
class Exposing:
    """``text`` are the metrics; it may be replaced at any time, an answer is one whole text.
    ``ask`` answers other paths with JSON, or with None where it doesn't know one."""

    text: str = ""
    ask: Callable[[str], Mapping[str, Any] | None] | None = None
    _server: ThreadingHTTPServer | None = field(default=None, repr=False)

    def start(self, port: int, host: str = "127.0.0.1") -> int:
        """Serves from now on; 0 takes any free port. The port. Raises Broken where it is taken."""
        exposing = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 30  # seconds; a client that sends nothing holds a thread no longer

            def do_GET(self) -> None:
                status, kind, body = exposing.answer(self.path.split("?")[0])
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Scrapes are no news."""

        try:
            self._server = ThreadingHTTPServer((host, port), Handler)
        except OSError as error:
            raise Broken(
                place=f"{host}:{port}",
                found=f"can't be listened on ({error.strerror})",
                expected="an address of this machine, and a free port on it",
                next_step="stop that program, or name others with --metrics-port and --host",
            ) from None
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return int(self._server.server_address[1])

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Status, type and body of the answer to a GET."""
        if path == "/metrics":
            return 200, _TEXT, self.text.encode()
        said = self.ask(path) if self.ask is not None else None
        if said is not None:
            return 200, _JSON, json.dumps(said, allow_nan=False).encode()
        return 404, _TEXT, b"see /metrics\n"

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

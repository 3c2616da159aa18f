"""The agent's ``/metrics`` on loopback: the text of its last round, whoever asks."""

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from mlci.errors import Broken

_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass
class Exposing:
    """``text`` may be replaced at any time; an answer is one whole text."""

    text: str = ""
    _server: ThreadingHTTPServer | None = field(default=None, repr=False)

    def start(self, port: int) -> int:
        """Serves from now on; 0 takes any free port. The port. Raises Broken where it is taken."""
        exposing = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = self.path.split("?")[0] == "/metrics"
                body = (exposing.text if found else "see /metrics\n").encode()
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", _TYPE)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Scrapes are no news."""

        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        except OSError as error:
            raise Broken(
                place=f"127.0.0.1:{port}",
                found=f"can't be listened on ({error.strerror})",
                expected="a free port for /metrics",
                next_step="stop that program, or name another port with --metrics-port",
            ) from None
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return int(self._server.server_address[1])

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

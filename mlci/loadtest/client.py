"""One client of a served model: requests one after the other, each answered or an error."""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from mlci.errors import Broken
from mlci.loadtest.served import Server

_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Client:
    """A connection that stays open between requests."""

    server: Server
    _connection: http.client.HTTPConnection

    def ready(self) -> None:
        """Raises Broken unless the server says that it is ready."""
        self._ask("GET", "/v2/health/ready", None)

    def infer(self, body: bytes) -> None:
        """Raises Broken unless the model answers the request."""
        self._ask("POST", urlsplit(self.server.infer).path, body)

    def _ask(self, method: str, path: str, body: bytes | None) -> None:
        try:
            self._connection.request(method, path, body)
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            found = f"no answer: {error or type(error).__name__}"
        else:
            if answer.status == http.client.OK:
                return
            found = f"status {answer.status}: {text[:200].decode(errors='replace')}"
        raise Broken(
            place=f"{method} {path}",
            found=found,
            expected=f"status 200 within {_TIMEOUT_SECONDS:.0f} s",
        )


@contextmanager
def client_of(server: Server) -> Iterator[Client]:
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection(
        address.hostname or "", address.port, timeout=_TIMEOUT_SECONDS
    )
    try:
        yield Client(server=server, _connection=connection)
    finally:
        connection.close()

"""HTTP over Unix sockets: how supervisord and Envoy's admin interface are spoken to.

Both sockets lie in the environment's own folder (mode 0700), so no port can be reached by others.
"""

import http.client
import os
import socket
import xmlrpc.client
from pathlib import Path
from typing import Any

from mlci.errors import Broken

TIMEOUT = 10.0


class UnixConnection(http.client.HTTPConnection):
    """An HTTP connection to the socket file ``path``."""

    def __init__(self, path: Path, timeout: float = TIMEOUT) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        # A socket's address has room for 107 bytes; the folder's descriptor makes any path short.
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.sock.settimeout(self.timeout)
            self.sock.connect(f"/proc/self/fd/{folder}/{self._path.name}")
        except OSError:
            self.sock.close()
            raise
        finally:
            os.close(folder)


class XmlRpcTransport(xmlrpc.client.Transport):
    """XML-RPC over a Unix socket, each call on its own connection and bounded in time."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__()
        self._path, self._timeout = path, timeout

    def make_connection(self, host: Any) -> UnixConnection:  # noqa: ARG002
        return UnixConnection(self._path, self._timeout)


def ask(path: Path, method: str, target: str) -> bytes:
    """The body of a 200 answer; Broken for any other, and where nobody answers."""
    connection = UnixConnection(path)
    try:
        connection.request(method, target)
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise Broken(
            place=str(path), found=f"no answer ({error})", expected="a process that listens here"
        ) from None
    finally:
        connection.close()
    if response.status != 200:
        raise Broken(
            place=f"{path} {target}", found=f"status {response.status}", expected="status 200"
        )
    return body

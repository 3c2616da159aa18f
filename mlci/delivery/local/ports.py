"""Ports on loopback."""

import errno
import random
import socket

# Below the range from which Linux takes the local ports of outgoing connections: while a crashed
# server is down for a second, no connection of the proxy can take its port.
_CANDIDATES = range(20_000, 32_000)


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:``port`` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def choose(taken: set[int]) -> int:
    """A free port that is not among ``taken`` (ports of servers that may be down just now)."""
    for port in random.sample(_CANDIDATES, 200):
        if port not in taken and is_free(port):
            return port
    raise OSError(errno.EADDRINUSE, "no free port between 20000 and 32000 on 127.0.0.1")

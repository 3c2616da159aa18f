"""The parent's side of the load generator: orders in, blocks out."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from mlci.errors import Broken
from mlci.loadtest.block import Block, Order, read_block
from mlci.loadtest.processes import Child, child

_START_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where an arm is served, a file with one request body a line, and headers of each request."""

    url: str
    payloads: Path
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Generator:
    """A running generator; use ``generating`` to have one."""

    process: Child
    timeout: float

    def run(self, order: Order) -> Block:
        """Sends the order's requests and waits for their ends. Raises Broken."""
        patience = _START_SECONDS + order.seconds + 4 * self.timeout
        try:
            self.process.write(json.dumps(asdict(order)))
            return read_block(json.loads(self.process.read(patience)))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Broken(
                place="load generator",
                found=self.process.last_words() or f"{type(error).__name__}: {error}",
                expected=f"a block of {order.seconds:.1f} s within {patience:.0f} s",
            ) from None


@contextmanager
def generating(
    targets: Mapping[str, Target], *, rate: float, timeout: float
) -> Iterator[Generator]:
    """Starts a generator of ``rate`` requests a second; each may take ``timeout`` seconds."""
    arms = {
        arm: {
            "url": target.url,
            "payloads": os.fspath(target.payloads),
            "headers": {**target.headers},
        }
        for arm, target in targets.items()
    }
    # The default backend, epoll, wakes on whole milliseconds: lag of our own making.
    backend = {"GEVENT_BACKEND": "select"}
    with child("mlci.loadtest.generator", settings=backend) as process:
        # A child that has ended already is reported by the first order.
        with suppress(OSError):
            process.write(json.dumps({"rate": rate, "timeout": timeout, "arms": arms}))
        yield Generator(process=process, timeout=timeout)

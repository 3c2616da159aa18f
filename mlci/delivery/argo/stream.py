"""A watch: one answer of the API server that goes on, an event a line."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from mlci.delivery.argo.answers import no_answer, refused

LONGEST = 16 * 1024 * 1024  # bytes of a line; etcd holds objects of 1.5 MiB


class Stream:
    """Iterating gives events ``{"type": …, "object": …}`` until the server ends them.

    Raises Refused for an error that the server sends among them, Broken where they stall or break
    off. ``stop`` ends them from another thread, as if they had broken off.
    """

    def __init__(self, response: Any, place: str) -> None:
        self._response = response
        self._place = place

    def __iter__(self) -> Iterator[dict[str, Any]]:
        from urllib3.exceptions import HTTPError

        rest = b""
        try:
            while chunk := self._response.read1():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    yield self._event(line)
                if len(rest) > LONGEST:
                    raise no_answer(self._place, f"an event of more than {LONGEST} bytes")
        except (HTTPError, OSError) as error:
            raise no_answer(self._place, error) from None
        finally:
            self._response.close()
        if rest:
            raise no_answer(self._place, "an event that breaks off")

    def stop(self) -> None:
        with suppress(OSError, ValueError, RuntimeError):
            self._response.shutdown()

    def _event(self, line: bytes) -> dict[str, Any]:
        try:
            event = json.loads(line)
            kind, found = event["type"], event["object"]
            code = int(found.get("code") or 500) if kind == "ERROR" else 0
        except (ValueError, KeyError, TypeError, AttributeError):
            raise no_answer(self._place, f"no event: {line[:60]!r}") from None
        if code:
            raise refused(self._place, code, json.dumps(found).encode())
        return {"type": kind, "object": found}

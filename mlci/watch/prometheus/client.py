"""Asking a Prometheus for raw samples; whatever is no complete answer is an error."""

import json
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

import numpy as np

from mlci.errors import Broken
from mlci.watch.prometheus.series import Series

_LARGEST = 256 * 1024 * 1024
_CHUNK = 1 << 16


class Client:
    """``address`` as in mlci.yaml, ``timeout`` in seconds for one whole answer. Every method raises
    Broken where Prometheus can't be asked, is too slow, or answers with anything else."""

    def __init__(self, address: str, *, timeout: float = 10.0) -> None:
        self._url = urlsplit(address)
        self._address = address
        self._timeout = timeout

    def clock(self) -> float:
        """Prometheus's own time in seconds: its samples lie on this clock."""
        moment, _ = self._asked({"query": "time()"}, "scalar")
        return float(moment)

    def samples(self, query: str, *, at: float, seconds: float) -> tuple[Series, ...]:
        """All samples of the ``seconds`` up to ``at`` of each series that ``query`` selects, as
        they were scraped: nothing is interpolated or extrapolated."""
        asked = {"query": f"{query}[{max(1, round(seconds * 1000))}ms]", "time": f"{at:.3f}"}
        return tuple(self._series(each) for each in self._asked(asked, "matrix"))

    def _series(self, found: Mapping[str, Any]) -> Series:
        try:
            samples = np.array([(float(t), float(v)) for t, v in found["values"]], np.float64)
            labels = {str(name): str(value) for name, value in found["metric"].items()}
        except (KeyError, TypeError, ValueError, AttributeError):
            raise self._broken("a series without samples", "times and numbers") from None
        # A counter that is no number has counted nothing that could be told.
        samples = samples.reshape(-1, 2)[np.isfinite(samples.reshape(-1, 2)).all(axis=1)]
        return Series(labels=labels, times=samples[:, 0], values=samples[:, 1])

    def _asked(self, parameters: Mapping[str, str], kind: str) -> list[Any]:
        status, content = self._posted(urlencode(parameters))
        try:
            answer = json.loads(content)
            data = answer["data"] if answer["status"] == "success" else None
            said = str(answer.get("error", "")) or ", ".join(answer.get("warnings", ()))
        except (ValueError, KeyError, TypeError, AttributeError):
            head = content[:60].decode(errors="replace")
            raise self._broken(f"HTTP {status} and no JSON: {head!r}", "its query API") from None
        # A warning says that the answer may lack a part.
        if data is None or status != 200 or said:
            raise self._broken(f"HTTP {status}: {said}", "an answer without error or warning")
        if data.get("resultType") != kind:
            raise self._broken(f"a {data.get('resultType')}", f"a {kind}")
        result: list[Any] = data["result"]
        return result

    def _posted(self, form: str) -> tuple[int, bytes]:
        deadline = time.monotonic() + self._timeout
        connection = self._connection()
        try:
            path = f"{self._url.path.rstrip('/')}/api/v1/query"
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            connection.request("POST", path, form, headers)
            response = connection.getresponse()
            content = bytearray()
            while chunk := response.read1(_CHUNK):
                content += chunk
                if time.monotonic() > deadline or len(content) > _LARGEST:
                    raise self._broken(
                        f"{len(content)} bytes after {self._timeout:g} s and no end",
                        f"a whole answer of at most {_LARGEST >> 20} MiB",
                    )
            return response.status, bytes(content)
        except (OSError, HTTPException) as error:
            raise self._broken(str(error) or type(error).__name__, "an answer") from None
        finally:
            connection.close()

    def _connection(self) -> HTTPConnection:
        secure = self._url.scheme == "https"
        kind = HTTPSConnection if secure else HTTPConnection
        return kind(self._url.hostname or "", self._url.port, timeout=self._timeout)

    def _broken(self, found: str, expected: str) -> Broken:
        return Broken(
            place=f"Prometheus at {self._address}",
            found=found,
            expected=expected,
            next_step="see whether it is up, and engine.argo.prometheus in mlci.yaml",
        )

"""Live traffic for the demo: real people's rows at a steady rate, and what came of each."""

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

_LANES = 6
_TIMEOUT = 5.0


def bodies(rows: Sequence[dict[str, Any]]) -> list[bytes]:
    """One Open Inference Protocol V2 request for each row: a tensor [1, 1] a column."""
    return [
        json.dumps(
            {
                "inputs": [
                    {
                        "name": name,
                        "shape": [1, 1],
                        "datatype": "BYTES" if isinstance(value, str) else "FP32",
                        "data": [value],
                    }
                    for name, value in row.items()
                ]
            }
        ).encode()
        for row in rows
    ]


@dataclass
class Traffic:
    """``rate`` requests a second to one model from when it is ready, over open connections.

    ``answers`` counts by (version that answered, HTTP status; 0 for no answer at all).
    """

    port: int
    model: str
    requests: list[bytes]
    rate: float
    answers: "Counter[tuple[str, int]]" = field(default_factory=Counter)
    _ended: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _lanes: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        for lane in range(_LANES):
            thread = threading.Thread(target=self._drive, args=(lane,), daemon=True)
            thread.start()
            self._lanes.append(thread)

    def stop(self) -> None:
        self._ended.set()
        for lane in self._lanes:
            lane.join(_TIMEOUT + 1)

    def _drive(self, lane: int) -> None:
        """Each lane sends every ``_LANES``-th request at its own scheduled time."""
        path = f"/v2/models/{self.model}/infer"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_TIMEOUT)
        while not self._ended.wait(0.2) and not _ready(connection):
            connection.close()
        started = time.monotonic()
        number = lane
        while not self._ended.wait(max(0.0, started + number / self.rate - time.monotonic())):
            version, status = "", 0
            try:
                connection.request("POST", path, self.requests[number % len(self.requests)])
                answer = connection.getresponse()
                answer.read()
                version, status = answer.headers.get("Mlci-Release", ""), answer.status
            except (OSError, http.client.HTTPException):
                connection.close()
            with self._lock:
                self.answers[version, status] += 1
            number += _LANES
        connection.close()


def _ready(connection: http.client.HTTPConnection) -> bool:
    try:
        connection.request("GET", "/v2/health/ready")
        answer = connection.getresponse()
        answer.read()
        return answer.status == 200
    except (OSError, http.client.HTTPException):
        return False

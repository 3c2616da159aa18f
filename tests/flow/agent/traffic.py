"""Clients that never stop asking, and count every answer by who gave it."""

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

PATH = "/v2/models/income/infer"
LANES = 4


def body(age: float) -> bytes:
    columns = {"age": age, "hours": 40.0}
    return json.dumps(
        {
            "inputs": [
                {"name": name, "shape": [1, 1], "datatype": "FP32", "data": [value]}
                for name, value in columns.items()
            ]
        }
    ).encode()


USUAL, ODD = body(30.0), body(1000.0)


@dataclass
class Traffic:
    """``answers`` by (status, release); status 0 is a request that was sent and lost.

    ``refused`` connections never came about: nobody listened. ``odd`` is the share of requests
    of the odd kind, changed at any time.
    """

    port: int
    rate: float = 160.0
    odd: float = 0.0
    lanes: int = LANES
    answers: "Counter[tuple[int, str]]" = field(default_factory=Counter)
    refused: int = 0
    _over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> "Traffic":
        self._threads = [threading.Thread(target=self._lane) for _ in range(self.lanes)]
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def of(self, version: str) -> int:
        with self._lock:
            return sum(n for (_, release), n in self.answers.items() if release == version)

    def bad(self, *versions: str) -> dict:
        """All that is no 200, from ``versions`` or, without any, from anybody."""
        with self._lock:
            return {
                each: n
                for each, n in self.answers.items()
                if each[0] != 200 and (not versions or each[1] in versions)
            }

    def seen(self) -> set[tuple[int, str]]:
        """Every (status, release) that was an answer."""
        with self._lock:
            return set(self.answers)

    @property
    def total(self) -> int:
        with self._lock:
            return sum(self.answers.values())

    def _lane(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=90)
        number = 0
        while not self._over.wait(self.lanes / self.rate):
            number += 1
            odd = int(number * self.odd) != int((number - 1) * self.odd)
            self._ask(connection, ODD if odd else USUAL)
        connection.close()

    def _ask(self, connection: http.client.HTTPConnection, content: bytes) -> None:
        try:
            if connection.sock is None:
                connection.connect()
        except ConnectionRefusedError:
            self.refused += 1
            return
        try:
            connection.request("POST", PATH, content)
            answer = connection.getresponse()
            answer.read()
            seen = (answer.status, answer.headers.get("Mlci-Release", ""))
        except (OSError, http.client.HTTPException):
            connection.close()
            seen = (0, "")
        with self._lock:
            self.answers[seen] += 1


def until(condition: Callable[[], object], seconds: float = 120.0, every: float = 0.05) -> object:
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {condition}")
        time.sleep(every)
    return value

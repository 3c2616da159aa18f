"""What a model server counted of its own requests, in Prometheus's text format."""

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
# Upper edges in milliseconds: dense where latency budgets usually are.
_EDGES = (1, 2, 5, 10, 15, 20, 25, 30, 40, 50, 75, 100, 150, 200, 250, 300, 400, 500)
EDGES = tuple(each / 1000 for each in (*_EDGES, 750, 1000, 1500, 2000, 3000, 5000, 10000))
GONE = 0  # in place of a status code: the client left before the answer


class Counting:
    """Requests for answers of the model; those for its health and metadata aren't counted."""

    def __init__(self) -> None:
        self._active = 0
        self._codes: Counter[int] = Counter()
        self._slots = [0] * (len(EDGES) + 1)
        self._seconds = 0.0

    @contextmanager
    def request(self) -> Iterator["Counted"]:
        """One request, from here to the end of the block, whatever ends it."""
        began, counted = time.perf_counter(), Counted()
        self._active += 1
        try:
            yield counted
        except Exception:
            counted.code = 500
            raise
        finally:
            self._active -= 1
            self._codes[counted.code] += 1
            if counted.code != GONE:
                seconds = time.perf_counter() - began
                self._slots[bisect_left(EDGES, seconds)] += 1
                self._seconds += seconds

    def exposition(self) -> bytes:
        """All counters; a code is there from its first request on."""
        return "".join(f"{line}\n" for line in self._lines()).encode()

    def _lines(self) -> Iterator[str]:
        yield "# HELP mlci_serve_requests_total Requests for answers that have ended."
        yield "# TYPE mlci_serve_requests_total counter"
        for code, count in sorted(self._codes.items()):
            yield f'mlci_serve_requests_total{{code="{code}"}} {count}'
        yield "# HELP mlci_serve_requests_active Requests in flight."
        yield "# TYPE mlci_serve_requests_active gauge"
        yield f"mlci_serve_requests_active {self._active}"
        yield "# HELP mlci_serve_request_duration_seconds Time to the answer, of any code."
        yield "# TYPE mlci_serve_request_duration_seconds histogram"
        within = 0
        for edge, count in zip((*EDGES, "+Inf"), self._slots, strict=True):
            within += count
            yield f'mlci_serve_request_duration_seconds_bucket{{le="{edge}"}} {within}'
        yield f"mlci_serve_request_duration_seconds_sum {self._seconds}"
        yield f"mlci_serve_request_duration_seconds_count {within}"


class Counted:
    """The status code of one request, once it is known."""

    code: int = GONE

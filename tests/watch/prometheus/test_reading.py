"""What is read of a real Prometheus, and of whatever else may answer at its address."""

import socketserver
import threading
import time

import pytest

from mlci.errors import Broken
from mlci.records.prometheus import SOURCES, Arm, Prometheus, Requests, selector
from mlci.watch.prometheus.client import Client
from mlci.watch.prometheus.reading import read

CANARY = Arm(namespace="models", model="income", service="income-canary", hash="c0ffee")
STABLE = Arm(namespace="models", model="income", service="income", hash="5ab1e")


def source(address, **changes) -> Prometheus:
    return Prometheus(
        **{
            "address": address,
            "requests": (Requests(query='requests_total{hash="$hash"}', code="code"),),
            "buckets": 'seconds_bucket{hash="$hash"}',
            "active": 'active{hash="$hash"}',
            "every": 1.0,
            **changes,
        }
    )


@pytest.mark.journey
def test_the_looks_at_a_real_prometheus_and_again_from_nothing(prometheus, counters, until):
    client, since = Client(prometheus), time.time() - 5
    asked = source(prometheus)
    counters.lines['requests_total{hash="5ab1e",code="200"}'] = 5000
    assert "no sample of requests_total" in read(client, asked, CANARY, STABLE, since=since).nothing
    until(lambda: client.samples('requests_total{hash="5ab1e"}', at=client.clock(), seconds=60))
    time.sleep(3)
    for k in range(1, 4):
        counters.lines['requests_total{hash="5ab1e",code="200"}'] = 5000 + 10 * k
        counters.lines['requests_total{hash="c0ffee",code="200"}'] = 3 * k
        counters.lines['requests_total{hash="c0ffee",code="503"}'] = k
        counters.lines['seconds_bucket{hash="c0ffee",le="0.1"}'] = 2 * k
        counters.lines['seconds_bucket{hash="c0ffee",le="+Inf"}'] = 4 * k
        counters.lines['active{hash="c0ffee"}'] = 1
        time.sleep(1.5)
    time.sleep(3)
    first = read(client, asked, CANARY, STABLE, since=since).looks
    canary, stable = first[-1].arms["c0ffee"], first[-1].arms["5ab1e"]
    assert (canary.completed, canary.failed, canary.active, canary.buckets) == (
        12,
        3,
        1,
        ((0.1, 6),),
    )
    assert 10 <= stable.completed <= 30
    again = read(Client(prometheus), asked, CANARY, STABLE, since=since).looks
    assert again[: len(first)] == first

    counters.failing = True
    time.sleep(4)
    assert read(client, asked, CANARY, STABLE, since=since).looks[-1] is None


@pytest.mark.journey
def test_what_can_t_be_counted_is_said(prometheus, counters, until):
    client, since = Client(prometheus), time.time() - 5
    counters.lines['requests_total{hash="c0ffee",code="teapot"}'] = 1
    until(lambda: client.samples("requests_total", at=client.clock(), seconds=60))
    with pytest.raises(Broken, match=r"label code: 'teapot'; expected a status code"):
        read(client, source(prometheus), CANARY, STABLE, since=since)
    other = source(prometheus, requests=(Requests(query="requests_total", code="status"),))
    with pytest.raises(Broken, match=r"label status: none among .*code"):
        read(client, other, CANARY, STABLE, since=since)
    bad = source(prometheus, requests=(Requests(query="requests_total{", code="code"),))
    with pytest.raises(Broken, match=r"HTTP 400: .*parse error"):
        read(client, bad, CANARY, STABLE, since=since)


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        (b"HTTP/1.0 200 OK\r\n\r\n<html>please log in</html>", "no JSON: '<html>please log in"),
        (b"HTTP/1.0 502 Bad Gateway\r\n\r\n", "HTTP 502 and no JSON"),
        (b'HTTP/1.0 200 OK\r\n\r\n{"status":"success","data":{"resultType":"vector"}}', "a vector"),
        (
            b'HTTP/1.0 200 OK\r\n\r\n{"status":"success","warnings":["a store is away"],"data":{}}',
            "a store is away",
        ),
        (b"no HTTP at all", "no HTTP"),
        (b"", "closed connection"),
    ],
)
def test_an_answer_that_is_none(reply, found):
    with _answering(reply) as address, pytest.raises(Broken, match=found) as broken:
        Client(address).clock()
    assert address in str(broken.value)


def test_an_answer_that_trickles_or_never_comes():
    for reply, pause in ((b"HTTP/1.0 200 OK\r\n\r\n" + b" " * 40, 0.05), (b"", 2.0)):
        with _answering(reply, pause) as address, pytest.raises(Broken, match=r"timed out|no end"):
            Client(address, timeout=0.3).clock()


def test_nobody_there(free_port):
    with pytest.raises(Broken, match="refused"):
        Client(f"http://127.0.0.1:{free_port()}").clock()


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_every_source_tells_the_arms_apart(name):
    for of in SOURCES[name]["requests"]:
        assert selector(of["query"], CANARY) != selector(of["query"], STABLE)
        assert "$" not in selector(of["query"], CANARY)


class _answering:
    """Not a Prometheus: says ``reply``, after a pause or byte by byte."""

    def __init__(self, reply: bytes, pause: float = 0.0) -> None:
        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                self.request.recv(65536)
                try:
                    for k in range(len(reply)) if pause and reply else ():
                        self.request.sendall(reply[k : k + 1])
                        time.sleep(pause if k > 18 else 0)
                    if not pause:
                        self.request.sendall(reply)
                    elif not reply:
                        time.sleep(pause)
                except OSError:
                    pass

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    def __enter__(self) -> str:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

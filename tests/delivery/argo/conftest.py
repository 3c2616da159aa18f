"""Documents that the real controllers wrote, and a server that says what no API server should."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from mlci.delivery.argo.cluster import Cluster, connect

RECORDED = Path(__file__).parent / "recorded"


@pytest.fixture
def recorded() -> Callable[[str], Any]:
    return lambda name: json.loads((RECORDED / f"{name}.json").read_text())


@pytest.fixture
def answering(tmp_path: Path) -> Iterator[Callable[..., Cluster]]:
    """A cluster whose server answers by a function of method and path: a status and chunks of a
    body, which break off where one of them is None."""
    with ExitStack() as stack:

        def make(answer: Callable[[str, str], tuple[int, Any]]) -> Cluster:
            return stack.enter_context(_serving(answer, tmp_path / "kubeconfig"))

        yield make


@contextmanager
def _serving(answer: Callable[[str, str], tuple[int, Any]], kubeconfig: Path) -> Iterator[Cluster]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, chunks = answer(self.command, self.path)
            self.send_response(status)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for chunk in chunks:
                if chunk is None:
                    self.close_connection = True
                    return
                self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")

        do_GET = do_POST = do_PATCH = _answer

        def log_message(self, *_: Any) -> None:
            """Tests print nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            """A client that has left is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    kubeconfig.write_text(json.dumps(access(f"http://127.0.0.1:{server.server_port}")))
    cluster = connect("models", kubeconfig)
    try:
        yield cluster
    finally:
        cluster.close()
        server.shutdown()
        server.server_close()
        thread.join()


def access(server: str) -> dict[str, Any]:
    """A kubeconfig."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"token": "secret"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }


@pytest.fixture(scope="session")
def recorded_all() -> list[tuple[str, Any]]:
    return [(file.stem, json.loads(file.read_text())) for file in sorted(RECORDED.glob("*.json"))]

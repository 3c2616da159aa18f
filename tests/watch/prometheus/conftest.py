"""A real Prometheus that scrapes counters which a test moves by hand."""

import http.server
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
from dataclasses import dataclass, field

import pytest


@dataclass
class Counters:
    """What ``/metrics`` says; a failing one answers 503."""

    lines: dict[str, float] = field(default_factory=dict)
    failing: bool = False


@pytest.fixture
def counters():
    found = Counters()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = "".join(f"{name} {value}\n" for name, value in [*found.lines.items()]).encode()
            self.send_response(503 if found.failing else 200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found.port = server.server_port
        yield found
        server.shutdown()


@pytest.fixture
def prometheus(counters, tmp_path, free_port):
    """Its address. Debian's program; scrapes each second."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("no prometheus on the PATH: Debian has it as the package prometheus")
    config = tmp_path / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 1s}\n"
        "scrape_configs:\n"
        f"  - {{job_name: test, static_configs: [{{targets: ['127.0.0.1:{counters.port}']}}]}}\n"
    )
    listen = f"127.0.0.1:{free_port()}"
    argv = [program, f"--config.file={config}", f"--storage.tsdb.path={tmp_path / 'tsdb'}"]
    argv += [f"--web.listen-address={listen}", "--log.level=error"]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"http://{listen}/-/ready", timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://{listen}"
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
def free_port():
    def find() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    return find


@pytest.fixture
def until():
    def wait(condition) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.2)

    return wait

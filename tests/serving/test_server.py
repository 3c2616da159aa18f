import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

pytestmark = [pytest.mark.journey, pytest.mark.alone]


def rows(*ages):
    return {
        "inputs": [
            {"name": name, "datatype": "FP32", "shape": [len(ages), 1], "data": list(ages)}
            for name in ("age", "hours")
        ]
    }


@pytest.fixture
def income(onnx_models, serve, tmp_path):
    model = onnx_models.linear(tmp_path / "m.onnx")
    return serve(model, "--name", "income", "--version", "1.5.0")


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        ("/v2", "extensions", []),
        ("/v2/health/live", "live", True),
        ("/v2/health/ready", "ready", True),
        ("/v2/models/income/ready", "ready", True),
        ("/v2/models/income", "versions", ["1.5.0"]),
        ("/v2/models/income/versions/1.5.0/ready", "name", "income"),
    ],
)
def test_the_server_tells_about_itself(income, path, key, value):
    status, headers, document = income.ask("GET", path)

    assert status == 200
    assert document[key] == value
    assert headers["mlci-release"] == "1.5.0"


@pytest.mark.parametrize("path", ["infer", "versions/1.5.0/infer"])
def test_an_inference_is_answered_with_the_release_that_did_it(income, path):
    status, headers, document = income.ask(
        "POST", f"/v2/models/income/{path}", {**rows(20, 40), "id": "r-1"}
    )

    assert status == 200
    assert headers["mlci-release"] == "1.5.0"
    assert (document["model_name"], document["model_version"]) == ("income", "1.5.0")
    assert document["id"] == "r-1"
    assert document["outputs"][0]["shape"] == [2, 2]
    assert sum(document["outputs"][0]["data"]) == pytest.approx(2)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/models/wages", 404),
        ("POST", "/v2/models/wages/infer", 404),
        ("POST", "/v2/models/income/versions/2/infer", 404),
        ("GET", "/v2/models/income/explain", 404),
        ("GET", "/", 404),
        ("GET", "/v2/models", 404),
        ("GET", "/v2/models/income/infer", 405),
        ("POST", "/v2/models/income", 405),
    ],
)
def test_an_unknown_path_or_method_is_refused(income, method, path, status):
    got, _, document = income.ask(method, path)

    assert got == status
    assert document["error"]


def test_a_malformed_request_is_the_clients_fault(income):
    status, _, document = income.ask("POST", "/v2/models/income/infer", b"{}")

    assert status == 400
    assert "expected" in document["error"]


def test_a_body_beyond_the_cap_is_refused_and_the_server_lives(income):
    body = b" " * (16 * 1024 * 1024 + 1)

    assert income.ask("POST", "/v2/models/income/infer", body)[0] == 413
    assert income.ask("POST", "/v2/models/income/infer", rows(20))[0] == 200


def test_every_datatype_is_served(onnx_models, serve, tmp_path):
    server = serve(onnx_models.echo(tmp_path / "echo.onnx"), "--name", "echo")
    values = {"flag": [True], "count": [2**53 + 1], "text": ["é"], "ratio": [0.5]}
    kinds = {"flag": "BOOL", "count": "INT64", "text": "BYTES", "ratio": "FP32"}
    inputs = [
        {"name": name, "datatype": kinds[name], "shape": [1], "data": data}
        for name, data in values.items()
    ]

    status, _, document = server.ask("POST", "/v2/models/echo/infer", {"inputs": inputs})

    assert status == 200
    answered = {each["name"].removesuffix("_out"): each for each in document["outputs"]}
    assert {name: each["data"] for name, each in answered.items()} == values
    assert {name: each["datatype"] for name, each in answered.items()} == kinds


def test_a_model_that_fails_is_the_servers_fault(onnx_models, serve, tmp_path):
    server = serve(onnx_models.picky(tmp_path / "m.onnx"), "--name", "picky")
    tensor = {"name": "sex", "datatype": "BYTES", "shape": [1, 1], "data": ["Other"]}

    status, headers, document = server.ask("POST", "/v2/models/picky/infer", {"inputs": [tensor]})

    assert status == 500
    assert "fails at run time" in document["error"]
    assert headers["mlci-release"] == "1"


def test_nan_is_never_sent(onnx_models, serve, tmp_path):
    server = serve(onnx_models.logarithm(tmp_path / "m.onnx"), "--name", "log")
    tensor = {"name": "x", "datatype": "FP32", "shape": [1], "data": [-1.0]}

    status, _, document = server.ask("POST", "/v2/models/log/infer", {"inputs": [tensor]})

    assert status == 500
    assert "NaN" in document["error"]


def test_a_slow_inference_blocks_no_health_check_and_is_finished_on_sigterm(
    onnx_models, serve, tmp_path
):
    server = serve(onnx_models.slow(tmp_path / "m.onnx", 30_000), "--name", "slow")
    answers = []
    asking = [
        threading.Thread(
            target=lambda: answers.append(server.ask("POST", "/v2/models/slow/infer", rows(1)))
        )
        for _ in range((os.cpu_count() or 1) + 1)
    ]
    idle = server.connect()
    idle.request("GET", "/v2/health/ready")
    idle.getresponse().read()
    for thread in asking:
        thread.start()
    time.sleep(0.2)

    assert server.ask("GET", "/v2/health/live")[0] == 200
    assert not answers
    server.process.send_signal(signal.SIGTERM)
    for thread in asking:
        thread.join()

    assert [status for status, _, _ in answers] == [200] * len(asking)
    assert all(headers["connection"] == "close" for _, headers, _ in answers)
    assert server.process.wait(10) == 0
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", server.port), timeout=5)
    idle.close()


def test_nobody_computes_for_clients_that_have_gone(onnx_models, serve, tmp_path):
    server = serve(onnx_models.slow(tmp_path / "m.onnx", 4000), "--name", "slow")
    waiting = [server.connect() for _ in range(200)]
    for connection in waiting:
        connection.request("POST", "/v2/models/slow/infer", json.dumps(rows(1)))
    time.sleep(0.1)
    for connection in waiting:
        connection.close()

    # Two hundred inferences of some 200 ms each would outlast the client's patience.
    connection = server.connect()
    connection.timeout = 10
    connection.request("POST", "/v2/models/slow/infer", json.dumps(rows(1)))
    assert connection.getresponse().status == 200
    connection.close()


def test_what_was_asked_is_counted_for_prometheus(income):
    income.ask("POST", "/v2/models/income/infer", rows(20))
    income.ask("POST", "/v2/models/income/infer", rows(20, 40))
    income.ask("POST", "/v2/models/income/infer", {"inputs": "none"})
    income.ask("GET", "/v2/models/income")
    with urllib.request.urlopen(f"http://127.0.0.1:{income.port}/metrics") as answer:
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        families = {
            each.name: each for each in text_string_to_metric_families(answer.read().decode())
        }
    requests = {each.labels["code"]: each.value for each in families["mlci_serve_requests"].samples}
    assert requests == {"200": 2, "400": 1}
    assert [each.value for each in families["mlci_serve_requests_active"].samples] == [0]
    durations = families["mlci_serve_request_duration_seconds"].samples
    within = [each.value for each in durations if each.name.endswith("_bucket")]
    assert within == sorted(within)
    assert within[-1] == 3
    status, headers, _ = income.ask("POST", "/metrics")
    assert (status, headers["allow"]) == (405, "GET, HEAD")


def test_a_server_may_end_with_its_parent(onnx_models, serve, tmp_path):
    server = serve(onnx_models.linear(tmp_path / "m.onnx"), "--stop-with-stdin")

    server.process.stdin.close()
    server.process.stdin = None

    assert server.process.wait(10) == 0


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "mlci", "serve", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )


def test_a_port_in_use_is_an_error_with_a_way_out(onnx_models, tmp_path):
    model = onnx_models.linear(tmp_path / "m.onnx")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = run(str(model), "--port", str(taken.getsockname()[1]))

    assert ended.returncode == 5
    assert "in use" in ended.stderr
    assert "--port" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_a_pickle_is_refused_before_anything_listens(tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(pickle.dumps([1]))

    ended = run(str(path))

    assert ended.returncode == 5
    assert "a pickle" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("option", ["--name", "--version"])
def test_what_stands_in_headers_and_paths_is_checked(onnx_models, tmp_path, option):
    ended = run(str(onnx_models.linear(tmp_path / "m.onnx")), option, "a\r\nx: y")

    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr

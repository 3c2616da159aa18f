"""Smoke requests to a server that answers as it is told, one fault at a time."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from mlci.errors import Broken
from mlci.loadtest.smoke import REQUESTS, Asking, smoke

TENSOR = {"name": "x", "datatype": "FP32", "shape": [-1, 2]}
METADATA = {"inputs": [TENSOR], "outputs": [{"name": "p"}]}
GOOD = {"outputs": [{"name": "p", "datatype": "FP32", "shape": [1, 2], "data": [0.25, 0.75]}]}


class Preview(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self):
        self.server.asked.append((self.path, self.headers["Mlci-Preview"]))
        size = int(self.headers["Content-Length"] or 0)
        if size:
            assert len(json.loads(self.rfile.read(size))["inputs"][0]["data"]) == 2
        said = {"/infer": self.server.answer, "income": self.server.metadata, "/ready": {}}
        body = next(said[end] for end in said if self.path.endswith(end))
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(self.server.status)
        self.send_header("Mlci-Release", self.server.release)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = _answer

    def log_message(self, *_):
        pass


@pytest.fixture
def preview(tmp_path):
    """``preview(answer=…)`` -> the result, and what was asked."""
    parquet.write_table(
        pa.table({"age": [float(each) for each in range(50)], "hours": [40.0] * 50}),
        tmp_path / "exam.parquet",
    )

    def run(inputs=("age", "hours"), **how):
        with ThreadingHTTPServer(("127.0.0.1", 0), Preview) as server:
            usual = {"answer": GOOD, "metadata": METADATA, "status": 200, "release": "1.1"}
            vars(server).update({**usual, **how}, asked=[])
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                asking = Asking(
                    port=server.server_port,
                    headers={"Mlci-Preview": "income"},
                    model="income",
                    version="1.1",
                )
                return smoke(asking, {"x": [*inputs]}, tmp_path / "exam.parquet"), server.asked
            finally:
                server.shutdown()
                thread.join()

    return run


def test_rows_are_asked_of_the_preview_alone(preview):
    result, asked = preview()
    assert (result.asked, result.wrong, len(result.bodies)) == (REQUESTS, "", 50)
    assert {header for _, header in asked} == {"income"}
    assert len(asked) == REQUESTS + 2


def answering(**changes):
    return {"answer": {"outputs": [{**GOOD["outputs"][0], **changes}]}}


@pytest.mark.parametrize(
    ("how", "wrong"),
    [
        ({"status": 503}, "status 503"),
        ({"release": "1.0"}, "answered by '1.0', not by '1.1'"),
        ({"metadata": {"inputs": []}}, "its metadata are not those of the protocol"),
        ({"answer": b"<html>"}, "no JSON"),
        ({"answer": {"outputs": []}}, "no answer of the protocol"),
        (answering(data=[0.5]), "1 values of shape [1, 2]"),
        (answering(shape=[2, 1]), "for one row"),
        (answering(data=[0.5, None]), "no answer of the protocol"),
        ({"answer": json.dumps(GOOD).replace("0.25", "NaN").encode()}, "no number in 'p'"),
    ],
)
def test_an_answer_that_is_not_whole_is_said(preview, how, wrong):
    result, _ = preview(**how)
    assert result.wrong.startswith("smoke request 1 to the preview: ")
    assert wrong in result.wrong


def test_data_without_the_models_columns_are_nobodys_answer(preview):
    with pytest.raises(Broken, match="no column 'weeks'"):
        preview(inputs=("age", "weeks"))

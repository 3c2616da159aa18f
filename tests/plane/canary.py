"""A small canary and the judge that its analysis asks, as objects of Argo Rollouts."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GATEWAY = "10.76.0.1"


@dataclass
class Judge:
    """A web server that answers every question with its verdict, and keeps count."""

    url: str
    verdict: str = "HEALTHY"
    asked: list[str] = field(default_factory=list)


@contextmanager
def judging(plane: Any) -> Iterator[Judge]:
    """A judge in the plane's network, for a block that is inside."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            judge.asked.append(self.path)
            body = json.dumps({"outcome": judge.verdict}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Tests print nothing."""

    server = ThreadingHTTPServer((GATEWAY if plane.network else "127.0.0.1", 0), Handler)
    judge = Judge(url=f"http://{server.server_address[0]}:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
    try:
        yield judge
    finally:
        server.shutdown()
        server.server_close()


def documents(url: str, version: str) -> list[dict[str, Any]]:
    """A Rollout of two pods whose steps are half of the traffic and a question to the judge."""
    return [_template(url), _rollout(version)]


def _template(url: str) -> dict[str, Any]:
    metric = {
        "name": "verdict",
        "successCondition": "result == 'HEALTHY'",
        "failureCondition": "result == 'REGRESSED'",
        "provider": {
            "web": {"url": f"{url}/analysis/{{{{args.hash}}}}", "jsonPath": "{$.outcome}"}
        },
    }
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisTemplate",
        "metadata": {"name": "verdict"},
        "spec": {"args": [{"name": "hash"}], "metrics": [metric]},
    }


def _rollout(version: str) -> dict[str, Any]:
    analysis = {
        "templates": [{"templateName": "verdict"}],
        "args": [{"name": "hash", "valueFrom": {"podTemplateHashValue": "Latest"}}],
    }
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": "income"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "income"}},
            "strategy": {"canary": {"steps": [{"setWeight": 50}, {"analysis": analysis}]}},
            "template": {
                "metadata": {
                    "labels": {"app": "income"},
                    "annotations": {"mlci.dev/release": version},
                },
                "spec": {
                    "terminationGracePeriodSeconds": 1,
                    "containers": [{"name": "model", "image": "any", "command": ["sleep", "3600"]}],
                },
            },
        },
    }

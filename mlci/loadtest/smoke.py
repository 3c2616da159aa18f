"""Rows of an exam, asked of a preview: does it answer, and are the answers whole?

Whether the answers are right is the gate's matter, not this one's.
"""

import http.client
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlci.loadtest.payloads import payloads
from mlci.serving.session import Tensor

REQUESTS = 20
_SEED = 20_260_801
# More than the proxy gives a request, so that its 504 is heard.
_TIMEOUT = 20.0
_REAL = ("FP16", "FP32", "FP64")


@dataclass(frozen=True, kw_only=True)
class Described:
    """A served model as its own metadata describe it."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Smoked:
    """How many were answered well, what is wrong with the first that wasn't (or ""), and all bodies
    that there are to ask with."""

    asked: int
    wrong: str
    bodies: tuple[bytes, ...]


class WrongError(Exception):
    """An answer that is not whole."""


def smoke(asking: "Asking", stacked: Mapping[str, Sequence[str]], data: Path) -> Smoked:
    """Asks readiness, metadata and rows. ``stacked`` as for ``payloads``. Raises Broken where there
    are no rows to ask with."""
    base, bodies, asked = f"/v2/models/{asking.model}", tuple[bytes, ...](), 0
    try:
        asking.get(f"{base}/ready")
        model = described(asking.get(base))
        bodies = payloads(model, stacked, data, seed=_SEED)
        for body in bodies[:REQUESTS]:
            check_answer(asking.post(f"{base}/infer", body), model.outputs)
            asked += 1
    except WrongError as error:
        wrong = f"smoke request {asked + 1} to the preview: {error}"
        return Smoked(asked=asked, wrong=wrong, bodies=bodies)
    return Smoked(asked=asked, wrong="", bodies=bodies)


def described(document: Any) -> Described:
    try:
        return Described(
            inputs=tuple(
                Tensor(name=each["name"], datatype=each["datatype"], shape=tuple(each["shape"]))
                for each in document["inputs"]
            ),
            outputs=tuple(each["name"] for each in document["outputs"]),
        )
    except (KeyError, TypeError) as error:
        raise WrongError(f"its metadata are not those of the protocol ({error!r})") from None


def check_answer(answer: Any, outputs: Sequence[str]) -> None:
    """Raises WrongError unless it has all outputs, each for one row, and every number is one."""
    try:
        found = {each["name"]: each for each in answer["outputs"]}
        for name in outputs:
            one = found[name]
            if len(one["data"]) != math.prod(one["shape"]) or one["shape"][:1] not in ([1], []):
                count, shape = len(one["data"]), one["shape"]
                raise WrongError(f"{count} values of shape {shape} in {name!r} for one row")
            if one["datatype"] in _REAL and not all(map(math.isfinite, one["data"])):
                raise WrongError(f"no number in {name!r}")
    except (KeyError, TypeError, ValueError) as error:
        raise WrongError(f"no answer of the protocol ({error!r})") from None


@dataclass(frozen=True, kw_only=True)
class Asking:
    """One request after the other, each of which the preview itself has to answer."""

    port: int
    headers: Mapping[str, str]
    model: str
    version: str

    def get(self, path: str) -> Any:
        return self._ask("GET", path, None)

    def post(self, path: str, body: bytes) -> Any:
        return self._ask("POST", path, body)

    def _ask(self, method: str, path: str, body: bytes | None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_TIMEOUT)
        try:
            connection.request(method, path, body, dict(self.headers))
            answer = connection.getresponse()
            status, content = answer.status, answer.read()
            who = answer.headers.get("Mlci-Release", "")
        except (OSError, http.client.HTTPException) as error:
            raise WrongError(f"no answer ({type(error).__name__}: {error})") from None
        finally:
            connection.close()
        if status != 200:
            raise WrongError(f"status {status}: {content[:200].decode(errors='replace')}")
        if who != self.version:
            raise WrongError(f"answered by {who!r}, not by {self.version!r}")
        try:
            return json.loads(content)
        except ValueError:
            raise WrongError("an answer that is no JSON") from None

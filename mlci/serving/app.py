"""The Open Inference Protocol V2 for one model, as a plain ASGI application."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from mlci import __version__
from mlci.errors import Broken
from mlci.serving.counting import CONTENT_TYPE, Counting
from mlci.serving.session import OnnxModel, Tensor
from mlci.serving.tensors import AnswerError, RequestError, decode, encode

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

BODY_LIMIT = 16 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    body: bytes
    allow: bytes = b""
    content_type: bytes = b"application/json"


class Application:
    """Answers for one model. ``draining`` asks clients to leave: not ready, and no keep-alive.

    Inference runs in threads, one a processor, so that a slow one never blocks a health check.
    """

    def __init__(self, model: OnnxModel, *, name: str, version: str) -> None:
        self.draining = False
        self._model = model
        self._name = name
        self._version = version
        self._counting = Counting()
        workers = os.cpu_count() or 1
        self._free = asyncio.Semaphore(workers)
        self._workers = ThreadPoolExecutor(workers, thread_name_prefix="inference")

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        answer = await self._answer(scope, receive)
        if answer is None:
            return
        headers = [
            (b"content-type", answer.content_type),
            (b"content-length", str(len(answer.body)).encode()),
            (b"mlci-release", self._version.encode()),
        ]
        if answer.allow:
            headers.append((b"allow", answer.allow))
        if self.draining or answer.status == 413:
            headers.append((b"connection", b"close"))
        start = {"type": "http.response.start", "status": answer.status, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, scope: Mapping[str, Any], receive: Receive) -> Answer | None:
        """None when the client has gone."""
        parts = tuple(part for part in scope["path"].split("/") if part)
        if parts == ("metrics",):
            return self._metrics(scope["method"])
        if parts[:2] != ("v2", "models"):
            return self._server(scope["method"], parts)
        name, rest = parts[2] if len(parts) > 2 else "", parts[3:]
        version = self._version
        if rest[:1] == ("versions",) and len(rest) > 1:
            version, rest = rest[1], rest[2:]
        if name != self._name or version != self._version:
            asked = f"{name} {version}" if version != self._version else name
            return _error(404, f"unknown model {asked!r}; here is {self._name} {self._version}")
        if rest == ("infer",):
            with self._counting.request() as counted:
                answer = await self._infer(scope["method"], receive)
                counted.code = answer.status if answer is not None else counted.code
            return answer
        return self._about_model(scope["method"], rest)

    def _server(self, method: str, parts: tuple[str, ...]) -> Answer:
        match parts:
            case ("v2",):
                return _read(method, {"name": "mlci", "version": __version__, "extensions": []})
            case ("v2", "health", "live"):
                return _read(method, {"live": True})
            case ("v2", "health", "ready"):
                return _read(method, {"ready": self._ready}, ready=self._ready)
        return _error(404, f"no such path: /{'/'.join(parts)}")

    def _metrics(self, method: str) -> Answer:
        if method not in ("GET", "HEAD"):
            return _not_read(method)
        body = self._counting.exposition()
        return Answer(status=200, body=body, content_type=CONTENT_TYPE)

    def _about_model(self, method: str, rest: tuple[str, ...]) -> Answer:
        match rest:
            case ():
                return _read(method, self._metadata())
            case ("ready",):
                return _read(method, {"name": self._name, "ready": self._ready}, ready=self._ready)
        return _error(404, f"no such path below the model: {'/'.join(rest)}")

    @property
    def _ready(self) -> bool:
        return not self.draining

    def _metadata(self) -> dict[str, Any]:
        return {
            "name": self._name,
            "versions": [self._version],
            "platform": "onnx_onnxv1",
            "inputs": [_describe(tensor) for tensor in self._model.inputs],
            "outputs": [_describe(tensor) for tensor in self._model.outputs],
        }

    async def _infer(self, method: str, receive: Receive) -> Answer | None:
        if method != "POST":
            return _error(405, f"got {method}, expected POST", allow=b"POST")
        body = await _body(receive)
        if body is None:
            return None
        if len(body) > BODY_LIMIT:
            return _error(413, f"the body is larger than {BODY_LIMIT} bytes")
        if not await self._turn(receive):
            return None
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._workers, self._compute, body)
        finally:
            self._free.release()

    async def _turn(self, receive: Receive) -> bool:
        """Waits for a free thread; False when the client has gone first, so that an overload
        isn't fed with work that nobody waits for."""
        if not self._free.locked():
            return await self._free.acquire()
        turn = asyncio.ensure_future(self._free.acquire())
        gone = asyncio.ensure_future(_disconnected(receive))
        await asyncio.wait({turn, gone}, return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        if turn.done():
            return True
        turn.cancel()
        return False

    def _compute(self, body: bytes) -> Answer:
        try:
            request = decode(body, self._model.inputs, self._model.outputs)
        except RequestError as error:
            return _error(400, str(error))
        try:
            values = self._model.run(request.feeds)
            outputs = [encode(name, values[name]) for name in request.outputs]
        except Broken as error:
            return _error(500, error.found)
        except AnswerError as error:
            return _error(500, str(error))
        reply = {"model_name": self._name, "model_version": self._version, "outputs": outputs}
        return _json(200, reply if request.id is None else {**reply, "id": request.id})


async def _body(receive: Receive) -> bytes | None:
    """The whole body, or a little more than the limit of it; None when the client has gone."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False) or len(body) > BODY_LIMIT:
            return bytes(body)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _describe(tensor: Tensor) -> dict[str, Any]:
    return {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape)}


def _read(method: str, document: dict[str, Any], *, ready: bool = True) -> Answer:
    if method not in ("GET", "HEAD"):
        return _not_read(method)
    return _json(200 if ready else 503, document)


def _not_read(method: str) -> Answer:
    return _error(405, f"got {method}, expected GET", allow=b"GET, HEAD")


def _json(status: int, document: dict[str, Any], *, allow: bytes = b"") -> Answer:
    body = json.dumps(document, ensure_ascii=False, allow_nan=False).encode(errors="replace")
    return Answer(status=status, body=body, allow=allow)


def _error(status: int, message: str, *, allow: bytes = b"") -> Answer:
    return _json(status, {"error": message}, allow=allow)

"""A model server whose model is a line of JSON: how to behave. Ends with 5 when it can't be read.

{"answer": "ok" | "fail" | "hang" | "crash", "delay": seconds}; readiness is answered at once.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path


async def main(model: Path, version: str, port: int) -> None:
    behaviour = json.loads(model.read_text())
    busy: set[asyncio.Task] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                path = head.split(b" ", 2)[1]
                request = asyncio.create_task(answer(path, writer))
                busy.add(request)
                await request
                busy.discard(request)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def answer(path: bytes, writer: asyncio.StreamWriter) -> None:
        status = b"200 OK"
        if not path.startswith(b"/v2/health"):
            await asyncio.sleep(behaviour.get("delay", 0))
            if behaviour["answer"] == "hang":
                await asyncio.sleep(3600)
            if behaviour["answer"] == "crash":
                os._exit(9)
            if behaviour["answer"] == "fail":
                status = b"500 Internal Server Error"
        own = version.encode()
        writer.write(
            b"HTTP/1.1 %s\r\nMlci-Release: own-%s\r\nContent-Length: 2\r\n\r\nok" % (status, own)
        )
        await writer.drain()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    await stopping.wait()
    server.close()
    if busy:
        await asyncio.wait(busy, timeout=1)


try:
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
except (ValueError, OSError) as error:
    sys.stderr.write(f"error: {sys.argv[1]}: {error}\n")
    sys.exit(5)

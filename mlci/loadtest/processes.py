"""Child processes: an environment of little, a line read in time, an end in any case."""

import os
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import mlci

_STOP_SECONDS = 10.0
_KEPT = ("PATH", "TMPDIR", "LD_LIBRARY_PATH")
_LAST_WORDS = 4096


@dataclass(frozen=True, kw_only=True)
class Child:
    """A running Python module; its standard error is kept for messages."""

    pid: int
    _input: IO[bytes]
    _output: IO[bytes]
    _errors: IO[bytes]

    def write(self, line: str) -> None:
        """Raises OSError when the child has ended."""
        self._input.write(line.encode() + b"\n")
        self._input.flush()

    def read(self, seconds: float) -> bytes:
        """The next line of output. Raises TimeoutError, or ValueError when the child has ended."""
        deadline = time.monotonic() + seconds
        line = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(self._output, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(max(deadline - time.monotonic(), 0.0)):
                    raise TimeoutError(f"no answer within {seconds:.0f} s")
                part = os.read(self._output.fileno(), 1 << 16)
                if not part:
                    raise ValueError("the process has ended")
                line += part
        return bytes(line)

    def last_words(self) -> str:
        """The last line on standard error, or ""."""
        size = os.fstat(self._errors.fileno()).st_size
        # pread leaves the offset alone, which the child shares.
        text = os.pread(self._errors.fileno(), _LAST_WORDS, max(size - _LAST_WORDS, 0))
        lines = [line.strip() for line in text.decode(errors="replace").splitlines()]
        return next((line for line in reversed(lines) if line), "")


@contextmanager
def child(*arguments: str, settings: Mapping[str, str] | None = None) -> Iterator[Child]:
    """Runs ``python -m *arguments`` until the block is left, whichever way.

    The environment has no proxies, tokens or thread settings of the caller; the current folder is
    not on the module path. A session of its own keeps the terminal's Ctrl-C for the parent, which
    ends the child in order.
    """
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**_environment(), **(settings or {})},
            start_new_session=True,
        )
        if process.stdin is None or process.stdout is None:
            raise OSError("a pipe that was asked for is missing")
        try:
            yield Child(
                pid=process.pid, _input=process.stdin, _output=process.stdout, _errors=errors
            )
        finally:
            with suppress(OSError):
                process.stdin.close()
            _stop(process)
            process.stdout.close()


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    package = os.fspath(Path(mlci.__file__).resolve().parents[1])
    return {**kept, "LC_ALL": "C.UTF-8", "PYTHONPATH": package}


def _stop(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

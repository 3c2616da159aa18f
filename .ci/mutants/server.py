"""Runs tests on mutants: a process that has the libraries in memory is forked for each.

The mutant never stands in a file: the child's import system gives its code for the module's. Each
child has limits of CPU time and memory, and a group of its own, with which all it started ends.
"""

import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

LIBRARIES = (
    "numpy",
    "scipy.special",
    "scipy.sparse",
    "scipy.stats",
    "pyarrow.parquet",
    "pyarrow.csv",
    "onnxruntime",
    "onnx",
    "sklearn.metrics",
    "skl2onnx",
    "statsmodels.api",
    "statsmodels.stats.proportion",
    "fairlearn.metrics",
    "savvi",
    "pandas",
    "hypothesis",
    "hypothesis.extra.numpy",
    "jsonschema",
    "yaml",
    "git",
    "click",
    "cel_expr_python",
)
MEMORY = 8 << 30


def warm() -> None:
    """What every child would import; none of it is ours. Frozen, so that no child's collector
    walks (and copies) it; other projects' pytest plug-ins stay out."""
    os.environ |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "OPENBLAS_NUM_THREADS": "1"}
    for name in LIBRARIES:
        with suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()


@dataclass(frozen=True, kw_only=True)
class Ran:
    """``failed`` is the first test that failed ("import": the mutant couldn't be), None where all
    passed; ``late`` where the child was stopped."""

    failed: str | None
    late: bool
    seconds: float
    trouble: str = ""


@dataclass(kw_only=True)
class Child:
    pid: int
    pipe: int
    started: float
    deadline: float
    done: Callable[[Ran], None]
    said: bytearray = field(default_factory=bytearray)


class Forks:
    """At most ``most`` children at a time, in ``root``."""

    def __init__(self, root: Path, most: int) -> None:
        self.root, self.most = root, most
        self.children: dict[int, Child] = {}

    def start(
        self,
        module: tuple[str, str] | None,
        tests: Sequence[str],
        seconds: float,
        done: Callable[[Ran], None],
    ) -> None:
        """``module`` is a path in the tree and its code, or None for the tree as it is."""
        while len(self.children) >= self.most:
            self.wait()
        read, write = os.pipe()
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            os.close(read)
            _child(self.root, module, tests, seconds, write)
        os.close(write)
        now = time.monotonic()
        # A busy machine gives a child less than a core: its CPU time is the limit that counts.
        deadline = now + 60.0 + 20.0 * seconds
        self.children[read] = Child(pid=pid, pipe=read, started=now, deadline=deadline, done=done)

    def wait(self) -> None:
        """Until at least one child has ended."""
        while self.children:
            ready, _, _ = select.select([*self.children], [], [], 1.0)
            ended = [each for each in ready if not self._heard(self.children[each])]
            now = time.monotonic()
            late = [each for each, child in self.children.items() if now > child.deadline]
            for pipe in {*ended, *late}:
                self._end(self.children.pop(pipe), pipe in late and pipe not in ended)
            if ended or late:
                return

    def finish(self) -> None:
        while self.children:
            self.wait()

    def _heard(self, child: Child) -> bool:
        said = os.read(child.pipe, 1 << 16)
        child.said += said
        return bool(said)

    def _end(self, child: Child, late: bool) -> None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        _, status = os.waitpid(child.pid, 0)
        os.close(child.pipe)
        seconds = time.monotonic() - child.started
        said: dict[str, Any] = json.loads(child.said) if child.said else {}
        stopped = os.WIFSIGNALED(status) and not said
        trouble = str(said.get("trouble", ""))
        if stopped and os.WTERMSIG(status) not in (signal.SIGXCPU, signal.SIGKILL):
            # A crash of the interpreter is as good as a test that fails.
            said = {"failed": f"signal {os.WTERMSIG(status)}"}
            stopped = False
        child.done(
            Ran(
                failed=said.get("failed"),
                late=late or stopped,
                seconds=seconds,
                trouble=trouble,
            )
        )


def _child(
    root: Path, module: tuple[str, str] | None, tests: Sequence[str], seconds: float, write: int
) -> None:
    """Never returns."""
    said: dict[str, Any] = {"trouble": "the child didn't come to its end"}
    try:
        os.setsid()
        os.chdir(root)
        quiet = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(quiet, stream)
        limit = int(10.0 + 5.0 * seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        sys.path.insert(0, str(root))
        if module is not None:
            sys.meta_path.insert(0, _Finder(root, *module))
        seen = _Seen()
        code = pytest.main([*tests, "-x", "-q", "-p", "no:cacheprovider"], plugins=[seen])
        if code == pytest.ExitCode.OK:
            said = {"failed": None}
        elif seen.failed:
            said = {"failed": seen.failed}
        else:
            said = {"trouble": f"pytest ended with {code!r}"}
    except BaseException as error:  # whatever it was, the parent must hear of it
        said = {"trouble": f"{type(error).__name__}: {error}"}
    finally:
        with suppress(OSError):
            os.write(write, json.dumps(said).encode())
        os._exit(0)


class _Seen:
    """Remembers the first failure; sets what makes property tests short and the same each time."""

    def __init__(self) -> None:
        self.failed = ""

    def pytest_sessionstart(self) -> None:
        import hypothesis

        hypothesis.settings.register_profile(
            "mutants",
            parent=hypothesis.settings.get_profile("mlci"),
            derandomize=True,
            database=None,
            phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        hypothesis.settings.load_profile("mutants")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and not self.failed:
            self.failed = "import"


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, root: Path, path: str, code: str) -> None:
        self.path, self.code = root / path, code
        parts = path.removesuffix(".py").removesuffix("/__init__").split("/")
        self.name = ".".join(parts)

    def find_spec(
        self, name: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != self.name:
            return None
        loader = _Loader(name, str(self.path), self.code)
        return importlib.util.spec_from_file_location(name, self.path, loader=loader)


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, code: str) -> None:
        super().__init__(name, path)
        self.mutated = code

    def get_code(self, _fullname: str) -> Any:
        return compile(self.mutated, self.path, "exec", dont_inherit=True)

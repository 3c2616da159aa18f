"""A pytest plug-in: which test runs which line of the decision code, and what each test costs.

One coverage context for each test. A fixture that many tests share runs while the first of them
is set up; its lines are booked on the place that it is for (``baseid``: a file or a folder), so
that every test there counts as one that runs them.
"""

import json
import os
import resource
import time
from collections.abc import Generator
from pathlib import Path

import coverage
import pytest

SHARED = ("class", "module", "package", "session")


def pytest_configure(config: pytest.Config) -> None:
    folder = os.environ.get("MUTANTS_TRACE")
    if folder:
        config.pluginmanager.register(Tracer(Path(folder)), "mutants-tracer")


class Tracer:
    """Writes ``lines.json``, file -> line -> contexts, and ``costs.json``, test -> CPU seconds."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.context, self.costs = folder, "", dict[str, float]()
        self.measured = coverage.Coverage(
            data_file=None,
            config_file=False,
            include=["*/mlci/statistics/*", "*/mlci/gates/*", "*/mlci/verdict.py"],
        )
        self.measured.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self._switch(item.nodeid)
        before = _cpu()
        done = yield
        self.costs[item.nodeid] = _cpu() - before
        self._switch("")
        return done

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[object]
    ) -> Generator[None, object, object]:
        if fixturedef.scope not in SHARED:
            return (yield)
        outer = self.context
        self._switch(fixturedef.baseid)
        made = yield
        self._switch(outer)
        return made

    def pytest_sessionfinish(self) -> None:
        self.measured.stop()
        data, root = self.measured.get_data(), Path.cwd()
        lines = {
            str(Path(file).relative_to(root)): {
                line: sorted(set(contexts) - {""})
                for line, contexts in data.contexts_by_lineno(file).items()
            }
            for file in sorted(data.measured_files())
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "lines.json").write_text(json.dumps(lines), encoding="utf-8")
        (self.folder / "costs.json").write_text(json.dumps(self.costs), encoding="utf-8")

    def _switch(self, context: str) -> None:
        self.context = context
        self.measured.switch_context(context)


def _cpu() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime

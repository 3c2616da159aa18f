"""For every room: settings of the property tests, and packages that bring plug-ins."""

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

from mlci.plugins import discovery, gates, metrics

# A busy machine is slow, not wrong: no test asserts a time. Pipelines see the same examples always.
hypothesis.settings.register_profile(
    "mlci",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("mlci")

Bring = Callable[..., None]


def _forget() -> None:
    for cached in (discovery._index, metrics.brought, gates.brought):
        cached.cache_clear()


@pytest.fixture
def bring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bring]:
    """Puts a distribution there: its module's text, and what its entry points name."""
    monkeypatch.syspath_prepend(str(tmp_path))
    _forget()

    def put(distribution: str, group: str, text: str, **points: str) -> None:
        module = distribution.replace("-", "_")
        monkeypatch.delitem(sys.modules, module, raising=False)
        (tmp_path / f"{module}.py").write_text(text)
        info = tmp_path / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n"
        )
        named = "".join(f"{name} = {module}{value}\n" for name, value in points.items())
        (info / "entry_points.txt").write_text(f"[{group}]\n{named}")
        importlib.invalidate_caches()
        _forget()

    yield put
    _forget()

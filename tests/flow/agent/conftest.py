"""Real agents on real repositories; the parts lie in the modules beside this file."""

import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

HERE = Path(__file__).parent
MODELS = SimpleNamespace(**runpy.run_path(str(HERE / "models.py")))
TRAFFIC = SimpleNamespace(**runpy.run_path(str(HERE / "traffic.py")))
WORLD = SimpleNamespace(**runpy.run_path(str(HERE / "world.py")))


@pytest.fixture
def models(tmp_path: Path) -> Callable[..., Path]:
    """Makes a model file: ``models("good", steepness=2.0)``."""

    def make(kind: str, **how: float) -> Path:
        name = "-".join([kind, *(f"{value:g}" for value in how.values())])
        return getattr(MODELS, kind)(tmp_path / "made" / f"{name}.onnx", **how)

    return make


@pytest.fixture
def requests_of() -> SimpleNamespace:
    """The bodies of usual and odd requests."""
    return TRAFFIC


@pytest.fixture
def until() -> Callable[..., object]:
    return TRAFFIC.until


@pytest.fixture
def world(tmp_path: Path) -> Iterator[object]:
    """Not built yet: see ``build``."""
    made = WORLD.World(folder=tmp_path, port=WORLD.free_port())
    yield made
    made.end()


@pytest.fixture
def traffic(world) -> Iterator[Callable[..., object]]:
    """Starts clients that ask until the test's end, or until stopped."""
    started = []

    def start(**how: float) -> object:
        started.append(TRAFFIC.Traffic(port=world.port, **how).start())
        return started[-1]

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def live(world, models, traffic, until) -> Callable[..., object]:
    """A world whose champion 1.0 was adopted, with an agent and traffic; the traffic."""

    def start(*arguments: str, champion: Path | None = None, **how) -> object:
        variables, rollout = how.pop("variables", None), how.pop("rollout", "")
        world.build(**how)
        world.release("1.0", champion or models("good"), rollout=rollout)
        adopted = world.mlci("adopt", WORLD.MANIFEST, "--reason", "ran before")
        assert adopted.returncode == 0, adopted.stderr
        agent = world.agent(*arguments, variables=variables)
        clients = traffic()
        until(lambda: clients.of("1.0") > 20 or agent.poll() is not None)
        assert agent.poll() is None, world.log
        clients.answers.clear()
        return clients

    return start

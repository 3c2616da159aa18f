"""A real control plane for the session, where Go can build it."""

import os
import runpy
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mlci.delivery.argo.cluster import Cluster, connect

HERE = Path(__file__).parent
BUILD = SimpleNamespace(**runpy.run_path(str(HERE / "build.py")))
CANARY = SimpleNamespace(**runpy.run_path(str(HERE / "canary.py")))
CLONED = SimpleNamespace(**runpy.run_path(str(HERE / "cloned.py")))
FOLLOWED = SimpleNamespace(**runpy.run_path(str(HERE / "followed.py")))
RELEASING = SimpleNamespace(**runpy.run_path(str(HERE / "releasing.py")))
RUNNING = SimpleNamespace(**runpy.run_path(str(HERE / "running.py")))


@pytest.fixture(scope="session")
def plane_programs() -> Path:
    if reason := BUILD.lacking():
        pytest.skip(reason)
    return BUILD.built()


@pytest.fixture(scope="session")
def helm() -> Path:
    """The real program; it needs no plane."""
    if reason := BUILD.lacking():
        pytest.skip(reason)
    program: Path = BUILD.built("helm") / "helm"
    return program


@pytest.fixture(scope="session")
def launch() -> Any:
    """Starts a further plane, for a block."""
    return RUNNING.started


@pytest.fixture(scope="session")
def eventually() -> Any:
    return RUNNING.eventually


@pytest.fixture(scope="session")
def started_plane(
    plane_programs: Path, launch: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    with launch(plane_programs, tmp_path_factory.mktemp("plane")) as plane:
        yield plane


@pytest.fixture
def plane(started_plane: Any) -> Iterator[Any]:
    """The session's plane; the test is in its network."""
    with started_plane.inside():
        yield started_plane


@pytest.fixture
def running_pods(plane: Any) -> Any:
    """The same, for tests whose pods must be processes."""
    if plane.pods != "run":
        pytest.skip("pods run as processes only where namespaces can be made: root")
    return plane


@pytest.fixture(scope="session")
def started_argocd(
    plane_programs: Path, launch: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    if os.geteuid() != 0:
        pytest.skip("Argo CD wants a network of its own, which root can make")
    program = BUILD.built("argocd") / "argocd"
    folder = tmp_path_factory.mktemp("argocd")
    with launch(plane_programs, folder, "--argocd", str(program)) as plane:
        yield plane


@pytest.fixture
def argocd(started_argocd: Any) -> Iterator[Any]:
    """A plane with Argo CD in it; the test is in its network."""
    with started_argocd.inside():
        yield started_argocd


@pytest.fixture
def judge(plane: Any) -> Iterator[Any]:
    with CANARY.judging(plane) as judge:
        yield judge


@pytest.fixture(scope="session")
def judging() -> Any:
    return CANARY.judging


@pytest.fixture(scope="session")
def documents() -> Any:
    return CANARY.documents


@pytest.fixture(scope="session")
def cloned() -> Any:
    """A bare remote and a work tree of it, in a folder."""
    return CLONED.Cloned


@pytest.fixture
def releasing() -> Any:
    """A repository whose releases Argo delivers: (plane, folder, namespace)."""
    if shutil.which("prometheus") is None:
        pytest.skip("no prometheus on the PATH: Debian has it as the package prometheus")
    ports = iter(range(18100, 18200, 2))  # of the plane's own network
    return lambda plane, folder, namespace: RELEASING.Releasing(
        plane, folder, namespace, next(ports)
    )


@pytest.fixture
def namespace(plane: Any, eventually: Any) -> Iterator[str]:
    """A namespace of the test's own, deleted when it ends."""
    name = plane.kubectl("create", "-o", "name", "-f", "-", text=NAMESPACE).strip()
    name = name.removeprefix("namespace/")
    account = (
        "get",
        "serviceaccount",
        "default",
        "--namespace",
        name,
        "--ignore-not-found",
        "-o",
        "name",
    )
    eventually(lambda: plane.kubectl(*account))
    yield name
    plane.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def cluster(plane: Any, namespace: str) -> Iterator[Cluster]:
    """The test's namespace, as the agent is connected to it."""
    cluster = connect(namespace, plane.kubeconfig)
    yield cluster
    cluster.close()


@pytest.fixture(scope="session")
def followed() -> Any:
    """Small Rollouts with mlci's marks."""
    return FOLLOWED


NAMESPACE = "{apiVersion: v1, kind: Namespace, metadata: {generateName: test-}}"

"""An environment -> what is applied once by who runs the platform, never by a merge."""

from collections.abc import Sequence
from pathlib import Path

from mlci.errors import BadInput
from mlci.records.project import Environment, Project
from mlci.render.agent import agent_objects
from mlci.render.application import (
    CHART,
    KUSTOMIZE,
    SETTINGS,
    app_project,
    application,
    kustomization,
)
from mlci.render.yaml import document, documents

_CHART = Path(__file__).parent / "chart"
_CHART_FILES = ("Chart.yaml", "templates/objects.yaml")


def settings(project: Project, environment: Environment, models: Sequence[str]) -> dict[str, bytes]:
    """Path from the repository's root -> content; ``models`` are those released there, sorted.

    Raises BadInput where the project file says too little of the engine.
    """
    argo = environment.argo
    index = project.environments.index(environment)
    missing = [key for key in ("image", "repository") if argo and not getattr(argo, key)]
    if argo is None or missing:
        raise BadInput(
            place=project.source.at("spec", "environments", index, "engine"),
            found=f"no key {missing[0]!r}" if missing else "an engine that isn't Argo",
            expected="engine: {argo: {namespace: …, image: …, repository: …}}",
        )
    folder = f"deploy/{environment.name}"
    header = f"Rendered by `mlci render --environment {environment.name}`; edits are overwritten."
    revision = project.protected_ref.removeprefix("origin/")
    told = [
        app_project(environment.name, argo),
        application(environment.name, argo, revision, models),
    ]
    files = {
        f"{folder}/{SETTINGS}/argocd.yaml": documents(told, header).encode(),
        f"{folder}/{SETTINGS}/agent.yaml": documents(
            agent_objects(environment.name, argo), header
        ).encode(),
    }
    if argo.bundle == "kustomize":
        path = f"{folder}/{KUSTOMIZE}/kustomization.yaml"
        files[path] = document(kustomization(models), header).encode()
    if argo.bundle == "helm":
        files |= {f"{folder}/{CHART}/{name}": (_CHART / name).read_bytes() for name in _CHART_FILES}
    return files

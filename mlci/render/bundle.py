"""A release -> the objects of its bundle, checked, and the bytes of its file."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlci.errors import BadInput, Invalid
from mlci.records.argo import Argo
from mlci.records.release import Release, bundle_path
from mlci.render.analysis import VERDICT, templates
from mlci.render.fault import Fault
from mlci.render.guards import guards
from mlci.render.names import analysis
from mlci.render.patches import patched
from mlci.render.promql import WARNING, prometheus_templates
from mlci.render.rollout import unsealed_rollout
from mlci.render.rules_analysis import analysis_faults
from mlci.render.rules_pod import pod_faults
from mlci.render.rules_rollout import rollout_faults
from mlci.render.services import services
from mlci.render.template import sealed
from mlci.render.yaml import document, documents

Object = dict[str, Any]


def bundle(release: Release, argo: Argo) -> dict[str, bytes]:
    """Path from the repository's root -> content, for an environment with that engine.

    The release fits the engine (``mlci.manifest.engines``). Raises Invalid with everything that is
    wrong with the objects, each at the line of the manifest's patch that brought it.
    """
    objects = release_objects(release, argo)
    folder = bundle_path(release.name, release.environment)
    header = f"Rendered by `mlci render {release.path}`; edits are overwritten."
    if argo.judge == "prometheus":
        header = f"{header}\n{WARNING}"
    if argo.bundle == "helm":
        values = {"models": {release.name: {"objects": objects}}}
        return {f"{folder}/values.yaml": document(values, header).encode()}
    files = {f"{folder}/bundle.yaml": documents(objects, header).encode()}
    if argo.bundle == "kustomize":
        kustomization = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": ["bundle.yaml"],
        }
        files[f"{folder}/kustomization.yaml"] = document(kustomization, header).encode()
    return files


def release_objects(release: Release, argo: Argo) -> list[Object]:
    """In the order in which they can be applied. Raises Invalid as ``bundle`` does."""
    made = [
        *services(release, argo),
        *guards(release, argo),
        *(templates if argo.judge == "agent" else prometheus_templates)(release, argo),
        unsealed_rollout(release, argo),
    ]
    objects, problems, last = patched(made, release)
    rollout = objects[-1]
    rollout["spec"] = {
        **rollout["spec"],
        "template": sealed(rollout["spec"]["template"], release, argo),
    }
    if not problems:
        problems = [_told(release, fault, last) for fault in faults(release, objects)]
    if problems:
        raise Invalid(tuple(problems))
    return objects


def faults(release: Release, objects: Sequence[Object]) -> Iterator[Fault]:
    """Every rule that the objects break."""
    services_by_name = _by_name(objects, "Service")
    background = analysis(release, VERDICT)
    for each in objects:
        if each["kind"] == "Rollout":
            yield from rollout_faults(each, services_by_name)
            yield from pod_faults(each)
        elif each["kind"] == "AnalysisTemplate":
            inline = each["metadata"]["name"] != background
            yield from analysis_faults(each, inline=inline)


def _by_name(objects: Sequence[Object], kind: str) -> Mapping[str, Object]:
    return {each["metadata"]["name"]: each for each in objects if each["kind"] == kind}


def _told(release: Release, fault: Fault, last: Mapping[tuple[str, str], int]) -> BadInput:
    keys: tuple[str | int, ...] = ("spec",)
    if (index := last.get((fault.kind, fault.name))) is not None:
        keys = ("spec", "serving", "patches", index, "patch", *fault.path)
    where = ".".join(map(str, fault.path))
    return BadInput(
        place=release.source.at(*keys),
        found=f"{fault.kind} {fault.name}, {where}: {fault.found}",
        expected=fault.expected,
    )

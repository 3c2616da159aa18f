"""Whether the agent may do what its work needs, and finds the Argo Rollouts that it knows."""

from mlci.delivery.argo.answers import NOT_FOUND, Refused
from mlci.delivery.argo.cluster import API, Cluster
from mlci.errors import Broken
from mlci.records.rights import RIGHTS

_GROUP = "/apis/argoproj.io"
_KINDS = ("rollouts", "rollouts/status", "analysisruns")
_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


def check(cluster: Cluster) -> None:
    """Raises Broken that names at once all that is lacking: kinds of Argo Rollouts, verbs."""
    kinds = _kinds_lacking(cluster)
    # Of a kind that isn't there nobody could say who may use it.
    verbs = _verbs_lacking(cluster)
    if not kinds and not verbs:
        return
    steps = []
    if kinds:
        steps.append("install Argo Rollouts 1.9 with its CRDs")
    if verbs:
        steps.append("apply the agent's Role again: `mlci render --environment`")
    raise Broken(
        place=f"namespace {cluster.namespace} of {cluster.server}",
        found="; ".join([*kinds, *(["no right to " + ", ".join(verbs)] if verbs else [])]),
        expected="Argo Rollouts, and the rights of the agent's Role",
        next_step="; ".join(steps),
    )


def _kinds_lacking(cluster: Cluster) -> list[str]:
    try:
        found = {str(each["name"]) for each in cluster.get(API)["resources"]}
    except Refused as error:
        if error.code != NOT_FOUND:
            raise
        return [_versions(cluster)]
    return [f"no kind {kind} in argoproj.io/v1alpha1" for kind in _KINDS if kind not in found]


def _versions(cluster: Cluster) -> str:
    """Which ones there are where v1alpha1 isn't."""
    try:
        found = [str(each["version"]) for each in cluster.get(_GROUP)["versions"]]
    except Refused as error:
        if error.code != NOT_FOUND:
            raise
        return "Argo Rollouts isn't installed: no API group argoproj.io"
    return f"argoproj.io has {', '.join(found)} and no v1alpha1"


def _verbs_lacking(cluster: Cluster) -> list[str]:
    return [
        f"{verb} {resource}"
        for right in RIGHTS
        for resource in right.resources
        for verb in right.verbs
        if not _may(cluster, right.group, resource, verb)
    ]


def _may(cluster: Cluster, group: str, resource: str, verb: str) -> bool:
    kind, _, part = resource.partition("/")
    asked = {
        "namespace": cluster.namespace,
        "group": group,
        "resource": kind,
        "subresource": part,
        "verb": verb,
    }
    document = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": asked},
    }
    answer = cluster.create(_REVIEWS, document)
    return answer.get("status", {}).get("allowed") is True

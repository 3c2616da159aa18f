"""Notices that are left in the cluster: pods read them as they start, the agent after a restart.

A ConfigMap a model, a key a pod template: its digest, 64 hexadecimal digits.
"""

from collections.abc import Mapping

from mlci.delivery.argo.answers import CONFLICT, NOT_FOUND, Refused
from mlci.delivery.argo.cluster import Cluster, Json
from mlci.records.labels import admissions as called
from mlci.records.labels import ours
from mlci.records.notice import Notice, from_text, to_text


def admit(
    cluster: Cluster, *, environment: str, model: str, template_digest: str, notice: Notice
) -> bool:
    """Leaves the notice; False where it stands there already. Raises Broken where it can't."""
    name, text = called(model), to_text(notice)
    found = _read(cluster, name)
    if found is not None and (found.get("data") or {}).get(template_digest) == text:
        return False
    if found is None:
        document = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, "labels": ours(environment, model)},
            "data": {template_digest: text},
        }
        try:
            cluster.create(cluster.configmaps, document)
            return True
        except Refused as error:
            if error.code != CONFLICT:  # somebody has made it meanwhile
                raise
    cluster.patch(f"{cluster.configmaps}/{name}", {"data": {template_digest: text}})
    return True


def admissions(cluster: Cluster, model: str) -> Mapping[str, Notice]:
    """By the digests of the pod templates; without what the agent did not write.

    Raises Broken where they can't be read; that there is no ConfigMap means none.
    """
    data = (_read(cluster, called(model)) or {}).get("data") or {}
    read = {str(key): from_text(str(text)) for key, text in data.items()}
    return {key: notice for key, notice in read.items() if notice is not None}


def _read(cluster: Cluster, name: str) -> Json | None:
    try:
        return cluster.get(f"{cluster.configmaps}/{name}")
    except Refused as error:
        if error.code == NOT_FOUND:
            return None
        raise

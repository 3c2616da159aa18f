"""``releases/<model>/<environment>.yaml`` -> Release."""

from collections.abc import Mapping
from typing import Any

from mlci.manifest.document import Reading, read
from mlci.manifest.meaning.release import check
from mlci.manifest.rollout import rollout
from mlci.manifest.serving import serving
from mlci.records.release import Model, Release


def parse_release(path: str, content: bytes) -> Release:
    """Raises Invalid with every problem of the file."""
    return typed(read(path, content, "ModelRelease"))


def typed(reading: Reading) -> Release:
    check(reading)
    reading.problems.raise_if_any()
    metadata, spec = reading.value["metadata"], reading.value["spec"]
    served, delivered = serving(spec.get("serving", {})), rollout(spec.get("rollout"))
    return Release(
        source=reading.source,
        name=metadata["name"],
        environment=metadata["environment"],
        version=spec["version"],
        task=spec["task"],
        model=_model(spec["model"]),
        evaluation=spec["evaluation"],
        replicas=served.replicas,
        steps=delivered.weights,
        lineage=spec.get("lineage", {}),
        governance=spec.get("governance", {}),
        rollout=delivered,
        serving=served,
    )


def _model(spec: Mapping[str, Any]) -> Model:
    return Model(
        uri=spec["uri"],
        digest=spec["digest"],
        format=spec["format"],
        inputs={name: tuple(columns) for name, columns in spec.get("inputs", {}).items()},
        outputs=spec.get("outputs", {}),
        classes=tuple(spec.get("classes", ())),
    )

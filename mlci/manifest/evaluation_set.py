"""``evaluations/<name>.yaml`` -> EvaluationSet."""

from mlci.manifest import expectations
from mlci.manifest.document import Reading, read
from mlci.manifest.meaning.evaluation_set import check
from mlci.records.evaluation_set import EvaluationSet


def parse_evaluation_set(path: str, content: bytes) -> EvaluationSet:
    """Raises Invalid with every problem of the file."""
    return typed(read(path, content, "EvaluationSet"))


def typed(reading: Reading) -> EvaluationSet:
    check(reading)
    reading.problems.raise_if_any()
    spec = reading.value["spec"]
    return EvaluationSet(
        source=reading.source,
        name=reading.value["metadata"]["name"],
        uri=spec["uri"],
        digest=spec["digest"],
        label=spec["label"],
        positive=spec.get("positive"),
        sensitive=tuple(spec.get("sensitive", ())),
        cluster=spec.get("cluster"),
        weight=spec.get("weight"),
        expectations=expectations.typed(spec.get("expectations", {})),
    )

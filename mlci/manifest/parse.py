"""Any document, by its kind -> its record."""

from collections.abc import Callable, Mapping

from mlci.manifest import evaluation_set, policy, project, release
from mlci.manifest.document import Reading, read
from mlci.manifest.examine import whole
from mlci.records.evaluation_set import EvaluationSet
from mlci.records.policy import GatePolicy
from mlci.records.project import Project
from mlci.records.release import Release

Parsed = Project | EvaluationSet | Release | GatePolicy

_TYPED: Mapping[str, Callable[[Reading], Parsed]] = {
    "Project": project.typed,
    "EvaluationSet": evaluation_set.typed,
    "ModelRelease": release.typed,
    "GatePolicy": policy.typed,
}


def parse(path: str, content: bytes, kind: str | None = None) -> Parsed:
    """The typed document. Raises Invalid with every problem of the file, and for another
    ``kind`` than the given one."""
    reading = whole(read(path, content, kind))
    return _TYPED[reading.kind](reading)

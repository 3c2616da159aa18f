"""``mlci.yaml`` -> Project."""

from mlci.manifest.document import Reading, read
from mlci.manifest.freeze import freeze
from mlci.manifest.meaning.project import check
from mlci.records.project import Environment, Project


def parse_project(path: str, content: bytes) -> Project:
    """Raises Invalid with every problem of the file."""
    return typed(read(path, content, "Project"))


def typed(reading: Reading) -> Project:
    check(reading)
    reading.problems.raise_if_any()
    spec = reading.value["spec"]
    return Project(
        source=reading.source,
        protected_ref=spec["protectedRef"],
        environments=tuple(
            Environment(
                name=each["name"],
                engine=each["engine"],
                after=each.get("after"),
                hold=each.get("hold", False),
                freeze=freeze(each),
            )
            for each in spec["environments"]
        ),
    )

"""``mlci.yaml`` -> Project."""

from typing import Any

from mlci.manifest.document import Reading, dig, mappings, read
from mlci.manifest.problems import Problems, nearest, one_of, show
from mlci.records.project import Environment, Project


def parse_project(path: str, content: bytes) -> Project:
    """Raises Invalid with every problem of the file."""
    return typed(read(path, content, "Project"))


def check(reading: Reading) -> None:
    """Adds what is wrong with the meaning of whatever could be read."""
    _check(reading.value, reading.problems)


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
            )
            for each in spec["environments"]
        ),
    )


def _check(value: Any, problems: Problems) -> None:
    earlier: list[object] = []
    ports: dict[int, object] = {}
    for index, each in mappings(value, "spec", "environments"):
        keys = ("spec", "environments", index)
        name, after, port = (
            each.get("name"),
            each.get("after"),
            dig(each, "engine", "local", "port"),
        )
        if name in earlier:
            problems.add((*keys, "name"), f"the environment {show(name)} again", "each name once")
        # Only earlier ones may be named, so that there can be no cycle.
        if isinstance(after, str) and after not in earlier:
            expected = (
                f"an earlier environment, {one_of(earlier)}" if earlier else "no `after` here"
            )
            problems.add((*keys, "after"), show(after), expected, nearest(after, earlier))
        if isinstance(port, int) and port in ports:
            found = f"port {port}, which is that of {show(ports[port])}"
            problems.add((*keys, "engine", "local", "port"), found, "a port of its own")
        elif isinstance(port, int):
            ports[port] = name
        earlier.append(name)

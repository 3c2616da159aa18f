"""Environments that follow one another, each with a name and a port of its own."""

from typing import Any

from mlci.manifest.document import Reading, dig, mappings
from mlci.manifest.meaning.freeze import check_freeze
from mlci.manifest.problems import Problems, nearest, one_of, show


def check(reading: Reading) -> None:
    """Adds what is wrong with the meaning of whatever could be read."""
    _check(reading.value, reading.problems)


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
        check_freeze(each, keys, problems)
        earlier.append(name)

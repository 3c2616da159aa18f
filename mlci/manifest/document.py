"""A file's text -> a value of the expected kind, with every problem of its text, shape and name.

Reading goes on behind a problem wherever it can, so that one reading finds all of them. What reads
the value before the problems are raised must therefore not rely on its shape: ``dig`` and
``mappings`` give what is there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mlci.errors import BadInput, Invalid
from mlci.manifest.problems import Problems, nearest, one_of, problem, show
from mlci.manifest.shape import shape
from mlci.manifest.yaml import Document, Keys, scan
from mlci.records.paths import release_path
from mlci.records.source import Key, Source

PROJECT_PATH = "mlci.yaml"
_LONGEST = 100

# kind -> the name of its schema
KINDS = {
    "Project": "project",
    "EvaluationSet": "evaluation-set",
    "ModelRelease": "model-release",
    "GatePolicy": "gate-policy",
}


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One file's value; it may be used for a record only once ``problems`` has none.

    ``refused`` are the keys to values of the wrong shape, ``unknown`` keys without a meaning.
    """

    kind: str
    value: Any
    source: Source
    problems: Problems
    refused: frozenset[Keys]
    unknown: frozenset[Keys]


def read(path: str, content: bytes, kind: str | None = None) -> Reading:
    """Without ``kind`` any of KINDS is welcome. Raises Invalid where there is nothing to read."""
    document, text = scan(path, content)
    if document is None:
        raise Invalid(tuple(text))
    found = _kind(document, [kind] if kind else list(KINDS), text)
    wrong = shape(document.source, document.value, KINDS[found])
    reading = Reading(
        kind=found,
        value=document.value,
        source=document.source,
        problems=Problems(document.source, [*text, *wrong.problems]),
        refused=wrong.refused,
        unknown=wrong.unknown,
    )
    _check_path(reading)
    return reading


def kind_of(path: str) -> str | None:
    """The kind of the document that belongs at ``path``, or None where none does."""
    if path == PROJECT_PATH:
        return "Project"
    if not path.endswith(".yaml"):
        return None
    match path.split("/"):
        case ["policies", _]:
            return "GatePolicy"
        case ["evaluations", _]:
            return "EvaluationSet"
        case ["releases", _, _]:
            return "ModelRelease"
    return None


def dig(value: Any, *keys: Key) -> Any:
    """What the keys lead to, or None where they lead nowhere."""
    for key in keys:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def mappings(value: Any, *keys: Key) -> Iterator[tuple[int, dict[str, Any]]]:
    """The mappings in the list that the keys lead to, each with its index.

    Of a list that is longer than any schema admits, only the beginning.
    """
    items = dig(value, *keys)
    for index, each in enumerate(items[:_LONGEST] if isinstance(items, list) else []):
        if isinstance(each, dict):
            yield index, each


def _kind(document: Document, welcome: list[str], text: list[BadInput]) -> str:
    value, source = document.value, document.source
    found = dig(value, "kind")
    if found in welcome:
        return str(found)
    if isinstance(value, dict) and len(welcome) == 1 and found not in list(KINDS):
        return welcome[0]  # which its schema will ask for, among all that it asks for
    if not isinstance(value, dict):
        wrong = problem(source, (), show(value), "a mapping with apiVersion, kind and spec")
    elif "kind" not in value:
        wrong = problem(source, (), "no key 'kind'", one_of(welcome))
    else:
        wrong = problem(source, ("kind",), show(found), one_of(welcome), nearest(found, welcome))
    raise Invalid((*text, wrong))


def _check_path(reading: Reading) -> None:
    keys: tuple[str, ...]
    kind, path, metadata = reading.kind, reading.source.path, dig(reading.value, "metadata")
    name, environment = dig(metadata, "name"), dig(metadata, "environment")
    if kind == "Project":
        expected, keys = PROJECT_PATH, ("kind",)
    elif not isinstance(name, str):
        return
    elif kind == "ModelRelease":
        if not isinstance(environment, str):
            return
        expected = release_path(name, environment)
        at_name = not path.startswith(f"releases/{name}/")
        keys = ("metadata", "name" if at_name else "environment")
    else:
        folder = "policies" if kind == "GatePolicy" else "evaluations"
        expected, keys = f"{folder}/{name}.yaml", ("metadata", "name")
    if path != expected and keys not in reading.refused:
        value = dig(reading.value, *keys)
        reading.problems.add(keys, f"{show(value)} in {show(path)}", f"the path {show(expected)}")

"""What a document says to the others, as far as it can be read, whether or not all of it is right.

The fields are those of the document's record. None stands for what can't be read: nothing may be
concluded from it, neither that it fits nor that it doesn't. Most are named tuples, whose
classes are made in a third of the time of dataclasses: every check of a document waits for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from mlci.manifest.document import Reading, dig, mappings
from mlci.manifest.engines import Asked, asked_in
from mlci.manifest.meaning.waivers import days_of_expiry
from mlci.manifest.problems import nearest
from mlci.manifest.yaml import Keys, Misread
from mlci.records.defaults import SOURCES
from mlci.records.metric import TASKS
from mlci.records.source import Source

Texts = tuple[str | None, ...]
_UNREAD: Texts = (None,)
_LONGEST = 1000  # as any list of names may be


class EnvironmentOutline(NamedTuple):
    name: str | None
    engine: Mapping[str, Any] | None = None


class ProjectOutline(NamedTuple):
    source: Source
    environments: tuple[EnvironmentOutline, ...]


class ExamOutline(NamedTuple):
    """``name`` is the path's; ``positive`` is None only where the file says none."""

    source: Source
    name: str
    uri: str | None
    positive: object | None
    sensitive: Texts


class ModelOutline(NamedTuple):
    uri: str | None


class ReleaseOutline(NamedTuple):
    """Name and environment are the path's where the file doesn't say them."""

    source: Source
    name: str
    environment: str
    task: str | None
    model: ModelOutline
    evaluation: str | None
    asked: Asked


@dataclass(frozen=True, kw_only=True)
class GateOutline:
    """``parameters`` are ``metric``, ``by``, ``tolerance`` and ``class``; an entry of ``by`` that
    can't be read is empty, and a tolerance or class that may be there is."""

    gate: str | None
    index: int
    parameters: Mapping[str, Any]


class PolicyOutline(NamedTuple):
    """``waived_until`` is the last day of each waiver, by its index."""

    source: Source
    name: str
    environments: Texts
    models: Texts
    sources: Texts
    evaluations: Texts | None
    gates: tuple[GateOutline, ...]
    waived_until: Mapping[int, date]

    def applies_to(self, model: str, environment: str) -> bool | None:
        """As the record's; None where it can't be told."""
        both = (_names(self.environments, environment), _names(self.models, model))
        return False if False in both else None if None in both else True


Outline = ProjectOutline | ExamOutline | ReleaseOutline | PolicyOutline


def outline_project(reading: Reading) -> ProjectOutline:
    listed = dig(reading.value, "spec", "environments")
    keys: Keys = ("spec", "environments")
    known = listed[:_LONGEST] if isinstance(listed, list) and listed else _UNREAD
    environments = [
        EnvironmentOutline(
            name=_text(reading, dig(each, "name"), (*keys, index, "name")),
            engine=_engine(reading, dig(each, "engine"), (*keys, index, "engine")),
        )
        for index, each in enumerate(known)
    ]
    return ProjectOutline(source=reading.source, environments=tuple(environments))


def outline_exam(reading: Reading) -> ExamOutline:
    absent = _is_absent(reading, "spec", "positive")
    return ExamOutline(
        source=reading.source,
        name=_file(reading),
        uri=_at(reading, "spec", "uri"),
        positive=None if absent else Misread(),
        sensitive=() if _is_absent(reading, "spec", "sensitive") else _texts(reading, "sensitive"),
    )


def outline_release(reading: Reading) -> ReleaseOutline:
    task = _at(reading, "spec", "task")
    return ReleaseOutline(
        source=reading.source,
        name=_at(reading, "metadata", "name") or reading.source.path.split("/")[1],
        environment=_at(reading, "metadata", "environment") or _file(reading),
        task=task if task in TASKS else None,
        model=ModelOutline(uri=_at(reading, "spec", "model", "uri")),
        evaluation=_at(reading, "spec", "evaluation"),
        asked=asked_in(reading.value),
    )


def outline_policy(reading: Reading) -> PolicyOutline:
    all_models = _is_absent(reading, "spec", "appliesTo", "models")
    anywhere = _is_absent(reading, "spec", "sources")
    any_exam = _is_absent(reading, "spec", "evaluations")
    return PolicyOutline(
        source=reading.source,
        name=_at(reading, "metadata", "name") or _file(reading),
        environments=_texts(reading, "appliesTo", "environments"),
        models=("*",) if all_models else _texts(reading, "appliesTo", "models"),
        sources=SOURCES if anywhere else _texts(reading, "sources"),
        evaluations=None if any_exam else _texts(reading, "evaluations"),
        gates=tuple(
            _gate(reading, index, each) for index, each in mappings(reading.value, "spec", "gates")
        ),
        waived_until=days_of_expiry(reading.value),
    )


def _engine(reading: Reading, engine: Any, keys: Keys) -> Mapping[str, Any] | None:
    """None where anything in it is wrong."""
    wrong = [each.place for each in reading.problems.found]
    inside = any(
        reading.source.at(*each) in wrong for each in reading.source.places if each[:4] == keys
    )
    return engine if isinstance(engine, dict) and engine and not inside else None


def _gate(reading: Reading, index: int, entry: Mapping[str, Any]) -> GateOutline:
    keys: Keys = ("spec", "gates", index)
    by = entry.get("by")
    entries = [
        _columns(reading, each, (*keys, "by", position))
        for position, each in enumerate(by[:_LONGEST] if isinstance(by, list) else [])
    ]
    metric = _text(reading, entry.get("metric"), (*keys, "metric"))
    return GateOutline(
        gate=_text(reading, entry.get("gate"), (*keys, "gate")),
        index=index,
        parameters={"by": entries}
        | ({"metric": metric} if metric else {})
        | {
            key: Misread()
            for key in ("tolerance", "class")
            if not _left_out(reading, entry, keys, key)
        },
    )


def _columns(reading: Reading, entry: Any, keys: Keys) -> list[str]:
    single = not isinstance(entry, list)
    each = [entry] if single else entry[:_LONGEST]
    read = [_text(reading, one, keys if single else (*keys, n)) for n, one in enumerate(each)]
    return [column for column in read if column is not None]


def _names(patterns: Texts, name: str) -> bool | None:
    if any(each is not None and fnmatchcase(name, each) for each in patterns):
        return True
    return None if None in patterns else False


def _file(reading: Reading) -> str:
    return reading.source.path.split("/")[-1].removesuffix(".yaml")


def _at(reading: Reading, *keys: str) -> str | None:
    return _text(reading, dig(reading.value, *keys), keys)


def _text(reading: Reading, value: Any, keys: Keys) -> str | None:
    is_text = isinstance(value, str) and not isinstance(value, Misread)
    return value if is_text and keys not in reading.refused else None


def _texts(reading: Reading, *inner: str) -> Texts:
    """The strings of a list below ``spec``, each at its index."""
    keys: Keys = ("spec", *inner)
    items = dig(reading.value, *keys)
    if not isinstance(items, list):
        return _UNREAD
    texts = [_text(reading, each, (*keys, n)) for n, each in enumerate(items[:_LONGEST])]
    return (*texts, *(_UNREAD if len(items) > _LONGEST else ()))


def _is_absent(reading: Reading, *keys: str) -> bool:
    """Whether the file leaves it to the default, and no misspelled key was meant to say it."""
    *above, key = keys
    return _left_out(reading, dig(reading.value, *above), tuple(above), key)


def _left_out(reading: Reading, around: Any, above: Keys, key: str) -> bool:
    if not isinstance(around, dict) or key in around:
        return False
    beside = [each[-1] for each in reading.unknown if each[:-1] == above]
    return not any(nearest(each, [key]) for each in beside)

"""What was measured before, kept by all that decides it: models, data, parameters and versions.

An entry is bound to what it was measured of and held against its own digest when it is read: what
is damaged, or about something else, is measured anew. That tells chance from truth, not a forger
from mlci, and whoever can write the folder could forge: so a run that admits reads none of it.
"""

import dataclasses
import hashlib
import json
import os
import platform
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlci.errors import Broken
from mlci.flow.case import Case
from mlci.flow.files import whole
from mlci.flow.judging import versions
from mlci.flow.measuring import Entry, Measured, Say, Source
from mlci.gates.halves import Halves, Shared
from mlci.gates.parts.file import Part, read_part, write_part
from mlci.gates.protocol import Bench, anchor_of
from mlci.gates.registry import halves
from mlci.records.evaluation_set import EvaluationSet
from mlci.records.release import Release

MOST_BYTES = 1 << 30
_LEFT_OVER = 3600.0  # seconds after which a file that was never finished won't be
_SUFFIX = ".npz"
_NOT_DECISIVE = ("source", "name", "uri")


def recalling(
    case: Case, bench: Bench, folder: Path, source: Source, say: Say, *, read: bool
) -> Source:
    """A source that looks into ``folder`` first, if it may ``read`` it, and keeps there what it had
    to measure. What the machine is measured by (load, size) is always measured anew."""

    def recall(entry: Entry) -> Measured:
        half = halves(entry.spec.gate)
        if half is None or half.by is not Shared.ROWS:
            return source(entry)
        about = decisive(case, bench, entry, half)
        file = folder / f"{_key(about)}{_SUFFIX}"
        found = _fetch(file, about, half, say) if read else None
        if found is not None:
            say(f"measured before: {entry.name}")
            return Measured(measurement=found)
        measured = source(entry)
        if measured.measurement is not None and getattr(measured.measurement, "complete", True):
            _keep(file, Part(about=about, measurement=measured.measurement), say)
        return measured

    return recall


def decisive(case: Case, bench: Bench, entry: Entry, half: Halves) -> dict[str, Any]:
    """All that decides what an entry's measurement is."""
    parameters = entry.spec.parameters
    anchor = bench.anchors.get(anchor_of(entry.spec) or "")
    former = case.standing.champion
    said = {
        "gate": entry.spec.gate,
        "parameters": {k: each for k, each in parameters.items() if k not in half.judged},
        "asked": [
            [each.limit.kind.value, each.metric, each.slice, each.alarm] for each in entry.planned
        ],
        "candidate": _reading(bench.candidate.release),
        "champion": bench.champion and _reading(bench.champion.release),
        "anchor": anchor and _reading(anchor.release),
        "exam": _exam(bench.exam),
        "training": case.release.training_data,
        "former": former.delivery if former else None,
        "versions": versions([entry.spec]),
        "machine": [platform.machine(), platform.system()],
    }
    plain: dict[str, Any] = json.loads(_text(said))
    return plain


def _reading(release: Release) -> dict[str, Any]:
    """A model's bytes, and how its inputs and answers are read."""
    model = release.model
    return {
        "digest": model.digest,
        "format": model.format,
        "inputs": model.inputs,
        "outputs": model.outputs,
        "classes": model.classes,
        "task": release.task,
    }


def _exam(exam: EvaluationSet) -> dict[str, Any]:
    names = [each.name for each in dataclasses.fields(exam) if each.name not in _NOT_DECISIVE]
    return {name: getattr(exam, name) for name in names}


def _text(said: Mapping[str, Any]) -> str:
    return json.dumps(said, sort_keys=True, default=_plain)


def _plain(value: Any) -> Any:
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) else dict(value)  # type: ignore[arg-type]


def _key(about: Mapping[str, Any]) -> str:
    return hashlib.sha256(_text(about).encode()).hexdigest()


def _fetch(file: Path, about: Mapping[str, Any], half: Halves, say: Say) -> Any:
    if not file.exists():
        return None
    try:
        part = read_part(file, half.measurement)
        os.utime(file)
    except (Broken, OSError) as error:
        say(f"measured anew: {error}")
        return None
    if part.about != about or part.measurement is None:
        say(f"measured anew: {file} is about something else")
        return None
    return part.measurement


def _keep(file: Path, part: Part, say: Say) -> None:
    """A cache that can't be written is no error: the next run measures anew."""
    try:
        with whole(file) as stream:
            write_part(stream, part)
        _make_room(file.parent)
    except (Broken, ValueError, OSError) as error:
        say(f"not kept for the next run: {error}")


def _make_room(folder: Path) -> None:
    """Removes the entries that nobody has read for longest, and what a killed run left."""
    held = []
    for file in folder.iterdir():
        try:
            seen = file.stat()
        except FileNotFoundError:
            continue
        if file.suffix == _SUFFIX and not file.name.startswith("."):
            held.append((seen.st_mtime, seen.st_size, file))
        elif time.time() - seen.st_mtime > _LEFT_OVER:
            file.unlink(missing_ok=True)
    total = sum(size for _, size, _ in held)
    for _, size, file in sorted(held):
        if total <= MOST_BYTES:
            break
        file.unlink(missing_ok=True)
        total -= size

"""Parts of a measurement -> the whole one, where they belong here and none is missing.

Digests say what a part is about; nothing says who wrote it. Whoever can write parts decides the
verdict.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlci import __version__
from mlci.errors import Broken, MlciError
from mlci.flow.bench import delivered
from mlci.flow.case import Case
from mlci.flow.measuring import Entry, Measured
from mlci.gates.parts.file import read_about, read_part
from mlci.gates.parts.merging import total
from mlci.gates.protocol import anchor_of
from mlci.gates.registry import halves
from mlci.plugins.used import used
from mlci.records.shard import Shard, read_shard

SHARD, VERSIONS = "shard", "versions"


def identity(case: Case, entry: Entry) -> dict[str, Any]:
    """What all parts of an entry's measurement must have been made of."""
    champion, anchor = case.standing.champion, anchor_of(entry.spec)
    older = delivered(case, anchor) if anchor is not None else None
    return {
        "release": {"path": case.release.path, "digest": case.release.digest},
        "model": case.release.model.digest,
        "champion": champion and [champion.manifest_digest, champion.model_digest],
        "anchor": older and [older.manifest_digest, older.model_digest],
        "exam": {"digest": case.exam.source.digest, "data": case.exam.digest},
        "policies": sorted({digest for policy in case.policies for digest in policy.digests}),
        "gate": {
            "policy": entry.policy.name,
            "entry": entry.spec.index,
            "gate": entry.spec.gate,
            "name": entry.spec.name,
            "confidence": entry.spec.confidence,
            "parameters": _plain(entry.spec.parameters),
        },
        "judgements": [each.id for each in entry.planned],
        "mlci": __version__,
        "plugins": used([entry.spec]),
    }


def _plain(value: Any) -> Any:
    """As it comes back from a file."""
    return json.loads(json.dumps(value, default=dict))


@dataclass(frozen=True, kw_only=True)
class _Given:
    path: Path
    shard: Shard


class Parts:
    """A source of measurements: those in files, merged."""

    def __init__(self, case: Case, entries: Sequence[Entry], paths: Sequence[Path]) -> None:
        """Raises Broken for a file that is no part, is about something else, or is there twice;
        and for parts of one measurement that were made by different versions or cut differently."""
        known = {(entry.policy.name, entry.spec.index): identity(case, entry) for entry in entries}
        self._release = case.release.path
        self._given: dict[tuple[str, int], list[_Given]] = {}
        abouts: dict[tuple[str, int], Mapping[str, Any]] = {}
        for path in paths:
            about = read_about(path)
            key = _key(about)
            if key not in known:
                raise _foreign(
                    path,
                    "a part of a gate that isn't judged here",
                    ", ".join(sorted({entry.name for entry in entries})),
                )
            _check(path, about, known[key])
            first = abouts.setdefault(key, about)
            if about.get(VERSIONS) != first.get(VERSIONS):
                raise _foreign(
                    path, f"measured with {about.get(VERSIONS)}", f"{first.get(VERSIONS)}"
                )
            self._add(key, path, about)

    def _add(self, key: tuple[str, int], path: Path, about: Mapping[str, Any]) -> None:
        given = self._given.setdefault(key, [])
        try:
            shard = read_shard(str(about.get(SHARD)))
        except ValueError as error:
            raise _foreign(path, str(error), "a shard I/N") from None
        for other in given:
            if other.shard.of != shard.of:
                raise _foreign(path, f"shard {shard}", f"one of {other.shard.of}, as {other.path}")
            if other.shard == shard:
                raise _foreign(path, f"shard {shard} again", f"it once: {other.path} is it")
        given.append(_Given(path=path, shard=shard))

    def __call__(self, entry: Entry) -> Measured:
        """The entry's whole measurement. What is missing is said, for an ERROR of its judgements;
        raises Broken for parts that are damaged, or don't add up."""
        half = halves(entry.spec.gate)
        given = self._given.get((entry.policy.name, entry.spec.index), [])
        if half is None or not given:
            return self._missing(entry, "no part")
        of = given[0].shard.of
        absent = sorted({*range(1, of + 1)} - {each.shard.number for each in given})
        if absent:
            shards = ", ".join(f"{number}/{of}" for number in absent[:10])
            return self._missing(entry, f"no part of shard {shards}")
        parts = [
            read_part(each.path, half.measurement)
            for each in sorted(given, key=lambda each: each.shard.number)
        ]
        failed = min((part.failed for part in parts if part.failed), default="")
        found = [part.measurement for part in parts if part.measurement is not None]
        if failed or not found:
            return Measured(failed=failed or "no shard has any rows")
        try:
            return Measured(measurement=total(found))
        except MlciError as error:
            return Measured(failed=str(error))
        except (ValueError, TypeError) as error:
            raise _foreign(given[0].path, str(error), "shards of one measurement") from None

    def _missing(self, entry: Entry, what: str) -> Measured:
        command = f"mlci measure {self._release} --policy {entry.policy.name}"
        return Measured(
            failed=f"{what} of this gate was given: `{command} --gate {selector(entry)} --shard …`"
        )


def selector(entry: Entry) -> str:
    """What names an entry on the command line, within its policy."""
    metric = entry.spec.parameters.get("metric")
    return f"{entry.spec.name}/{metric}" if metric else entry.spec.name


def _key(about: Mapping[str, Any]) -> tuple[str, int]:
    gate = about.get("gate")
    if not isinstance(gate, Mapping):
        return "", -1
    policy, entry = gate.get("policy"), gate.get("entry")
    return (policy, entry) if isinstance(policy, str) and type(entry) is int else ("", -1)


def _check(path: Path, about: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    for name, value in wanted.items():
        if about.get(name) != value:
            raise _foreign(path, f"made of another {name}: {about.get(name)}", f"{value}")


def _foreign(path: Path, found: str, expected: str) -> Broken:
    return Broken(
        place=str(path),
        found=found,
        expected=expected,
        next_step="judge the parts of one release, exam and champion under the tip's policies",
    )

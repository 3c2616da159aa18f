"""What happened to a release in an environment, as the records branch keeps it."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any

from mlci.errors import Broken
from mlci.records.paths import NAME


class State(StrEnum):
    """GATING, HELD and REFUSED come before delivery; ADMITTED starts it, PAUSED waits in it.

    REVERTED says that Git was put right after REGRESSED or REFUSED. APPROVED is a person's yes.
    """

    GATING = "GATING"
    HELD = "HELD"
    REFUSED = "REFUSED"
    ADMITTED = "ADMITTED"
    PAUSED = "PAUSED"
    HEALTHY = "HEALTHY"
    REGRESSED = "REGRESSED"
    REVERTED = "REVERTED"
    SUPERSEDED = "SUPERSEDED"
    ADOPTED = "ADOPTED"
    APPROVED = "APPROVED"


@dataclass(frozen=True, kw_only=True)
class Blob:
    """A file by its git object: enough to restore it without its commit."""

    path: str
    mode: str
    oid: str


@dataclass(frozen=True, kw_only=True)
class DeliveryRecord:
    """``deliveries/<environment>/<model>/<seq>.json``; the highest ``seq`` is the newest.

    ``delivery`` is sha256(environment, model, manifest digest, previous delivery's id): two agents
    that race mean the same one. ``commit`` is the protected ref's tip that was acted on; ``paths``
    the release's own files there, and ``artifacts`` those in the repository that it loads.
    ``step`` is the one, from 1 on, whose pause a PAUSED record is about and an APPROVED one ends.
    ``time`` is for people only.
    """

    seq: int
    delivery: str
    state: State
    environment: str
    model: str
    version: str
    manifest_digest: str
    model_digest: str
    commit: str
    reason: str
    time: str
    by: str
    previous: str = ""
    verdict: str = ""
    reversal: str = ""
    paths: tuple[Blob, ...] = ()
    artifacts: tuple[Blob, ...] = ()
    evidence: Mapping[str, float] = field(default_factory=dict)
    step: int = 0


def delivery_path(environment: str, model: str, seq: int) -> str:
    """Where a record lies on the records branch."""
    return f"deliveries/{environment}/{model}/{seq:06}.json"


def to_dict(record: DeliveryRecord) -> dict[str, Any]:
    """The record as the JSON document that is kept and printed."""
    said = {_camel(f.name): _plain(getattr(record, f.name)) for f in fields(record)}
    if not record.step:
        del said["step"]
    return {**_HEAD, **said}


def to_json_bytes(record: DeliveryRecord) -> bytes:
    """Deterministic: the same record gives the same bytes.

    Raises ValueError for NaN and for what could not be read again.
    """
    text = json.dumps(
        to_dict(record), sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False
    )
    _read(json.loads(text))
    return f"{text}\n".encode()


def from_json_bytes(content: bytes, place: str) -> DeliveryRecord:
    """The record that ``to_json_bytes`` wrote.

    Raises Broken for a text that says less, more or something else: it is never guessed at.
    """
    try:
        data = json.loads(
            content, object_pairs_hook=_without_duplicates, parse_constant=_no_constant
        )
        return _read(data)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Broken(
            place=place,
            found=f"no delivery record: {type(error).__name__}: {error}",
            expected="the JSON that mlci wrote there",
            next_step="see `git log mlci/records` for who changed it, and restore it",
        ) from error


_HEAD = {"apiVersion": "mlci.dev/v1", "kind": "Delivery"}
_OPTIONAL = ("previous", "verdict", "reversal", "paths", "artifacts", "evidence", "step")
_PATTERNS = {
    "environment": NAME,
    "model": NAME,
    "manifest_digest": re.compile(r"sha256:[0-9a-f]{64}"),
    "model_digest": re.compile(r"sha256:[0-9a-f]{64}"),
    "delivery": re.compile(r"[0-9a-f]{64}"),
    "commit": re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?"),
}
_OID = _PATTERNS["commit"]


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [asdict(blob) for blob in value]
    return dict(value) if isinstance(value, Mapping) else value


def _read(data: dict[str, Any]) -> DeliveryRecord:
    names = {_camel(f.name): f.name for f in fields(DeliveryRecord)}
    if unknown := sorted(set(data) - set(names) - set(_HEAD)):
        raise ValueError(f"unknown key {unknown[0]}")
    if {key: data[key] for key in _HEAD} != _HEAD:
        raise ValueError(f"{data['apiVersion']} {data['kind']}")
    values: dict[str, Any] = {}
    for key, name in names.items():
        if key in data or name not in _OPTIONAL:
            values[name] = _value(name, data[key])
    return DeliveryRecord(**values)


def _value(name: str, value: Any) -> Any:
    if name in ("seq", "step"):
        if type(value) is int and value > 0:
            return value
    elif name in ("paths", "artifacts"):
        return tuple(_blob(each) for each in value)
    elif name == "evidence":
        if all(type(number) in (int, float) for number in value.values()):
            return value
    elif isinstance(value, str) and (name not in _PATTERNS or _PATTERNS[name].fullmatch(value)):
        return State(value) if name == "state" else value
    raise ValueError(f"{_camel(name)} is {value!r}")


def _blob(data: dict[str, str]) -> Blob:
    blob = Blob(**data)
    if all(isinstance(each, str) for each in data.values()) and _OID.fullmatch(blob.oid):
        return blob
    raise ValueError(f"{data!r} is no file's object")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        raise ValueError("a key stands twice")
    return data


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")

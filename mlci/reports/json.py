"""A verdict as ``verdict.json``, and back. NaN and infinities are refused both ways."""

import json
import math
from collections.abc import Mapping
from datetime import date
from typing import Any

from mlci.errors import Broken
from mlci.records.judgement import Judgement, Limit, LimitKind, Planned
from mlci.records.outcome import Outcome
from mlci.records.rule import Ruling
from mlci.records.verdict import PolicyId, ReleaseId, Verdict
from mlci.records.waiver import Waived

API_VERSION = "mlci.dev/v1"


def to_json(verdict: Verdict) -> dict[str, Any]:
    """The document of the contract. Raises ValueError when a number in it is not finite."""
    name, digest = verdict.evaluation
    document = {
        "apiVersion": API_VERSION,
        "kind": "Verdict",
        "outcome": verdict.outcome.value,
        "admits": verdict.admits,
        "release": _release(verdict.release),
        "champion": None if verdict.champion is None else _release(verdict.champion),
        "policies": [_policy(each) for each in verdict.policies],
        "evaluation": {"name": name, "digest": digest, **_wear(verdict)},
        "judgements": [_judgement(each) for each in verdict.judgements],
        "started": verdict.started,
        "finished": verdict.finished,
        "versions": dict(verdict.versions),
    }
    if verdict.rulings:
        document["rules"] = [_ruling(each) for each in verdict.rulings]
    if verdict.reason:
        document["reason"] = verdict.reason
    _refuse_non_finite(document, "verdict")
    return document


def dumps(verdict: Verdict) -> str:
    """The text of ``verdict.json``: indented, keys in the contract's order, one final newline."""
    text = json.dumps(to_json(verdict), indent=2, ensure_ascii=False, allow_nan=False)
    return text + "\n"


def loads(text: str | bytes, place: str) -> Verdict:
    """Raises Broken, with ``place``, for anything that ``dumps`` could not have written."""
    try:
        document = json.loads(text, parse_constant=_no_constant)
    except ValueError as error:
        raise _broken(place, f"no JSON: {error}") from None
    return from_json(document, place)


def from_json(document: Any, place: str) -> Verdict:
    """The inverse of ``to_json``; the position of a gate in its policy is not kept.

    Raises Broken, with ``place``, for a document of another kind or form.
    """
    try:
        if (document["apiVersion"], document["kind"]) != (API_VERSION, "Verdict"):
            raise ValueError(f"{document['apiVersion']} {document['kind']}")
        _refuse_non_finite(document, "verdict")
        champion = document["champion"]
        return Verdict(
            outcome=Outcome(document["outcome"]),
            admits=_bool(document["admits"]),
            release=_release_id(document["release"]),
            champion=None if champion is None else _release_id(champion),
            policies=tuple(_policy_id(**each) for each in document["policies"]),
            evaluation=(document["evaluation"]["name"], document["evaluation"]["digest"]),
            exam_data=document["evaluation"].get("dataDigest", ""),
            exam_runs=document["evaluation"].get("runs"),
            exam_runs_permitted=document["evaluation"].get("maximumRuns"),
            judgements=tuple(_judgement_from(each) for each in document["judgements"]),
            started=document["started"],
            finished=document["finished"],
            versions=dict(document["versions"]),
            reason=document.get("reason", ""),
            rulings=tuple(_ruling_from(each) for each in document.get("rules", ())),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _broken(place, f"{type(error).__name__}: {error}") from None


def _wear(verdict: Verdict) -> dict[str, Any]:
    """How often the exam's rows were sat before; nothing where nobody counted."""
    said = {
        "dataDigest": verdict.exam_data or None,
        "runs": verdict.exam_runs,
        "maximumRuns": verdict.exam_runs_permitted,
    }
    return {key: value for key, value in said.items() if value is not None}


def _release(release: ReleaseId) -> dict[str, str]:
    return {
        "model": release.model,
        "environment": release.environment,
        "version": release.version,
        "path": release.path,
        "digest": release.digest,
        "modelDigest": release.model_digest,
    }


def _release_id(data: Mapping[str, str]) -> ReleaseId:
    return ReleaseId(
        model=data["model"],
        environment=data["environment"],
        version=data["version"],
        path=data["path"],
        digest=data["digest"],
        model_digest=data["modelDigest"],
    )


def _policy(policy: PolicyId) -> dict[str, Any]:
    word = {"onInconclusive": policy.on_inconclusive} if policy.on_inconclusive else {}
    pack = {"name": policy.pack, "digest": policy.pack_digest}
    named = {"name": policy.name, "path": policy.path, "commit": policy.commit}
    return {**named, "digest": policy.digest, **word, **({"extends": pack} if policy.pack else {})}


def _policy_id(
    *,
    onInconclusive: str = "",  # noqa: N803 - JSON's name
    extends: Mapping[str, str] | None = None,
    **known: str,
) -> PolicyId:
    pack = {"name": "", "digest": ""} if extends is None else extends
    return PolicyId(
        **known, on_inconclusive=onInconclusive, pack=pack["name"], pack_digest=pack["digest"]
    )


def _waived(waived: Waived) -> dict[str, str]:
    return {
        "policy": waived.policy,
        "gate": waived.gate,
        "reason": waived.reason,
        "approver": waived.approver,
        "expires": waived.expires.isoformat(),
    }


def _waived_from(data: Mapping[str, str]) -> Waived:
    return Waived(
        policy=data["policy"],
        gate=data["gate"],
        reason=data["reason"],
        approver=data["approver"],
        expires=date.fromisoformat(data["expires"]),
    )


def _ruling(ruling: Ruling) -> dict[str, str]:
    return {
        "id": ruling.id,
        "policy": ruling.policy,
        "control": ruling.control,
        "title": ruling.title,
        "outcome": ruling.outcome.value,
        "reason": ruling.reason,
        **({"place": ruling.place} if ruling.place else {}),
    }


def _ruling_from(data: Mapping[str, str]) -> Ruling:
    return Ruling(
        id=data["id"],
        policy=data["policy"],
        control=data["control"],
        title=data["title"],
        outcome=Outcome(data["outcome"]),
        reason=data["reason"],
        place=data.get("place", ""),
    )


def _judgement(judgement: Judgement) -> dict[str, Any]:
    planned = judgement.planned
    return {
        "id": planned.id,
        "policy": planned.policy,
        "gate": planned.gate,
        "metric": planned.metric,
        "slice": None if planned.slice is None else _plain(planned.slice),
        "outcome": judgement.outcome.value,
        "required": planned.required,
        "waived": None if judgement.waived is None else _waived(judgement.waived),
        "reason": judgement.reason,
        "estimate": judgement.estimate,
        "interval": None if judgement.interval is None else list(judgement.interval),
        "confidence": planned.confidence,
        "n": judgement.n,
        "limit": {"kind": planned.limit.kind.value, "value": planned.limit.value},
        "detectable": judgement.detectable,
        "needed": judgement.needed,
        "details": _plain(judgement.details),
        **({"place": planned.place} if planned.place else {}),
    }


def _judgement_from(data: Mapping[str, Any]) -> Judgement:
    interval = data["interval"]
    low, high = (0.0, 0.0) if interval is None else interval
    return Judgement(
        planned=Planned(
            id=data["id"],
            policy=data["policy"],
            gate=data["gate"],
            metric=data["metric"],
            limit=Limit(kind=LimitKind(data["limit"]["kind"]), value=float(data["limit"]["value"])),
            required=_bool(data["required"]),
            confidence=data["confidence"],
            slice=data["slice"],
            place=data.get("place", ""),
        ),
        outcome=Outcome(data["outcome"]),
        reason=data["reason"],
        estimate=data["estimate"],
        interval=None if interval is None else (low, high),
        n=data["n"],
        detectable=data["detectable"],
        needed=data["needed"],
        details=data["details"],
        waived=None if data["waived"] is None else _waived_from(data["waived"]),
    )


def _plain(value: Any) -> Any:
    """Mappings and sequences as JSON has them."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is not true or false")
    return value


def _refuse_non_finite(value: Any, path: str) -> None:
    if isinstance(value, Mapping):
        for key, each in value.items():
            _refuse_non_finite(each, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for at, each in enumerate(value):
            _refuse_non_finite(each, f"{path}[{at}]")
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{path} is {value}")


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _broken(place: str, found: str) -> Broken:
    return Broken(
        place=place,
        found=found,
        expected="a verdict as mlci writes it",
        next_step="gate the release again; `mlci schema verdict` prints the form",
    )

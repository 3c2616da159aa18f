"""A verdict as a GitLab code quality report: each judgement that did not pass, at the line of the
policy that asked for it.

The format: a JSON array of ``description, check_name, fingerprint, severity, location`` (GitLab's
documentation, "Code Quality", section "Code Quality report format").
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from mlci.records.outcome import Outcome
from mlci.records.rule import Ruling
from mlci.reports import numbers
from mlci.reports.contents import Contents, Item, read, waiver

_SEVERITY = {
    Outcome.FAIL: "critical",
    Outcome.ERROR: "critical",
    Outcome.SKIPPED: "critical",
    Outcome.INCONCLUSIVE: "major",
}


def render(document: Mapping[str, Any]) -> str:
    """A fingerprint names release and judgement, not what came out: it is the same in every run,
    so that the forge can tell what is new and what is resolved."""
    contents = read(document)
    found = [_judgement(contents, item) for item in contents.items]
    found += [_rule(contents, rule) for rule in contents.verdict.rulings]
    entries = [each for each in found if each is not None]
    return json.dumps(entries, indent=2, ensure_ascii=False) + "\n"


def _judgement(contents: Contents, item: Item) -> dict[str, Any] | None:
    judgement, planned = item.judgement, item.planned
    if item.outcome is Outcome.PASS:
        return None
    value = ""
    if judgement.interval is not None:
        value = (
            f": {numbers.estimate(judgement)} [{numbers.interval(judgement)}], "
            f"limit {numbers.limit(planned)}, n={judgement.n:,}"
        )
    told = waiver(item.waived) if item.waived is not None else judgement.reason
    severity = _SEVERITY[item.outcome] if item.decides else "info"
    return _entry(
        contents,
        name=planned.id,
        description=f"{item.label}: {item.title}{value}. {told}",
        check=f"mlci/{planned.gate}/{planned.metric}/{planned.limit.kind.value}",
        severity=severity,
        place=planned.place or _policy_path(contents, planned.policy),
    )


def _rule(contents: Contents, ruling: Ruling) -> dict[str, Any] | None:
    if ruling.outcome is Outcome.PASS:
        return None
    return _entry(
        contents,
        name=ruling.id,
        description=f"{ruling.outcome.value}: {ruling.title}. {ruling.reason}",
        check=f"mlci/rules/{ruling.id.rpartition('/')[2]}",
        severity="critical",
        place=ruling.place or _policy_path(contents, ruling.policy),
    )


def _entry(
    contents: Contents, *, name: str, description: str, check: str, severity: str, place: str
) -> dict[str, Any]:
    path, line = _split(place)
    of = f"{contents.verdict.release.path}\n{name}"
    return {
        "description": description,
        "check_name": check,
        "fingerprint": hashlib.sha256(of.encode()).hexdigest(),
        "severity": severity,
        "location": {"path": path, "lines": {"begin": line}},
    }


def _policy_path(contents: Contents, name: str) -> str:
    paths = {each.name: each.path for each in contents.verdict.policies}
    return paths.get(name, contents.verdict.release.path)


def _split(place: str) -> tuple[str, int]:
    """``path:line:column`` -> path and line; a path alone stands for its first line."""
    path, _, rest = place.rpartition(":")
    path, _, line = path.rpartition(":") if rest.isdigit() else ("", "", "")
    return (path, int(line)) if path and line.isdigit() else (place, 1)

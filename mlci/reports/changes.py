"""What changed between two verdicts on one release path, judgement by judgement."""

from dataclasses import dataclass

from mlci.records.outcome import Outcome
from mlci.reports.contents import Contents, Item


@dataclass(frozen=True, kw_only=True)
class Changes:
    """``turned``: (before, now) of judgements whose outcome is another one. ``other`` says how the
    two runs differ in what was judged and by what; judgements are compared all the same."""

    before: Contents
    turned: tuple[tuple[Item, Item], ...]
    added: tuple[Item, ...]
    gone: tuple[Item, ...]
    other: tuple[str, ...]


def between(before: Contents, now: Contents) -> Changes:
    old = {each.planned.id: each for each in before.items}
    new = {each.planned.id: each for each in now.items}
    return Changes(
        before=before,
        turned=tuple(
            (old[name], item)
            for name, item in new.items()
            if name in old and old[name].label != item.label
        ),
        added=tuple(item for name, item in new.items() if name not in old),
        gone=tuple(item for name, item in old.items() if name not in new),
        other=_other(before, now),
    )


def worse(before: Item, now: Item) -> bool:
    return before.outcome is Outcome.PASS and now.outcome is not Outcome.PASS


def _other(before: Contents, now: Contents) -> tuple[str, ...]:
    a, b = before.verdict, now.verdict
    found = []
    if a.release.path != b.release.path:
        found.append(f"another release: {a.release.path}")
    if a.release.model_digest != b.release.model_digest:
        found.append(f"another model: {a.release.version} then, {b.release.version} now")
    if [each.digest for each in a.policies] != [each.digest for each in b.policies]:
        found.append("another policy")
    if a.evaluation != b.evaluation:
        found.append(f"another exam: {a.evaluation[0]} then, {b.evaluation[0]} now")
    if (a.champion and a.champion.model_digest) != (b.champion and b.champion.model_digest):
        then = a.champion.version if a.champion else "none"
        today = b.champion.version if b.champion else "none"
        found.append(f"another champion: {then} then, {today} now")
    return tuple(found)

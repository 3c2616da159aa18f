"""A verdict's file -> another form of it, if the verdict still says what its judgements say."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlci.errors import Broken
from mlci.flow.files import write_whole
from mlci.records.judgement import Judgement, LimitKind
from mlci.records.outcome import Outcome
from mlci.records.verdict import Verdict
from mlci.reports.formats import BESIDE, render
from mlci.reports.json import loads
from mlci.verdict import fold

_AT_LEAST = {LimitKind.MINIMUM, LimitKind.MINIMUM_RATIO, LimitKind.MARGIN, LimitKind.ANCHOR}


def read_verdict(path: Path) -> Mapping[str, Any]:
    """The document in ``path``. Raises Broken where it can't be read, is no verdict, or was edited:
    its outcome isn't the fold of its judgements, rules and waivers."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise Broken(
            place=str(path),
            found=error.strerror or str(error),
            expected="a verdict as mlci writes it",
            next_step="name the verdict.json of a gate",
        ) from None
    found = differences(loads(text, str(path)))
    if found:
        raise Broken(
            place=str(path),
            found=f"a verdict that isn't the fold of its judgements: {'; '.join(found)}",
            expected="a verdict as mlci wrote it, and nobody edited",
            next_step="gate the release again",
        )
    document: Mapping[str, Any] = json.loads(text)
    return document


def differences(verdict: Verdict) -> tuple[str, ...]:
    """How the verdict differs from what its own judgements make of it; nothing if it doesn't."""
    if verdict.reason and not verdict.judgements:
        return ()
    word = "allow" if verdict.admits else "refuse"
    again = fold(
        [each.planned for each in verdict.judgements],
        verdict.judgements,
        {each.name: each.on_inconclusive or word for each in verdict.policies},
        [each.id for each in verdict.rulings],
        verdict.rulings,
    )
    found = [
        f"{old.planned.id} is {old.outcome.value}, and {new.reason}"
        for old, new in zip(verdict.judgements, again.judgements, strict=True)
        if old.outcome is not new.outcome
    ]
    found += [
        f"{each.planned.id} is PASS, and its interval lies beyond its limit"
        for each in verdict.judgements
        if each.outcome is Outcome.PASS and _beyond(each)
    ]
    if verdict.outcome is not again.outcome and not _incomplete(verdict):
        found.append(f"outcome {verdict.outcome.value}, recomputed {again.outcome.value}")
    elif verdict.admits is not again.admits:
        found.append(f"admits {str(verdict.admits).lower()}, recomputed otherwise")
    return tuple(found)


def _incomplete(verdict: Verdict) -> bool:
    """Where something planned did not arrive, the verdict is ERROR, whatever the others say."""
    return verdict.outcome is Outcome.ERROR and any(
        each.outcome is Outcome.ERROR for each in verdict.judgements
    )


def _beyond(judgement: Judgement) -> bool:
    """Whether all of the interval is on the wrong side of the limit."""
    if judgement.interval is None:
        return False
    limit = judgement.planned.limit
    low, high = judgement.interval
    if limit.kind in _AT_LEAST:
        return high < (-limit.value if limit.kind.compared else limit.value)
    return low > limit.value


def write_report(path: Path, text: str) -> None:
    """Writes all of it or nothing. Raises Broken when ``path`` can't be written, or would put a
    file in the place of a folder, a device or a link such as /dev/stdout."""
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise Broken(
            place=str(path),
            found="a folder" if path.is_dir() else "no regular file",
            expected="a file to write to, or none",
            next_step="choose another with --output",
        )
    write_whole(path, text.encode())


def write_beside(folder: Path, document: Mapping[str, Any]) -> tuple[Path, ...]:
    """The reports that every gate leaves in its folder."""
    paths = []
    for name, file in BESIDE.items():
        write_report(folder / file, render(name, document))
        paths.append(folder / file)
    return tuple(paths)

"""The table of a whole run, and the survivors that somebody has explained."""

import tomllib
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from catalogue import Mutant
from cosmic_ray.work_item import TestOutcome
from session import LATE, Session

FILE = Path(__file__).with_name("survivors.toml")

Identity = tuple[str, str, str, str]

_HEAD = """# Mutants of the decision code

Made by `python .ci/mutants --all` at {revision}; [mutation-testing.md](../mutation-testing.md) says
how. A mutant that timed out was noticed: the code no longer came to an end.
"""


class Survivors:
    """``survivors.toml``: identity -> kind and reason."""

    def __init__(self, reasons: dict[Identity, tuple[str, str]]) -> None:
        self.reasons = reasons

    @classmethod
    def read(cls) -> "Survivors":
        entries = tomllib.loads(FILE.read_text(encoding="utf-8"))["survivor"]
        return cls(
            {
                (each["file"], each["in"], each["before"], each["after"]): (
                    each["kind"],
                    each["reason"],
                )
                for each in entries
            }
        )

    def unexplained(self, made: Sequence[Mutant], session: Session) -> list[Mutant]:
        return [each for each in _survived(made, session) if each.identity not in self.reasons]

    def stale(self, made: Sequence[Mutant], session: Session) -> list[Identity]:
        survived = {each.identity for each in _survived(made, session)}
        return sorted(set(self.reasons) - survived)


def table(made: Sequence[Mutant], session: Session, revision: str) -> str:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for each in made:
        counts[each.path][_word(each, session)] += 1
    whole = sum(counts.values(), Counter[str]())
    rows = [_row(f"`{file}`", counts[file]) for file in sorted(counts)]
    lines = [
        _HEAD.format(revision=revision),
        "| file | mutants | noticed | timed out | survived |",
        "|---|---:|---:|---:|---:|",
        *rows,
        _row("**all**", whole),
        "",
        "## By what was changed",
        "",
        "| change | mutants | survived |",
        "|---|---:|---:|",
        *_by_change(made, session),
        "",
        "## Survivors",
        "",
    ]
    return "\n".join([*lines, *_explained(made, session)]) + "\n"


def _explained(made: Sequence[Mutant], session: Session) -> list[str]:
    reasons = Survivors.read().reasons
    by_kind: dict[str, list[str]] = defaultdict(list)
    for each in _survived(made, session):
        kind, reason = reasons.get(each.identity, ("not explained", ""))
        place = f"`{each.path}`, `{each.definition or 'module'}`"
        by_kind[kind].append(
            f"- {place}: `{each.before}` → `{each.after}`" + (f"  \n  {reason}" if reason else "")
        )
    lines = []
    for kind in sorted(by_kind):
        lines += [f"### {kind} ({len(by_kind[kind])})", "", *by_kind[kind], ""]
    return lines[:-1] if lines else ["None."]


def _by_change(made: Sequence[Mutant], session: Session) -> list[str]:
    every, left = Counter[str](), Counter[str]()
    for each in made:
        what = "a correction dropped" if each.why.startswith("without") else each.why
        every[what] += 1
        left[what] += _word(each, session) == "survived"
    return [f"| {what} | {every[what]} | {left[what]} |" for what in sorted(every)]


def _row(name: str, counts: Counter[str]) -> str:
    columns = (counts.total(), counts["noticed"], counts["timed out"], counts["survived"])
    return f"| {name} | {' | '.join(str(each) for each in columns)} |"


def _survived(made: Sequence[Mutant], session: Session) -> list[Mutant]:
    return [each for each in made if _word(each, session) == "survived"]


def _word(mutant: Mutant, session: Session) -> str:
    fate = session.fate(mutant)
    if fate is None or fate[0] is not TestOutcome.KILLED:
        return "survived" if fate else "not tried"
    return "timed out" if fate[1] == LATE else "noticed"

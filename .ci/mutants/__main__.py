"""Breaks the decision code in every way that catalogue.py knows, and asks whether a test notices.

    python .ci/mutants --all                     every mutant; writes docs/tables/mutants.md
    python .ci/mutants --changed-since main      those of files that changed since a revision
    python .ci/mutants --seconds 45              a sample, by the tests that found such ones before

Runs in a copy of the tree, and goes on where it was stopped. Ends with 1 if a mutant survives that
survivors.toml doesn't explain, or explains one that doesn't survive.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True

import server  # noqa: E402 - before anything compiles
from catalogue import Mutant, decision_files, mutants  # noqa: E402
from known import Known  # noqa: E402
from report import Survivors, table  # noqa: E402
from selection import Trace  # noqa: E402
from session import Runner, Session, Stages  # noqa: E402
from workspace import Workspace  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs" / "tables" / "mutants.md"
SEED = 20


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python .ci/mutants")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--all", action="store_true", help="every decision file")
    which.add_argument("--changed-since", metavar="REV", help="files that differ from REV")
    parser.add_argument("--seconds", type=float, help="a sample that takes about so long")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--survivors", action="store_true", help="try survivors once more")
    parser.add_argument(
        "--folder",
        type=Path,
        default=ROOT / "build" / "mutants",
        help="of the copy and the results",
    )
    given = parser.parse_args()
    if not (given.all or given.changed_since or given.seconds):
        parser.error("one of --all, --changed-since and --seconds is needed")
    return given


def main() -> int:
    given = arguments()
    started = time.monotonic()
    files = decision_files(ROOT)
    changed: set[str] = set()
    if given.changed_since:
        changed = changed_files(given.changed_since)
        files = [each for each in files if each in changed]
    if given.changed_since and not files and not given.seconds:
        print("no decision file changed")
        return 0
    workspace = Workspace(ROOT, given.folder)
    workspace.copy()
    known = Known.read()
    if given.seconds:
        # Where no decision file changed, the sample is of all of them.
        return sampled(files or decision_files(ROOT), known, workspace, given, started)
    trace = workspace.trace(None if given.all else known.test_files(files, changed))
    server.warm()
    made = [each for file in files for each in mutants(workspace.tree, file)]
    session = Session.at(workspace.folder / "session.sqlite")
    run(made, session, trace, workspace, given)
    if given.all:
        known.write(made, session, trace)
        revision = git("describe", "--always", "--dirty", "--abbrev=12").strip()
        TABLE.write_text(table(made, session, revision), encoding="utf-8")
    return verdict(made, session, whole=given.all)


def sampled(
    files: list[str],
    known: Known,
    workspace: Workspace,
    given: argparse.Namespace,
    started: float,
) -> int:
    """Two mutants a file, of files in an order that the seed gives, until the time is up."""
    server.warm()
    chosen = known.sample(workspace.tree, files, SEED)
    session = Session.nowhere()
    runner = Runner(server.Forks(workspace.tree, given.processes), session, known.stages, print)
    runner.run(chosen, until=lambda: time.monotonic() - started > given.seconds)
    tried = [each for each in runner.seen if session.fate(each)]
    print(f"{len(tried)} mutants tried in {time.monotonic() - started:.0f} s")
    return verdict(tried, session, whole=False)


def run(
    made: list[Mutant],
    session: Session,
    trace: Trace,
    workspace: Workspace,
    given: argparse.Namespace,
) -> None:
    session.add(made)
    pending = session.pending(made, survivors=given.survivors)
    print(f"{len(made)} mutants, {len(pending)} to try", flush=True)
    stages = Stages.of_trace(trace)
    runner = Runner(server.Forks(workspace.tree, given.processes), session, stages, print)
    runner.run(pending)


def verdict(made: list[Mutant], session: Session, *, whole: bool) -> int:
    survivors = Survivors.read()
    unexplained = survivors.unexplained(made, session)
    for each in unexplained:
        print(
            f"survived: {each.path}:{each.line} ({each.why})\n  - {each.before}\n  + {each.after}"
        )
    stale = survivors.stale(made, session) if whole else []
    for entry in stale:
        print(f"survivors.toml explains what doesn't survive: {' '.join(entry)}")
    print(f"{len(unexplained)} survivors without a reason")
    return int(bool(unexplained or stale))


def changed_files(revision: str) -> set[str]:
    """Between the merge base with ``revision`` and the working tree, new files too."""
    found: set[str] = set()
    base = git("merge-base", "HEAD", revision).strip()
    for arguments in (
        ("diff", "--name-only", base),
        ("ls-files", "--others", "--exclude-standard"),
    ):
        found |= set(git(*arguments).splitlines())
    return found


def git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())

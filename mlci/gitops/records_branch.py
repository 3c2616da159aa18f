"""The branch ``mlci/records``: append-only, written by plumbing, safe under races.

Everything is decided on a snapshot; a writer that loses a race decides again on the next one.
Nothing is visible before the push, everything after it.
"""

import random
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mlci.errors import Broken, Conflict
from mlci.gitops import objects
from mlci.gitops.plumbing import must
from mlci.gitops.publish import publish
from mlci.gitops.records_snapshot import RecordsSnapshot
from mlci.gitops.remote import Answer, fetch_branch
from mlci.gitops.repository import Repository
from mlci.records.delivery import Blob

__all__ = ["BRANCH", "SEEN", "RecordsBranch", "RecordsSnapshot", "Write", "keep"]

BRANCH = "mlci/records"
# The newest records that this clone saw: what a remote may never take back.
SEEN = "refs/mlci/records-seen"
_ATTEMPTS = 40
_LONGEST_PAUSE = 1.0
_PATH = re.compile(r"(?:verdicts|deliveries|blobs)(?:/[A-Za-z0-9][A-Za-z0-9._-]*)+")


@dataclass(frozen=True, kw_only=True)
class Write:
    """A new file of the records: its bytes, or an object that is in the repository already."""

    path: str
    content: bytes | None = None
    oid: str | None = None

    def __post_init__(self) -> None:
        if not _PATH.fullmatch(self.path) or (self.content is None) == (self.oid is None):
            raise ValueError(f"{self.path!r} is no record with one content")


Decide = Callable[[RecordsSnapshot], Sequence[Write] | None]


def keep(blob: Blob) -> Write:
    """Carries a file of a release with the records: whoever has them can restore it."""
    return Write(path=f"blobs/{blob.oid[:2]}/{blob.oid}", oid=blob.oid)


@dataclass(frozen=True)
class RecordsBranch:
    """On the remote of ``repository``, or a local branch where there is no remote."""

    repository: Repository

    def fetch(self) -> RecordsSnapshot:
        """The records as they are now.

        Raises Broken where the remote does not answer, where the branch is gone although it was
        seen before, or where it lost or changed a record that was seen before.
        """
        # Read before the remote is asked: its answer is then never older than this.
        seen = self.repository.reference(SEEN)
        tip = self._tip(seen)
        if tip is None and seen is not None:
            raise _rolled_back("the branch is gone", seen)
        if tip is not None:
            self._check_kept(seen, tip)
            self._remember(seen, tip)
        return RecordsSnapshot(repository=self.repository, commit=tip)

    def append(self, write: Decide, message: str) -> RecordsSnapshot:
        """Writes what ``write`` makes of the newest snapshot, in one commit.

        ``write`` is asked again after every lost race; where it returns nothing, or only what is
        there already, nothing is written. Raises Conflict where a path holds something else,
        Broken as ``fetch`` does and where the push is refused.
        """
        remote = self.repository.remote()
        for attempt in range(_ATTEMPTS):
            before = self.fetch()
            fresh = self._fresh(before, write(before) or ())
            if not fresh:
                return before
            tree = objects.edit_tree(self.repository, before.commit, add=fresh)
            commit = objects.commit(
                self.repository, tree, parent=before.commit, message=f"{message}\n"
            )
            pushed = publish(self.repository, remote, BRANCH, commit, before=before.commit)
            if pushed.answer is Answer.LANDED:
                self._remember(before.commit, commit)
                return RecordsSnapshot(repository=self.repository, commit=commit)
            if pushed.answer is Answer.REFUSED:
                raise Broken(
                    place=f"{remote}/{BRANCH}",
                    found=f"the push is refused: {pushed.reason}",
                    expected="the records branch can be pushed",
                    next_step=f"permit this user to push to {BRANCH}",
                )
            time.sleep(random.uniform(0, min(_LONGEST_PAUSE, 0.05 * 2**attempt)))  # noqa: S311
        raise Conflict(
            place=BRANCH,
            found=f"others wrote first, {_ATTEMPTS} times in a row",
            expected="a moment without other writers",
            next_step="run again",
        )

    def _tip(self, seen: str | None) -> str | None:
        remote = self.repository.remote()
        if remote is None:
            return self.repository.reference(f"refs/heads/{BRANCH}")
        return fetch_branch(self.repository, remote, BRANCH, known=seen)

    def _check_kept(self, seen: str | None, tip: str) -> None:
        """Append-only by content, so that it holds in a shallow clone and after a rewrite."""
        if seen is None or seen == tip:
            return
        lost = self._lost(seen, tip)
        if lost:
            raise _rolled_back(f"{lost[0]} is gone or changed ({len(lost)} in all)", seen)

    def _lost(self, seen: str, tip: str) -> list[str]:
        differing = self.repository.git(
            "diff-tree", "-r", "-z", "--no-renames", "--name-only", "--diff-filter=a", seen, tip
        )
        return must(differing, place=BRANCH, expected="two commits to compare").records

    def _remember(self, seen: str | None, tip: str) -> None:
        while seen != tip:
            if self.repository.git("update-ref", SEEN, tip, seen or "").ok:
                return
            before, seen = seen, self.repository.reference(SEEN)
            # another process saw something meanwhile; only what is older than ours is replaced
            if seen == before or (seen is not None and self._lost(seen, tip)):
                return

    def _fresh(self, before: RecordsSnapshot, writes: Sequence[Write]) -> tuple[Blob, ...]:
        contents = [write.content for write in writes if write.content is not None]
        stored = iter(objects.store(self.repository, contents))
        known = before.present([write.path for write in writes])
        fresh: dict[str, Blob] = {}
        for write in writes:
            oid = write.oid or next(stored)
            there = fresh.get(write.path) or known.get(write.path)
            if there is not None and there.oid != oid:
                raise Conflict(
                    place=f"{BRANCH}:{write.path}",
                    found="holds another record already",
                    expected="records are only ever added",
                    next_step="run again",
                )
            if there is None:
                fresh[write.path] = Blob(path=write.path, mode="100644", oid=oid)
        return tuple(fresh.values())


def _rolled_back(found: str, seen: str) -> Broken:
    return Broken(
        place=BRANCH,
        found=found,
        expected=f"every record that was seen before (commit {seen[:12]})",
        next_step=f"restore the branch, for example `git push origin {SEEN}:refs/heads/{BRANCH}`",
    )

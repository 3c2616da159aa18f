"""A copy of the tree to work in, and what its tests run."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from selection import Trace

HERE = Path(__file__).resolve().parent
# Rooms whose tests run decision code in their own process.
ROOMS = (
    "tests/statistics",
    "tests/gates",
    "tests/watch",
    "tests/flow",
    "tests/records",
    "tests/policy",
    "tests/evaluation",
    "tests/test_verdict.py",
)
# What is tried first; then real servers, where decisions need some; then simulations.
QUICK = "not simulation and not journey"
SERVED = "journey and not simulation"
SIMULATED = "simulation and not journey"


class Workspace:
    def __init__(self, root: Path, folder: Path) -> None:
        self.root, self.folder, self.tree = root, folder.resolve(), folder.resolve() / "tree"

    def copy(self) -> None:
        """Tracked and new files as they are now, without history. Files that are the same stay, so
        that their compiled forms do."""
        arguments = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(arguments, cwd=self.root, check=True, capture_output=True).stdout
        names = {each for each in listed.decode().split("\0") if each}
        there = {name for name in names if (self.root / name).is_file()}
        for name in there:
            source, target = self.root / name, self.tree / name
            if not target.exists() or target.read_bytes() != source.read_bytes():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)
        for old in [*self.tree.rglob("*.py")]:
            if str(old.relative_to(self.tree)) not in there:
                old.unlink()

    def trace(self, tests: Sequence[str] | None) -> Trace:
        """Of these test files, or of all."""
        chosen = [*ROOMS] if tests is None else [*tests]
        chosen = [each for each in chosen if (self.tree / each).exists()]
        gates = [each for each in chosen if each.startswith("tests/gates")]
        parts = [(QUICK, chosen), (SIMULATED, chosen), *([(SERVED, gates)] if gates else [])]
        return Trace(self._traced(files, part) for part, files in parts)

    def _traced(self, tests: Sequence[str], part: str) -> Path:
        folder = self.folder / f"trace-{self._digest([*tests, part])}"
        if (folder / "done").exists():
            return folder
        print(f"tracing: {part}", flush=True)
        environment = {
            **os.environ,
            "PYTHONPATH": f"{self.tree}{os.pathsep}{HERE}",
            "MUTANTS_TRACE": str(folder),
            "OPENBLAS_NUM_THREADS": "1",
            "CI": "1",
        }
        arguments = ["-p", "tracing", "-p", "no:cacheprovider", "-n0", "-q", "-m", part, *tests]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *arguments],
            cwd=self.tree,
            env=environment,
            check=False,
        )
        if done.returncode not in (0, 1, 5):
            sys.exit(f"the tests could not be traced: pytest ended with {done.returncode}")
        (folder / "done").touch()
        return folder

    def _digest(self, words: Sequence[str]) -> str:
        found = hashlib.sha256("\0".join(words).encode())
        for room in ("mlci", "tests"):
            for each in sorted((self.tree / room).rglob("*.py")):
                found.update(each.read_bytes())
        return found.hexdigest()[:16]

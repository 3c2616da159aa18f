"""Claim: taking a release back costs little more than the git plumbing that it needs.

A repository of ten thousand files with a bare remote beside it. The peer is the shortest chain of
git commands that puts the same commit on the branch: ls-remote, fetch, a private index,
commit-tree, push. It checks nothing: not the records, not the incident, not whether the tip asks
for something else.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from report import report

from mlci.gitops.protected import find_protected
from mlci.gitops.push import take_back
from mlci.gitops.repository import Repository
from mlci.gitops.reversal import Incident
from mlci.records.delivery import DeliveryRecord, State

MANIFEST = "releases/income/production.yaml"
WHO = {
    f"GIT_{role}_{what}": "benchmark@localhost"
    for role in ("AUTHOR", "COMMITTER")
    for what in ("NAME", "EMAIL")
}


def git(folder: Path, *arguments: str, stdin: str = "", **extra: str) -> str:
    ended = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={**os.environ, **WHO, **extra},
        input=stdin,
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout.strip()


def world(folder: Path, files: int) -> tuple[Path, str]:
    """A clone whose branch holds a healthy and then a regressed manifest; the healthy commit."""
    git(folder, "init", "--quiet", "--bare", "-b", "main", "remote.git")
    git(folder, "clone", "--quiet", "remote.git", "clone")
    clone = folder / "clone"
    for number in range(files):
        path = clone / f"other/{number // 100}/{number}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"number: {number}\n", encoding="utf-8")
    (clone / MANIFEST).parent.mkdir(parents=True)
    (clone / MANIFEST).write_text("version: 1.0.0\n", encoding="utf-8")
    git(clone, "checkout", "--quiet", "-b", "main")
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "-m", "healthy")
    healthy = git(clone, "rev-parse", "HEAD")
    git(clone, "push", "--quiet", "origin", "main")
    return clone, healthy


def regress(clone: Path, number: int) -> None:
    git(clone, "fetch", "--quiet", "origin")
    git(clone, "reset", "--quiet", "--hard", "origin/main")
    (clone / MANIFEST).write_text(f"version: 2.0.{number}\n", encoding="utf-8")
    git(clone, "commit", "--quiet", "--all", "-m", "regressed")
    git(clone, "push", "--quiet", "origin", "main")


def by_mlci(clone: Path, healthy: str, number: int) -> None:
    repository = Repository.open(clone)
    blob = repository.find(healthy, MANIFEST)
    assert blob is not None
    target = DeliveryRecord(
        seq=1,
        delivery="0" * 64,
        state=State.HEALTHY,
        environment="production",
        model="income",
        version="1.0.0",
        manifest_digest="sha256:" + "0" * 64,
        model_digest="sha256:" + "0" * 64,
        commit=healthy,
        reason="",
        time="",
        by="",
        paths=(blob,),
    )
    incident = Incident(
        id=f"{number:064x}",
        version=f"2.0.{number}",
        reason="benchmark",
        target=target,
        names_model=lambda _: True,
    )
    take_back(repository, find_protected(repository), incident)


def by_plumbing(clone: Path, healthy: str, number: int) -> None:
    git(clone, "ls-remote", "--symref", "origin", "HEAD")
    git(clone, "fetch", "--quiet", "origin", "main")
    tip = git(clone, "rev-parse", "FETCH_HEAD")
    entry = git(clone, "ls-tree", healthy, MANIFEST)
    with tempfile.TemporaryDirectory() as name:
        index = {"GIT_INDEX_FILE": str(Path(name, "index"))}
        git(clone, "read-tree", tip, **index)
        git(clone, "update-index", "--index-info", stdin=f"{entry}\n", **index)
        tree = git(clone, "write-tree", **index)
    commit = git(clone, "commit-tree", tree, "-p", tip, "-m", f"Revert {number}")
    git(clone, "push", "--quiet", "origin", f"{commit}:refs/heads/main")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="few files, few runs")
    parser.add_argument("--output", type=Path, help="where the JSON goes")
    arguments = parser.parse_args()
    files, runs = (500, 2) if arguments.smoke else (10_000, 10)
    os.environ.update(WHO)
    ways = {"git plumbing": by_plumbing, "mlci": by_mlci}
    times: dict[str, list[float]] = {each: [] for each in ways}
    with tempfile.TemporaryDirectory() as name:
        clone, healthy = world(Path(name), files)
        for run in range(runs):
            for way, (each, revert) in enumerate(ways.items()):
                number = 2 * run + way
                regress(clone, number)
                start = time.perf_counter()
                revert(clone, healthy, number)
                times[each].append(time.perf_counter() - start)
                if git(Path(name, "remote.git"), "show", f"main:{MANIFEST}") != "version: 1.0.0":
                    sys.exit(f"{each} did not restore the manifest")
    peer = statistics.median(times["git plumbing"])
    rows = [
        {
            "way": each,
            "files": files,
            "runs": runs,
            "ms (median)": 1000 * statistics.median(seconds),
            "ratio": statistics.median(seconds) / peer,
        }
        for each, seconds in times.items()
    ]
    report("Reversal, fetch and push included", rows, output=arguments.output)


if __name__ == "__main__":
    main()

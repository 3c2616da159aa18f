"""The demo's story: four releases, one of each fate, told by the commands that make it."""

import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mlci.demo import assets
from mlci.errors import BadInput
from mlci.flow.demo.traffic import Traffic, bodies
from mlci.flow.demo.world import MANIFEST, World, free_port

_RATE = 60.0
_PATIENCE = "150"


def demo(
    *,
    folder: Path | None,
    keep: bool,
    say: Callable[[str], None],
    show: Callable[[str, Mapping[str, Any]], None],
) -> int:
    """Plays the story and prints a summary. Raises Broken when something turns out otherwise."""
    if folder is not None and folder.exists() and any(folder.iterdir()):
        raise BadInput(
            place=str(folder),
            found="a folder that isn't empty",
            expected="an empty folder, or none",
            next_step="name another one with --folder",
        )
    place = folder.absolute() if folder else Path(tempfile.mkdtemp(prefix="mlci-demo-"))
    world = World(folder=place, port=free_port(), say=say)
    traffic = Traffic(port=world.port, model="income", requests=_live_requests(), rate=_RATE)
    started = time.monotonic()
    try:
        _play(world, traffic, say)
    finally:
        traffic.stop()
        world.stop_agent()
    say(f"\nthe whole took {time.monotonic() - started:.0f} s")
    say("$ git log --graph")
    world.run("git", "fetch", "--quiet", quiet=True)
    world.run(
        "git", "--no-pager", "log", "--graph", "--format=%h %s (%an)", "origin/main", quiet=True
    )
    _summary(traffic, show)
    if keep or folder is not None:
        say(f"kept: {place}")
    else:
        shutil.rmtree(place, ignore_errors=True)
    return 0


def _play(world: World, traffic: Traffic, say: Callable[[str], None]) -> None:
    say("\n== 1. A first release: nothing runs yet, so absolute limits decide ==")
    world.build()
    world.run("mlci", "validate")
    world.start_agent()
    traffic.start()
    world.run(*_wait())

    say("\n== 2. A better model: passes the gate, goes live by canary ==")
    _propose(world, "1.1.0")
    world.run("mlci", "plan", MANIFEST)
    world.run("mlci", "gate", MANIFEST)
    _merge(world, "1.1.0")
    world.run(*_wait())

    say("\n== 3. As accurate, but it overlooks women: refused before the merge ==")
    _propose(world, "1.2.0")
    world.run("mlci", "gate", MANIFEST, expect=(1,))
    say("exit code 1: a pipeline stops here, and nothing is merged")
    world.run("git", "checkout", "--quiet", "main", quiet=True)

    say("\n== 4. Passes every gate, fails on live requests the exam lacks: taken back ==")
    _propose(world, "1.3.0")
    world.run("mlci", "gate", MANIFEST)
    _merge(world, "1.3.0")
    world.run(*_wait(), expect=(1,))
    _until_taken_back(world)
    world.run("mlci", "status")


def _propose(world: World, version: str) -> None:
    world.run("git", "checkout", "--quiet", "-b", f"income-{version}", "main")
    world.declare(version)
    world.commit(f"Ask for income {version} in production")


def _merge(world: World, version: str) -> None:
    """What the forge does when the merge request is accepted."""
    world.run("git", "checkout", "--quiet", "main", quiet=True)
    world.run(
        "git", "merge", "--quiet", "--no-ff", "-m", f"Merge income {version}", f"income-{version}"
    )
    world.run("git", "push", "--quiet", "origin", "main")


def _wait() -> tuple[str, ...]:
    return ("mlci", "status", "--wait", "--timeout", _PATIENCE)


def _until_taken_back(world: World) -> None:
    """REGRESSED is recorded before the reversal is pushed: the commit follows within moments."""
    for _ in range(30):
        world.run("git", "pull", "--quiet", "--ff-only", quiet=True)
        manifest = (world.work / MANIFEST).read_text(encoding="utf-8")
        if "version: 1.1.0" in manifest:
            return
        time.sleep(0.5)


def _live_requests() -> list[bytes]:
    from importlib.resources import as_file

    import pyarrow.parquet as parquet

    with as_file(assets().joinpath("data", "adult-live.parquet")) as file:
        return bodies(parquet.read_table(file).to_pylist())


def _summary(traffic: Traffic, show: Callable[[str, Mapping[str, Any]], None]) -> None:
    answers = dict(sorted(traffic.answers.items()))
    versions = sorted({version for version, _ in answers})
    rows = []
    for version in versions:
        good = sum(n for (of, status), n in answers.items() if of == version and status == 200)
        bad = sum(n for (of, status), n in answers.items() if of == version and status != 200)
        rows.append({"answeredBy": version or "nobody", "answered": good, "failed": bad})
    lines = ["", "live requests     answered    failed"]
    lines += [f"{row['answeredBy']:<12}{row['answered']:>14}{row['failed']:>10}" for row in rows]
    show("\n".join(lines), {"requests": rows})

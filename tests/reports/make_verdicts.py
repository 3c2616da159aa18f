"""Gates the demo's releases again and keeps their verdicts in ``verdicts/``, for the tests.

    python tests/reports/make_verdicts.py

first: 1.0.0, with no champion. fail: 1.2.0 against 1.1.0. inconclusive: 1.3.0 against 1.1.0 under
a policy that also asks what this exam and this budget can't show. ``older.json`` is none of them:
it stays as an earlier mlci wrote it, since reports must be able to read it.

It takes some three minutes, on a machine that does nothing else meanwhile: a load gate measures.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

from mlci.flow.demo.world import MANIFEST, World, free_port

VERDICTS = Path(__file__).parent / "verdicts"
TRIES, FEWEST = 40, 100
POLICY = "policies/production.yaml"
MORE = """
    # Advice: probabilities that mean what they say, and the price of those that don't, in each
    # group by itself.
    - gate: accuracy
      name: calibration
      metric: expected_calibration_error
      required: false
      maximum: 0.05
      champion: {margin: 0.02}

    - gate: accuracy
      name: surprise
      metric: log_loss
      required: false
      maximum: 0.3
      champion: {margin: 0.005}
      slices: [sex, race]

    - gate: accuracy
      metric: recall
      # Of the smallest groups by race the exam has 19 and 24 positives.
      minimum: 0.62
      slices: [race]
"""
EDITS = (
    ("      champion: {margin: 0.005}\n", f"      champion: {{margin: 0.005}}\n{MORE}"),
    ("      by: [sex, race]\n", "      by: [sex, race, [sex, race]]\n"),
    # 20 seconds hold too few requests for a 99th percentile.
    ("        p95: 250ms\n", "        p50: 30ms\n        p95: 250ms\n        p99: 200ms\n"),
)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="mlci-verdicts-") as folder:
        world = World(folder=Path(folder), port=free_port(), say=print)
        world.build()
        gate(world, "first", 0)
        world.declare("1.1.0")
        publish(world, "Ask for income 1.1.0 in production")
        world.run("mlci", "adopt", MANIFEST, "--reason", "it ran before")
        world.declare("1.2.0")
        gate(world, "fail", 1)
        world.run("git", "checkout", "--", ".")
        policy = world.work / POLICY
        text = policy.read_text(encoding="utf-8")
        for before, after in EDITS:
            text = text.replace(before, after, 1)
        policy.write_text(text, encoding="utf-8")
        publish(world, "Ask for more than the exam can show")
        world.declare("1.3.0")
        gate(world, "inconclusive", 3)


def publish(world: World, message: str) -> None:
    world.commit(message)
    world.run("git", "push", "--quiet", "origin", "main")


def gate(world: World, name: str, code: int) -> None:
    """Again until the load gate has counted, and decided what the test expects it to: a busy
    machine voids its blocks."""
    verdict = world.work / ".mlci/out/verdict.json"
    for _ in range(TRIES):
        ended = world.run("mlci", "gate", MANIFEST, expect=(code, 3))
        judged = json.loads(verdict.read_bytes())["judgements"]
        counted = all(each["n"] >= FEWEST for each in judged if "objective" in each["id"])
        decided = code == 3 or all(each["outcome"] != "INCONCLUSIVE" for each in judged)
        if ended == code and counted and decided:
            shutil.copyfile(verdict, VERDICTS / f"{name}.json")
            return
    sys.exit(f"{name}: this machine is too busy to measure a load")


if __name__ == "__main__":
    sys.exit(main())

"""Claim: `mlci validate` checks ten thousand manifests in seconds, meaning included.

The peer, check-jsonschema, checks the same files against the same JSON Schema, without meaning and
without positions. Whole processes, one after the other, in one run.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

from command_cost import TEMPLATES, project
from report import report


def timed(argv: list[str], folder: Path) -> tuple[float, float]:
    """Seconds on the clock, and CPU seconds."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(argv, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    clock, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return clock, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def manifests(folder: Path, count: int) -> list[str]:
    """``count`` releases of as many models; the policy is widened to all of them."""
    text = (TEMPLATES / "releases/income/production-1.1.0.yaml").read_text(encoding="utf-8")
    policy = folder / "policies/production.yaml"
    policy.write_text(
        policy.read_text("utf-8").replace("models: [income]", 'models: ["*"]'), "utf-8"
    )
    shutil.rmtree(folder / "releases")
    paths = []
    for number in range(count):
        path = f"releases/income-{number}/production.yaml"
        (folder / path).parent.mkdir(parents=True)
        (folder / path).write_text(text.replace("name: income", f"name: income-{number}"), "utf-8")
        paths.append(path)
    return paths


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="few manifests")
    parser.add_argument("--output", type=Path, help="where the JSON goes")
    arguments = parser.parse_args()
    count = 200 if arguments.smoke else 10_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project(folder)
        paths = manifests(folder, count)
        schema = json.loads(
            subprocess.run(
                [sys.executable, "-m", "mlci", "schema", "model-release"],
                check=True,
                capture_output=True,
            ).stdout
        )
        (folder / "schema.json").write_text(json.dumps(schema), encoding="utf-8")
        own = timed([sys.executable, "-m", "mlci", "validate"], folder)
        peer_program = str(Path(sysconfig.get_path("scripts"), "check-jsonschema"))
        peer = timed([peer_program, "--schemafile", "schema.json", *paths], folder)
    rows = [
        {"program": "mlci validate", "manifests": count, "seconds": own[0], "cpu": own[1]},
        {"program": "check-jsonschema", "manifests": count, "seconds": peer[0], "cpu": peer[1]},
        {"program": "ratio (peer / mlci)", "seconds": peer[0] / own[0], "cpu": peer[1] / own[1]},
    ]
    report("Validating many manifests", rows, output=arguments.output)


if __name__ == "__main__":
    main()

"""Claim: `mlci render --check` renders ten thousand releases and compares them in seconds.

The peer is PyYAML's C parser, which reads the same rendered files and does nothing else: the least
that a check would take that compares what files mean. CPU seconds (user + system) of whole
processes, in turns, in one run.
"""

import argparse
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from command_cost import project
from report import report
from validate_many import GIT, manifests, medians

DIGEST = "sha256:" + "d" * 64
ENGINE = f'{{argo: {{namespace: models, image: "registry/mlci@{DIGEST}"}}}}'
READ = """\
import pathlib, yaml
for path in pathlib.Path("deploy").rglob("*.yaml"):
    for _ in yaml.load_all(path.read_bytes(), yaml.CSafeLoader):
        pass
"""


def by_argo(folder: Path, paths: list[str]) -> None:
    """The same releases, for an environment that Argo delivers to."""
    text = (folder / "mlci.yaml").read_text(encoding="utf-8")
    port = text[text.index("{local:") : text.index("}}") + 2]
    (folder / "mlci.yaml").write_text(text.replace(port, ENGINE), encoding="utf-8")
    for path in paths:
        release = (folder / path).read_text(encoding="utf-8").replace("uri: models", "uri: s3://m")
        serving = f'serving: {{image: "registry/server@{DIGEST}", replicas: 2}}'
        lines = [line for line in release.splitlines() if not line.startswith("  serving:")]
        (folder / path).write_text("\n".join([*lines, f"  {serving}", ""]), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="few releases")
    parser.add_argument("--output", type=Path, help="where the JSON goes")
    arguments = parser.parse_args()
    count, turns = (100, 1) if arguments.smoke else (10_000, 3)
    mlci = str(Path(sysconfig.get_path("scripts")) / "mlci")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "project")
        project(folder)
        by_argo(folder, manifests(folder, count))
        (folder / "read.py").write_text(READ, encoding="utf-8")
        subprocess.run([*GIT, "init", "-q"], cwd=folder, check=True)
        subprocess.run([mlci, "render", "--quiet"], cwd=folder, check=True, capture_output=True)
        commands = {
            "mlci render --check": [mlci, "render", "--check"],
            "PyYAML's C parser reads them": [sys.executable, "read.py"],
        }
        rows = medians(commands, folder, turns=turns, manifests=count)
    report("Checking what is rendered", rows, output=arguments.output)


if __name__ == "__main__":
    main()

"""Claim: `mlci --help` and `mlci validate` cost little more CPU than a bare click program.

Compares the CPU seconds (user + system) of whole processes, in turns, in one run; the peer is a
click program with one command, started the same way.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from report import report

BARE = """\
import click

@click.command()
@click.argument("name", default="world")
def hello(name):
    click.echo(f"hello {name}")

hello()
"""
TEMPLATES = Path(__file__).resolve().parent.parent / "mlci" / "demo" / "templates"


def cpu_seconds(argv: list[str], folder: Path) -> float:
    """User and system time of a process and its children, all run from compiled bytecode, as from
    an installed package: kept beside ``folder``, whatever this checkout or the caller does."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder.with_suffix(".bytecode"))}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(argv, cwd=folder, check=True, stdout=subprocess.DEVNULL, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


def project(folder: Path) -> None:
    """One release and the documents around it."""
    for source, target in (
        ("mlci.yaml", "mlci.yaml"),
        ("policies/production.yaml", "policies/production.yaml"),
        ("evaluations/adult-2026.yaml", "evaluations/adult-2026.yaml"),
        ("releases/income/production-1.1.0.yaml", "releases/income/production.yaml"),
    ):
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        (folder / target).write_bytes((TEMPLATES / source).read_bytes())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="few runs")
    parser.add_argument("--output", type=Path, help="where the JSON goes")
    arguments = parser.parse_args()
    runs = 3 if arguments.smoke else 20
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "project")
        project(folder)
        (folder / "bare.py").write_text(BARE, encoding="utf-8")
        mlci = [str(Path(sysconfig.get_path("scripts"), "mlci"))]
        commands = {
            "bare click": [sys.executable, "bare.py"],
            "mlci --help": [*mlci, "--help"],
            "mlci validate (one release)": [*mlci, "validate", "releases/income/production.yaml"],
        }
        times: dict[str, list[float]] = {each: [] for each in commands}
        for turn in range(runs + 1):
            for each, argv in commands.items():
                seconds = cpu_seconds(argv, folder)
                if turn:  # the first one compiles
                    times[each].append(seconds)
    bare = statistics.median(times["bare click"])
    rows = [
        {
            "command": each,
            "runs": runs,
            "cpu ms (median)": 1000 * statistics.median(taken),
            "ratio to bare click": statistics.median(taken) / bare,
        }
        for each, taken in times.items()
    ]
    report("CPU of a command", rows, output=arguments.output)


if __name__ == "__main__":
    main()

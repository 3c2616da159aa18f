"""Claim: `mlci validate` checks ten thousand manifests in seconds, meaning included, and one that
changed among them in a moment.

The peer, check-jsonschema, checks the same files against the same JSON Schema, without meaning and
without positions. CPU seconds (user + system, children included) of whole processes, in turns, in
one run.
"""

import argparse
import shutil
import statistics
import subprocess
import sysconfig
import tempfile
from pathlib import Path

from command_cost import TEMPLATES, cpu_seconds, project
from report import report

GIT = ["git", "-c", "user.name=benchmark", "-c", "user.email=benchmark@localhost"]


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


def change_one(folder: Path, path: str) -> None:
    """Two commits, between which the file at ``path`` changes."""

    def commit() -> None:
        for words in (["add", "."], ["commit", "-qm", "releases"]):
            subprocess.run([*GIT, *words], cwd=folder, check=True)

    subprocess.run([*GIT, "init", "-q"], cwd=folder, check=True)
    commit()
    with (folder / path).open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    commit()


def medians(
    commands: dict[str, list[str]], folder: Path, *, turns: int, manifests: int
) -> list[dict[str, object]]:
    """A row a command, and their ratio: the second one's CPU by the first one's."""
    times: dict[str, list[float]] = {each: [] for each in commands}
    for _ in range(turns):
        for each, argv in commands.items():
            times[each].append(cpu_seconds(argv, folder))
    own, peer = (statistics.median(each) for each in times.values())
    rows: list[dict[str, object]] = [
        {"command": each, "manifests": manifests, "runs": turns, "cpu s (median)": seconds}
        for each, seconds in zip(commands, (own, peer), strict=True)
    ]
    return [*rows, {"command": "ratio (peer / mlci)", "cpu s (median)": peer / own}]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="few manifests")
    parser.add_argument("--output", type=Path, help="where the JSON goes")
    arguments = parser.parse_args()
    count, turns = (200, 1) if arguments.smoke else (10_000, 3)
    programs = Path(sysconfig.get_path("scripts"))
    mlci, peer = [str(programs / "mlci")], str(programs / "check-jsonschema")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "project")
        project(folder)
        paths = manifests(folder, count)
        change_one(folder, paths[count // 2])
        schema = subprocess.run(
            [*mlci, "schema", "model-release"], check=True, capture_output=True
        ).stdout
        (folder / "schema.json").write_bytes(schema)
        check = [peer, "--schemafile", "schema.json"]
        since = [*mlci, "validate", "--changed-since", "HEAD~1"]
        for argv in (since, [*check, paths[0]]):
            cpu_seconds(argv, folder)  # so that none of the runs that count compiles
        rows = medians(
            {
                f"mlci validate --changed-since (of {count})": since,
                "check-jsonschema": [*check, paths[count // 2]],
            },
            folder,
            turns=3 * turns,
            manifests=1,
        ) + medians(
            {"mlci validate": [*mlci, "validate"], "check-jsonschema": [*check, *paths]},
            folder,
            turns=turns,
            manifests=count,
        )
    report("Validating many manifests", rows, output=arguments.output)


if __name__ == "__main__":
    main()

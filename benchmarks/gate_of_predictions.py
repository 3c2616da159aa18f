"""Claim: a gate of ten million predictions costs little more than to read them.

Candidate's and champion's predictions lie in Parquet files beside an exam of as many rows. Each
gate runs as `mlci gate` runs it, from the open files to its judgements; its peer is pyarrow reading
just the columns that the gate looks at, and nothing else. CPU seconds (user + system, all threads)
and the largest memory, each of a process of its own that has done the same with few rows before, so
that no import is part of it; medians of turns taken in one run.

    python benchmarks/gate_of_predictions.py [--smoke] [--output FILE]
"""

import argparse
import hashlib
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from report import report

ROWS, SMOKE_ROWS, WARM_ROWS, STRETCH = 10_000_000, 200_000, 10_000, 1 << 20
EXAM, CANDIDATE, CHAMPION = "exam.parquet", "candidate.parquet", "champion.parquet"
LABELS, SCORES = "labels", "scores"
ACCURACY = "{gate: accuracy, metric: accuracy, minimum: 0.5, champion: {margin: 0.01}}"
FAIRNESS = (
    "{gate: fairness, metric: true_positive_rate, by: [[sex, race]], maximumDifference: 0.3,"
    " champion: {margin: 0.3}, smallGroups: report}"
)
AREA = "{gate: accuracy, metric: roc_auc, minimum: 0.5, champion: {margin: 0.01}}"
WORK = {
    "accuracy, fairness": (LABELS, [ACCURACY, FAIRNESS]),
    "accuracy, fairness, paired ROC AUC": (SCORES, [ACCURACY, FAIRNESS, AREA]),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--smoke", action="store_true", help="few rows, to see that it runs")
    parser.add_argument("--output", type=Path, help="where the JSON goes")
    parser.add_argument("--part", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        what, name, folder = options.part
        print(json.dumps(PARTS[what](name, Path(folder))))
        return
    rows, turns = (SMOKE_ROWS, 1) if options.smoke else (ROWS, 5)
    with tempfile.TemporaryDirectory() as place:
        apart("draw", str(WARM_ROWS), f"{place}/warm")
        apart("draw", str(rows), place)
        found = [line for name in WORK for line in compare(name, place, turns)]
    report(f"a gate of {rows:,} predictions", found, output=options.output)


def compare(name: str, folder: str, turns: int) -> list[dict[str, Any]]:
    seen = [(apart("read", name, folder), apart("gate", name, folder)) for _ in range(turns)]
    read, gate = (
        {key: statistics.median(each[at][key] for each in seen) for key in seen[0][at]}
        for at in (0, 1)
    )
    return [
        {"what": f"pyarrow: the columns of {name}", **read},
        {"what": f"mlci: {name}", **gate, "times the reading": gate["cpu s"] / read["cpu s"]},
    ]


def apart(what: str, name: str, folder: str) -> Any:
    """A part in a process of its own, so that memory and threads are its own too."""
    argv = [sys.executable, __file__, "--part", what, name, folder]
    return json.loads(subprocess.run(argv, check=True, stdout=subprocess.PIPE).stdout)


def measured(work: Callable[[Path], object], folder: Path) -> dict[str, float]:
    work(folder / "warm")
    start = time.process_time()
    work(folder)
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"cpu s": seconds, "peak MB": peak}


def draw(rows: str, folder: Path) -> None:
    """Stretch by stretch: text as dictionaries, scores as the 32-bit numbers that models give."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(10)
    answer, sexes, races = ["<=50K", ">50K"], ["Female", "Male"], [f"race {k}" for k in range(5)]
    writers: dict[Path, Any] = {}

    def write(path: str, **columns: Any) -> None:
        table = pa.table(columns)
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        if folder / path not in writers:
            writers[folder / path] = pq.ParquetWriter(folder / path, table.schema)
        writers[folder / path].write_table(table)

    def text(codes: Any, levels: list[str]) -> Any:
        return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int8)), levels)

    for start in range(0, int(rows), STRETCH):
        n = min(STRETCH, int(rows) - start)
        truth = random.random(n) < 0.25
        write(
            EXAM,
            income=text(truth, answer),
            sex=text(random.random(n) < 0.67, sexes),
            race=text(random.choice(5, n, p=[0.85, 0.09, 0.03, 0.02, 0.01]), races),
        )
        shared = truth * 1.5 + random.normal(0, 0.6, n)
        for name, noise in ((CANDIDATE, 0.2), (CHAMPION, 0.25)):
            logit = 3 * (shared + random.normal(0, noise, n) - 0.75)
            score = (1 / (1 + np.exp(-logit))).astype(np.float32)
            said = text(score > 0.5, answer)
            write(f"{LABELS}/{name}", prediction=said)
            write(f"{SCORES}/{name}", prediction=said, score=score)
    for writer in writers.values():
        writer.close()


def read(name: str, folder: Path) -> dict[str, float]:
    """The peer: every column that the gate needs, whole, by pyarrow's own threads."""
    import pyarrow.parquet as pq

    kind, _ = WORK[name]

    def work(folder: Path) -> None:
        for file in (EXAM, f"{kind}/{CANDIDATE}", f"{kind}/{CHAMPION}"):
            pq.read_table(folder / file)

    return measured(work, folder)


def gate(name: str, folder: Path) -> dict[str, float]:
    """From the open files to the judgements; each of them must have come to a number."""
    from mlci.evaluation.examine import examine
    from mlci.gates.protocol import Bench, Contender
    from mlci.gates.registry import find
    from mlci.manifest.evaluation_set import parse_evaluation_set
    from mlci.manifest.policy import parse_policy
    from mlci.manifest.release import parse_release
    from mlci.policy.plan import groupings, plan

    kind, gates = WORK[name]
    exam = parse_evaluation_set("evaluations/income.yaml", document("EvaluationSet", exam_spec()))
    policy = parse_policy("policies/income.yaml", document("GatePolicy", policy_spec(gates)))
    releases = [
        parse_release(
            "releases/income/production.yaml",
            document("ModelRelease", release_spec(file), ", environment: production"),
        )
        for file in (CANDIDATE, CHAMPION)
    ]
    planned = plan([policy], releases[0], comparing=True, gate=find)

    def work(folder: Path) -> None:
        candidate, champion = (
            Contender(release=release, model=folder / kind / release.model.uri)
            for release in releases
        )
        sat = examine(candidate, champion, exam, folder / EXAM, groupings(planned))
        bench = Bench(
            candidate=candidate,
            champion=champion,
            exam=exam,
            data=folder / EXAM,
            examination=lambda: sat,
            say=lambda _: None,
        )
        for spec in policy.gates:
            own = tuple(each for each in planned if each.gate_index == spec.index)
            found = find(spec.gate)
            judgements = found.judge(spec, own, found.measure(spec, own, bench))
            lost = [each for each in judgements if each.estimate is None]
            assert not lost, lost

    return measured(work, folder)


def document(kind: str, spec: str, more: str = "") -> bytes:
    return (
        f"apiVersion: mlci.dev/v1\nkind: {kind}\nmetadata: {{name: income{more}}}\nspec: {spec}\n"
    ).encode()


def exam_spec() -> str:
    return (
        f'{{uri: {EXAM}, digest: "{digest(EXAM)}", label: income, positive: ">50K",'
        " sensitive: [sex, race]}"
    )


def policy_spec(gates: list[str]) -> str:
    return (
        "{appliesTo: {environments: [production], models: [income]},"
        f" confidence: 0.95, gates: [{', '.join(gates)}]}}"
    )


def release_spec(file: str) -> str:
    return (
        "{version: 1.0.0, task: binary-classification, evaluation: income,"
        f' model: {{uri: {file}, digest: "{digest(file)}", format: predictions,'
        ' classes: ["<=50K", ">50K"]},'
        " rollout: {strategy: canary, steps: [{weight: 50, bake: 1m}]}}"
    )


def digest(text: str) -> str:
    """Of a name: which bytes are meant is not what is measured."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


PARTS: dict[str, Callable[[str, Path], object]] = {"draw": draw, "read": read, "gate": gate}


if __name__ == "__main__":
    main()

"""A real project: a bare remote, a clone, an exam, ONNX models, and the command line."""

import hashlib
import json
import os
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from jsonschema import Draft202012Validator
from onnx import TensorProto, helper, numpy_helper

from mlci import cli, schemas
from mlci.flow.recording import append, next_state, record_of
from mlci.gitops import deliveries
from mlci.gitops.records_branch import RecordsBranch
from mlci.gitops.repository import Repository
from mlci.manifest.release import parse_release
from mlci.records.delivery import DeliveryRecord, State

PRODUCTION = "releases/income/production.yaml"
STAGING = "releases/income/staging.yaml"
POLICY = "policies/all.yaml"
EXAM = "evaluations/exam.yaml"
DATA = "data/exam.parquet"

PROJECT = """\
apiVersion: mlci.dev/v1
kind: Project
spec:
  protectedRef: origin/main
  environments:
    - {name: staging, engine: {local: {port: 8081}}}
    - {name: production, engine: {local: {port: 8082}}}
"""
ACCURACY = "{gate: accuracy, metric: roc_auc, minimum: 0.8, champion: {margin: 0.05}}"
FAIRNESS = (
    "{gate: fairness, metric: selection_rate, by: [sex], maximumDifference: 0.3,"
    " champion: {margin: 0.1}, smallGroups: report}"
)
LOAD = (
    "{gate: load, rate: 50/s, objectives: {p95: 500ms}, champion: {maximumRatio: {p95: 9.0}},"
    " budget: 12s}"
)


@pytest.fixture(autouse=True)
def own_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No configuration but the repositories' own; commits by Test."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Test")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "test@localhost")


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@cache
def model(column: str = "s", mark: str = "", answer: str = "probability") -> bytes:
    """Gives a column of the data back as the probability of the positive class.

    ``mark`` makes another file of the same model. ``answer`` may be "nan", "strange" (a label that
    no row has) or "constant" (the negative label for every row).
    """
    value = helper.make_tensor_value_info
    constants = [numpy_helper.from_array(np.array([1.0], np.float32), "one")]
    if answer == "nan":
        nodes = [
            helper.make_node("Sub", [column, "one"], ["below"]),
            helper.make_node("Log", ["below"], ["p"]),
        ]
        outputs = [value("p", TensorProto.FLOAT, ["n", 1])]
    elif answer in ("strange", "constant"):
        label = np.array(["maybe" if answer == "strange" else "no"], object)
        constants = [
            helper.make_tensor(
                "label", TensorProto.STRING, [1, 1], [each.encode() for each in label]
            )
        ]
        nodes = [
            helper.make_node("Shape", [column], ["shape"]),
            helper.make_node("Expand", ["label", "shape"], ["labels"]),
        ]
        outputs = [value("labels", TensorProto.STRING, ["n", 1])]
    else:
        nodes = [
            helper.make_node("Sub", ["one", column], ["other"]),
            helper.make_node("Concat", ["other", column], ["p"], axis=1),
        ]
        outputs = [value("p", TensorProto.FLOAT, ["n", 2])]
    graph = helper.make_graph(
        nodes, "g", [value(column, TensorProto.FLOAT, ["n", 1])], outputs, constants
    )
    opset = helper.make_opsetid("", 17)
    return onnx.helper.make_model(
        graph, opset_imports=[opset], ir_version=9, doc_string=mark
    ).SerializeToString()


def rows(n: int = 1500) -> dict[str, Any]:
    """``s`` is a good score, ``noise`` none; ``y`` is "yes" or "no"; groups differ by chance."""
    random = np.random.default_rng(7)
    score = random.uniform(0, 1, n)
    return {
        "s": score.astype(np.float32),
        "noise": random.uniform(0, 1, n).astype(np.float32),
        "sex": random.choice(["F", "M"], n),
        "race": random.choice(["A", "B", "C"], n, p=[0.6, 0.39, 0.01]),
        "y": np.where(random.uniform(0, 1, n) < score, "yes", "no"),
    }


def parquet(**changes: Any) -> bytes:
    """The exam's file; ``changes`` replace columns, None drops one; ``rows`` says how many."""
    columns = rows(int(changes.pop("rows", 1500))) | changes
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({k: v for k, v in columns.items() if v is not None}), sink)
    return sink.getvalue().to_pybytes()


def manifest(
    version: str = "1.0.0", *, content: bytes = b"", uri: str = "", environment: str = "production"
) -> str:
    """A release of the model file ``content``, which lies at ``uri``."""
    uri = uri or f"models/income-{version}.onnx"
    return f"""\
apiVersion: mlci.dev/v1
kind: ModelRelease
metadata: {{name: income, environment: {environment}}}
spec:
  version: {version}
  task: binary-classification
  model: {{uri: {uri}, digest: "{digest(content)}", format: onnx}}
  evaluation: exam
  rollout: {{strategy: canary, steps: [{{weight: 10, bake: 1m}}, {{weight: 50, bake: 2m}}]}}
"""


def policy(*gates: str, name: str = "all", environments: str = "staging, production") -> str:
    listed = "".join(f"    - {gate}\n" for gate in gates or (ACCURACY, FAIRNESS))
    return f"""\
apiVersion: mlci.dev/v1
kind: GatePolicy
metadata: {{name: {name}}}
spec:
  appliesTo: {{environments: [{environments}], models: ["*"]}}
  gates:
{listed}"""


def exam(content: bytes, *, positive: str = "yes", label: str = "y") -> str:
    return f"""\
apiVersion: mlci.dev/v1
kind: EvaluationSet
metadata: {{name: exam}}
spec:
  uri: {DATA}
  digest: "{digest(content)}"
  label: "{label}"
  positive: "{positive}"
  sensitive: [sex, race]
"""


def git(directory: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(directory), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@dataclass(frozen=True)
class Done:
    """What a command left: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def says(self, *parts: str) -> "Done":
        """The message has these parts, and is a message: no traceback, no bug."""
        assert "Traceback" not in self.err + self.out
        assert "bug in mlci" not in self.err
        for part in parts:
            assert part in self.err + self.out, (part, self.err, self.out)
        return self

    def fits(self, schema: str) -> Any:
        """Its standard output is one document of this schema."""
        document = self.json
        assert not [*Draft202012Validator(schemas.read(schema)).iter_errors(document)]
        return document


@dataclass
class World:
    """A person's clone of a project whose tip asks for release 1.0.0; nothing runs yet."""

    path: Path
    origin: Path | None
    capsys: pytest.CaptureFixture[str] = field(repr=False)

    @property
    def repository(self) -> Repository:
        return Repository.open(self.path)

    @property
    def verdict(self) -> Path:
        return self.path / ".mlci/out/verdict.json"

    def git(self, *arguments: str) -> str:
        return git(self.path, *arguments)

    def write(self, files: dict[str, str | bytes | None]) -> None:
        for name, content in files.items():
            file = self.path / name
            if content is None:
                file.unlink()
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, files: dict[str, str | bytes | None], message: str = "change") -> str:
        self.write(files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", message)
        return self.git("rev-parse", "HEAD")

    def merge(self, files: dict[str, str | bytes | None], message: str = "merge") -> str:
        """A commit on the protected branch, pushed."""
        commit = self.commit(files, message)
        if self.origin is not None:
            self.git("push", "--quiet", "origin", "HEAD:main")
        return commit

    def propose(self, content: bytes, version: str = "2.0.0", **named: str) -> str:
        """A release of another model in the work tree: a change that is not merged."""
        text = manifest(version, content=content, **named)
        self.write({f"models/income-{version}.onnx": content, PRODUCTION: text})
        return text

    def release(self, content: bytes, version: str = "2.0.0", **named: str) -> str:
        """A release of another model that is merged: it may be recorded."""
        text = self.propose(content, version, **named)
        self.merge({}, f"release {version}")
        return text

    def run(self, *arguments: object, at: Path | None = None) -> Done:
        """One command, in this process."""
        self.capsys.readouterr()
        words = [str(each) for each in arguments]
        code = cli.run([*words, "--repository", str(at or self.path)])
        seen = self.capsys.readouterr()
        return Done(code=code, out=seen.out, err=seen.err)

    def gate(self, *arguments: object, release: str = PRODUCTION) -> Done:
        return self.run("gate", release, *arguments)

    def history(self, environment: str = "production") -> tuple[DeliveryRecord, ...]:
        return RecordsBranch(self.repository).fetch().deliveries(environment, "income")

    def verdicts(self, text: str) -> dict[str, Any]:
        """The recorded verdicts on a manifest of this text."""
        records = RecordsBranch(self.repository).fetch()
        found = records.verdicts(digest(text.encode()))
        return {name: json.loads(content) for name, content in found.items()}

    def record(
        self,
        *states: State,
        path: str = PRODUCTION,
        commit: str = "HEAD",
        verdict: str = "",
        step: int = 0,
    ) -> DeliveryRecord:
        """A delivery of the release at ``commit`` that went through these states; a PAUSED one is
        about ``step``."""
        repository = self.repository
        at = repository.resolve(commit)
        release = parse_release(path, repository.read(at, path))
        branch = RecordsBranch(repository)
        for number, state in enumerate(states):
            history = self.history(release.environment)
            previous = history[-1].delivery if history else ""
            if number == 0:
                made = record_of(
                    repository,
                    release,
                    commit=at,
                    state=state,
                    delivery=deliveries.delivery_id(
                        release.environment, release.name, release.digest, previous
                    ),
                    previous=previous,
                    reason="put there",
                    by="test",
                    verdict=verdict,
                )
            else:
                about = step if state is State.PAUSED else 0
                made = next_state(made, state, "put there", by="test", step=about)
            append(branch, made, history)
        return made


def fill(world: World, **files: str | bytes) -> None:
    """The first commit: documents, exam and release 1.0.0."""
    content, data = model(), parquet()
    world.merge(
        {
            "mlci.yaml": PROJECT,
            POLICY: policy(),
            EXAM: exam(data),
            DATA: data,
            "models/income-1.0.0.onnx": content,
            PRODUCTION: manifest(content=content),
            ".gitignore": ".mlci/\n",
            **files,
        }
    )


@pytest.fixture
def world(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> World:
    origin, clone = tmp_path / "origin.git", tmp_path / "clone"
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(origin))
    git(tmp_path, "clone", "--quiet", f"file://{origin}", str(clone))
    made = World(path=clone, origin=origin, capsys=capsys)
    made.git("checkout", "--quiet", "-b", "main")
    fill(made)
    made.git("fetch", "--quiet", "origin")
    return made


@pytest.fixture
def alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> World:
    """The same in a repository without a remote."""
    git(tmp_path, "init", "--quiet", "--initial-branch=main", str(tmp_path / "alone"))
    made = World(path=tmp_path / "alone", origin=None, capsys=capsys)
    fill(made)
    return made


@pytest.fixture
def make() -> SimpleNamespace:
    """The makers of documents and files, for tests that change one of them."""
    return SimpleNamespace(
        model=model, parquet=parquet, manifest=manifest, policy=policy, exam=exam, rows=rows
    )

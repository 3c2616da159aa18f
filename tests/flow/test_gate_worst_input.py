"""The worst that exams, predictions and policies may hold: the exit code, and what is told."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

DATA, EXAM, POLICY = "data/exam.parquet", "evaluations/exam.yaml", "policies/all.yaml"
PRODUCTION = "releases/income/production.yaml"
ACCURACY = "{gate: accuracy, metric: roc_auc, minimum: 0.8}"
BROKEN, DAY = 5, datetime(2026, 11, 23, tzinfo=UTC)


def told(done):
    """What a person reads, on one line; and it is a message, no traceback."""
    done.says()
    return " ".join(f"{done.out} {done.err}".split())


@pytest.fixture
def sit(world, make):
    """A gate of an exam of these bytes, or of these columns beside the usual ones."""

    def run(content=None, *, says="", positive="yes", gates=(ACCURACY,), **columns):
        content = make.parquet(**columns) if content is None else content
        text = make.exam(content, positive=positive) + says
        text = text.replace('positive: "1"', "positive: 1")
        world.merge({DATA: content, EXAM: text, POLICY: make.policy(*gates)})
        return world.gate()

    return run


def weights(value):
    column = np.ones(1500)
    column[7] = value
    return column


@pytest.mark.parametrize(
    ("column", "says"),
    [
        (weights(-1.0), "-1.0 in row 7"),
        (weights(np.nan), "nan in row 7"),
        (np.zeros(1500), "weights of zero"),
    ],
)
def test_weights_that_are_none(sit, column, says):
    done = sit(w=column, says="  weight: w\n")
    assert done.code == BROKEN
    assert f"{DATA}: column 'w'" in told(done)
    assert says in told(done)


def test_a_label_column_of_floats_that_are_integers(sit, make):
    y = np.where(make.rows()["y"] == "yes", 1.0, 0.0)
    assert sit(y=y, positive="1").code == 0


@pytest.mark.parametrize(
    ("columns", "code", "says"),
    [
        ({"y": pa.array([DAY] * 1500)}, BROKEN, "column 'y'"),
        ({"s": pa.array([DAY] * 1500)}, BROKEN, "timestamp[us, tz=UTC]"),
        ({"day": pa.array([DAY] * 1500)}, 0, "PASS"),
    ],
)
def test_timestamps_with_a_timezone(sit, columns, code, says):
    done = sit(**columns)
    assert done.code == code
    assert says in told(done)


def cut(content):
    return content[: len(content) // 2]


def without_its_middle(content):
    return content[: len(content) // 3] + content[len(content) // 2 :]


def with_a_hole(content):
    hole = slice(4, len(content) // 3)
    return content[: hole.start] + bytes(hole.stop - hole.start) + content[hole.stop :]


@pytest.mark.parametrize("damaged", [cut, without_its_middle, with_a_hole])
def test_a_parquet_file_that_is_not_whole(sit, make, damaged):
    """The digest is that of the damaged file, as after a copy that broke off."""
    done = sit(damaged(make.parquet()))
    assert done.code == BROKEN
    assert DATA in told(done)
    assert "it can't be read" in told(done)
    assert "a whole Parquet file" in told(done)


BY = "{gate: fairness, metric: selection_rate, by: [%s], maximumDifference: 0.3}"


def test_ten_thousand_groups(sit):
    each = np.arange(20_000)
    rng = np.random.default_rng(1)
    score = rng.random(20_000)
    done = sit(
        s=score.astype(np.float32),
        y=np.where(rng.random(20_000) < score, "yes", "no"),
        noise=None,
        sex=each % 100,
        race=each // 100 % 100,
        gates=(BY % "[sex, race]",),
    )
    assert done.code == BROKEN
    assert "columns sex and race: 10000 groups; expected at most 1000" in told(done)


def test_a_column_with_a_million_levels(sit):
    rows = 1_000_000
    done = sit(
        s=np.zeros(rows, np.float32),
        y=np.where(np.arange(rows) % 2, "yes", "no"),
        noise=None,
        race=None,
        sex=np.arange(rows),
        gates=(BY % "sex", ACCURACY.replace("}", ", slices: [sex]}")),
    )
    assert done.code == BROKEN
    assert f"{DATA}: column 'sex'" in told(done)
    assert "more than 1000 different values" in told(done)
    assert "coarser column" in told(done)


def released(world, make, table, task="binary-classification", more=""):
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(table), sink)
    content = sink.getvalue().to_pybytes()
    text = make.manifest("2.0.0", content=content, uri="models/p.parquet")
    text = text.replace("format: onnx", f"format: predictions{more}")
    text = text.replace("binary-classification", task)
    world.write({"models/p.parquet": content, PRODUCTION: text})
    return world.gate()


def test_predictions_row_for_row(world, make):
    columns = make.rows()
    world.merge({POLICY: make.policy(ACCURACY)})
    assert released(world, make, {"score": columns["s"], "noise": columns["noise"]}).code == 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda t: {"score": t["score"], "noise": t["noise"][::-1]},
            "another value than the exam's in row 0",
        ),
        (lambda t: {"score": t["score"][:-1]}, "1499 rows"),
        (lambda t: {"score": t["score"] + 1}, "expected finite probabilities from 0 to 1"),
    ],
)
def test_predictions_that_are_not_of_these_rows(world, make, change, says):
    columns = make.rows()
    world.merge({POLICY: make.policy(ACCURACY)})
    done = released(world, make, change({"score": columns["s"], "noise": columns["noise"]}))
    assert done.code == BROKEN
    assert "models/p.parquet" in told(done)
    assert says in told(done)


def test_a_class_unseen_in_training(world, make):
    y = np.array(["a", "b", "c"])[np.arange(1500) % 3]
    content = make.parquet(y=y)
    exam = make.exam(content).replace('  positive: "yes"\n', "")
    gate = "{gate: accuracy, metric: accuracy, minimum: 0.8}"
    world.merge({DATA: content, EXAM: exam, POLICY: make.policy(gate)})
    scores = {f"score:{each}": np.full(1500, 0.5) for each in "ab"}
    done = released(world, make, scores, "multiclass-classification", ", classes: [a, b]")
    assert done.code == BROKEN
    assert "rows labelled c" in told(done)
    assert "model.classes doesn't list" in told(done)


TEN = "[0,1,2,3,4,5,6,7,8,9]"
DEEP = "(" * 40 + "true" + ")" * 40


@pytest.mark.parametrize(
    ("expression", "code", "says"),
    [
        # CEL has no functions of one's own, and so no recursion but that of its parentheses.
        (DEEP, 2, f"{POLICY}:10:21: Expression recursion limit exceeded"),
        (
            f"{TEN}.all(a, {TEN}.all(b, {TEN}.all(c, {TEN}.all(d, {TEN}.all(e, true)))))",
            5,
            "Iteration budget exceeded",
        ),
        ("1 / (verdict.judgements.size() - 1) > 0", 5, "divide by zero"),
    ],
)
def test_rules_that_recurse_blow_up_or_fail(world, make, expression, code, says):
    text = make.policy(ACCURACY) + (
        "  rules:\n    - {id: r, control: c, title: t, message: m,\n"
        f'       expression: "{expression}"}}\n'
    )
    world.merge({POLICY: text})
    done = world.gate()
    assert done.code == code
    assert says in told(done)


def test_a_pack_that_does_not_exist(world, make):
    world.merge({POLICY: make.policy(ACCURACY).replace("  gates:", "  extends: strict\n  gates:")})
    done = world.gate()
    assert done.code == 2
    assert f"{POLICY}:6:3: the pack 'strict'" in told(done)
    assert "one of 'baseline', 'high-risk', 'smb'" in told(done)


def test_a_waiver_for_another_model(world, make):
    """To which the policy applies: it waives nothing. To which it doesn't: bad input."""
    text = make.policy(ACCURACY) + (
        "  waivers:\n    - {gate: accuracy, release: {model: credit, environment: production, "
        'version: 1.0.0},\n       reason: r, approver: Ann, granted: "2999-12-01", '
        'expires: "2999-12-02"}\n'
    )
    world.merge({POLICY: text})
    world.propose(make.model("noise"))
    done = world.gate()
    assert done.code == 1
    assert "all/accuracy/roc_auc/minimum FAIL" in told(done)
    assert "waived" not in done.out
    world.run("plan", PRODUCTION).says("would not apply: the waiver of Ann is for credit/")
    world.merge({POLICY: text.replace('models: ["*"]', "models: [income]")})
    done = world.gate()
    assert done.code == 2
    assert "model 'credit', to which the policy doesn't apply" in told(done)

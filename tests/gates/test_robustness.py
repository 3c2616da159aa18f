"""Flips of real models on perturbed rows, counted by hand, by formula and in parts."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlci.errors import Broken
from mlci.evaluation import dataset as datasets
from mlci.evaluation.examine import examine
from mlci.gates import robustness
from mlci.gates.forecast_robustness import perturbed, rows_asked
from mlci.gates.protocol import Bench, Contender
from mlci.gates.robustness.measurement import CELLS, Flips, RobustnessMeasurement, failed
from mlci.records.evaluation_set import EvaluationSet
from mlci.records.metric import BINARY, MULTICLASS, REGRESSION
from mlci.records.outcome import Outcome
from mlci.records.perturbation import PerturbationKind
from mlci.records.release import Model, Release
from mlci.records.source import Source
from mlci.statistics.sums import of_cells

N = 4_000
NOISE, MISSING, SWAP = PerturbationKind
SOURCE = Source(path="p.yaml", digest="sha256:" + "0" * 64, content=b"", places={})

LABELS = {
    BINARY: {"label": "y", "positive": 1},
    MULTICLASS: {"label": "band"},
    REGRESSION: {"label": "pay"},
}
GRAPHS = {
    # Positive above 50 years.
    "sharp": """(float[N,1] age) => (float[N,1] p)
        {fifty = Constant<value = float {50.0}>() d = Sub(age, fifty) p = Sigmoid(d)}""",
    # The same, and an empty age counts as 17.
    "filled": """(float[N,1] age) => (float[N,1] p)
        {fifty = Constant<value = float {50.0}>() young = Constant<value = float {17.0}>()
         gone = IsNaN(age) there = Where(gone, young, age) d = Sub(there, fifty) p = Sigmoid(d)}""",
    # Always positive, whatever the age is.
    "deaf": """(float[N,1] age) => (float[N,1] p)
        {nothing = Constant<value = float {0.0}>() one = Constant<value = float {1.0}>()
         gone = IsNaN(age) there = Where(gone, nothing, age)
         z = Mul(there, nothing) p = Add(z, one)}""",
    # Positive for men.
    "sexist": """(string[N,1] sex) => (float[N,1] p)
        {p = ai.onnx.ml.LabelEncoder<keys_strings = ["F", "M", "X"],
         values_floats = [0.1, 0.9, 0.2], default_float = 0.5>(sex)}""",
    # Three classes of ages.
    "bands": """(float[N,1] age) => (float[N,3] p)
        {low = Constant<value = float {30.0}>() middle = Constant<value = float {50.0}>()
         high = Constant<value = float {70.0}>() a = Sub(age, low) b = Sub(age, middle)
         c = Sub(age, high) d = Mul(a, a) e = Mul(b, b) f = Mul(c, c)
         all = Concat<axis = 1>(d, e, f) far = Neg(all) p = Softmax<axis = 1>(far)}""",
    # The same, and a fourth class that nobody is of.
    "fourth": """(float[N,1] age) => (float[N,4] p)
        {low = Constant<value = float {30.0}>() middle = Constant<value = float {50.0}>()
         high = Constant<value = float {70.0}>() never = Constant<value = float {1000.0}>()
         a = Sub(age, low) b = Sub(age, middle) c = Sub(age, high) d = Sub(age, never)
         e = Mul(a, a) f = Mul(b, b) g = Mul(c, c) h = Mul(d, d)
         all = Concat<axis = 1>(e, f, g, h) far = Neg(all) p = Softmax<axis = 1>(far)}""",
    # A regression: twice the age.
    "double": """(float[N,1] age) => (float[N,1] y)
        {two = Constant<value = float {2.0}>() y = Mul(age, two)}""",
}


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("models")

    def write(name: str) -> Path:
        path = folder / f"{name}.onnx"
        head = '<ir_version: 9, opset_import: ["" : 17, "ai.onnx.ml" : 3]> g '
        onnx.save(onnx.parser.parse_model(head + GRAPHS[name]), str(path))
        return path

    return write


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    random = np.random.default_rng(5)
    path = tmp_path_factory.mktemp("data") / "rows.parquet"
    age = random.uniform(17, 90, N)
    columns = {
        "age": age,
        "sex": random.choice(["F", "M", "X"], N, p=[0.45, 0.45, 0.1]),
        "y": (np.arange(N) % 2).astype(np.int64),
        "band": np.digitize(age, [40, 60]),
        "pay": 2 * age,
        "twice": np.full(N, 2.0),
        "person": np.arange(N) // 50,
        "everybody": (np.arange(N) // (N // 2)),
    }
    pq.write_table(pa.table(columns), path, row_group_size=900)
    return path


@pytest.fixture
def bench(model, data) -> Callable[..., Bench]:
    def make(candidate, champion=None, task=BINARY, **exam) -> Bench:
        def contender(name: str) -> Contender:
            release = Release(
                source=SOURCE,
                name="income",
                environment="staging",
                version="1.0.0",
                task=task,
                model=Model(uri=f"models/{name}.onnx", digest=SOURCE.digest, format="onnx"),
                evaluation="exam",
                replicas=1,
                steps=(),
            )
            return Contender(release=release, model=model(name))

        label = LABELS[task]
        declared = EvaluationSet(
            source=SOURCE, name="exam", uri="exam.parquet", digest="d", **{**label, **exam}
        )
        own, other = contender(candidate), contender(champion) if champion else None
        return Bench(
            candidate=own,
            champion=other,
            exam=declared,
            data=data,
            examination=lambda: examine(own, other, declared, data, ()),
            say=lambda _: None,
        )

    return make


@pytest.fixture
def shake(bench, spec, policy, stored) -> Callable:
    """Judgements by limit and perturbation: ``maximum/noise``."""

    def run(candidate, other=None, /, *, task=BINARY, exam=None, **parameters):
        asked = spec("robustness", **parameters)
        planned = robustness.plan(asked, policy(asked), comparing=other is not None)
        made = bench(candidate, other, task, **(exam or {}))
        measurement = robustness.measure(asked, planned, made)
        again = stored(measurement)
        judged = robustness.judge(asked, planned, measurement)
        assert [each.planned for each in judged] == list(planned)
        assert judged == robustness.judge(asked, planned, again)
        return {each.planned.id.split("/", 3)[3]: each for each in judged}

    return run


AGE = {"columns": ["age"]}
ALL = {
    "noise": {**AGE, "scale": 0.1},
    "missing": {**AGE, "share": "20%"},
}


def test_noise_flips_what_lies_near_the_threshold(shake):
    judged = shake("sharp", perturbations={"noise": ALL["noise"]}, maximum="5%")
    (one,) = judged.values()
    assert [*judged] == ["maximum/noise"]
    # An age within reach of 50: the mean size of the noise over the range of ages.
    assert one.estimate == pytest.approx(0.1 * 73 / 12**0.5 * (2 / np.pi) ** 0.5 / 73, abs=0.006)
    assert (one.outcome, one.n) == (Outcome.PASS, N)
    assert one.interval[0] < one.estimate < one.interval[1]
    assert one.planned.slice == {"perturbation": "noise"}
    assert "4,000 rows that the perturbation changed" in one.reason
    assert one.details == {"flips": {"candidate": round(one.estimate * N), "champion": 0}}


def test_each_limit_on_each_side(shake):
    def outcome(**limits):
        return {
            key: each.outcome.value
            for key, each in shake(
                "sharp", "deaf", perturbations={"noise": ALL["noise"]}, **limits
            ).items()
        }

    margin = {"champion": {"margin": "5%"}}
    assert outcome(maximum=0.05, **margin) == {"maximum/noise": "PASS", "margin/noise": "PASS"}
    margin = {"champion": {"margin": 0.001}}
    assert outcome(maximum="0.1%", **margin) == {"maximum/noise": "FAIL", "margin/noise": "FAIL"}
    margin = {"champion": {"margin": "2.3%"}}
    assert set(outcome(maximum="2.3%", **margin).values()) == {"INCONCLUSIVE"}


def test_the_difference_is_positive_where_the_candidate_is_better(shake):
    limits = {"perturbations": {"noise": ALL["noise"]}, "champion": {"margin": 0}}
    better = shake("deaf", "sharp", **limits)["margin/noise"]
    worse = shake("sharp", "deaf", **limits)["margin/noise"]
    same = shake("sharp", "filled", **limits)["margin/noise"]
    assert better.estimate == -worse.estimate > 0
    assert (better.outcome, worse.outcome) == (Outcome.PASS, Outcome.FAIL)
    assert (same.estimate, same.outcome) == (0.0, Outcome.INCONCLUSIVE)
    assert same.details["flips"]["candidate"] == same.details["flips"]["champion"] > 0
    assert same.needed is None


def test_batches_make_no_difference(shake, monkeypatch):
    asked = {"perturbations": ALL, "maximum": 0.05, "champion": {"margin": 0.02}}
    whole = shake("filled", "deaf", **asked)
    monkeypatch.setattr(datasets, "BATCH_ROWS", 123)
    assert shake("filled", "deaf", **asked) == whole


def test_of_a_share_only_the_changed_rows_count(shake):
    judged = shake("filled", perturbations={"missing": ALL["missing"]}, maximum="10%")
    one = judged["maximum/missing"]
    assert one.n == pytest.approx(0.2 * N, abs=80)
    assert one.estimate == pytest.approx(40 / 73, abs=0.05)  # who was above 50 no longer is
    assert one.outcome is Outcome.FAIL


def test_swaps(shake):
    swap = {"swap": {"columns": ["sex"], "share": 1.0}}
    one = shake("sexist", perturbations=swap, maximum="50%")["maximum/swap"]
    assert one.n == N
    # A woman becomes a man in 9 of 11, a man always another, X a man in one of two.
    assert one.estimate == pytest.approx(0.45 * 9 / 11 + 0.45 + 0.1 / 2, abs=0.02)
    assert one.outcome is Outcome.FAIL


def test_a_column_that_is_no_input_is_named(shake):
    asked = {"noise": ALL["noise"], "swap": {"columns": ["sex"], "share": 0.5}}
    judged = shake("sharp", perturbations=asked, maximum="5%")
    assert judged["maximum/noise"].outcome is Outcome.PASS
    assert judged["maximum/swap"].outcome is Outcome.ERROR
    assert "no input that reads the column 'sex'" in judged["maximum/swap"].reason


def test_a_model_that_cant_be_given_an_empty_value(shake):
    missing = {"missing": {"columns": ["sex"], "share": 0.5}}
    one = shake("sexist", perturbations=missing, maximum="5%")["maximum/missing"]
    assert one.outcome is Outcome.ERROR
    assert "input 'sex' of type BYTES, which reads the column 'sex'" in one.reason


def test_an_answer_that_is_none_is_an_error_and_no_flip(shake):
    asked = {"perturbations": ALL, "maximum": "60%", "champion": {"margin": "60%"}}
    own = shake("sharp", "filled", **asked)
    assert own["maximum/noise"].outcome is own["margin/noise"].outcome is Outcome.PASS
    assert own["maximum/missing"].outcome is own["margin/missing"].outcome is Outcome.ERROR
    assert "nan" in own["maximum/missing"].reason
    other = shake("filled", "sharp", **asked)
    assert other["maximum/missing"].outcome is Outcome.PASS
    assert other["margin/missing"].outcome is Outcome.ERROR
    assert "the champion can't be asked" in other["margin/missing"].reason
    assert other["margin/noise"].outcome is Outcome.PASS


def test_a_champion_may_read_other_columns(shake):
    limits = {"perturbations": {"noise": ALL["noise"]}, "champion": {"margin": "60%"}}
    one = shake("sharp", "sexist", **limits)["margin/noise"]
    assert one.outcome is Outcome.PASS
    assert one.details["flips"]["champion"] == 0 < one.details["flips"]["candidate"]


def test_a_champion_may_know_a_class_that_no_row_has(bench, spec, policy):
    made = bench("bands", "fourth", MULTICLASS)

    def knowing(contender, *classes):
        model = replace(contender.release.model, classes=classes)
        return replace(contender, release=replace(contender.release, model=model))

    own, other = knowing(made.candidate, 0, 1, 2), knowing(made.champion, 0, 1, 2, 9)
    made = replace(
        made,
        candidate=own,
        champion=other,
        examination=lambda: examine(own, other, made.exam, made.data, ()),
    )
    limits = {"perturbations": {"noise": ALL["noise"]}, "champion": {"margin": "5%"}}
    asked = spec("robustness", **limits)
    planned = robustness.plan(asked, policy(asked), comparing=True)
    (flips,) = robustness.measure(asked, planned, made).flips.values()
    assert (flips.error, flips.champion_error) == ("", "")
    assert flips.sums.values[1] == flips.sums.values[2] == 0 < flips.sums.values[3]


def test_a_champion_that_nothing_is_compared_with_is_not_asked(shake):
    one = shake("deaf", "sharp", perturbations={"noise": ALL["noise"]}, maximum="5%")
    assert one["maximum/noise"].details["flips"] == {"candidate": 0.0, "champion": 0.0}


def test_a_share_that_touches_nothing_decides_nothing(shake):
    missing = {"missing": {**AGE, "share": 1e-9}}
    one = shake("filled", perturbations=missing, maximum="5%")["maximum/missing"]
    assert (one.outcome, one.n, one.interval) == (Outcome.INCONCLUSIVE, 0, None)
    assert "no row was changed" in one.reason


def test_a_regression_flips_beyond_its_tolerance(shake, bench, spec, policy):
    noise = {"perturbations": {"noise": ALL["noise"]}, "maximum": "40%", "task": REGRESSION}
    sd = 2 * 0.1 * 73 / 12**0.5
    judged = shake("double", tolerance=sd, **noise)["maximum/noise"]
    assert judged.estimate == pytest.approx(0.317, abs=0.02)
    assert shake("double", tolerance=100, **noise)["maximum/noise"].estimate == 0.0
    asked = spec("robustness", perturbations={"noise": ALL["noise"]}, maximum="5%")
    with pytest.raises(Broken, match="no tolerance"):
        robustness.measure(asked, (), bench("double", task=REGRESSION))


def test_another_class_is_a_flip(shake):
    noise = {"perturbations": {"noise": ALL["noise"]}, "maximum": "8%", "task": MULTICLASS}
    one = shake("bands", **noise)["maximum/noise"]
    # Two thresholds, at 40 and 60 years.
    assert one.estimate == pytest.approx(2 * 0.1 / 12**0.5 * (2 / np.pi) ** 0.5, abs=0.01)
    assert one.outcome is Outcome.PASS


def test_weights_and_clusters_are_respected(shake):
    asked = {"perturbations": {"noise": ALL["noise"]}, "maximum": "3%"}
    plain = shake("sharp", **asked)["maximum/noise"]
    even = shake("sharp", exam={"weight": "twice"}, **asked)["maximum/noise"]
    assert even.interval == pytest.approx(plain.interval)
    assert even.details["effectiveRows"] == N
    people = shake("sharp", exam={"cluster": "person"}, **asked)["maximum/noise"]
    assert people.estimate == plain.estimate
    two = shake("sharp", exam={"cluster": "everybody"}, **asked)["maximum/noise"]
    assert two.interval[1] > plain.interval[1]
    assert two.outcome is Outcome.INCONCLUSIVE


def _measured(cells, **more):
    sums = of_cells(np.asarray(cells, np.intp), CELLS, **more)
    return RobustnessMeasurement(flips={NOISE: Flips(sums=sums)})


@given(
    cells=st.lists(st.integers(0, CELLS - 1), max_size=60),
    order=st.permutations(range(4)),
    clustered=st.booleans(),
)
def test_parts_merge_in_any_order_to_the_whole(cells, order, clustered):
    """Clusters of five rows; no cluster is in two parts."""
    cluster = np.arange(len(cells)) // 5 if clustered else None
    part_of = np.arange(len(cells)) // 5 % 4
    whole = _measured(cells, cluster=cluster)
    merged = None
    for part in order:
        here = part_of == part
        own = None if cluster is None else cluster[here]
        one = _measured(np.asarray(cells, np.intp)[here], cluster=own)
        merged = one if merged is None else merged + one
    one, other = merged.flips[NOISE].sums, whole.flips[NOISE].sums
    assert (one.rows, one.clusters) == (other.rows, other.clusters)
    assert np.array_equal(one.values, other.values)
    assert np.array_equal(one.cross.toarray(), other.cross.toarray())
    assert np.array_equal(one.cubes, other.cubes)


def test_an_error_of_one_part_is_an_error_of_all():
    broken = RobustnessMeasurement(flips={NOISE: failed("b")})
    other = RobustnessMeasurement(flips={NOISE: failed("a")})
    good = _measured([0, 1, 2])
    assert (good + broken).flips[NOISE].error == "b"
    assert (good + broken + other).flips[NOISE].error == "a"
    assert (other + good + broken).flips[NOISE].error == "a"
    with pytest.raises(ValueError, match="other things"):
        good + RobustnessMeasurement(flips={SWAP: failed("")})


def test_what_the_exam_could_show(spec, policy):
    asked = spec(
        "robustness",
        perturbations={
            "noise": ALL["noise"],
            "missing": {"columns": ["age", "hours"], "share": 0.1},
        },
        maximum="5%",
        champion={"margin": "1%"},
    )
    noise, noise_margin, missing, _ = robustness.plan(asked, policy(asked), comparing=True)
    of_noise, of_missing = perturbed(asked, noise, 1000), perturbed(asked, missing, 1000)
    assert (of_noise.n, of_missing.n) == (1000, 190)
    assert 0 < of_noise.detectable < of_missing.detectable < 0.05
    assert "narrower" in perturbed(asked, noise_margin, 1000).warning
    assert perturbed(asked, noise_margin, 100_000).warning == ""
    assert "even no flip" in perturbed(asked, noise, 20).warning
    assert "no row would be changed" in perturbed(asked, missing, 1).warning
    assert rows_asked(asked, 1000) == 1190
    strict = replace(noise, confidence=0.99)
    assert perturbed(asked, strict, 1000).detectable > of_noise.detectable

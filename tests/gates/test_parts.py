"""Measurements as files: what comes back is what was written, shards make the whole, and whatever
is no part is refused."""

import hashlib
import io
import json
import pickle
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array

from mlci.errors import Broken
from mlci.evaluation.worth import renumbered
from mlci.gates.fairness.counts import GroupCounts
from mlci.gates.parts.arrays import from_bytes, to_bytes
from mlci.gates.parts.file import FORMAT, Part, read_about, read_part, write_part
from mlci.gates.parts.kinds import fits, kinds
from mlci.gates.parts.merging import total
from mlci.gates.protocol import Bench, Contender
from mlci.gates.registry import GATES, find, halves
from mlci.records.evaluation_set import EvaluationSet
from mlci.records.examination import Answers, Examination, Groups
from mlci.records.metric import BINARY, MULTICLASS, REGRESSION
from mlci.records.release import Model, Release
from mlci.records.source import Source

SOURCE = Source(path="p.yaml", digest="sha256:" + "0" * 64, content=b"", places={})
CLASSES = ("a", "b", "c")
LEVELS = ("9", "10", "(null)")  # in the order of the exam, which isn't that of their text


class Kind(Enum):
    ONE = "one"


@dataclass(frozen=True, kw_only=True)
class Inner:
    numbers: NDArray[np.float64]
    sparse: Any = None


@dataclass(frozen=True, kw_only=True)
class Outer:
    name: str
    count: int
    share: float
    flag: bool
    kind: Kind
    form: Literal["x", "y"]
    maybe: int | None
    keyed: Mapping[tuple[str, ...], Inner]
    pair: tuple[int, float]
    bits: NDArray[np.bool_]
    codes: NDArray[np.int64]


OUTER = Outer(
    name="é\n",
    count=2**70,
    share=0.1,
    flag=True,
    kind=Kind.ONE,
    form="x",
    maybe=None,
    keyed={
        ("a", "b"): Inner(numbers=np.array([[0.1, 2.0]]), sparse=csr_array([[0.0, 1.5], [0, 0]]))
    },
    pair=(1, 2.5),
    bits=np.array([True, False, True] * 7),
    codes=np.array([-1, 2**40]),
)


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "part.npz"


def _write(file, measurement=OUTER, **about):
    with file.open("wb") as stream:
        write_part(stream, Part(about=about, measurement=measurement))


def _digest(content):
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _dumps(said):
    return json.dumps(said, sort_keys=True, separators=(",", ":")).encode()


def _forge(file, change=lambda said, arrays: None, compression=zipfile.ZIP_STORED, extra=()):
    """Another part with right digests: what a bug or a stranger could write."""
    with zipfile.ZipFile(file) as archive:
        said = json.loads(archive.read("part.json"))
        arrays = [archive.read(f"{at}.npy") for at in range(len(said["arrays"]))]
    change(said, arrays)
    said["arrays"] = [{"bytes": len(each), "digest": _digest(each)} for each in arrays]
    said.pop("digest")
    said["digest"] = _digest(_dumps(said))
    with zipfile.ZipFile(file, "w", compression) as archive:
        for at, content in enumerate(arrays):
            archive.writestr(f"{at}.npy", content)
        archive.writestr("part.json", _dumps(said))
        for name in extra:
            archive.writestr(name, b"")


def test_what_comes_back_is_what_was_written(file):
    _write(file, gate="x")
    assert read_about(file) == {"gate": "x"}
    part = read_part(file, Outer)
    back = part.measurement
    assert (part.about, part.failed) == ({"gate": "x"}, "")
    for name in ("name", "count", "share", "flag", "kind", "form", "maybe", "pair"):
        assert getattr(back, name) == getattr(OUTER, name)
        assert type(getattr(back, name)) is type(getattr(OUTER, name))
    inner, own = back.keyed["a", "b"], OUTER.keyed["a", "b"]
    for one, two in (
        (back.bits, OUTER.bits),
        (back.codes, OUTER.codes),
        (inner.numbers, own.numbers),
        (inner.sparse.toarray(), own.sparse.toarray()),
    ):
        np.testing.assert_array_equal(one, two)
        assert one.dtype == two.dtype
    first = file.read_bytes()
    _write(file, gate="x")
    assert file.read_bytes() == first


def test_a_shard_that_has_nothing_or_failed_is_a_part(file):
    with file.open("wb") as stream:
        write_part(stream, Part(about={}, measurement=None, failed="no model"))
    part = read_part(file, Outer)
    assert (part.measurement, part.failed) == (None, "no model")


@given(
    st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3), max_size=9),
    st.sampled_from(["int8", "int32", "int64", "uint64", "float64", "float32", "bool"]),
    st.booleans(),
)
def test_arrays_are_narrowed_without_loss(numbers, dtype, square):
    with np.errstate(over="ignore"):
        array = np.array(numbers, object if dtype == "uint64" else np.int64)
        array = (abs(array) if dtype == "uint64" else array).astype(dtype)
    if square:
        array = np.stack([array, array], axis=1)
    back = from_bytes(to_bytes(array), dtype, array.shape)
    np.testing.assert_array_equal(back, array)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)


def test_what_arrays_take_in_a_file():
    rows = 100_000
    random = np.random.default_rng(1)
    single = random.random(rows, np.float32).astype(np.float64)
    sizes = {
        "score of a float32 model": len(to_bytes(single)) / rows,
        "score": len(to_bytes(random.random(rows))) / rows,
        "truth": len(to_bytes(random.random(rows) < 0.5)) / rows,
        "class": len(to_bytes(random.integers(0, 200, rows))) / rows,
    }
    assert {name: round(size, 1) for name, size in sizes.items()} == {
        "score of a float32 model": 4.0,
        "score": 8.0,
        "truth": 0.1,
        "class": 1.0,
    }


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_a_number_that_is_none_is_not_written(number, file):
    for wrong in (
        replace(OUTER, share=float(number)),
        replace(OUTER, keyed={(): Inner(numbers=np.array([number]))}),
    ):
        with pytest.raises(ValueError, match="NaN or infinite"):
            _write(file, wrong)


def _set(*path, to):
    def change(said, arrays):
        place = said["measurement"]["fields"]
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = to

    return change


def _npy(array, **how):
    stream = io.BytesIO()
    np.save(stream, array, **how)
    return stream.getvalue()


def _array(at, content):
    def change(said, arrays):
        arrays[at] = content

    return change


def _nested(said, arrays):
    for _ in range(40):
        said["measurement"]["fields"]["pair"] = [said["measurement"]["fields"]["pair"]]


def _gone(said, arrays):
    del said["measurement"]["fields"]["share"]


class Trap:
    def __reduce__(self):
        return print, ("unpickled",)


NPY_BOMB = b"\x93NUMPY\x01\x00v\x00" + (
    b"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999,), }".ljust(117) + b"\n"
)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (_set("kind", to={"is": "Popen", "fields": {}}), "unknown class 'Popen'"),
        (_set("kind", to={"enum": "Outer", "value": 1}), "unknown class 'Outer'"),
        (_set("kind", to={"is": "Kind", "fields": {}}), "unknown class 'Kind'"),
        (_set("kind", to={"enum": "Kind", "value": "two"}), "'two' is not a valid Kind"),
        (_set("kind", to={"what": 1}), "'is'"),
        (_set("more", to=1), "other fields"),
        (_gone, "other fields"),
        (_set("count", to=1.5), "Outer.count isn't of its type"),
        (_set("count", to=True), "Outer.count isn't of its type"),
        (_set("share", to="0.1"), "Outer.share isn't of its type"),
        (_set("form", to="z"), "Outer.form isn't of its type"),
        (_set("pair", to=[1]), "Outer.pair isn't of its type"),
        (_set("keyed", to={"map": [[["a"], 1]]}), "Outer.keyed isn't of its type"),
        (_set("keyed", to={"map": [[{"map": []}, 1]]}), "unhashable"),
        (_set("bits", to={"array": 0, "dtype": "float64", "shape": [1, 2]}), "Outer.bits"),
        (_set("bits", "array", to=99), "no member 99.npy"),
        (_set("bits", "shape", to=[10**12]), "packed"),
        (_set("codes", "shape", to=[3]), "isn't int64 of shape [3]"),
        (_set("codes", "dtype", to="int8"), "isn't int8"),
        (_set("codes", "dtype", to="object"), "object"),
        (_array(0, _npy(np.array([[np.nan, 1.0]]))), "NaN or infinite"),
        (_array(0, _npy(np.array([[1, 2]]))), "isn't float64"),
        (_array(0, _npy(np.array([Trap()], object), allow_pickle=True)), "another type or length"),
        (_array(0, NPY_BOMB), "another type or length"),
        (_array(0, b"no array"), "magic"),
        (_array(0, pickle.dumps(Trap())), "magic"),
        (_nested, "more nested"),
        (lambda said, arrays: said.update(format=FORMAT + 1), f"no part of format {FORMAT}"),
        (lambda said, arrays: said.update(about=[]), "what it is about"),
        (lambda said, arrays: said.update(measurement=[]), "no Outer"),
    ],
)
def test_a_part_that_holds_something_else_is_refused(file, capsys, change, found):
    _write(file)
    _forge(file, change)
    with pytest.raises(Broken) as refused:
        read_part(file, Outer)
    assert found in str(refused.value), str(refused.value)
    assert refused.value.place == str(file)
    assert refused.value.next_step
    assert "unpickled" not in capsys.readouterr().out


def test_a_file_that_is_damaged_is_refused(file, tmp_path):
    _write(file, OUTER)
    whole = file.read_bytes()

    def refused(content: bytes, *found):
        file.write_bytes(content)
        with pytest.raises(Broken) as error:
            read_part(file, Outer)
        assert any(each in str(error.value) for each in found), str(error.value)

    for length in (0, 10, len(whole) // 2, len(whole) - 1):
        refused(whole[:length], "not a zip file", "zip")
    at = whole.index(b'"x"')
    refused(whole[:at] + b'"y"' + whole[at + 3 :], "Bad CRC-32")
    refused(b"no part", "not a zip file")
    for at in (whole.index(b"NUMPY") + 200, 60):
        changed = bytearray(whole)
        changed[at] ^= 1
        refused(bytes(changed), "CRC-32", "zip", "magic", "digest", "header", "member")
    with pytest.raises(Broken, match="No such file"):
        read_part(tmp_path / "missing.npz", Outer)
    with pytest.raises(Broken, match="directory"):
        read_part(tmp_path, Outer)


def test_a_part_with_other_digests_or_members_is_refused(file):
    _write(file)
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}

    def refused(found, **changed):
        with zipfile.ZipFile(file, "w") as archive:
            for name, content in {**members, **changed}.items():
                archive.writestr(name, content)
        with pytest.raises(Broken, match=found):
            read_part(file, Outer)

    text = members["part.json"]
    refused(
        "whose content isn't that of its digest",
        **{"part.json": text.replace(b'"share":0.1', b'"share":0.2')},
    )
    refused("NaN", **{"part.json": text.replace(b'"share":0.1', b'"share":NaN')})
    refused("0.npy isn't that of its digest", **{"0.npy": members["1.npy"][:136].ljust(136)})
    refused("other members", **{"more.npy": b""})
    _write(file)
    _forge(file, extra=("../../escape",))
    with pytest.raises(Broken, match="other members"):
        read_part(file, Outer)


def test_a_bomb_is_refused_before_it_is_read(file):
    _write(file)
    _forge(file, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(Broken, match=r"part\.json is compressed"):
        read_part(file, Outer)


@dataclass(frozen=True, kw_only=True)
class Twice:
    one: Inner
    other: "Hidden.Inner"


class Hidden:
    @dataclass(frozen=True, kw_only=True)
    class Inner:
        number: int


def test_every_gate_says_what_its_files_hold():
    for gate in GATES:
        half = halves(gate)
        assert half is not None
        assert half.measurement in kinds(half.measurement).values()
    assert {*kinds(halves("accuracy").measurement)} >= {"Joint", "Losses", "Scores", "Sums"}
    with pytest.raises(TypeError, match="two classes named Inner"):
        kinds(Twice)
    assert not fits(float("nan"), float)
    assert not fits(np.zeros(2, np.int64), NDArray[np.float64])


def _examination(task, n, random, *, weighted, clustered, champion):
    def answers(truth):
        if task == REGRESSION:
            return Answers(label=truth + random.normal(0, 1, n), score=None)
        size = 2 if task == BINARY else len(CLASSES)
        score = random.dirichlet(np.ones(size), n)
        # Coarse, so that there are ties.
        score = np.round(score * 8) / 8 + (1 - np.round(score * 8).sum(1, keepdims=True) / 8) / size
        score = np.clip(
            0.7 * np.eye(size)[truth.astype(int)] * (random.random((n, 1)) < 0.6) + 0.3 * score,
            0,
            1,
        )
        score /= score.sum(axis=1, keepdims=True)
        label = score.argmax(axis=1).astype(np.int32)
        return (
            Answers(label=label == 1, score=score[:, 1])
            if task == BINARY
            else Answers(label=label, score=score)
        )

    truth = {
        BINARY: lambda: random.random(n) < 0.5,
        MULTICLASS: lambda: random.integers(0, len(CLASSES), n).astype(np.int32),
        REGRESSION: lambda: random.normal(100, 5, n),
    }[task]()
    codes = random.integers(0, len(LEVELS), n).astype(np.int32)
    sex = random.integers(0, 2, n).astype(np.int32)
    return Examination(
        task=task,
        truth=truth,
        classes=CLASSES if task == MULTICLASS else (),
        candidate=answers(truth),
        champion=answers(truth) if champion else None,
        groups={
            "g": Groups(codes=codes, levels=LEVELS),
            "sex": Groups(codes=sex, levels=("f", "m")),
        },
        weight=random.integers(1, 5, n).astype(float) if weighted else None,
        cluster=renumbered(random.integers(0, n // 2, n).astype(np.int32)) if clustered else None,
    )


def _only(whole, rows):
    def answers(each):
        score = None if each.score is None else each.score[rows]
        return Answers(label=each.label[rows], score=score)

    return replace(
        whole,
        truth=whole.truth[rows],
        candidate=answers(whole.candidate),
        champion=None if whole.champion is None else answers(whole.champion),
        groups={key: replace(each, codes=each.codes[rows]) for key, each in whole.groups.items()},
        weight=None if whole.weight is None else whole.weight[rows],
        cluster=None if whole.cluster is None else renumbered(whole.cluster[rows]),
    )


def _bench(task, examination):
    model = Model(uri="m.onnx", digest=SOURCE.digest, format="onnx")
    release = Release(
        source=SOURCE,
        name="m",
        environment="e",
        version="1",
        task=task,
        model=model,
        evaluation="exam",
        replicas=1,
        steps=(),
    )
    contender = Contender(release=release, model=Path("m.onnx"))
    return Bench(
        candidate=contender,
        champion=contender if examination.champion is not None else None,
        exam=EvaluationSet(source=SOURCE, name="exam", uri="e", digest="d", label="y"),
        data=Path("e"),
        examination=lambda: examination,
        say=lambda text: None,
    )


def _same(one: Any, other: Any, where: str = "") -> None:
    """Equal but for the rounding of sums."""
    if isinstance(one, Mapping):
        assert [*one] == [*other], where
        for key, value in one.items():
            _same(value, other[key], f"{where}/{key}")
    elif isinstance(one, list | tuple) and not isinstance(one, str):
        assert len(one) == len(other), where
        for at, (left, right) in enumerate(zip(one, other, strict=True)):
            _same(left, right, f"{where}/{at}")
    elif isinstance(one, float) and isinstance(other, float):
        assert one == pytest.approx(other, rel=1e-7, abs=1e-9), where
    else:
        assert one == other, where


ASKED = [
    (BINARY, "accuracy", {"metric": "accuracy", "minimum": 0.5}),
    (BINARY, "accuracy", {"metric": "f1", "minimum": 0.5}),
    (BINARY, "accuracy", {"metric": "roc_auc", "minimum": 0.5}),
    (BINARY, "accuracy", {"metric": "log_loss", "maximum": 0.9}),
    (BINARY, "accuracy", {"metric": "expected_calibration_error", "maximum": 0.2}),
    (MULTICLASS, "accuracy", {"metric": "balanced_accuracy", "minimum": 0.5}),
    (MULTICLASS, "accuracy", {"metric": "roc_auc", "minimum": 0.5}),
    (MULTICLASS, "accuracy", {"metric": "recall", "class": "b", "minimum": 0.5}),
    (MULTICLASS, "accuracy", {"metric": "brier", "maximum": 0.9}),
    (REGRESSION, "accuracy", {"metric": "mean_absolute_error", "maximum": 1.0}),
    (REGRESSION, "accuracy", {"metric": "r2", "minimum": 0.5}),
    (REGRESSION, "accuracy", {"metric": "median_absolute_error", "maximum": 1.0}),
    (BINARY, "fairness", {"metric": "true_positive_rate", "maximumDifference": 0.3}),
    (MULTICLASS, "fairness", {"metric": "accuracy", "minimumRatio": 0.7}),
    (REGRESSION, "fairness", {"metric": "root_mean_squared_error", "maximumDifference": 0.3}),
]


@pytest.mark.parametrize(("task", "gate", "asked"), ASKED)
@settings(max_examples=4)
@given(data=st.data())
def test_shards_merge_to_one_run(task, gate, asked, stored, spec, policy, data):
    """Any rows, cut anywhere between clusters, through files, in any order and grouping."""
    random = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    n, shards = data.draw(st.integers(60, 160)), data.draw(st.integers(2, 5))
    weighted, clustered = data.draw(st.booleans()), data.draw(st.booleans())
    champion = data.draw(st.booleans())
    whole = _examination(task, n, random, weighted=weighted, clustered=clustered, champion=champion)
    more = {"champion": {"margin": 0.1}}
    more |= {"by": ["g", ["g", "sex"]]} if gate == "fairness" else {"slices": ["g"]}
    stated = spec(gate, **asked, **more)
    module = find(gate)
    planned = module.plan(stated, policy(stated), comparing=champion)

    def measured(examination):
        return module.measure(stated, planned, _bench(task, examination))

    unit = np.arange(n) if whole.cluster is None else whole.cluster
    shard_of = random.integers(0, shards, int(unit.max()) + 1)[unit]
    parts = [
        stored(measured(_only(whole, shard_of == shard)))
        for shard in random.permutation(shards)
        if (shard_of == shard).any()
    ]
    left = [*parts]
    while len(left) > 1:
        at = data.draw(st.integers(0, len(left) - 2))
        left[at : at + 2] = [left[at] + left[at + 1]]
    one = module.judge(stated, planned, measured(whole))
    for merged in (left[0], stored(total(parts))):
        for expected, found in zip(one, module.judge(stated, planned, merged), strict=True):
            for name in ("outcome", "n", "estimate", "interval", "detectable", "details"):
                _same(
                    getattr(expected, name), getattr(found, name), f"{expected.planned.id} {name}"
                )


def test_measurements_of_other_things_do_not_add_up(spec, policy):
    random = np.random.default_rng(0)
    how = {"weighted": False, "clustered": False}
    one = _examination(BINARY, 80, random, champion=True, **how)
    other = _examination(BINARY, 80, random, champion=False, **how)

    def measured(examination, **asked):
        stated = spec("accuracy", minimum=0.5, **asked)
        planned = find("accuracy").plan(stated, policy(stated), comparing=False)
        return find("accuracy").measure(stated, planned, _bench(BINARY, examination))

    for metric in ("accuracy", "roc_auc", "log_loss", "expected_calibration_error"):
        with pytest.raises(ValueError, match=r"add up|part that both"):
            measured(one, metric=metric) + measured(other, metric=metric)
    with pytest.raises(ValueError, match="other metrics"):
        measured(one, metric="f1") + measured(one, metric="recall")
    with pytest.raises(ValueError, match="other slices"):
        measured(one, metric="f1") + measured(one, metric="f1", slices=["g"])


def test_groups_of_all_shards_are_as_many_as_one_run_permits():
    def counts(first):
        groups = np.arange(first, first + 600, dtype=np.int32)[:, None]
        names = tuple(map(str, range(600)))
        return GroupCounts(names=names, groups=groups, cells=np.ones((600, 2, 2, 2), np.int64))

    assert len((counts(0) + counts(400)).names) == 1000
    with pytest.raises(Broken, match="1001 groups"):
        counts(0) + counts(401)
    with pytest.raises(ValueError, match="other columns"):
        counts(0) + replace(counts(0), groups=np.zeros((600, 2), np.int32))
